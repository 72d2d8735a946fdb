import csv
import json
import re
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from amends.reading import BadFile, check_file, format_of, read_mapped, read_native
from amends.records import Record
from amends_engine.documents import load
from amends_engine.events import Broken, Event, Profile
from amends_engine.fields import EventType, Field, Fields, FieldType, Kind
from amends_engine.sources import Source, read_source
from amends_engine.sources.parts import Format

REVIEWS = Path(__file__).parents[2] / "rules" / "retail" / "data" / "clothing_reviews_1000.csv"
RECEIVED = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
FIELDS = Fields(
    {"age": Field("customer.age", FieldType(Kind.WHOLE, 0, 120))},
    {
        "feedback.received": EventType(
            "feedback.received",
            "",
            {
                "csat": Field("feedback.csat", FieldType(Kind.WHOLE, 1, 5), is_required=True),
                "title": Field("feedback.title", FieldType(Kind.TEXT)),
                "comment": Field("feedback.comment", FieldType(Kind.TEXT)),
                "department": Field("feedback.department", FieldType(Kind.TEXT)),
            },
        )
    },
)
SHOP = """\
version: 1
means: Reviews from the web shop
format: csv
gives: event
type: feedback.received
key: <row>
customer: shopper-<row>
occurred_at: received
fields:
  csat: Rating
  title: Title
  comment: Review Text
  department: Department Name
attributes: {age: Age}
unnamed: row
ignore: [Clothing ID, Recommended IND, Positive Feedback Count, Division Name, Class Name]
"""
SMALL = """\
version: 1
means: A small file
format: csv
gives: event
type: feedback.received
key: <id>
occurred_at: received
fields: {csat: score, comment: text}
"""


def source(text: str = SMALL, **changes: str) -> Source:
    for key, value in changes.items():
        text = text.replace(f"{key}: csv", f"{key}: {value}")
    root, _ = load(text.encode(), "sources/shop.yaml")
    found, findings = read_source(root, "shop", FIELDS)
    assert findings == []
    return found


@pytest.fixture
def write(tmp_path):
    def write_file(raw: bytes | str, name: str = "rows.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(raw.encode() if isinstance(raw, str) else raw)
        return path

    return write_file


def mapped(path: Path, mapping: Source | None = None) -> list[Record]:
    return list(read_mapped(path, mapping or source(), RECEIVED))


def reasons(records: Iterator[Record] | list[Record]) -> list[str]:
    return [record.value.reason if isinstance(record.value, Broken) else "" for record in records]


@pytest.fixture
def reviews() -> list[dict[str, str]]:
    with REVIEWS.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_one_of_the_shop_reviews_becomes_its_event_unchanged(reviews):
    events = [record.value for record in mapped(REVIEWS, source(SHOP))]
    assert len(events) == len(reviews) == 1000
    for event, review in zip(events, reviews, strict=True):
        filled = {"title": review["Title"], "comment": review["Review Text"], "department": review["Department Name"]}
        assert event.key == review[""]
        assert event.attributes == {"age": int(review["Age"])}
        assert event.fields == {"csat": int(review["Rating"]), **{name: text for name, text in filled.items() if text}}


def test_the_bytes_and_lines_of_the_shop_reviews_lead_back_to_the_file():
    raw = REVIEWS.read_bytes()
    lines = raw.split(b"\n")
    records = mapped(REVIEWS, source(SHOP))
    assert lines[0] + b"\n" + b"\n".join(record.raw for record in records) + b"\n" == raw
    assert all(lines[record.line - 1] == record.raw.split(b"\n")[0] for record in records)
    assert records[-1].end == len(raw)


def test_a_row_with_too_few_or_too_many_cells_breaks_alone(write):
    assert reasons(mapped(write("id,score,text\n1,5\n2,5,a,b\n3,5,c\n\n4,5,d\n"))) == [
        "the row has 2 cells and the header has 3; fill the row up",
        "the row has 4 cells and the header has 3; put a cell with the delimiter in quotes",
        "",
        "the line is empty; remove it",
        "",
    ]


def test_a_delimiter_may_be_chosen(write):
    mapping = source(SMALL.replace("format: csv", "format: csv\ndelimiter: ;"))
    (record,) = mapped(write("id;score;text\n1;5;a,b\n"), mapping)
    assert record.value.fields == {"csat": 5, "comment": "a,b"}


@pytest.mark.parametrize(
    ("raw", "code", "part"),
    [
        (b"", "empty-file", "The file holds nothing"),
        (b"\xef\xbb\xbf", "empty-file", "The file holds nothing"),
        (b"id,score,score,text\n", "doubled-column", "'score' more than once"),
        (b"id,score\n", "missing-column", "no column 'text'"),
        (b"id,score,text,more\n", "unused-column", "neither uses nor ignores the column 'more'"),
        (b"id,score,text,\n", "unused-column", "neither uses nor ignores the column ''"),
        (b"id,score,t\xffxt\n", "bad-header", "The header cannot be read: byte 11 (0xff) is not UTF-8"),
        (b'id,"score\n1,2', "bad-header", "The header cannot be read: a quote opens here"),
        ("id,score,text\n".encode("utf-16"), "not-utf8", "The file is UTF-16"),
        (b"PK\x03\x04\x14\x00\x08\x08", "bad-header", "The header cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_as_a_whole_is_one_finding(write, raw, code, part):
    path = write(raw)
    (found,) = check_file(path, source())
    assert (found.code, str(found.place)) == (code, f"{path}:1:1")
    assert part in found.message
    with pytest.raises(BadFile, match=re.escape(found.message)) as caught:
        mapped(path)
    assert caught.value.findings == [found]


def test_a_header_without_rows_gives_nothing(write):
    assert mapped(write("id,score,text\n")) == []


def test_rows_of_json_are_mapped_too(write):
    rows = [{"id": 1, "score": 5, "text": "a"}, {"id": 2, "score": "5"}, 7]
    lines = write("\n".join(map(json.dumps, rows)), "rows.jsonl")
    document = write(json.dumps(rows, indent=1), "rows.json")
    for path, mapping in ((lines, source(format="jsonl")), (document, source(format="json"))):
        first, second, third = mapped(path, mapping)
        assert first.value.fields == {"csat": 5, "comment": "a"}
        assert second.value.reason == "score: '5' is not a whole number from 1 to 5"
        assert third.value.reason == "the row is a number; an object in braces is due"


def test_rows_may_be_profiles(write):
    mapping = source(
        "version: 1\nmeans: CRM\nformat: csv\ngives: customer\ncustomer: <id>\nfields: {age: age}\n"
        "occurred_at: {column: seen, timezone: Europe/Berlin}\n"
    )
    (record,) = mapped(write("id,age,seen\nc1,41,2026-01-05\n"), mapping)
    assert record.value == Profile("c1", "shop", {"age": 41}, datetime(2026, 1, 4, 23, 0, tzinfo=UTC))


EVENT = '{"id": "%s", "type": "feedback.received", "source": "app", "data": {"csat": %s}}'


def test_native_events_are_read_line_by_line(write):
    raw = "\ufeff" + "\n".join([EVENT % ("1", "5"), EVENT % ("2", '"5"'), "", "{", EVENT % ("3", "1")])
    records = list(read_native(write(raw, "events.jsonl"), FIELDS, RECEIVED))
    assert [record.line for record in records] == [1, 2, 3, 4, 5]
    assert [isinstance(record.value, Event) for record in records] == [True, False, False, False, True]


def test_native_events_of_a_json_file_are_a_list_or_one_object(write):
    one = EVENT % ("1", "5")
    for raw, count in ((one, 1), (f"[{one},\n{one}]", 2)):
        records = list(read_native(write(raw, "events.json"), FIELDS, RECEIVED))
        assert [record.value.key for record in records] == ["1"] * count


def test_native_events_in_utf_16_are_refused_as_a_whole(write):
    path = write((EVENT % ("1", "5")).encode("utf-16"), "events.jsonl")
    with pytest.raises(BadFile, match="UTF-16"):
        list(read_native(path, FIELDS, RECEIVED))


def test_the_name_of_a_file_says_its_format():
    names = ["a.csv", "a.CSV", "a.jsonl", "a.ndjson", "a.json", "a.txt", "a"]
    known = [Format.CSV, Format.CSV, Format.JSONL, Format.JSONL, Format.JSON, None, None]
    assert [format_of(Path(name)) for name in names] == known


def test_the_memory_for_a_large_file_is_that_of_a_few_records(tmp_path):
    text = "x" * 5_000
    rows = "".join(f'{{"id": {n}, "score": 5, "text": "{text * 2}"}},\n' for n in range(1_000))
    files = {
        "csv": "id,score,text\n" + "".join(f'{n},5,"{text}\n{text}"\n' for n in range(1_000)),
        "jsonl": rows.replace("},", "}"),
        "json": f"[{rows[:-2]}]",
    }
    for name, content in files.items():
        path = tmp_path / f"rows.{name}"
        path.write_text(content)
        mapping = source(SMALL.replace("fields: {csat: score, comment: text}", "fields: {csat: score}\nignore: [text]"))
        tracemalloc.start()
        count = sum(
            isinstance(record.value, Event)
            for record in read_mapped(path, replace(mapping, format=Format(name)), RECEIVED)
        )
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == 1_000
        assert peak < 400_000 < path.stat().st_size / 20
