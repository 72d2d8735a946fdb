"""CSV by RFC 4180, strictly: a row knows its bytes and its first line, and a stray quote breaks that row only."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from amends.records import KEPT, MAX_RECORD, TOO_LONG, Lines, Record, without_line_end
from amends_engine.events import Broken
from amends_engine.strict_json import not_utf8
from amends_engine.values import BadValue

_QUOTED = re.compile(r'(?:[^"]++|"")*+')


def read_csv(stream: BinaryIO, delimiter: str = ",") -> Iterator[Record[list[str] | Broken]]:
    """The rows as cells, the header among them. A quoted cell may hold line ends; the row then spans lines."""
    lines = Lines(stream)
    while record := _record(lines, delimiter):
        yield record


def _record(lines: Lines, delimiter: str) -> Record[list[str] | Broken] | None:
    first = lines.count + 1
    row = _Row(delimiter)
    raw = bytearray()
    while chunk := lines.next():
        raw += chunk
        if len(without_line_end(chunk)) + len(raw) - len(chunk) > MAX_RECORD:
            return Record(first, bytes(raw[:KEPT]), _skip(first, lines, raw), lines.end)
        if not row.take(chunk):
            return Record(first, without_line_end(bytes(raw)), row.result(), lines.end)
    if not raw:
        return None
    last = lines.count + (not raw.endswith(b"\n"))
    return Record(first, without_line_end(bytes(raw)), _unclosed("before the file ends", first, last), lines.end)


def _skip(first: int, lines: Lines, raw: bytearray) -> Broken:
    """Pass over the rest of a row; doubled quotes count twice, so an odd number means a cell is open."""
    in_quotes = is_open = raw.count(b'"') % 2 == 1
    chunk = bytes(raw[-1:])
    while chunk and (in_quotes or not chunk.endswith(b"\n")):
        chunk = lines.next()
        in_quotes ^= chunk.count(b'"') % 2 == 1
    return _unclosed(f"within {MAX_RECORD:,} bytes", first, lines.count) if is_open else TOO_LONG


def _unclosed(by: str, first: int, last: int) -> Broken:
    where = f"lines {first} to {last} are" if last > first else "the row is"
    return Broken(f"a quote opens here and is not closed {by}, so {where} not read; double the quotes inside a cell")


class _Row:
    """The cells of one row, line by line; broken keeps the first thing that is wrong."""

    def __init__(self, delimiter: str) -> None:
        self.delimiter = delimiter
        self.cells: list[str] = []
        self.open: list[str] | None = None  # the parts so far of a quoted cell
        self.broken = ""

    def result(self) -> list[str] | Broken:
        return Broken(self.broken) if self.broken else self.cells

    def take(self, chunk: bytes) -> bool:
        """Add one physical line; true while a quoted cell goes on in the next."""
        text = self._decode(chunk)
        body = text.removesuffix("\n").removesuffix("\r")
        if self.open is None and '"' not in text and "\r" not in body:
            self.cells = body.split(self.delimiter)
            return False
        try:
            return self._scan(text, body)
        except BadValue as error:
            self.broken = self.broken or str(error)
            return False

    def _decode(self, chunk: bytes) -> str:
        try:
            text = chunk.decode("utf-8")
        except UnicodeDecodeError as error:
            self.broken = self.broken or not_utf8(chunk, error)
            text = chunk.decode("utf-8", "replace")  # keeps quotes and delimiters, so the row ends where it ends
        if "\x00" in text:
            self.broken = self.broken or "the row holds a NUL character; remove it"
        return text

    def _scan(self, text: str, body: str) -> bool:
        at = self._cell(text, body, 0) if self.open is None else self._quoted(text, 0)
        while at is not None and at < len(body):
            if body[at] != self.delimiter:
                raise BadValue(f"text follows a closing quote (character {at + 1}); double the quotes inside a cell")
            at = self._cell(text, body, at + 1)
        return at is None

    def _cell(self, text: str, body: str, at: int) -> int | None:
        """Take the cell that begins there; the position after it, or None if it goes on in the next line."""
        if body.startswith('"', at):
            self.open = []
            return self._quoted(text, at + 1)
        stop = body.find(self.delimiter, at)
        cell = body[at:] if stop < 0 else body[at:stop]
        if '"' in cell:
            raise BadValue("a quote stands inside a cell without quotes; put the cell in quotes and double that quote")
        if "\r" in cell:
            raise BadValue("a carriage return stands inside a cell without quotes; end lines with a line feed")
        self.cells.append(cell)
        return at + len(cell)

    def _quoted(self, text: str, at: int) -> int | None:
        parts = self.open or []
        found = _QUOTED.match(text, at)
        parts.append(found.group() if found else "")
        after = at + len(parts[-1])
        if after == len(text):
            self.open = parts
            return None
        self.cells.append("".join(parts).replace('""', '"'))
        self.open = None
        return after + 1
