import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from amends_engine.definitions import Budget
from amends_engine.plans import Json, Mode
from amends_engine.states import EffectState
from amends_engine.values import Money
from amends_engine.voucher_codes import is_voucher_code
from amends_store.performing import OWN_KINDS
from amends_store.tables import budget_counters, vouchers

BERLIN = ZoneInfo("Europe/Berlin")
_OPTIONS: Mapping[str, Json] = {"value": "75 EUR", "from": "recovery", "valid": "90d"}


def _eur(amount: int) -> Money:
    return Money(amount * 100, "EUR")


def _ask(world: Any, key: str = "e1", customer: str = "c1", mode: Mode = Mode.LIVE, **options: Json) -> Any:
    """A claimed voucher effect."""
    decision = world.plan(world.event(key, customer), ("voucher", {**_OPTIONS, **options}), mode=mode)
    [claimed] = world.claim(decision, action="voucher.0")
    return claimed


def _outcome(world: Any, budget: Budget, key: str, **options: Any) -> EffectState:
    claimed = _ask(world, key, **options)
    state: EffectState = world.perform([claimed], budget)[claimed.effect_id]
    return state


def _reason(world: Any, effect_id: str) -> str:
    reason: str = world.store.effect(effect_id).effect.reason
    return reason


def test_a_voucher_is_issued_with_its_value_and_term(world: Any, recovery: Budget) -> None:
    claimed = _ask(world)
    assert world.perform([claimed], recovery) == {claimed.effect_id: EffectState.SUCCEEDED}
    [voucher] = world.store.vouchers("c1")
    assert (voucher.value, voucher.budget, voucher.customer_id) == (_eur(75), "recovery", "c1")
    assert voucher.valid_until == world.clock() + timedelta(days=90)
    assert is_voucher_code(voucher.code)
    assert world.store.given([claimed.decision_id]) == {
        claimed.decision_id: {
            "voucher.code": voucher.code,
            "voucher.value": _eur(75),
            "voucher.valid_until": voucher.valid_until,
        }
    }


def test_a_voucher_without_a_term_never_ends(world: Any, recovery: Budget) -> None:
    claimed = _ask(world, valid=None)
    world.perform([claimed], recovery)
    assert "voucher.valid_until" not in world.store.given([claimed.decision_id])[claimed.decision_id]


def test_performing_twice_issues_once(world: Any, recovery: Budget) -> None:
    claimed = _ask(world)
    world.perform([claimed], recovery)
    assert world.perform([claimed], recovery) == {}
    assert len(world.store.vouchers()) == 1
    assert world.store.effect(claimed.effect_id).effect.state == EffectState.SUCCEEDED


def test_the_code_is_in_no_receipt_and_no_timeline(world: Any, recovery: Budget) -> None:
    claimed = _ask(world)
    world.perform([claimed], recovery)
    [voucher] = world.store.vouchers()
    assert voucher.code not in str(world.store.effect(claimed.effect_id))
    assert voucher.code not in str(world.store.timeline("c1"))
    assert "voucher of 75 EUR from recovery" in [entry.text for entry in world.store.timeline("c1")]


def test_the_budget_falls_by_what_is_given(world: Any, recovery: Budget) -> None:
    _outcome(world, recovery, "e1")
    [left] = world.store.budgets_left({"recovery": recovery}, BERLIN)
    assert (left.limit, left.used, left.left) == (_eur(4000), _eur(75), _eur(3925))
    assert left.since == datetime(2026, 3, 1, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    "budget",
    [
        Budget("recovery", _eur(100), "day"),
        Budget("recovery", _eur(100), "week"),
        Budget("recovery", _eur(100), "month"),
        Budget("recovery", _eur(100), "year"),
        Budget("recovery", _eur(100), sliding=timedelta(days=7)),
        Budget("recovery", _eur(100)),
    ],
    ids=lambda budget: budget.window or ("sliding" if budget.sliding else "for ever"),
)
def test_a_budget_gives_to_its_last_cent_and_no_further(world: Any, budget: Budget) -> None:
    assert _outcome(world, budget, "e1", value="75 EUR") == EffectState.SUCCEEDED
    too_much = _ask(world, "e2", value="25.01 EUR")
    assert world.perform([too_much], budget) == {too_much.effect_id: EffectState.CAPPED}
    assert _reason(world, too_much.effect_id) == "the budget recovery has 25 EUR left"
    assert _outcome(world, budget, "e3", value="25 EUR") == EffectState.SUCCEEDED
    [left] = world.store.budgets_left({"recovery": budget}, BERLIN)
    assert left.left == _eur(0)


def test_a_calendar_window_begins_anew(world: Any) -> None:
    daily = Budget("recovery", _eur(75), "day")
    world.clock.at = datetime(2026, 3, 4, 22, 59, tzinfo=UTC)
    assert _outcome(world, daily, "e1") == EffectState.SUCCEEDED
    assert _outcome(world, daily, "e2") == EffectState.CAPPED
    world.clock.move(minutes=1)
    assert _outcome(world, daily, "e3") == EffectState.SUCCEEDED


def test_a_sliding_window_moves_with_every_moment(world: Any) -> None:
    sliding = Budget("recovery", _eur(75), sliding=timedelta(days=7))
    assert _outcome(world, sliding, "e1") == EffectState.SUCCEEDED
    world.clock.move(days=6, hours=23)
    assert _outcome(world, sliding, "e2") == EffectState.CAPPED
    world.clock.move(hours=1)
    assert _outcome(world, sliding, "e3") == EffectState.SUCCEEDED


def test_one_customer_gets_at_most_the_personal_cap(world: Any) -> None:
    budget = Budget("recovery", _eur(4000), "week", None, _eur(150), timedelta(days=180))
    assert [_outcome(world, budget, f"e{n}") for n in range(2)] == [EffectState.SUCCEEDED] * 2
    third = _ask(world, "e3")
    world.perform([third], budget)
    assert _reason(world, third.effect_id) == "the budget recovery gives one customer at most 150 EUR in 180d"
    assert _outcome(world, budget, "e4", customer="c2") == EffectState.SUCCEEDED
    world.clock.move(days=180)
    assert _outcome(world, budget, "e5") == EffectState.SUCCEEDED


def test_the_personal_cap_holds_within_one_batch(world: Any) -> None:
    budget = Budget("recovery", _eur(4000), "week", None, _eur(150), timedelta(days=180))
    asked = [_ask(world, f"e{number}", f"c{number % 2}") for number in range(8)]
    assert Counter(world.perform(asked, budget).values()) == {EffectState.SUCCEEDED: 4, EffectState.CAPPED: 4}
    assert Counter(voucher.customer_id for voucher in world.store.vouchers()) == {"c0": 2, "c1": 2}


def test_within_a_batch_the_oldest_event_comes_first(world: Any) -> None:
    budget = Budget("recovery", _eur(75), "week")
    asked = []
    for hours in (1, 3, 2):
        event = world.event(f"e{hours}", at=world.clock() - timedelta(hours=hours))
        asked += world.claim(world.plan(event, ("voucher", _OPTIONS)), action="voucher.0")
    outcome = world.perform(asked, budget)
    assert outcome[asked[1].effect_id] == EffectState.SUCCEEDED


def test_a_change_of_the_time_zone_does_not_refill_the_budget(world: Any) -> None:
    weekly = Budget("recovery", _eur(75), "week")
    assert _outcome(world, weekly, "e1") == EffectState.SUCCEEDED
    second = _ask(world, "e2")
    assert world.store.perform([second], {"recovery": weekly}, ZoneInfo("Asia/Tokyo")) == {
        second.effect_id: EffectState.CAPPED
    }


def test_two_workers_on_two_sides_of_midnight_keep_the_personal_cap(world: Any) -> None:
    budget = Budget("recovery", _eur(4000), "day", None, _eur(75), timedelta(days=180))
    world.clock.at = datetime(2026, 3, 4, 22, 59, 59, tzinfo=UTC)
    assert _outcome(world, budget, "e1") == EffectState.SUCCEEDED
    world.clock.move(seconds=1)
    assert _outcome(world, budget, "e2") == EffectState.CAPPED


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"value": "75 USD"}, "a voucher in USD cannot be paid from recovery, which is in EUR"),
        ({"value": "0 EUR"}, "a voucher of 0 EUR is worth nothing"),
        ({"value": "-75 EUR"}, "a voucher of -75 EUR is worth nothing"),
        ({"value": "75"}, "'75' is not an amount of money; write for example 75 EUR"),
        ({"value": None}, "'' is not an amount of money; write for example 75 EUR"),
        ({"from": "nowhere"}, "the budget nowhere is not in definitions.yaml"),
        ({"valid": "a year"}, "'a year' is not a length of time; write for example 30m, 72h, 90d or 2w"),
    ],
)
def test_what_cannot_be_given_fails_with_the_reason_and_stops_nobody_else(
    world: Any, recovery: Budget, options: Mapping[str, Json], reason: str
) -> None:
    wrong, good = _ask(world, "wrong", **options), _ask(world, "good")
    assert world.perform([wrong, good], recovery) == {
        wrong.effect_id: EffectState.FAILED,
        good.effect_id: EffectState.SUCCEEDED,
    }
    assert _reason(world, wrong.effect_id) == reason


def test_a_voucher_for_nobody_fails(world: Any, recovery: Budget) -> None:
    [claimed] = world.claim(world.plan(world.event(customer=None), ("voucher", _OPTIONS)), action="voucher.0")
    assert world.perform([claimed], recovery) == {claimed.effect_id: EffectState.FAILED}


def test_an_amount_that_no_database_can_hold_fails_alone(world: Any) -> None:
    endless = Budget("recovery", Money(10**18, "EUR"), "week")
    huge, good = replace(_ask(world, "huge"), options={**_OPTIONS, "value": f"{10**15 - 1} EUR"}), _ask(world, "good")
    huge = replace(huge, options={**huge.options, "valid": "999999w"})
    outcome = world.perform([huge, good], endless)
    assert outcome == {huge.effect_id: EffectState.FAILED, good.effect_id: EffectState.SUCCEEDED}
    assert [voucher.value for voucher in world.store.vouchers()] == [_eur(75)]


class TestShadow:
    def test_it_issues_no_usable_code(self, world: Any, recovery: Budget) -> None:
        claimed = _ask(world, mode=Mode.SHADOW)
        assert world.perform([claimed], recovery) == {claimed.effect_id: EffectState.SUCCEEDED}
        assert world.store.vouchers() == []
        assert [voucher.code for voucher in world.store.vouchers(mode=Mode.SHADOW)] == [None]
        assert world.store.given([claimed.decision_id])[claimed.decision_id]["voucher.code"] == "SHADOW"

    def test_it_has_counters_of_its_own(self, world: Any) -> None:
        budget = Budget("recovery", _eur(75), "week")
        assert _outcome(world, budget, "e1", mode=Mode.SHADOW) == EffectState.SUCCEEDED
        assert _outcome(world, budget, "e2", mode=Mode.SHADOW) == EffectState.CAPPED
        assert _outcome(world, budget, "e3") == EffectState.SUCCEEDED
        budgets = {"recovery": budget}
        assert [left.left for left in world.store.budgets_left(budgets, BERLIN)] == [_eur(0)]
        assert [left.used for left in world.store.budgets_left(budgets, BERLIN, Mode.SHADOW)] == [_eur(75)]

    def test_it_stands_in_a_timeline_of_its_own(self, world: Any, recovery: Budget) -> None:
        world.perform([_ask(world, mode=Mode.SHADOW)], recovery)
        assert "voucher issued" not in [entry.kind for entry in world.store.timeline("c1")]
        assert "voucher issued" in [entry.kind for entry in world.store.timeline("c1", mode=Mode.SHADOW)]


def test_a_defect_in_the_arithmetic_cannot_overspend(world: Any, recovery: Budget, monkeypatch: Any) -> None:
    from amends_store.budgets import Room
    from amends_store.statements import LostRace

    monkeypatch.setattr(Room, "refusal", lambda *_: "")
    claimed = _ask(world)
    with pytest.raises(LostRace, match="would be overspent"):
        world.perform([claimed], Budget("recovery", _eur(50), "week"))
    assert world.store.vouchers() == []
    assert world.state(claimed.effect_id) == EffectState.CLAIMED


def test_counters_are_rebuilt_from_the_vouchers_when_they_are_lost(world: Any) -> None:
    weekly = Budget("recovery", _eur(100), "week")
    _outcome(world, weekly, "e1")
    with world.store._database.writing() as connection:
        connection.execute(
            budget_counters.delete().where(budget_counters.c.window_start > datetime(2000, 1, 1, tzinfo=UTC))
        )
    assert _outcome(world, weekly, "e2") == EffectState.CAPPED


@pytest.mark.parametrize("window", [("week", None), (None, timedelta(days=7))], ids=["calendar", "sliding"])
def test_threads_at_once_give_exactly_the_cap(world: Any, window: tuple[str | None, timedelta | None]) -> None:
    budget = Budget("recovery", _eur(50), *window, _eur(1), timedelta(days=180))
    stores = [world.store, world.another()]
    planned = [world.event(f"e{number}", f"c{number % 120}") for number in range(200)]
    world.accept(*planned)
    made = [world.decision(event, ("voucher", {"value": "1 EUR", "from": "recovery"})) for event in planned]
    world.save(*made)
    claims = world.claim(*made, action="voucher.0")
    shares = [claims[turn::40] for turn in range(40)]
    with ThreadPoolExecutor(8) as workers:
        outcomes = workers.map(
            lambda turn: stores[turn % 2].perform(shares[turn], {"recovery": budget}, BERLIN), range(40)
        )
        states = Counter(state for outcome in outcomes for state in outcome.values())
    assert states == {EffectState.SUCCEEDED: 50, EffectState.CAPPED: 150}
    assert len({voucher.code for voucher in world.store.vouchers(limit=1_000)}) == 50
    assert max(Counter(voucher.customer_id for voucher in world.store.vouchers(limit=1_000)).values()) == 1


_WORKER = """
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo
from amends_engine.definitions import Budget
from amends_engine.values import Money
from amends_store.store import open_store

url, name, *decisions = sys.argv[1:]
store = open_store(url, clock=lambda: datetime(2026, 3, 4, 12, tzinfo=UTC))
budget = Budget("recovery", Money(5_000, "EUR"), "week")
while claims := store.claim(decisions, "voucher.0", name, 7):
    store.perform(claims, {"recovery": budget}, ZoneInfo("Europe/Berlin"))
store.close()
"""


def test_two_processes_at_once_give_exactly_the_cap(world: Any) -> None:
    planned = [world.event(f"e{number}", f"c{number}") for number in range(200)]
    world.accept(*planned)
    made = [world.decision(event, ("voucher", {"value": "1 EUR", "from": "recovery"})) for event in planned]
    world.save(*made)
    command = [sys.executable, "-c", _WORKER, world.url]
    ids = [decision.id for decision in made]
    workers = [subprocess.Popen([*command, name, *ids]) for name in ("w1", "w2")]
    assert [worker.wait(60) for worker in workers] == [0, 0]
    [counted] = [count for count in world.store.counts().effects if count.state is EffectState.SUCCEEDED]
    [capped] = [count for count in world.store.counts().effects if count.state is EffectState.CAPPED]
    assert (counted.count, capped.count) == (50, 150)
    with world.store._database.reading() as connection:
        assert len(connection.execute(vouchers.select()).all()) == 50


def test_the_kinds_of_our_own_tables_are_named() -> None:
    assert {"voucher", "case", "task", "set", "emit", "brief", "problem", "hold"} == OWN_KINDS
