"""The planner asks the store for the past once a batch, and only where a rule needs it."""

from datetime import UTC, datetime, timedelta

import pytest

from amends_engine.actions import Action, Voice
from amends_engine.conditions import AllOf, Test
from amends_engine.events import Event
from amends_engine.fields import Field, Fields, FieldType, Kind
from amends_engine.findings import Place
from amends_engine.planning import rule_set
from amends_engine.rules import Rule, Status
from amends_engine.triggers.events import OnEvent
from amends_flows import planner as planner_module
from amends_flows.planner import Planner
from amends_flows.versions import Versions
from amends_store.store import open_store
from amends_store.types import Incoming

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
GOLD = Test("customer.tier", "equals", "gold", "if[0]")
TWICE = Test("history.complaint.received within 90d", "at_least", 2, "if[1]")


def rule():
    email = Action("email", "email", "then[0]", 1, "customer", {})
    return Rule(
        "again",
        "why",
        "cx",
        Status.LIVE,
        OnEvent(("complaint.received",)),
        AllOf((GOLD, TWICE)),
        (email,),
        "v1",
        Place("r"),
    )


@pytest.fixture
def store(tmp_path):
    opened = open_store(f"sqlite:///{tmp_path}/amends.db", clock=lambda: NOON)
    yield opened
    opened.close()


def complaint(key, days, tier="gold", customer="c1"):
    at = NOON - timedelta(days=days)
    return Event(key, "app", key, "complaint.received", at, customer, {}, {"tier": tier})


def accept(store, *events):
    store.accept([Incoming(event, event.key.encode(), "test", NOON) for event in events])


FIELDS = Fields(customer={"tier": Field("customer.tier", FieldType(Kind.TEXT))})


def planner(store, batch=500):
    return Planner(
        store,
        rule_set([rule()], Voice({}.get, str)),
        FIELDS,
        frozenset(),
        Versions(store, {}, lambda _body: None),
        batch,
    )


@pytest.fixture
def asked(store, monkeypatch):
    calls, real = [], store.past

    def past(customers, types, since):
        calls.append((set(customers), set(types), since))
        return real(customers, types, since)

    monkeypatch.setattr(store, "past", past)
    return calls


def test_the_third_complaint_is_the_one_acted_on_and_its_count_is_kept(store, asked):
    accept(store, complaint("e1", 120), complaint("e2", 50), complaint("e3", 10), complaint("e4", 1))
    plans = {plan.event_id: plan for plan in planner(store).plan_some()}
    assert [bool(plans[key].decisions) for key in ("e1", "e2", "e3", "e4")] == [False, False, False, True]
    [claimed] = store.claim([plans["e4"].decisions[0].id], "email", "w1", 10)
    assert claimed.facts["history.complaint.received within 90d"] == 2


def test_one_query_answers_a_whole_batch(store, asked):
    accept(
        store, complaint("e1", 3), complaint("e2", 2, customer="c2"), complaint("e3", 1, tier="basic", customer="c3")
    )
    planner(store).plan_some()
    assert asked == [({"c1", "c2"}, {"complaint.received"}, NOON - timedelta(days=93))]


def test_nothing_is_asked_where_the_other_conditions_refuse(store, asked):
    accept(store, complaint("e1", 3, tier="basic"), complaint("e2", 2, customer=None))
    planner(store).plan_some()
    assert asked == []


def test_the_size_of_a_batch_does_not_change_what_is_decided(store, tmp_path):
    events = [complaint(f"e{number}", 20 - number % 7, customer=f"c{number % 3}") for number in range(20)]
    accept(store, *events)
    other = open_store(f"sqlite:///{tmp_path}/other.db", clock=lambda: NOON)
    accept(other, *reversed(events))
    decided = []
    for opened, batch in ((store, 500), (other, 3)):
        made = planner(opened, batch)
        found = []
        while some := made.plan_some():
            found += [(plan.event_id, len(plan.decisions)) for plan in some]
        decided.append(found)
    other.close()
    assert decided[0] == decided[1]


def test_an_event_that_cannot_be_planned_is_quarantined_and_the_others_are_planned(store, monkeypatch):
    accept(store, complaint("bad", 1, customer="c1"), complaint("good", 1, customer="c2"))
    real = planner_module.plan
    monkeypatch.setattr(
        planner_module, "plan", lambda rules, event, *rest: 1 / 0 if event.key == "bad" else real(rules, event, *rest)
    )
    assert planner(store).plan_all() == 1
    [kept] = store.quarantined_events()
    assert (kept.event_id, kept.reason) == ("bad", "planning it failed with ZeroDivisionError")


class Broken(Exception):
    """Stands for a full disk or a connection that is cut."""


@pytest.mark.parametrize("ends_break", [False, True], ids=["the plans", "the plans and the note"])
def test_a_planning_that_breaks_off_again_and_again_is_no_dead_worker(tmp_path, monkeypatch, ends_break):
    clock = iter(NOON + timedelta(minutes=minute) for minute in range(1_000))
    store = open_store(f"sqlite:///{tmp_path}/own.db", clock=lambda: next(clock))
    accept(store, complaint("e1", 1), complaint("e2", 1, customer="c2"))
    tried = planner(store)

    def break_off(*_):
        raise Broken

    for _ in range(7):
        with monkeypatch.context() as patch:
            patch.setattr(store, "save_plans", break_off)
            if ends_break:
                patch.setattr(store, "end_planning", break_off)
            with pytest.raises(Broken):
                tried.plan_some()
    assert {plan.event_id for plan in tried.plan_some()} == {"e1", "e2"}
    assert store.quarantined_events() == []
    store.close()
