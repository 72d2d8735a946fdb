import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.csv_records import read_csv
from amends.records import KEPT, MAX_RECORD, TOO_LONG
from amends_engine.events import Broken


def rows(raw: bytes, delimiter: str = ","):
    return list(read_csv(io.BytesIO(raw), delimiter))


def values(raw: bytes, delimiter: str = ","):
    return [row.value for row in rows(raw, delimiter)]


def reasons(raw: bytes) -> list[str]:
    return [value.reason if isinstance(value, Broken) else "" for value in values(raw)]


def test_a_row_is_cut_at_the_delimiter():
    assert values(b"a,,c\n") == [["a", "", "c"]]
    assert values(b"a;b,c\r\n", ";") == [["a", "b,c"]]


def test_a_quoted_cell_may_hold_delimiters_quotes_and_line_ends():
    assert values(b'1,"a, ""b""\r\n\nc",2\r\n3,"",4') == [["1", 'a, "b"\r\n\nc', "2"], ["3", "", "4"]]


def test_a_row_knows_its_first_line_and_its_bytes():
    found = rows(b'a,b\n1,"x\ny"\r\n2,z')
    assert [(row.line, row.raw, row.end) for row in found] == [(1, b"a,b", 4), (2, b'1,"x\ny"', 13), (4, b"2,z", 16)]


def test_a_byte_order_mark_at_the_start_is_no_part_of_the_first_cell():
    assert values(b"\xef\xbb\xbfa,b\n1,2\n") == [["a", "b"], ["1", "2"]]


def test_bytes_that_are_not_utf_8_break_only_their_row():
    assert reasons(b'a\n"x\xff,\ny"\nb\n') == ["", "byte 3 (0xff) is not UTF-8 text; save the file as UTF-8", ""]


def test_a_nul_breaks_only_its_row():
    assert reasons(b"a\nb\0\nc\n") == ["", "the row holds a NUL character; remove it", ""]


@pytest.mark.parametrize(
    ("row", "part"),
    [
        (b"5'8\",x", "a quote stands inside a cell without quotes"),
        (b'"he said "hi" to me",x', "text follows a closing quote (character 11)"),
        (b'"a" ,x', "text follows a closing quote (character 4)"),
        (b"a\rb,x", "a carriage return"),
    ],
)
def test_a_mark_out_of_place_breaks_only_its_row(row, part):
    before, broken, after = reasons(b"1,2\n" + row + b"\n3,4\n")
    assert (before, after) == ("", "")
    assert part in broken


def test_a_quote_that_is_never_closed_says_which_lines_it_swallows():
    assert reasons(b'a\nb\n"c\nd\ne\n')[-1] == (
        "a quote opens here and is not closed before the file ends, so lines 3 to 5 are not read; "
        "double the quotes inside a cell"
    )


def test_a_quote_that_swallows_a_large_file_is_told_as_such():
    (reason,) = reasons(b'"b\n' + b"c,d\n" * MAX_RECORD)
    assert reason.startswith(
        "a quote opens here and is not closed within 1,048,576 bytes, so lines 1 to 1048577 are not"
    )


LONG = b"x" * (MAX_RECORD + 1)


def test_a_row_of_exactly_the_limit_is_read():
    (cells,) = values(b"x" * MAX_RECORD + b"\r\n")
    assert len(cells[0]) == MAX_RECORD


@pytest.mark.parametrize("row", [LONG, LONG * 3, b'1,"x",' + LONG])
def test_a_row_over_1_mib_is_skipped_and_the_rest_goes_on(row):
    before, broken, after = rows(b"a\n" + row + b"\nb\n")
    assert (before.value, after.value, after.line) == (["a"], ["b"], 3)
    assert (broken.raw, broken.value) == (row[:KEPT], TOO_LONG)


@pytest.mark.parametrize("row", [b'1,"' + LONG + b'"', b'1,"' + b'a,""b""\n' * 200_000 + b'"'])
def test_a_quoted_cell_over_1_mib_is_skipped_and_the_rest_goes_on(row):
    before, broken, after = rows(b"a\n" + row + b"\nb\n")
    assert (before.value, after.value, after.line) == (["a"], ["b"], 3 + row.count(b"\n"))
    assert "not closed within 1,048,576 bytes" in broken.value.reason


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=6) | st.sampled_from(
    ['"', '""', ",", "\n", "\r\n", 'a"b', "\r"]
)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_what_the_standard_library_writes_is_read_back(table, line_end):
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(table)
    assert values(written.getvalue().encode()) == table


@given(st.lists(st.sampled_from([b'"', b'""', b",", b"\n", b"\r", b"a", b"\xff", b"\0", b"\xc3\xa4"]), max_size=30))
def test_no_byte_of_any_file_is_lost_or_read_twice(parts):
    raw = b"".join(parts)
    found = rows(raw)
    assert [row.end for row in found] == sorted({row.end for row in found})
    start = 0
    for row in found:
        assert raw[start : row.end].removesuffix(b"\n").removesuffix(b"\r") == row.raw
        assert row.line == raw[:start].count(b"\n") + 1
        start = row.end
    assert start == len(raw)
