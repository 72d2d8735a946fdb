"""Budgets: what is left of them, and counters that cannot be overspent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Select, func, select, update

from amends_engine.budgets import FOREVER, is_low, refusal, window_start
from amends_engine.definitions import Budget
from amends_engine.plans import Mode
from amends_engine.values import Money
from amends_store.statements import LostRace, insert_new, select_in
from amends_store.tables import budget_counters, vouchers
from amends_store.types import BudgetLeft


@dataclass(frozen=True, slots=True)
class Purse:
    """The part of a budget that vouchers of one mode and currency are paid from; at is the ledger's time."""

    budget: Budget
    mode: str
    currency: str
    zone: ZoneInfo
    at: datetime

    @property
    def window_start(self) -> datetime:
        return window_start(self.at, self.budget.window, self.zone)

    def row(self, start: datetime) -> list[ColumnElement[bool]]:
        """The condition that names the counter of the window that began then."""
        counters = budget_counters.c
        return [
            counters.budget == self.budget.name,
            counters.mode == self.mode,
            counters.currency == self.currency,
            counters.window_start == start,
        ]


@dataclass(slots=True)
class Room:
    """What may still be given, in minor units; it shrinks as vouchers are issued from it."""

    purse: Purse
    used: int
    of_customer: dict[str, int] = field(default_factory=dict)
    given: int = 0

    def refusal(self, customer_id: str, value: int) -> str:
        """Why the value cannot be given to this customer; empty if it can."""
        return refusal(self.purse.budget, self.used, self.of_customer.get(customer_id, 0), value)

    @property
    def is_low(self) -> bool:
        """Whether so little is left that a person is asked first."""
        return is_low(self.purse.budget, self.used)

    def give(self, customer_id: str, value: int) -> None:
        self.used += value
        self.given += value
        self.of_customer[customer_id] = self.of_customer.get(customer_id, 0) + value


def open_room(connection: Connection, purse: Purse, customers: Mapping[str, str]) -> Room:
    """Locks the purse until the transaction ends, and reads what is left.

    customers: by every name under which a voucher of theirs may stand. One who was erased and comes back has had what
    stands under the pseudonym.
    """
    # one row for all windows is locked first, so that two workers on two sides of midnight wait for each other
    _ensure(connection, purse, FOREVER, 0)
    forever = _used(connection, purse, FOREVER, is_locking=True) or 0
    budget, start = purse.budget, purse.window_start
    if budget.sliding is not None:
        return Room(
            purse, _given_since(connection, purse, purse.at - budget.sliding), _of(connection, purse, customers)
        )
    used = forever if start == FOREVER else _used(connection, purse, start)
    if used is None:
        # a new window, or one whose start moved with the time zone: the vouchers say what was given in it
        used = _given_since(connection, purse, start)
        _ensure(connection, purse, start, used)
    return Room(purse, used, _of(connection, purse, customers))


def close_room(connection: Connection, room: Room) -> None:
    """Counts what was given; raises LostRace, and so undoes the vouchers, should that overspend the budget."""
    if not room.given:
        return
    purse = room.purse
    limit = purse.budget.limit if purse.budget.sliding is None else None
    starts = {FOREVER, purse.window_start} if purse.budget.sliding is None else {FOREVER}
    for start in starts:
        after = budget_counters.c.used + room.given
        capped = [after <= limit.minor] if limit is not None and start == purse.window_start else []
        counted = connection.execute(update(budget_counters).where(*purse.row(start), *capped).values(used=after))
        if counted.rowcount != 1:
            raise LostRace(f"the budget {purse.budget.name} would be overspent")


def left_of(connection: Connection, purse: Purse) -> BudgetLeft:
    budget = purse.budget
    if budget.sliding is not None:
        start = purse.at - budget.sliding
        used = _given_since(connection, purse, start)
    else:
        start = purse.window_start
        counted = _used(connection, purse, start)
        used = _given_since(connection, purse, start) if counted is None else counted
    left = None if budget.limit is None else Money(max(budget.limit.minor - used, 0), purse.currency)
    return BudgetLeft(budget.name, Mode(purse.mode), budget.limit, Money(used, purse.currency), left, start)


def _ensure(connection: Connection, purse: Purse, start: datetime, used: int) -> None:
    row = {
        "budget": purse.budget.name,
        "mode": purse.mode,
        "currency": purse.currency,
        "window_start": start,
        "used": used,
    }
    insert_new(connection, budget_counters, [row])


def _used(connection: Connection, purse: Purse, start: datetime, *, is_locking: bool = False) -> int | None:
    query = select(budget_counters.c.used).where(*purse.row(start))
    found: int | None = connection.execute(query.with_for_update() if is_locking else query).scalar()
    return found


def _given(purse: Purse) -> Select[Any]:
    total = func.coalesce(func.sum(vouchers.c.value_minor), 0).label("total")
    return select(total).where(
        vouchers.c.budget == purse.budget.name,
        vouchers.c.mode == purse.mode,
        vouchers.c.currency == purse.currency,
    )


def _given_since(connection: Connection, purse: Purse, since: datetime) -> int:
    # what was given exactly the length of a sliding window ago counts no more
    is_within = vouchers.c.issued_at > since if purse.budget.sliding else vouchers.c.issued_at >= since
    return int(connection.execute(_given(purse).where(is_within)).scalar_one())


def _of(connection: Connection, purse: Purse, customers: Mapping[str, str]) -> dict[str, int]:
    """What each of these customers was given within the window that counts for them."""
    if purse.budget.per_customer is None:
        return {}
    query = _given(purse).add_columns(vouchers.c.customer_id).group_by(vouchers.c.customer_id)
    if purse.budget.per_customer_window is not None:
        query = query.where(vouchers.c.issued_at > purse.at - purse.budget.per_customer_window)
    given: dict[str, int] = {}
    for row in select_in(connection, query, vouchers.c.customer_id, sorted(customers)):
        customer = customers[row.customer_id]
        given[customer] = given.get(customer, 0) + int(row.total)
    return given
