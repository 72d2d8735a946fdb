"""Money cannot be overspent by one cent: of a budget exactly the cap is issued, the rest is capped."""

import pytest
from tests.conftest import Desk, event

from amends_engine.states import EffectState
from amends_engine.values import Money

pytestmark = pytest.mark.usefixtures("without_prefect")


def issued(desk: Desk) -> list[Money]:
    with desk.store() as store:
        return [voucher.value for voucher in store.vouchers(limit=1000) if voucher.mode.value == "live"]


def test_a_run_that_would_overspend_issues_exactly_the_cap(desk: Desk) -> None:
    desk.change("definitions.yaml", "limit: 4000 EUR per week", "limit: 100 EUR per week")
    answer = desk.amends("run", desk.events(*(event(number) for number in range(1, 11))))
    assert issued(desk) == [Money(2500, "EUR")] * 4
    assert answer.code == 0
    lines = [line.split() for line in answer.out.splitlines()]
    assert ["channel", "done", "preview", "only", "capped"] in lines
    assert ["voucher", "4", "·", "6"] in lines
    assert "Budget recovery: 0 EUR of 100 EUR left this week\n" in answer.out


def test_a_cap_that_is_no_multiple_is_not_reached_rather_than_passed(desk: Desk) -> None:
    desk.change("definitions.yaml", "limit: 4000 EUR per week", "limit: 99.99 EUR per week")
    answer = desk.amends("run", desk.events(*(event(number) for number in range(1, 6))), "--json")
    assert issued(desk) == [Money(2500, "EUR")] * 3
    assert answer.json()["budgets"]["recovery"] == {"left": "24.99 EUR", "limit": "99.99 EUR"}
    assert answer.counts["effects"]["capped"] == 2


def test_the_rest_of_the_budget_is_not_spent_again_by_the_next_run(desk: Desk) -> None:
    desk.change("definitions.yaml", "limit: 4000 EUR per week", "limit: 100 EUR per week")
    for first in (1, 4, 7):
        desk.amends("run", desk.events(*(event(number) for number in range(first, first + 3))))
    assert len(issued(desk)) == 4


def test_the_cap_of_a_customer_holds_over_runs(desk: Desk) -> None:
    desk.change("rules.yaml", "    limits:\n      per_customer: 1 per 30d\n", "")
    desk.change("definitions.yaml", "per_customer: 150 EUR per 180d", "per_customer: 50 EUR per 180d")
    ana = event(1)["customer"]
    for first in (1, 3):
        desk.amends("run", desk.events(*(event(number) | {"customer": ana} for number in (first, first + 1))))
    assert len(issued(desk)) == 2


def test_a_letter_without_its_voucher_promises_none(desk: Desk) -> None:
    desk.change("definitions.yaml", "limit: 4000 EUR per week", "limit: 20 EUR per week")
    desk.amends("run", desk.events(event(1)))
    [letter] = [name for name in desk.outbox if name.endswith(".eml")]
    assert "worth" not in (desk.home / "outbox" / letter).read_text()
    with desk.store() as store:
        [capped] = store.effects(EffectState.CAPPED)
    assert "recovery" in capped.reason


def test_what_shadow_rules_would_give_costs_nothing(desk: Desk) -> None:
    desk.change("rules.yaml", "status: live", "status: shadow")
    answer = desk.amends("run", desk.events(event(1), event(2)), "--json")
    assert answer.json()["budgets"]["recovery"]["left"] == "4000 EUR"
    assert issued(desk) == []
