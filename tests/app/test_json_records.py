import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.json_records import read_json_file
from amends.records import KEPT, MAX_RECORD, TOO_LONG, read_json_lines
from amends_engine.events import Broken


class Trickle(io.BytesIO):
    """A stream that hands out a few bytes at a time, so that every cut between two reads is tried."""

    def __init__(self, raw: bytes, size: int) -> None:
        super().__init__(raw)
        self.size = size

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self.size if size is None or size < 0 else min(size, self.size))


def values(raw: bytes):
    return [record.value for record in read_json_file(io.BytesIO(raw))]


def reasons(raw: bytes) -> list[str]:
    return [value.reason if isinstance(value, Broken) else "" for value in values(raw)]


def test_a_file_may_hold_one_object():
    assert values(b'\xef\xbb\xbf\n {"a":\n [1, 2]}\n') == [{"a": [1, 2]}]


def test_a_file_may_hold_a_list():
    assert values(b'[{"a": "x],{"}, [1, [2]], "}",\n\n3 ]\n') == [{"a": "x],{"}, [1, [2]], "}", 3]


def test_an_empty_list_holds_no_record():
    assert values(b" [ ] ") == []


def test_an_item_knows_its_line_and_its_bytes():
    records = list(read_json_file(io.BytesIO(b'\n[\n  {"a":\n 1},\n  2 , 3]')))
    assert [(record.line, record.raw) for record in records] == [(3, b'{"a":\n 1}'), (5, b"2"), (5, b"3")]


@pytest.mark.parametrize("item", [b'{"a" 1}', b'{"a": NaN}', b'{"a": 1, "a": 2}', b'"\xff"', b'{"a": [1}}', b"", b"{]"])
def test_a_broken_item_breaks_alone(item):
    before, broken, after = reasons(b"[1," + item + b",2]")
    assert (before, after) == ("", "")
    assert broken


def test_a_comma_too_many_is_told():
    assert reasons(b"[1,]") == ["", "an item of the list is empty; remove the comma too many"]


@pytest.mark.parametrize("raw", [b'[1, {"a": "', b'[1, {"a": 2', b"[1, [", b'[1, "x\\'])
def test_a_file_cut_off_inside_an_item_breaks_that_item(raw):
    assert reasons(raw) == ["", "the file ends inside this record; it seems to be cut off, so send it again"]


@pytest.mark.parametrize("raw", [b"[1", b"[1,", b"[1, "])
def test_a_list_that_is_not_closed_is_told_after_its_items(raw):
    *items, last = reasons(raw)
    assert items == [""]
    assert last == "the file ends before its list is closed; it seems to be cut off, so send it again"


def test_what_follows_a_list_is_told():
    assert reasons(b"[1]\n[2]") == ["", "more follows after the end of the list; a file holds one list"]


def test_several_objects_in_one_file_are_told_to_be_json_lines():
    assert "in JSON Lines each object has a line of its own" in reasons(b'{"a": 1}\n{"a": 2}')[0]


@pytest.mark.parametrize("raw", [b"", b" \n\t", b"\xef\xbb\xbf"])
def test_an_empty_file_is_told(raw):
    assert reasons(raw) == ["the file is empty; one object or a list of objects is due"]


@pytest.mark.parametrize("raw", [b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000])
def test_nesting_of_100_000_levels_is_one_broken_record(raw):
    (reason,) = reasons(raw)
    assert reason


def test_an_item_over_1_mib_is_skipped_and_the_rest_goes_on():
    text = b'"' + b'\\"],' * MAX_RECORD + b'"'
    before, broken, after = read_json_file(io.BytesIO(b"[1," + text + b",\n2]"))
    assert (before.value, after.value, after.line) == (1, 2, 2)
    assert broken.raw == text[:KEPT]
    assert broken.value == TOO_LONG


def test_an_object_over_1_mib_is_refused():
    assert values(b'{"a": "' + b"x" * MAX_RECORD + b'"}') == [TOO_LONG]


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | TEXT | st.sampled_from(['"', "\\", '\\"', "],[", "{,"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(JSON), st.integers(3, 40), st.sampled_from([None, 1]))
def test_a_list_is_the_same_however_it_is_cut_into_chunks(items, size, indent):
    raw = json.dumps(items, indent=indent).encode()
    records = list(read_json_file(Trickle(raw, size)))
    assert [record.value for record in records] == items
    for record in records:
        assert record.raw.splitlines()[0] in raw.splitlines()[record.line - 1]


@given(
    st.lists(st.sampled_from([b'"', b"\\", b"[", b"]", b"{", b"}", b",", b" ", b"\n", b"1", b"\xff"])),
    st.integers(1, 9),
)
def test_any_bytes_give_the_same_records_however_they_are_cut(parts, size):
    raw = b"[" + b"".join(parts)
    cut, whole = read_json_file(Trickle(raw, size)), read_json_file(io.BytesIO(raw))
    assert [(r.line, r.raw, r.value) for r in cut] == [(r.line, r.raw, r.value) for r in whole]


def lines(raw: bytes):
    return list(read_json_lines(io.BytesIO(raw)))


def test_each_line_is_a_record():
    assert [(r.line, r.raw, r.value, r.end) for r in lines(b'\xef\xbb\xbf1\r\n{"a": 2}')] == [
        (1, b"1", 1, 6),
        (2, b'{"a": 2}', {"a": 2}, 14),
    ]


def test_a_broken_line_breaks_alone():
    broken = [isinstance(record.value, Broken) for record in lines(b'1\n\n{"a"\n"\xff"\n\xef\xbb\xbf2\n2')]
    assert broken == [False, True, True, True, True, False]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("over", [1, 2, 3, 200_000])
def test_a_line_over_1_mib_is_skipped_and_the_rest_goes_on(over, end):
    before, broken, after = lines(b"1" + end + b"x" * (MAX_RECORD + over) + end + b"2" + end)
    assert (before.value, after.value, after.line) == (1, 2, 3)
    assert broken.raw == b"x" * KEPT
    assert broken.value == TOO_LONG


def test_a_line_of_exactly_the_limit_is_read():
    text = "x" * (MAX_RECORD - 2)
    assert [record.value for record in lines(f'"{text}"\r\n2\r\n'.encode())] == [text, 2]


@given(st.binary())
def test_any_bytes_give_one_record_a_line(raw):
    found = lines(raw)
    assert len(found) == len(io.BytesIO(raw.removeprefix(b"\xef\xbb\xbf")).readlines())
    assert [record.line for record in found] == list(range(1, len(found) + 1))
    assert not found or found[-1].end == len(raw)
