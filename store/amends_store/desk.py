"""What an effect in a table of our own is given, and what it gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from amends_engine.calendars import Calendar, later, parse_length
from amends_engine.definitions import Budget
from amends_engine.fields import Fields
from amends_engine.plans import Json
from amends_engine.staff import Staff
from amends_engine.states import EffectState
from amends_store.secret import Secret
from amends_store.timeline import Entry
from amends_store.types import Claimed


@dataclass(frozen=True, slots=True)
class Desk:
    """One transaction at one moment; zone is the workspace's, for the windows of its budgets."""

    connection: Connection
    at: datetime
    secret: Secret
    budgets: Mapping[str, Budget]
    zone: ZoneInfo
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    fields: Fields = field(default_factory=Fields)
    staff: Staff = field(default_factory=Staff)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one claimed effect, with what its receipt and the timeline say besides."""

    claimed: Claimed
    state: EffectState
    reason: str = ""
    detail: Mapping[str, Json] | None = None
    entries: tuple[Entry, ...] = ()
    not_before: datetime | None = None


def text_option(claimed: Claimed, name: str) -> str | None:
    value = claimed.options.get(name)
    return None if value is None else str(value)


def named_option(claimed: Claimed, name: str) -> str | None:
    """The role or team that an option names, by its name alone or as {role: …} or {team: …}."""
    value = claimed.options.get(name)
    named = (value.get("role") or value.get("team")) if isinstance(value, dict) else value
    return None if named is None else str(named)


def end_option(desk: Desk, claimed: Claimed, name: str, start: datetime) -> datetime | None:
    """The end of a length such as "72h" or "4 business hours of desk" that begins at start; raises BadValue."""
    text = text_option(claimed, name)
    return None if text is None else later(start, parse_length(text), desk.calendars)


def entry_of(claimed: Claimed, at: datetime, kind: str, text: str, case_id: str | None = None) -> Entry:
    return Entry(
        customer_id=claimed.customer_id,
        at=at,
        kind=kind,
        mode=claimed.mode,
        text=text,
        event_id=claimed.event_id,
        rule_id=claimed.rule_id,
        effect_id=claimed.effect_id,
        case_id=case_id,
    )
