"""Files of events and profiles as a stream of typed records: one result for each record, memory flat."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TypeAlias

from amends.csv_records import read_csv
from amends.json_records import read_json_file
from amends.records import Parsed, Record, read_json_lines
from amends_engine.events import Broken, EntityProfile, Event, Profile, event_from
from amends_engine.fields import Fields
from amends_engine.findings import Finding, Place
from amends_engine.sources import Source
from amends_engine.sources.mapping import check_header, map_row, name_columns
from amends_engine.sources.parts import Format

Result: TypeAlias = Event | Profile | EntityProfile | Broken

_FORMATS = {".csv": Format.CSV, ".json": Format.JSON, ".jsonl": Format.JSONL, ".ndjson": Format.JSONL}
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")


class BadFile(ValueError):
    """A file cannot be read with this mapping at all; findings say why, and so does the text."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(". ".join(f"{finding.message}; {finding.remedy}".rstrip("; ") for finding in findings))
        self.findings = findings


def format_of(path: Path) -> Format | None:
    """The format that a file's name promises."""
    return _FORMATS.get(path.suffix.lower())


def check_file(path: Path, source: Source | None = None) -> list[Finding]:
    """What is wrong with the file as a whole, from its first row; raises OSError if it cannot be opened."""
    with path.open("rb") as stream:
        if stream.read(2) in _WIDE_MARKS:
            message = "The file is UTF-16, not UTF-8"
            return [Finding("not-utf8", message, Place(str(path)), "save the file as UTF-8")]
        stream.seek(0)
        return _check_first_row(stream, source, str(path)) if source and source.format is Format.CSV else []


def read_mapped(path: Path, source: Source, received_at: datetime) -> Iterator[Record[Result]]:
    """The records of a file through a source's mapping; raises BadFile where check_file finds something."""
    if findings := check_file(path, source):
        raise BadFile(findings)
    with path.open("rb") as stream:
        for record in _rows(stream, source):
            value = record.value
            result = value if isinstance(value, Broken) else map_row(source, value, received_at)
            yield Record(record.line, record.raw, result, record.end)


def read_native(path: Path, fields: Fields, received_at: datetime) -> Iterator[Record[Result]]:
    """The native events of a JSON Lines file, or of a JSON file by its name; raises BadFile for UTF-16."""
    if findings := check_file(path):
        raise BadFile(findings)
    with path.open("rb") as stream:
        for record in read_json_file(stream) if format_of(path) is Format.JSON else read_json_lines(stream):
            value = record.value
            result = value if isinstance(value, Broken) else event_from(value, fields, received_at)
            yield Record(record.line, record.raw, result, record.end)


def _rows(stream: BinaryIO, source: Source) -> Iterator[Record[Parsed]]:
    if source.format is Format.CSV:
        return _table(stream, source)
    return read_json_file(stream) if source.format is Format.JSON else read_json_lines(stream)


def _table(stream: BinaryIO, source: Source) -> Iterator[Record[Parsed]]:
    rows = read_csv(stream, source.delimiter)
    header = next(rows).value
    columns = name_columns(source, header) if not isinstance(header, Broken) else []
    for row in rows:
        yield Record(row.line, row.raw, _row(columns, row), row.end)


def _row(columns: list[str], row: Record[list[str] | Broken]) -> Parsed:
    cells = row.value
    if isinstance(cells, Broken):
        return cells
    if len(cells) == len(columns) and row.raw:
        return dict(zip(columns, cells, strict=True))
    if not row.raw:
        return Broken("the line is empty; remove it")
    more = "put a cell with the delimiter in quotes" if len(cells) > len(columns) else "fill the row up"
    return Broken(f"the row has {len(cells)} cells and the header has {len(columns)}; {more}")


def _check_first_row(stream: BinaryIO, source: Source, file: str) -> list[Finding]:
    header = next(read_csv(stream, source.delimiter), None)
    if header is None:
        return [Finding("empty-file", "The file holds nothing", Place(file), "begin with a header")]
    if isinstance(header.value, Broken):
        reason, _, remedy = header.value.reason.partition("; ")
        return [Finding("bad-header", f"The header cannot be read: {reason}", Place(file), remedy)]
    return check_header(source, name_columns(source, header.value), file)
