"""Whatever somebody writes into a file, the answer is a workspace or findings, never an exception of another kind."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.fuzzing.nasty import BODIES, EMAIL, FIELDS, RULE, WORKSPACE

from amends_connectors.registry import kinds
from amends_engine.actions import Voice
from amends_engine.comparing import Undecidable
from amends_engine.conditions import Trace, evaluate, trace
from amends_engine.events import Event
from amends_engine.explaining import Known, explain
from amends_engine.findings import Finding, has_errors
from amends_engine.linting import lint
from amends_engine.messages import MissingValue
from amends_engine.nearest import missed
from amends_engine.operators import OPERATORS
from amends_engine.planning import rule_set
from amends_engine.templates import Look
from amends_engine.values import Money
from amends_engine.workspace import Workspace, read_workspace

KINDS = kinds()
LOOK = Look("en", ZoneInfo("UTC"))
slow_to_make = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

NAMES = ("feedback.nps", "feedback.comment", "customer.tier", "customer.spend", "customer.tags", "event.occurred_at",
         "case.type", "history.feedback.received", "feedback.nqs", "customer", "")  # fmt: skip
PLAIN = st.one_of(
    st.sampled_from(
        ["gold", "5 EUR", "5 XXX", "3d", "3x", "2026-03-01", "office_hours", "late", "(a", "…", "", "true"]
    ),
    st.integers(-3, 12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
)
OPERANDS = st.one_of(PLAIN, st.lists(PLAIN, max_size=3))
TESTS = st.builds(
    lambda name, value: {name: value},
    st.sampled_from(NAMES),
    st.one_of(OPERANDS, st.dictionaries(st.sampled_from([*OPERATORS, "if_missing", "atmost"]), OPERANDS, max_size=2)),
)
GROUPS = st.sampled_from(["any", "all", "not", "is", "anny"])
CONDITIONS = st.recursive(
    st.one_of(TESTS, OPERANDS), lambda inner: st.dictionaries(GROUPS, st.lists(inner, max_size=3), max_size=1)
)
FACTS: list[dict[str, Any]] = [
    {"event.occurred_at": datetime(2026, 3, 1, tzinfo=UTC)},
    {"event.occurred_at": datetime(2026, 3, 1, tzinfo=UTC), "feedback.nps": 3, "feedback.comment": "late",
     "customer.tier": "gold", "customer.spend": Money(500, "USD"), "customer.tags": ("late", "x")},
]  # fmt: skip


def read(files: dict[str, bytes]) -> tuple[Workspace | None, list[Finding]]:
    workspace, findings = read_workspace({"workspace.yaml": WORKSPACE, "fields.yaml": FIELDS, **files}, KINDS, lint)
    assert (workspace is None) is has_errors(findings)
    assert all(finding.message and finding.code for finding in findings)
    return workspace, findings


@given(st.sampled_from(["rules.yaml", "definitions.yaml", "fields.yaml", "workspace.yaml", "policies.yaml",
                        "sources/x.yaml", "templates/x.en.md"]), st.binary(max_size=500))  # fmt: skip
def test_any_bytes_in_any_file_are_findings(name: str, raw: bytes) -> None:
    read({name: raw})


@slow_to_make
@given(st.lists(CONDITIONS, max_size=4))
def test_any_conditions_are_read_or_refused_and_then_answered(conditions: list[Any]) -> None:
    lines = "\n".join(f"      - {json.dumps(condition)}" for condition in conditions)
    workspace, _ = read({"rules.yaml": (RULE % lines).encode()})
    for rule in workspace.rules if workspace else ():
        for facts in FACTS:
            found: Trace = trace(rule.condition, facts)
            try:
                assert evaluate(rule.condition, facts) is found.truth
                assert (missed(rule.condition, facts, True).count == 0) is (found.truth is True)
            except Undecidable:
                pass
            at = facts["event.occurred_at"]
            event = Event("e1", "app", "e1", "feedback.received", at, "c1", {})
            explain(rule_set([rule], Voice({}.get, str)), event, Known(facts))


ODD: tuple[Any, ...] = (
    "gold", "5 EUR", "5 XXX", "3d", "0d", "999999w", "2026-03-01", "office_hours", "(a", "(?=a)", "…", "", " ",
    "9" * 400, 0, -1, 3, 3.5, 1e300, True, None, [], [[]], {}, {"a": 1}, [None], ["gold", 3], [8, 2], [2, 8],
    ["x" * 2_000], {"by": "customer.tier"}, {"equals": 3}, {"within": "3d"},
)  # fmt: skip
"""What may stand behind an operator, sensible for one of them and for no other."""


@pytest.mark.parametrize("operator", ["", *OPERATORS])
def test_every_operator_takes_or_refuses_every_odd_operand_of_every_field(operator: str) -> None:
    tests = [{name: {operator: odd} if operator else odd} for name in NAMES for odd in ODD]
    for grouped in (tests, [{"not": test} for test in tests], [{"any": [test]} for test in tests]):
        lines = "\n".join(f"      - {json.dumps(test)}" for test in grouped)
        read({"rules.yaml": (RULE % lines).encode()})


SIGNS = (
    ": ", ":", "- ", "-", "\n", "\n  ", "\n    ", "[", "]", "{", "}", ",", "&a ", "*a", "!!int ", "!", "|", "|2-",
    ">+", "? ", "#", " # ", "'", '"', "---", "...", "%YAML 1.2\n", "\t", "<<: ", "~", "\\", "@", "`", "a", "7",
    "\u2028", "\x85", "é", "version: 1\n", "rules:\n", "\ufeff",
)  # fmt: skip


@given(st.lists(st.sampled_from(SIGNS), max_size=30).map("".join))
def test_any_text_of_yaml_signs_is_findings(text: str) -> None:
    read({"rules.yaml": text.encode()})
    read({"fields.yaml": text.encode()})


TOKENS = (
    "customer.name", "feedback.nps", "customer.nme", "customer", "x", ".", "|", "|default", "|date", "(", ")", '"',
    "'", '"a"', "==", "!=", "<", " in ", " not ", " and ", " or ", " is ", "defined", "[", "]", "7", "-", "if",
    "else", "%", "{", "}", "~", "é", "\\", ",", " ", "\n", "#", "none", "true", "lambda", "**", ":", "=",
)  # fmt: skip
EXPRESSIONS = st.lists(st.sampled_from(TOKENS), max_size=8).map("".join)


FORMS = ("{{ %s }}", "{%% if %s %%}x{%% endif %%}", "[x](https://example.org/{{ %s }})", "{%% %s %%}")


@settings(max_examples=400)
@given(st.sampled_from(FORMS), EXPRESSIONS)
def test_any_expression_in_a_template_is_refused_or_can_be_written(form: str, expression: str) -> None:
    workspace, _ = read({"templates/x.en.md": (EMAIL % (form % expression)).encode()})
    for facts in ({}, {"customer.name": "Ana", "feedback.nps": 3}) if workspace else ():
        with suppress(MissingValue):
            workspace.templates.get("x", ("en",)).render(facts, LOOK)


@slow_to_make
@given(st.recursive(PLAIN, lambda inner: st.one_of(
    st.lists(inner, max_size=4),
    st.dictionaries(st.sampled_from(["version", "rules", "id", "why", "owner", "when", "if", "then", "event", "status",
                                     "email", "choose", "wait", "limits", "tests", "at_least", "missing"]), inner),
)))  # fmt: skip
def test_any_tree_of_known_keys_is_findings(tree: Any) -> None:
    read({"rules.yaml": json.dumps(tree).encode()})
    read({"rules.yaml": json.dumps({"version": 1, "rules": [tree]}).encode()})


@slow_to_make
@given(st.lists(st.sampled_from([*BODIES, "\n", "\n\n", " ", "x"]), max_size=40).map("".join))
def test_any_text_of_template_signs_is_refused_or_can_be_written(body: str) -> None:
    workspace, _ = read({"templates/x.en.md": (EMAIL % body).encode()})
    if workspace is None:
        return
    for facts in ({}, {"customer.name": "{{ 7 * 7 }} *Ana* <b>"}):
        with suppress(MissingValue):
            workspace.templates.get("x", ("en",)).render(facts, LOOK)
