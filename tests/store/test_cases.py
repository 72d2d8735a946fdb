from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from amends_engine.fields import Fields
from amends_engine.plans import Json, Mode
from amends_engine.states import EffectState
from amends_store.reading import thread_of
from amends_store.tables import cases
from amends_store.types import Result

_ANA: Mapping[str, Json] = {"open": "downgrade", "one_per": {"customer.id": "c1", "event.flight_id": "F1"}}


def _ask(world: Any, key: str, options: Mapping[str, Json] = _ANA, mode: Mode = Mode.LIVE, hours: float = 0) -> Any:
    """A claimed case effect."""
    event = world.event(key, at=world.clock() + timedelta(hours=hours))
    [claimed] = world.claim(world.plan(event, ("case", options), mode=mode), action="case.0")
    return claimed


def _close(world: Any, case_id: str) -> None:
    with world.store._database.writing() as connection:
        connection.execute(cases.update().where(cases.c.id == case_id).values(status="closed"))


def test_a_case_is_opened_with_priority_and_time_due_from_the_event(world: Any) -> None:
    claimed = _ask(world, "e1", {**_ANA, "priority": "high", "due": "72h"}, hours=-2)
    assert world.perform([claimed]) == {claimed.effect_id: EffectState.SUCCEEDED}
    [case] = world.store.cases("c1")
    assert (case.type, case.status, case.priority) == ("downgrade", "open", "high")
    assert case.opened_at == world.clock() - timedelta(hours=2)
    assert case.due_at == case.opened_at + timedelta(hours=72)
    assert case.event_ids == (claimed.event_id,)


def test_business_hours_are_counted_by_their_calendar(world: Any) -> None:
    claimed = _ask(world, "e1", {**_ANA, "due": "12 business hours of desk"})
    world.perform([claimed])
    [case] = world.store.cases("c1")
    berlin = ZoneInfo("Europe/Berlin")
    opened, due = case.opened_at.astimezone(berlin), case.due_at.astimezone(berlin)
    assert 9 <= due.hour <= 17
    assert due.date() > opened.date()


def test_a_case_due_by_a_calendar_that_is_gone_fails_alone_with_the_reason(world: Any) -> None:
    bad, good = _ask(world, "e1", {"open": "call", "due": "1 business day of gone"}), _ask(world, "e2")
    answer = world.perform([bad, good])
    assert answer == {bad.effect_id: EffectState.FAILED, good.effect_id: EffectState.SUCCEEDED}


def test_the_same_case_is_joined_and_not_opened_twice(world: Any) -> None:
    first, second = _ask(world, "e1"), _ask(world, "e2")
    world.perform([first])
    world.perform([second])
    [case] = world.store.cases("c1")
    assert case.event_ids == (first.event_id, second.event_id)
    entries = [(entry.kind, entry.case_id) for entry in world.store.timeline("c1") if entry.case_id]
    assert entries == [("case opened", case.case_id), ("case joined", case.case_id)]


def test_within_one_batch_the_first_event_opens_and_the_others_join(world: Any) -> None:
    asked = [_ask(world, f"e{hours}", hours=hours) for hours in (3, 1, 2)]
    world.perform(asked)
    [case] = world.store.cases("c1")
    assert case.case_id == asked[1].effect_id
    assert len(case.event_ids) == 3


@pytest.mark.parametrize(
    "other",
    [
        {**_ANA, "open": "delay"},
        {**_ANA, "one_per": {"customer.id": "c1", "event.flight_id": "F2"}},
        {**_ANA, "one_per": {"customer.id": "c1"}},
        {"open": "downgrade"},
    ],
)
def test_another_type_or_other_values_are_another_case(world: Any, other: Mapping[str, Json]) -> None:
    world.perform([_ask(world, "e1"), _ask(world, "e2", other)])
    assert len(world.store.cases("c1")) == 2


def test_without_one_per_every_effect_opens_a_case(world: Any) -> None:
    world.perform([_ask(world, "e1", {"open": "call"}), _ask(world, "e2", {"open": "call"})])
    assert len(world.store.cases("c1")) == 2


def test_a_closed_case_is_not_joined(world: Any) -> None:
    first = _ask(world, "e1")
    world.perform([first])
    _close(world, first.effect_id)
    world.perform([_ask(world, "e2")])
    assert sorted(case.status for case in world.store.cases("c1")) == ["closed", "open"]


def test_a_shadow_case_is_not_joined_by_a_live_one_and_is_no_fact(world: Any) -> None:
    world.perform([_ask(world, "e1", mode=Mode.SHADOW)])
    event = world.event("e2")
    assert "case.id" not in world.store.facts_for([event], Fields())[event.id]
    world.perform([_ask(world, "e3")])
    assert [len(world.store.cases("c1", mode=mode)) for mode in Mode] == [1, 1]


def test_rules_read_the_newest_open_case_or_else_the_newest(world: Any) -> None:
    asked = [_ask(world, f"e{hours}", {"open": f"t{hours}"}, hours=hours) for hours in (1, 2, 3)]
    world.perform(asked)
    event = world.event("later")

    def read() -> Any:
        facts = world.store.facts_for([event], Fields())[event.id]
        return facts["case.type"], facts["case.status"], facts["case.priority"], facts["case.opened_at"]

    assert read() == ("t3", "open", "normal", world.clock() + timedelta(hours=3))
    _close(world, asked[2].effect_id)
    assert read()[:2] == ("t2", "open")
    _close(world, asked[1].effect_id)
    _close(world, asked[0].effect_id)
    assert read()[:2] == ("t3", "closed")


def test_later_steps_of_the_decision_know_the_case(world: Any) -> None:
    first, second = _ask(world, "e1"), _ask(world, "e2")
    world.perform([first])
    world.perform([second])
    given = world.store.given([second.decision_id])[second.decision_id]
    assert (given["case.id"], given["case.type"], given["case.status"]) == (first.effect_id, "downgrade", "open")


def test_a_priority_that_does_not_exist_fails_alone(world: Any) -> None:
    wrong, good = _ask(world, "wrong", {"open": "a", "priority": "urgent"}), _ask(world, "good", {"open": "b"})
    assert world.perform([wrong, good]) == {
        wrong.effect_id: EffectState.FAILED,
        good.effect_id: EffectState.SUCCEEDED,
    }
    assert [case.type for case in world.store.cases()] == ["b"]
    assert world.store.effect(wrong.effect_id).effect.reason == "the database refused it: IntegrityError"


def test_many_at_once_open_one_case(world: Any) -> None:
    asked = [_ask(world, f"e{number}") for number in range(16)]
    stores = [world.store, world.another()]
    with ThreadPoolExecutor(8) as workers:
        list(workers.map(lambda turn: stores[turn % 2].perform([asked[turn]], {}, None), range(16)))
    [case] = world.store.cases("c1")
    assert len(case.event_ids) == 16


def test_a_task_says_who_does_what_until_when(world: Any) -> None:
    event = world.event(at=world.clock() - timedelta(hours=1))
    decision = world.plan(event, ("task", {"title": "Call Ana", "to": "duty-manager", "due": "30m"}))
    [claimed] = world.claim(decision, action="task.0")
    assert world.perform([claimed]) == {claimed.effect_id: EffectState.SUCCEEDED}
    [task] = world.store.tasks("c1")
    assert (task.title, task.to, task.status) == ("Call Ana", "duty-manager", "open")
    assert task.due_at == event.occurred_at + timedelta(minutes=30)


def test_tasks_that_are_due_first_come_first(world: Any) -> None:
    for key, due in (("e1", None), ("e2", "2h"), ("e3", "1h")):
        decision = world.plan(world.event(key), ("task", {"title": key, "to": "t", "due": due}))
        world.perform(world.claim(decision, action="task.0"))
    assert [task.title for task in world.store.tasks()] == ["e3", "e2", "e1"]


def test_half_a_character_in_a_title_fails_alone(world: Any) -> None:
    titles = {"bad": "\ud800", "good": "Call Ana"}
    planned = [world.plan(world.event(key), ("task", {"title": title, "to": "t"})) for key, title in titles.items()]
    outcome = world.perform(world.claim(*planned, action="task.0"))
    assert sorted(outcome.values()) == [EffectState.FAILED, EffectState.SUCCEEDED]
    assert [task.title for task in world.store.tasks()] == ["Call Ana"]


class TestTheThreadOfACase:
    """The first card about it, below which the others are posted."""

    @staticmethod
    def post(world: Any, decision: Any, action: str, moment: str) -> None:
        """The decision's card, as Slack has taken it."""
        [claimed] = world.claim(decision, action=action)
        assert world.begin(claimed)
        receipt = {"provider_id": f"C1:{moment}", "detail": {}}
        assert world.store.record([Result(claimed.effect_id, claimed.token, EffectState.SUCCEEDED, "", receipt)])

    def case(self, world: Any, key: str, flight: str, moment: str = "") -> str:
        """A case of this flight, with a card about it in the same breath."""
        case = ("case", {"open": "downgrade", "one_per": {"event.flight_id": flight}})
        event = world.event(key, at=world.clock())
        decision = world.plan(event, case, *([("slack", {})] if moment else []))
        world.perform(world.claim(decision, action="case.0"))
        if moment:
            self.post(world, decision, "slack.1", moment)
        return str(next(one.case_id for one in world.store.cases("c1") if event.id in one.event_ids))

    @staticmethod
    def thread(world: Any, case_id: str) -> str:
        with world.store._database.reading() as connection:
            return thread_of(connection, case_id, "customer")

    def test_it_begins_with_the_first_card_about_the_customer_since_the_case_was_opened(self, world: Any) -> None:
        def card(key: str, moment: str, **later: float) -> None:
            event = world.event(key, at=world.clock() + timedelta(**later))
            self.post(world, world.plan(event, ("slack", {})), "slack.0", moment)

        card("last year", "1.1", days=-365)
        case = self.case(world, "e1", "F1")
        assert self.thread(world, case) == ""
        card("landed", "2.1", minutes=5)
        card("later", "3.1", hours=1)
        assert self.thread(world, case) == "2.1"

    def test_two_open_cases_of_a_customer_have_threads_of_their_own(self, world: Any) -> None:
        first = self.case(world, "e1", "F1")
        second = self.case(world, "e2", "F2", moment="5.1")
        assert (self.thread(world, first), self.thread(world, second)) == ("", "5.1")
