"""`schedule: every Monday at 08:00 timezone: Europe/Berlin missed: run_last`: the clock starts the rule."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from amends_engine.documents import Node
from amends_engine.events import OWN_SOURCE, Event, Origin
from amends_engine.fields import SCHEDULE_DUE
from amends_engine.plans import event_id
from amends_engine.reading import Reading
from amends_engine.schedules.slots import Schedule
from amends_engine.schedules.words import EXAMPLES, Known, parse_schedule
from amends_engine.shapes import WHEN_SCHEDULE, check_shape
from amends_engine.triggers.watches import Watch, content_id
from amends_engine.values import BadValue

ON_TIME = timedelta(minutes=5)
"""A slot that is looked at later than this was missed."""


class Missed(StrEnum):
    """What becomes of slots at whose time nothing ran."""

    RUN_ALL = "run_all"
    RUN_LAST = "run_last"
    SKIP = "skip"


class About(StrEnum):
    """Whom a slot is about, one decision for each: nobody, every customer, or every open case."""

    NOBODY = ""
    CUSTOMERS = "customers"
    CASES = "cases"


@dataclass(frozen=True, slots=True)
class OnSchedule:
    """rule: the id of the rule, whose slots are its own."""

    schedule: Schedule
    rule: str
    missed: Missed = Missed.RUN_LAST
    about: About = About.NOBODY
    event_types: tuple[str, ...] = (SCHEDULE_DUE,)
    watches: tuple[Watch, ...] = ()

    @property
    def id(self) -> str:
        """Another one once the times are other ones: what was missed before belongs to the old."""
        return content_id("schedule", self.schedule.words, str(self.schedule.zone))

    def starts_with(self, event: Event, /) -> bool:
        return event.origin is Origin.SCHEDULE and event.fields.get("rule") == self.rule

    def is_due(self, at: datetime, about: About) -> bool:
        """Whether it has a slot at that very moment, about the same kind of thing."""
        return self.about is about and any(self.schedule.slots(at - timedelta(microseconds=1), at))

    def describe(self) -> str:
        return f"it runs {self.schedule.words} ({self.schedule.zone})"

    def event(self, slot: datetime, customer_id: str | None = None, case_id: str = "") -> Event:
        """What stands for a slot: the same slot and customer or case always give the same event."""
        key = " ".join([self.rule, slot.isoformat(), *filter(None, [customer_id, case_id])])
        fields = {"rule": self.rule, **({"case": case_id} if case_id else {})}
        return Event(event_id(OWN_SOURCE, key), OWN_SOURCE, key, SCHEDULE_DUE, slot, customer_id, fields)


@dataclass(frozen=True, slots=True)
class Due:
    """The slots of a span that are to run; until: up to where this was looked at."""

    run: tuple[datetime, ...]
    until: datetime


MOST_AT_ONCE = 200


def due_slots(trigger: OnSchedule, after: datetime, now: datetime) -> Due:
    """What became due since; of very many missed ones only the first, the rest the next time."""
    schedule = trigger.schedule
    if trigger.missed is Missed.RUN_ALL:
        found = [slot for slot, _ in zip(schedule.slots(after, now), range(MOST_AT_ONCE), strict=False)]
        return Due(tuple(found), found[-1] if len(found) == MOST_AT_ONCE else now)
    last = schedule.last_slot(after, now)
    if last is None or (trigger.missed is Missed.SKIP and now - last > ON_TIME):
        return Due((), now)
    return Due((last,), now)


def read_on_schedule(node: Node, reading: Reading) -> OnSchedule | None:
    if not check_shape(node, WHEN_SCHEDULE, "when", reading.findings):
        return None
    zone = _read_zone(node.get("timezone"), reading)
    missed, about = node.get("missed"), node.get("for_each")
    if zone is None:
        return None
    words = node.fields["schedule"]
    try:
        schedule = parse_schedule(words.text, Known(zone, reading.calendars))
    except BadValue as error:
        reading.report("bad-schedule", str(error), words.place, f"write for example {EXAMPLES[0]}")
        return None
    return OnSchedule(
        schedule,
        "",
        Missed(missed.text) if missed else Missed.RUN_LAST,
        About(about.text) if about else About.NOBODY,
    )


def _read_zone(node: Node | None, reading: Reading) -> ZoneInfo | None:
    if node is None:
        return reading.timezone
    try:
        return ZoneInfo(node.text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"{node.text!r} is not a time zone"
        reading.report("unknown-value", message, node.place, "write for example Europe/Berlin")
        return None
