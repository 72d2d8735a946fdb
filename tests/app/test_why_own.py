"""amends why for what nobody sent: slots of schedules, and changes of attributes."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from tests.app.test_why_then import about, members
from tests.conftest import Desk, event

pytestmark = pytest.mark.usefixtures("without_prefect")

HEAD = "version: 1\nrules:\n"
RULE = """\
  - id: {id}
    why: Because
    owner: cx
    status: live
    when: {when}
    if:
      - {condition}
    then:
      - {step}
"""


def rule(rule_id: str, when: str, condition: str, step: str = "email: {template: apology-general}") -> str:
    return RULE.format(id=rule_id, when=when, condition=condition, step=step)


OPENING = rule("opens-first", "{event: feedback.received}", "feedback.nps: 3", "case: {open: first}") + rule(
    "opens-second", "{event: feedback.received}", "feedback.nps: 4", "case: {open: second, one_per: [customer.id]}"
)
SLOT = rule(
    "looks-at-cases", "{schedule: every hour, for_each: cases}", "case.type: first\n      - customer.tier: gold"
)
CHANGE = rule("tier-changed", "{change: customer.tier, to: gold}", "customer.spend_365d: {more_than: 100 EUR}")


def ids(desk: Desk, kind: str) -> list[str]:
    with sqlite3.connect(desk.home / "amends.db") as database:
        return [row[0] for row in database.execute("SELECT id FROM events WHERE type = ? ORDER BY id", [kind])]


def look_back(desk: Desk) -> None:
    """As if nobody had looked at schedules for two hours."""
    before = (datetime.now(UTC) - timedelta(hours=2)).isoformat(timespec="microseconds")
    with sqlite3.connect(desk.home / "amends.db") as database:
        database.execute("UPDATE schedules SET looked_until = ?", [before])


def without_tier(number: int, nps: int, hour: int) -> dict[str, object]:
    given = event(number, nps=nps) | {"time": f"2026-03-02T{hour:02}:00:00+01:00"}
    return given | {"customer": {"id": "c1", "name": "Ana"}}


@pytest.fixture(name="slot")
def slot_fixture(desk: Desk) -> str:
    """Of a customer with two open cases, the slot that is about the older one."""
    desk.write("more.yaml", HEAD + OPENING + SLOT)
    desk.amends("run", desk.events(without_tier(1, 3, 9)))
    desk.amends("run", desk.events(without_tier(2, 4, 10), name="more.jsonl"))
    look_back(desk)
    desk.amends("run")
    [found] = ids(desk, "schedule.due")
    return found


def test_a_slot_about_a_case_is_explained_by_that_case_and_not_by_the_newest(desk: Desk, slot: str) -> None:
    lines = about(desk.amends("why", slot).out, "looks-at-cases")
    assert lines[0] == "looks-at-cases: unknown: customer.tier is missing"
    assert "second" not in "".join(lines)


def test_at_another_time_too(desk: Desk, slot: str) -> None:
    lines = about(desk.amends("why", slot, "--at", datetime.now(UTC).isoformat()).out, "looks-at-cases")
    assert lines[0] == "looks-at-cases: unknown: customer.tier is missing"


@pytest.mark.parametrize(("spend", "result"), [("500 EUR", "acted"), ("50 EUR", "no")])
def test_a_change_of_an_attribute_is_explained(desk: Desk, spend: str, result: str) -> None:
    desk.write("more.yaml", HEAD + CHANGE)
    desk.amends("import", members(desk, "basic"), "--as", "customers")
    desk.amends("run", desk.events(event(1, nps=9) | {"customer": {"id": "c1", "spend_365d": spend}}))
    desk.amends("import", members(desk, "gold"), "--as", "customers")
    desk.amends("run")
    changed = ids(desk, "attribute.changed")[-1]
    lines = about(desk.amends("why", changed).out, "tier-changed")
    assert lines[0].startswith(f"tier-changed: {result}")
    assert any("customer.spend_365d" in line for line in lines)


DROPPED = rule("dropped", "{event: feedback.received}", "feedback.nps: {fell_by: 3}")


def score(number: int, nps: int, day: int, customer: str = "c1") -> dict[str, object]:
    given = event(number, nps=nps) | {"time": f"2026-03-{day:02}T09:00:00+01:00"}
    return given | {"customer": {"id": customer, "name": "Ana", "email": "ana@example.org"}}


def explained(desk: Desk, number: int, *more: str) -> list[str]:
    with sqlite3.connect(desk.home / "amends.db") as database:
        [(found,)] = database.execute("SELECT id FROM events WHERE key = ?", [f"e{number}"])
    return about(desk.amends("why", found, *more).out, "dropped")


@pytest.mark.parametrize(("nps", "result"), [(6, "acted"), (7, "no")])
def test_the_value_before_is_shown_and_stays_what_it_was(desk: Desk, nps: int, result: str) -> None:
    desk.write("more.yaml", HEAD + DROPPED)
    desk.amends("run", desk.events(score(1, 9, 2), score(2, 10, 4, "c2"), score(3, nps, 5)))
    before = explained(desk, 3)
    assert before[0].startswith(f"dropped: {result}")
    assert any("feedback.nps has fallen by at least 3, it was 9" in line for line in before)
    assert explained(desk, 3, "--at", "2026-03-05T09:00:00+01:00")[0].startswith(f"dropped: {result}")
    desk.amends("run", desk.events(score(4, 5, 4), name="late.jsonl"))  # happened between the two
    assert explained(desk, 3) == before
