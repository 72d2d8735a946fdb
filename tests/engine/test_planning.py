"""plan(): what the rules want about one event."""

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.conftest import RULE, read

from amends_engine.actions import Voice
from amends_engine.events import Event
from amends_engine.facts import facts_of
from amends_engine.planning import RuleSet, plan, remember, rule_set
from amends_engine.plans import Mode, Outcome, Plan, effect_id
from amends_engine.triggers.schedule import OnSchedule
from amends_engine.values import Money, Value

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FALLBACKS = {"customer.name": "there", "customer.id": "somebody"}
VOICE = Voice(FALLBACKS.get, str)

HEAD = """
  - id: {id}
    why: Because
    owner: cx
    status: {status}
    when: {{event: feedback.received}}
"""


def rules(*texts: str) -> RuleSet:
    workspace, findings = read("version: 1\nrules:\n" + "".join(texts))
    assert workspace is not None, findings
    return rule_set(workspace.rules, VOICE)


def rule(rule_id: str, body: str, status: str = "live") -> str:
    return HEAD.format(id=rule_id, status=status) + body


EMAIL = "    then: [{email: {template: apology}}]\n"


def event(at: datetime = NOW, customer: str | None = "c1", **fields: Value) -> Event:
    return Event("e1", "test", "1", "feedback.received", at, customer, fields)


def planned(of: RuleSet, about: Event, **customer: Value) -> Plan:
    return plan(of, about, facts_of(about, customer, {}), {})


def first_sentence() -> RuleSet:
    workspace, _ = read(RULE)
    assert workspace is not None
    return rule_set(workspace.rules, VOICE)


def test_a_matching_rule_hands_in_one_intent_for_each_step() -> None:
    made = planned(first_sentence(), event(nps=3), tier="gold")
    [decision] = made.decisions
    assert decision.outcome is Outcome.ACTED
    assert [(intent.action, intent.target) for intent in decision.intents] == [
        ("email", "c1"),
        ("voucher", "c1"),
        ("slack", "#cx"),
    ]
    assert decision.intents[1].options == {"value": "25 EUR", "from": "recovery", "valid": "90d"}


def test_a_score_of_seven_is_no_detractor() -> None:
    made = planned(first_sentence(), event(nps=7), tier="gold")
    assert (made.decisions, made.unknown) == ((), {})


def test_a_missing_tier_is_unknown_and_named() -> None:
    made = planned(first_sentence(), event(nps=3))
    assert made.decisions == ()
    assert made.unknown == {"premium-detractor": ("customer.tier", "customer.spend_365d")}


scores = st.fixed_dictionaries({}, optional={"nps": st.integers(0, 10)})
profiles = st.fixed_dictionaries(
    {}, optional={"tier": st.sampled_from(["basic", "gold"]), "name": st.text(max_size=20)}
)


@given(scores, profiles)
def test_the_same_event_gives_the_same_plan_and_keys(score: Mapping[str, Value], profile: Mapping[str, Value]) -> None:
    one, other = (planned(first_sentence(), event(**score), **profile) for _ in range(2))
    assert one == other


PLANS = """
from tests.engine.test_planning import event, first_sentence, in_group, planned, rule, rules
of = rules(*(rule(f"r{number}", in_group(number % 3) if number % 2 else EMAIL) for number in range(9)))
for made in (planned(first_sentence(), event(nps=3), tier="gold"), planned(of, event(nps=3), name="Ana", tier="basic")):
    print(made)
""".replace("EMAIL", repr(EMAIL))


def test_plans_and_keys_are_the_same_in_every_process() -> None:
    told = [
        subprocess.run(
            [sys.executable, "-c", PLANS],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    ]
    assert "intents=(Intent(" in told[0]
    assert len(set(told)) == 1


@given(scores, profiles)
def test_the_order_in_which_things_became_known_does_not_matter(
    score: Mapping[str, Value], profile: Mapping[str, Value]
) -> None:
    one = planned(first_sentence(), event(**score), **profile)
    other = planned(first_sentence(), event(**dict(reversed(score.items()))), **dict(reversed(profile.items())))
    assert one == other


@given(st.text(max_size=3), st.text(max_size=3), st.text(max_size=3), st.text(max_size=3))
def test_different_parts_never_make_one_key(one: str, two: str, other: str, another: str) -> None:
    assert (effect_id("d", one, two) == effect_id("d", other, another)) is ((one, two) == (other, another))
    assert effect_id("d", one, two + other) != effect_id("d", one + two, other) or not two


def test_two_steps_of_one_kind_have_keys_of_their_own() -> None:
    body = "    then: [{email: {template: apology}}, {email: {template: apology}}]\n"
    [decision] = planned(rules(rule("twice", body)), event()).decisions
    assert [intent.action for intent in decision.intents] == ["email", "email.2"]
    assert len({intent.id for intent in decision.intents}) == 2


def test_shadow_and_live_decisions_never_share_a_key() -> None:
    [live] = planned(rules(rule("r", EMAIL)), event()).decisions
    [shadow] = planned(rules(rule("r", EMAIL, "shadow")), event()).decisions
    assert (live.mode, shadow.mode) == (Mode.LIVE, Mode.SHADOW)
    assert live.id != shadow.id
    assert live.intents[0].id != shadow.intents[0].id


@pytest.mark.parametrize("status", ["draft", "paused"])
def test_rules_that_do_not_run_decide_nothing(status: str) -> None:
    assert planned(rules(rule("r", EMAIL, status)), event()).decisions == ()


def in_group(priority: int) -> str:
    return f"    group: recovery\n    priority: {priority}\n{EMAIL}"


def test_of_a_group_only_the_highest_priority_acts() -> None:
    made = planned(rules(rule("low", in_group(10)), rule("high", in_group(90))), event())
    assert {decision.rule_id: decision.outcome for decision in made.decisions} == {
        "high": Outcome.ACTED,
        "low": Outcome.OUTRANKED,
    }
    assert "high ranks higher" in made.decisions[1].reason


@pytest.mark.parametrize("about", ["customer", "case"])
def test_a_group_acts_once_for_each_customer_and_case(about: str) -> None:
    ranked = rules(rule("low", in_group(10)), rule("high", in_group(90)))
    for name in ("one", "two"):
        customer, case = (name, "k1") if about == "customer" else ("c1", name)
        made = plan(ranked, event(customer=customer, nps=3), {"case.id": case, "feedback.nps": 3}, {})
        assert [(one.rule_id, one.outcome) for one in made.decisions] == [
            ("high", Outcome.ACTED),
            ("low", Outcome.OUTRANKED),
        ]


def scheduled(name: str, priority: int, when: str) -> str:
    return rule(name, in_group(priority)).replace("when: {event: feedback.received}", f"when: {{{when}}}")


@pytest.mark.parametrize(
    ("other", "outcome"),
    [
        ("schedule: every day at 08:00, for_each: cases", Outcome.OUTRANKED),
        ("schedule: every Monday at 08:00, for_each: cases", Outcome.OUTRANKED),
        ("schedule: every day at 09:00, for_each: cases", Outcome.ACTED),
        ("schedule: every day at 08:00, for_each: customers", Outcome.ACTED),
    ],
)
def test_a_group_ranks_what_the_clock_starts_for_the_same_case(other: str, outcome: Outcome) -> None:
    ranked = rules(scheduled("low", 10, "schedule: every day at 08:00, for_each: cases"), scheduled("high", 90, other))
    low = ranked.by_id["low"].trigger
    assert isinstance(low, OnSchedule)
    slot = low.event(datetime(2026, 3, 2, 7, tzinfo=UTC), "c1", "k1")
    [decision] = plan(ranked, slot, {"case.id": "k1"}, {}).decisions
    assert (decision.rule_id, decision.outcome) == ("low", outcome)


def test_ties_in_a_group_go_by_id_not_by_the_order_of_the_file() -> None:
    group = "    group: recovery\n" + EMAIL
    for order in (("b", "a"), ("a", "b")):
        made = planned(rules(*(rule(name, group) for name in order)), event())
        assert [d.rule_id for d in made.decisions if d.outcome is Outcome.ACTED] == ["a"]


def test_a_shadow_rule_does_not_outrank_a_live_one() -> None:
    made = planned(rules(rule("live", in_group(10)), rule("shadow", in_group(90), "shadow")), event())
    assert {decision.outcome for decision in made.decisions} == {Outcome.ACTED}


LIMITED = "    limits: {per_customer: 1 per 30d}\n" + EMAIL


@pytest.mark.parametrize(
    ("apart", "outcome"),
    [
        (timedelta(days=29, hours=23), Outcome.LIMITED),
        (timedelta(days=30), Outcome.ACTED),
        (timedelta(days=-1), Outcome.LIMITED),
        (timedelta(0), Outcome.LIMITED),
    ],
)
def test_a_limit_counts_within_its_window_on_both_sides(apart: timedelta, outcome: Outcome) -> None:
    about = event()
    acted = {("r", "c1"): [NOW - apart]}
    made = plan(rules(rule("r", LIMITED)), about, facts_of(about, {}, {}), acted)
    assert made.decisions[0].outcome is outcome


def test_limits_hold_within_one_batch() -> None:
    of, about = rules(rule("r", LIMITED)), event()
    acted: dict[tuple[str, str], list[datetime]] = {}
    outcomes = []
    for _ in range(3):
        made = plan(of, about, facts_of(about, {}, {}), acted)
        remember(made, acted)
        outcomes.append(made.decisions[0].outcome)
    assert outcomes == [Outcome.ACTED, Outcome.LIMITED, Outcome.LIMITED]


def test_choose_takes_the_first_true_branch_and_unknown_is_not_true() -> None:
    body = """    then:
      - choose:
          - if: [{customer.age: {at_least: 65}}]
            then: [{task: {title: Call them, to: lead}}]
          - otherwise: [{email: {template: apology}}]
"""
    of = rules(rule("r", body))
    kinds = [
        [i.kind for i in planned(of, event(), **age).decisions[0].intents] for age in ({"age": 70}, {"age": 20}, {})
    ]
    assert kinds == [["task"], ["email"], ["email"]]


@pytest.mark.parametrize(
    ("tier", "value"), [("platinum", "120 EUR"), ("gold", "75 EUR"), ("basic", "50 EUR"), (None, "50 EUR")]
)
def test_a_value_table_chooses_by_the_field(tier: str | None, value: str) -> None:
    body = """    then:
      - voucher:
          value: {by: customer.tier, platinum: 120 EUR, gold: 75 EUR, otherwise: 50 EUR}
          from: recovery
"""
    [decision] = planned(rules(rule("r", body)), event(), **({"tier": tier} if tier else {})).decisions
    assert decision.intents[0].options["value"] == value


def test_a_comparison_that_makes_no_sense_leaves_the_rule_undecided() -> None:
    body = "    if: [{customer.spend_365d: {more_than: 10 EUR}}]\n" + EMAIL
    made = planned(rules(rule("r", body)), event(), spend_365d=Money(5000, "USD"))
    assert made.decisions[0].outcome is Outcome.UNDECIDED
    assert made.decisions[0].intents == ()


def test_placeholders_are_filled_and_data_keeps_its_type() -> None:
    told = "{when: <event.occurred_at>, who: <customer.name>, so: 'x <event.id>'}"
    body = f"    then: [{{webhook: {{to: crm, body: {told}}}}}]\n"
    [decision] = planned(rules(rule("r", body)), event(), name="Ana <b>{{ 7*7 }}</b>").decisions
    assert decision.intents[0].options["body"] == {
        "when": "2026-03-01T12:00:00+00:00",
        "who": "Ana <b>{{ 7*7 }}</b>",
        "so": "x e1",
    }


@given(st.text(max_size=50))
def test_what_a_customer_wrote_is_never_evaluated(name: str) -> None:
    of = rules(rule("r", '    then: [{task: {title: "For <customer.name>!", to: lead}}]\n'))
    [decision] = planned(of, event(), name=f"<rule.id>{name}<customer.id>").decisions
    assert "<rule.id>" in str(decision.intents[0].options["title"])
