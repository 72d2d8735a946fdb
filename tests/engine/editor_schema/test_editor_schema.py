"""The schema for editors: it agrees with `amends check`, and it grows with the tables it is made from."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from jsonschema import Draft7Validator
from tests.engine.conftest import FILES, KINDS

from amends.files import read_files
from amends_connectors.registry import kinds
from amends_engine import condition_reading, step_reading
from amends_engine.definitions import Budget
from amends_engine.documents import load
from amends_engine.editor_schema import Vocabulary, editor_schema, read_vocabulary, values
from amends_engine.editor_schema.schema import CONTROL, GROUPS
from amends_engine.fields import Kind
from amends_engine.operators import OPERATORS, Operand, Operator
from amends_engine.reading import Reading
from amends_engine.rules import read_rule
from amends_engine.steps import Option, OptionType, StepKind
from amends_engine.values import BadValue, parse_duration, parse_money

ROOT = Path(__file__).parents[3]
PACKS = sorted(path.parent for path in ROOT.glob("rules/*/workspace.yaml"))
VALID = sorted(ROOT.glob("tests/rules/valid/*.yaml"))
INVALID = sorted(ROOT.glob("tests/rules/invalid/*.yaml"))
# what they hold would be right, or an editor cannot see that it is not: two parts that do not fit each other
ABOUT_THE_TEXT = {
    "doubled-key",
    "text-cut-by-hash",
    "order-of-one-event",
    "wait-for-other-field",
    "voucher-in-another-currency",
    "braces-in-a-text",
    "changes-that-cannot-be",
    "misspelt-card",
}


def schema_of(files: Mapping[str, bytes], steps: Mapping[str, StepKind]) -> Any:
    words, findings = read_vocabulary(files, steps)
    assert words, findings
    return json.loads(json.dumps(editor_schema(words)))


@cache
def company_words() -> Vocabulary:
    words, findings = read_vocabulary({name: text.encode() for name, text in FILES.items()}, KINDS)
    assert words, findings
    return words


def company(steps: Mapping[str, StepKind] = KINDS, **files: str) -> Any:
    texts = {**FILES, **{f"{name}.yaml": text for name, text in files.items()}}
    return schema_of({name: text.encode() for name, text in texts.items()}, steps)


@cache
def company_validator() -> Draft7Validator:
    return Draft7Validator(company())


def wrong(validator: Draft7Validator, raw: bytes) -> list[str]:
    node, _ = load(raw, "rules.yaml")
    return [error.message for error in validator.iter_errors(node.plain() if node else None)]


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_every_file_of_our_packs_is_right(pack: Path) -> None:
    files = read_files(pack)
    schema = schema_of(files, kinds())
    Draft7Validator.check_schema(schema)
    validator = Draft7Validator(schema)
    assert {name: wrong(validator, raw) for name, raw in files.items() if name.endswith(".yaml")} == {
        name: [] for name in files if name.endswith(".yaml")
    }


@pytest.mark.parametrize("file", VALID, ids=lambda file: file.stem)
def test_a_right_file_is_right(file: Path) -> None:
    assert wrong(company_validator(), file.read_bytes()) == []


@pytest.mark.parametrize("file", INVALID, ids=lambda file: file.stem)
def test_a_wrong_file_is_wrong_unless_only_its_text_is(file: Path) -> None:
    assert bool(wrong(company_validator(), file.read_bytes())) is (file.stem not in ABOUT_THE_TEXT)


POOLS: Mapping[str, tuple[Any, ...]] = {
    "customer.tier": ("gold", "basic", "golden"),
    "customer.age": (18, 65, 131, 9.5, "18"),
    "customer.spend_365d": ("5 EUR", "19.90 USD", "5", 5),
    "customer.joined_at": ("2026-03-01T09:30:00+01:00", "2026-03-01T09:30:00", "90d"),
    "customer.newsletter": (True, False, "NO"),
    "feedback.nps": (0, 10, 11, "9"),
    "event.nps": (6, 7, None),
    "feedback.comment": ("late", "a b", "", 7),
    "event.type": ("x", True, "feedback.received"),
    "event.recommend_band": ("detractor", "hard"),
    "event.occurred_at": ("office_hours", "2026-03-01", "2026-03-01T09:30:00Z", "90d", "2h 30m", "22:30"),
    "case.status": ("open", "shut"),
    "case.opened_at": ("2026-W10-1T09:30+01:00", "3d"),
    "customer.teir": ("gold",),
    "complaint.about": ("late",),
    "rule.id": ("a",),
}
OPTIONS: Mapping[tuple[str, str], tuple[Any, ...]] = {
    ("voucher", "value"): ("25 EUR", "0.01 EUR", "0 EUR", "-5 EUR", 25),
    ("voucher", "from"): ("recovery", "recovry"),
    ("voucher", "valid"): (
        "90d",
        "4 business hours",
        "1 business day of office_hours",
        "2 business days of desk",
        "1w 2d",
        "90",
        "1 month",
        90,
    ),
    ("task", "title"): ("Call <event.type>", "", 7, "x" * 201),
    ("slack", "card"): ("alert", "apology"),
    ("email", "template"): ("apology", "alert"),
    ("email", "purpose"): ("service", "sales"),
    ("email", "puprose"): ("service",),
    ("case", "open"): ("a-b", "a b", "größe", 7),
    ("case", "one_per"): (["customer.id", "event.nps"], ["customer.x"], "customer.id", []),
    ("webhook", "body"): ({"a": "<event.type>"}, {}, {"a": 7}, "x"),
}
RIGHT = {
    "voucher": {"value": "25 EUR", "from": "recovery"},
    "task": {"title": "x", "to": "y"},
    "case": {"open": "x"},
    "email": {"template": "apology"},
    "slack": {"to": "x", "card": "alert"},
    "webhook": {"to": "x"},
}


@st.composite
def conditions(draw: DrawFn) -> dict[str, Any]:
    field = draw(st.sampled_from(sorted(POOLS)))
    one = st.sampled_from(POOLS[field])
    operand = one | st.lists(one, min_size=1, max_size=2)
    tests = st.dictionaries(st.sampled_from([*OPERATORS, "atmost"]), operand, min_size=1, max_size=2)
    missing = tests.map(lambda given: {**given, "if_missing": True})
    test = {field: draw(operand | tests | missing)}
    return draw(st.sampled_from([test, test, test, {"not": test}, {"any": [test, {"is": "detractor"}]}]))


@st.composite
def steps(draw: DrawFn) -> dict[str, Any]:
    (kind, option), pool = draw(st.sampled_from(list(OPTIONS.items())))
    one = st.sampled_from(pool)
    by = st.sampled_from(["customer.tier", "event.nps", "customer.teir"])
    row = st.sampled_from(["gold", "golden", "7"])
    table = st.recursive(
        st.builds(lambda by, row, given, last: {"by": by, row: given, "otherwise": last}, by, row, one, one),
        lambda inner: st.builds(
            lambda row, given, last: {"by": "customer.tier", row: given, "otherwise": last}, row, inner, one
        ),
        max_leaves=3,
    )
    return {kind: {**RIGHT[kind], option: draw(one | table)}}


def check(**rule: Any) -> tuple[set[str], bool]:
    """What the parser says of a rule, by codes, and whether the schema marks it."""
    frame = {"id": "a", "why": "b", "owner": "c", "when": {"event": "feedback.received"}}
    raw = json.dumps({"version": 1, "rules": [{**frame, "then": [{"case": {"open": "x"}}], **rule}]}).encode()
    root, findings = load(raw, "rules.yaml")
    words = company_words()
    budgets = {name: Budget(name) for name in words.budgets}
    reading = Reading(
        words.fields, KINDS, words.definitions, budgets, words.templates, words.calendars, findings=findings
    )
    assert root
    read_rule(root.fields["rules"].items[0], reading)
    return {finding.code for finding in findings if finding.is_error}, not company_validator().is_valid(root.plain())


@given(conditions())
@settings(max_examples=120, deadline=None)
def test_a_condition_is_right_to_an_editor_where_it_is_to_check(condition: dict[str, Any]) -> None:
    said, marked = check(**{"if": [condition]})
    if "between" not in str(condition):  # which of two values is the lower one JSON Schema cannot say
        assert bool(said) is marked, said
    elif not said:
        assert not marked


@given(steps())
@settings(max_examples=120, deadline=None)
def test_a_step_is_right_to_an_editor_where_it_is_to_check(step: dict[str, Any]) -> None:
    said, marked = check(then=[step])
    assert bool(said) is marked, said


def test_an_answer_for_a_missing_value_needs_a_question() -> None:
    said, marked = check(**{"if": [{"feedback.nps": {"if_missing": True}}]})
    assert said
    assert marked


ZONES = (UTC, timezone(timedelta(hours=5, minutes=45)), ZoneInfo("Europe/Paris"))
LENGTHS = st.lists(st.sampled_from(["1", "90", "w", "d", "h", "m", "s", " ", "."]), max_size=6).map("".join)
AMOUNTS = st.lists(st.sampled_from(["1", "0", "-", ".", " ", "EUR", "USD", "eur"]), max_size=6).map("".join)


@given(LENGTHS)
def test_a_length_of_time_is_what_the_parser_takes(text: str) -> None:
    is_taken = not _refusal(parse_duration, text)
    assert bool(re.search(values.DURATION_PATTERN, text)) is is_taken
    assert bool(re.search(values.LIMIT_PATTERN, f"1 per {text}")) is is_taken


@given(AMOUNTS)
def test_an_amount_is_what_the_parser_takes(text: str) -> None:
    refusal = _refusal(parse_money, text)
    assert bool(re.search(values.MONEY_PATTERN, text)) is (not refusal or "more decimals" in refusal)
    if not refusal:
        assert bool(re.search(values.PRICE_PATTERN, text)) is (parse_money(text).minor > 0)


@given(st.datetimes(timezones=st.sampled_from(ZONES)))
def test_every_time_with_an_offset_is_a_time(moment: datetime) -> None:
    assert re.search(values.TIME_PATTERN, moment.isoformat())
    assert re.search(values.TIME_PATTERN, moment.isoformat(" ", "minutes"))
    assert not re.search(values.TIME_PATTERN, moment.replace(tzinfo=None).isoformat())
    assert re.search(values.DATE_PATTERN, moment.date().isoformat())


def _refusal(parse: Callable[[str], object], text: str) -> str:
    try:
        parse(text)
    except BadValue as error:
        return str(error)
    return ""


def test_every_table_of_the_language_is_here_in_full() -> None:
    assert set(values._OF_KIND) == set(Kind)
    assert set(values._OPERANDS) == set(values._SNIPPETS) == set(Operand)
    assert set(values._OF_OPTION) == set(OptionType)
    assert set(GROUPS) == set(condition_reading._BRANCHES)
    assert set(CONTROL) == set(step_reading._CONTROL)


def test_a_new_operator_appears_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    begins = Operator("begins_with", "begins with", Operand.SAME, frozenset({Kind.TEXT}), lambda *_: True, "a.b: {…}")
    monkeypatch.setitem(OPERATORS, "begins_with", begins)
    validator = Draft7Validator(company())
    assert wrong(validator, _rule("if: [{feedback.comment: {begins_with: late}}]")) == []
    assert wrong(validator, _rule("if: [{feedback.nps: {begins_with: 1}}]"))


def test_a_new_step_appears_by_itself() -> None:
    pages = Option("pages", OptionType.CHOICE, "how many", is_required=True, choices=("one", "two"))
    fax = StepKind("fax", "Sends a fax", (pages,), example="fax: {pages: one}")
    schema = company({**KINDS, "fax": fax})
    assert schema["definitions"]["step.fax"]["description"] == "Sends a fax. Example: fax: {pages: one}"
    validator = Draft7Validator(schema)
    assert wrong(validator, _rule("then: [{fax: {pages: two}}]")) == []
    assert wrong(validator, _rule("then: [{fax: {pages: three}}]"))
    assert wrong(validator, _rule("then: [{fax: {}}]"))


def _rule(part: str) -> bytes:
    rest = "" if part.startswith("then") else "\n    then: [{case: {open: x}}]"
    return (
        "version: 1\nrules:\n  - id: a\n    why: b\n    owner: c\n    when: {event: feedback.received}\n    "
        f"{part}{rest}\n"
    ).encode()


def test_only_fields_and_definitions_that_fit_the_event_are_offered() -> None:
    definitions = company()["definitions"]
    of_complaint = definitions["condition.complaint.received"]["properties"]
    assert {"complaint.about", "event.about", "customer.tier", "case.status", "is"} <= set(of_complaint)
    assert not {"feedback.nps", "event.nps", "rule.id"} & set(of_complaint)
    assert of_complaint["is"]["enum"] == ["premium_customer"]
    assert definitions["condition"]["properties"]["is"]["enum"] == ["detractor", "premium_customer"]


def test_what_a_word_means_and_who_answers_for_it_is_there_to_read() -> None:
    definitions = company()["definitions"]
    offered = definitions["condition.feedback.received"]["properties"]["is"]
    assert offered["enumDescriptions"][0] == "Gave us 0 to 6 (owner: cx)"
    tier = definitions["condition-on.customer.tier"]
    assert tier["description"] == "One of basic, silver, gold, platinum. From loyalty, then crm"
    nps = definitions["condition-on.feedback.nps"]["anyOf"][2]["properties"]["at_most"]
    assert nps["description"].endswith("Example: feedback.nps: {at_most: 6}")


def test_a_rule_without_a_known_event_may_name_every_field() -> None:
    rule = _rule("if: [{complaint.about: x}, {feedback.nps: 3}]").replace(b"feedback.received", b"not.yet")
    assert all("not.yet" in message for message in wrong(company_validator(), rule))


def test_definitions_are_marked_like_rules_and_other_files_are_left_alone() -> None:
    validator = company_validator()
    for name in ("workspace.yaml", "fields.yaml", "definitions.yaml"):
        assert wrong(validator, FILES[name].encode()) == []
    detractor = "version: 1\ndefinitions: {a: {means: b, owner: c, if: [{feedback.nsp: 3}]}}\n"
    assert wrong(validator, detractor.encode())
    assert wrong(validator, b"version: 1\nbudgets: {a: {limit: 5}}\n")


def test_a_company_without_words_of_its_own_has_a_schema() -> None:
    schema = schema_of({"fields.yaml": b"version: 1\nevents: {a.b: {means: c}}\n"}, kinds())
    Draft7Validator.check_schema(schema)
    assert schema["definitions"]["condition.a.b"]["properties"]["is"]["not"] == {}


def test_broken_rules_are_no_hindrance_and_broken_fields_are() -> None:
    files = {name: text.encode() for name, text in FILES.items()}
    assert read_vocabulary({**files, "rules.yaml": b"rules: ["}, KINDS)[0]
    for name in ("fields.yaml", "definitions.yaml"):
        words, findings = read_vocabulary({**files, name: b"version: 2\n"}, KINDS)
        assert words is None
        assert findings[0].place.file == name
    assert read_vocabulary({}, KINDS)[1][0].code == "missing-file"
