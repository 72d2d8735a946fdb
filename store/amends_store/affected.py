"""Whom a burst met: the events in the window of the rule that it started, and what has been given for them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, select

from amends_engine.plans import Mode
from amends_engine.values import BadValue, Money, parse_duration
from amends_store.people import is_pseudonym
from amends_store.statements import select_in
from amends_store.tables import decisions, events, hits, rule_versions, timers, vouchers


@dataclass(frozen=True, slots=True)
class Affected:
    """count: of different customers and of events without one; customers: in the order in which it met them."""

    count: int
    customers: tuple[str, ...]
    since: datetime

    @property
    def known(self) -> list[str]:
        """Those who were not erased since."""
        return [customer for customer in self.customers if not is_pseudonym(customer)]


def affected_by(connection: Connection, decision_ids: Iterable[str]) -> dict[str, Affected]:
    """By decision; nothing for one that a single event led to. What has come since then counts too."""
    query = (
        select(decisions.c.id, decisions.c.decided_for, timers.c.window, timers.c.group_key, rule_versions.c.body)
        .join(
            timers,
            and_(
                timers.c.event_id == decisions.c.event_id,
                timers.c.rule_id == decisions.c.rule_id,
                timers.c.mode == decisions.c.mode,
                timers.c.window != "",
            ),
        )
        .join(
            rule_versions,
            and_(
                rule_versions.c.rule_id == decisions.c.rule_id,
                rule_versions.c.version == decisions.c.rule_version,
            ),
        )
    )
    rows = select_in(connection, query, decisions.c.id, decision_ids)
    return {row.id: _affected(connection, row) for row in rows}


def _affected(connection: Connection, row: Any) -> Affected:
    since = row.decided_for - _within(row.body)
    query = (
        select(events.c.id, events.c.customer_id)
        .join(hits, hits.c.event_id == events.c.id)
        .where(hits.c.watch == row.window, hits.c.group_key == row.group_key, hits.c.at >= since)
        .order_by(hits.c.at, events.c.id)
    )
    met = connection.execute(query).all()
    known = [found.customer_id for found in met if found.customer_id]
    return Affected(len({found.customer_id or found.id for found in met}), tuple(dict.fromkeys(known)), since)


def _within(body: Any) -> timedelta:
    """How far back the rule looked; a body that cannot be read looks back to the event only."""
    try:
        return parse_duration(str(body["rule"]["when"]["within"]))
    except (KeyError, TypeError, BadValue):
        return timedelta()


def cost_of(connection: Connection, met: Affected) -> list[Money]:
    """What those customers have been given since it began, in each currency."""
    total = func.sum(vouchers.c.value_minor).label("total")
    query = (
        select(vouchers.c.currency, total)
        .where(vouchers.c.mode == Mode.LIVE, vouchers.c.issued_at >= met.since)
        .group_by(vouchers.c.currency)
        .order_by(vouchers.c.currency)
    )
    sums: dict[str, int] = {}
    for row in select_in(connection, query, vouchers.c.customer_id, met.customers):
        sums[row.currency] = sums.get(row.currency, 0) + int(row.total)
    return [Money(minor, currency) for currency, minor in sorted(sums.items())]


def as_facts(connection: Connection, met: Mapping[str, Affected]) -> dict[str, dict[str, Any]]:
    """What a card about a burst can include, by decision."""
    return {
        decision: {
            "burst.count": one.count,
            "burst.sample_of_5": ", ".join(one.known[:5]),
            "burst.cost_so_far": ", ".join(str(cost) for cost in cost_of(connection, one)) or "nothing",
        }
        for decision, one in met.items()
    }
