from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends_engine.messages import MissingValue
from amends_engine.placeholders import Text, parse_text
from amends_engine.values import Money, Value


def fill(text: str, facts: dict[str, Value], fallbacks: dict[str, str] | None = None) -> str:
    return parse_text(text).fill(facts, (fallbacks or {}).get, str)


def test_a_placeholder_is_replaced_by_its_value() -> None:
    facts: dict[str, Value] = {"event.miles_paid": 40000, "customer.name": "Ana"}
    assert fill("Return <event.miles_paid> miles to <customer.name>", facts) == "Return 40000 miles to Ana"


def test_the_fields_of_a_text_are_named_once_in_their_order() -> None:
    assert parse_text("<b.c> <a.b> <b.c> x").fields == ("b.c", "a.b")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a < b",
        "<Order>",
        "<customer>",
        "<customer.>",
        "< customer.name >",
        "<a b.c>",
        "<ana@shop.example>",
        "1 <> 2",
    ],
)
def test_what_does_not_look_like_a_field_stays_as_it_is(text: str) -> None:
    assert parse_text(text).fields == ()
    assert fill(text, {}) == text


def test_a_field_with_hyphens_is_a_placeholder() -> None:
    assert parse_text("<feedback.flight-no>").fields == ("feedback.flight-no",)


def test_a_missing_value_becomes_its_fallback() -> None:
    assert fill("Dear <customer.name>", {}, {"customer.name": "customer"}) == "Dear customer"


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_a_blank_value_becomes_its_fallback(blank: str) -> None:
    assert fill("Dear <customer.name>", {"customer.name": blank}, {"customer.name": "customer"}) == "Dear customer"


def test_zero_and_no_are_values() -> None:
    facts: dict[str, Value] = {"a.b": 0, "a.c": False}
    assert fill("<a.b> <a.c>", facts, {"a.b": "none", "a.c": "none"}) == "0 False"


def test_without_value_and_fallback_nothing_is_written() -> None:
    with pytest.raises(MissingValue, match=r"customer\.name"):
        fill("Dear <customer.name>", {})


def test_values_are_written_by_the_caller() -> None:
    text = parse_text("<a.b> <a.c>")
    facts: dict[str, Value] = {"a.b": Money(7500, "EUR"), "a.c": timedelta(days=3)}
    assert text.fill(facts, lambda _: None, lambda value: type(value).__name__) == "Money timedelta"


@pytest.mark.parametrize("value", ["<a.c>", "{{ 7*7 }}", "{% if x %}", "<a.b><a.b>", "\\1", "%s", "${x}"])
def test_a_value_that_looks_like_a_placeholder_is_not_filled_again(value: str) -> None:
    assert fill("x <a.b> y", {"a.b": value, "a.c": "secret"}) == f"x {value} y"


@given(st.text())
def test_every_text_keeps_all_of_its_characters(text: str) -> None:
    parsed = parse_text(text)
    assert "".join(part if isinstance(part, str) else f"<{part.field}>" for part in parsed.parts) == text


@given(st.lists(st.one_of(st.text(alphabet="ab.<>", max_size=5), st.just("<a.b>"))).map("".join), st.text())
def test_a_value_stands_exactly_where_its_placeholder_stood(text: str, value: str) -> None:
    parsed: Text = parse_text(text)
    facts: dict[str, Value] = dict.fromkeys(parsed.fields, value)
    expected = "".join(part if isinstance(part, str) else value for part in parsed.parts)
    assert parsed.fill(facts, lambda _: None, str) == expected
