import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends_engine.strict_json import MAX_DEPTH, parse, parse_items, shorten
from amends_engine.values import BadValue

WHOLE = st.integers(-(2**63) + 1, 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
JSON = st.recursive(
    st.none() | st.booleans() | WHOLE | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def refusal(raw: bytes) -> str:
    with pytest.raises(BadValue) as caught:
        parse(raw)
    return str(caught.value)


@given(JSON)
def test_ordinary_json_reads_as_the_standard_library_reads_it(value):
    assert parse(json.dumps(value).encode()) == value


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_read_or_refused_and_nothing_else(raw):
    try:
        parse(raw)
    except BadValue as error:
        str(error).encode("utf-8")


def test_a_doubled_key_is_refused_by_its_name():
    assert refusal(b'{"nps": 3, "nps": 9}') == 'the key "nps" stands twice in one object; keep one of the two'


def test_a_doubled_key_deep_inside_is_refused_too():
    assert '"a" stands twice' in refusal(b'{"x": [{"a": 1, "a": 1}]}')


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_none_is_refused(number):
    assert number in refusal(f'{{"nps": {number}}}'.encode())


@pytest.mark.parametrize("number", ["9223372036854775808", "-9223372036854775808", "9" * 5000])
def test_a_whole_number_over_64_bits_is_refused(number):
    assert "too large; send it as text" in refusal(number.encode())


def test_the_largest_whole_number_is_read():
    assert parse(b"9223372036854775807") == 2**63 - 1


@pytest.mark.parametrize("number", ["1e999", "-1e400", "0." + "1" * 200])
def test_a_decimal_number_without_an_exact_place_is_refused(number):
    assert "too large or too long" in refusal(number.encode())


def test_an_escaped_nul_is_refused():
    assert "NUL" in refusal(rb'{"comment": "a\u0000b"}')


def test_an_escaped_backslash_before_u0000_is_only_text():
    assert parse(rb'"\\u0000"') == "\\u0000"


@pytest.mark.parametrize("raw", [rb'"\ud83d"', rb'["\udc00"]', rb'{"\ud83d": 1}'])
def test_half_a_character_is_refused(raw):
    assert "half a character" in refusal(raw)


def test_both_halves_of_a_character_are_read():
    assert parse(rb'"\ud83d\ude00"') == "\U0001f600"


def test_a_sentence_about_half_a_character_can_be_stored():
    assert "\\ud83d" in refusal(rb'{"\ud83d": 1, "\ud83d": 2}')


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_nesting_of_100_000_levels_is_refused(opening):
    assert "nested more than 50 levels" in refusal(opening * 100_000)


def test_nesting_up_to_the_limit_is_read():
    assert parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert "nested" in refusal(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))


def test_brackets_inside_texts_are_not_nesting():
    assert parse(json.dumps({"comment": '[{"' * 200}).encode()) == {"comment": '[{"' * 200}


def test_many_brackets_beside_each_other_are_not_nesting():
    assert len(parse(b"[" + b"[]," * 200 + b"[]]")) == 201


def test_bytes_that_are_not_utf_8_are_named():
    assert "byte 2 (0xff) is not UTF-8" in refusal(b'"\xff"')


@pytest.mark.parametrize(
    ("raw", "clause"),
    [
        (b'{"a": 1', "a comma or the closing bracket is due (character 8)"),
        (b"{a: 1}", "a key in double quotes is due (character 2)"),
        (b'{"a" 1}', "a colon is due"),
        (b'{"a": }', "a value is due"),
        (b'"abc', "not closed"),
        (b'"a\nb"', "write it as \\n"),
        (rb'"\x"', "backslash"),
        (b"{} {}", "more follows after its end"),
        (b"{'a': 1}", "double quotes"),
    ],
)
def test_a_syntax_error_is_told_in_a_clause_with_its_character(raw, clause):
    assert clause in refusal(raw)


def test_quoted_text_of_a_sender_is_short_and_without_control_characters():
    assert shorten("\x1b[31m" + "a" * 100) == "\\x1b[31m" + "a" * 54 + "…"


@given(st.lists(JSON, max_size=5), st.sampled_from(["%s", ' {"events" : %s }\n', "\n%s\t"]))
def test_the_items_of_a_list_are_read_each_with_its_bytes(values, form):
    found = parse_items((form % json.dumps(values)).encode())
    assert [value for value, _ in found] == values
    assert [parse(raw) for _, raw in found] == values


@given(st.binary(max_size=50).map(lambda rest: b"[" + rest) | st.text(alphabet='[]{},"a1 ', max_size=9).map(str.encode))
def test_items_are_refused_where_the_whole_is_refused(raw):
    try:
        found = parse_items(raw)
    except BadValue:
        found = "refused"
    try:
        whole = parse(raw)
    except BadValue:
        whole = "refused"
    if found is not None and not (isinstance(whole, dict) and "events" in whole):
        assert (found if found == "refused" else [value for value, _ in found]) == whole


def test_an_object_is_no_list():
    assert parse_items(b'{"events": {}}') is None
    assert parse_items(b'{"id": "e1"}') is None


def test_a_list_under_events_stands_alone():
    with pytest.raises(BadValue, match=r"closing bracket|more follows"):
        parse_items(b'{"events": [1], "source": "app"}')


@pytest.mark.parametrize(("form", "outside"), [("[1, %s]", 1), ('{"events": [%s]}', 2)])
def test_the_levels_around_an_item_count_as_nesting(form, outside):
    deepest = MAX_DEPTH - outside
    assert parse_items((form % ("[" * deepest + "]" * deepest)).encode())
    for levels in (deepest + 1, 100_000):
        with pytest.raises(BadValue, match="nested more than 50 levels"):
            parse_items((form % ("[" * levels + "]" * levels)).encode())
