"""On the days on which clocks change: each intended slot runs exactly once, by the store and the planner."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import cycle
from typing import Any
from zoneinfo import ZoneInfo

from tests.store.company import HOUR, MINUTE, Company

from amends_engine.events import OWN_SOURCE
from amends_engine.plans import event_id

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
ODD_DAYS = [
    ("America/New_York", date(2026, 3, 8), -HOUR),
    ("Europe/Berlin", date(2026, 3, 29), -HOUR),
    ("Australia/Lord_Howe", date(2026, 4, 5), HOUR / 2),
    ("Australia/Lord_Howe", date(2026, 10, 4), -HOUR / 2),
    ("Europe/Berlin", date(2026, 10, 25), HOUR),
    ("America/New_York", date(2026, 11, 1), HOUR),
]
"""By how much longer the day is than 24 hours."""
CLOCKS = ("00:30", "01:45", "02:15", "02:30", "03:00", "03:45")  # those that are skipped meet no other one
RULE = """
  - id: {id}
    why: Because
    owner: cx
    status: live
    when: {{schedule: "{schedule}", timezone: {zone}}}
    then:
      - slack: {{to: "#cx", card: alert}}
"""
TILL_FIVE = 5 * HOUR


def rules() -> str:
    """In each zone a rule at some times of the night, and one for each half hour; below the head of another one."""
    daily = f"every day at {', '.join(CLOCKS[:-1])} and {CLOCKS[-1]}"
    named = [(f"{kind}-{number}", zone) for number, zone in enumerate(ZONES) for kind in ("daily", "steps")]
    schedules = {"daily": daily, "steps": "every 30 minutes"}
    other = '    when: {event: complaint.received}\n    then:\n      - slack: {to: "#cx", card: alert}\n'
    return other + "".join(RULE.format(id=name, schedule=schedules[name[:5]], zone=zone) for name, zone in named)


def ran(company: Company, rule: str, begins_at: datetime, ends_at: datetime) -> Iterator[datetime]:
    """When the rule acted in that time; every other minute holds no event of it."""
    minutes = int((ends_at - begins_at) / MINUTE)
    moments = {
        event_id(OWN_SOURCE, f"{rule} {moment.isoformat()}"): moment
        for moment in (begins_at + number * MINUTE for number in range(1, minutes + 1))
    }
    for found in company.world.store.events(list(moments)):
        [view] = company.world.store.decisions_of(found)
        assert view.outcome == "acted"
        yield moments[found]


def test_each_slot_of_the_night_runs_once_in_three_zones_whoever_looks(world: Any) -> None:
    company = Company(world, rules())
    programs = cycle([world.store, world.another()])
    for zone, day, longer in ODD_DAYS:
        begins_at = datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
        ends_at = begins_at + TILL_FIVE + longer
        world.clock.move(seconds=(begins_at - world.clock()).total_seconds())
        company.plan()
        while world.clock() < ends_at:
            world.clock.move(minutes=15)
            company.plan(next(programs))
        place = ZONES.index(zone)
        daily = sorted(ran(company, f"daily-{place}", begins_at, ends_at))
        steps = sorted(ran(company, f"steps-{place}", begins_at, ends_at))
        assert [at.astimezone(ZoneInfo(zone)).strftime("%H:%M") for at in daily] == shown(longer, zone), (zone, day)
        assert steps == [
            begins_at + number * HOUR / 2 for number in range(1, int((ends_at - begins_at) / (HOUR / 2)) + 1)
        ]


def shown(longer: timedelta, zone: str) -> list[str]:
    """What clocks show when the slots run: a time that is skipped comes as much later, one that comes twice, once."""
    if longer > timedelta():
        return list(CLOCKS)
    moved = {"02:15": "02:45"} if zone == "Australia/Lord_Howe" else {"02:15": "03:15", "02:30": "03:30"}
    return sorted(moved.get(clock, clock) for clock in CLOCKS)
