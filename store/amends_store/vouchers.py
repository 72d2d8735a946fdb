"""Vouchers: money from a budget, given in the transaction that marks the effect succeeded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, select

from amends_engine.definitions import Budget
from amends_engine.plans import Mode
from amends_engine.states import EffectState
from amends_engine.values import BadValue, Money, Value, parse_money
from amends_engine.voucher_codes import voucher_code
from amends_store.budgets import Purse, close_room, open_room
from amends_store.crash_points import CrashPoint, reach
from amends_store.desk import Desk, Done, end_option, entry_of, text_option
from amends_store.further_tasks import add_further
from amends_store.low_budgets import Question, addressed, asked, new_questions, waits
from amends_store.people import pseudonym
from amends_store.statements import insert_all, select_in
from amends_store.tables import effects, vouchers
from amends_store.types import Claimed

SHADOW_CODE = "SHADOW"
"""What a rehearsed message shows for a code; it is in no table."""


@dataclass(frozen=True, slots=True)
class _Offer:
    """A voucher that its effect asks for."""

    claimed: Claimed
    customer_id: str
    budget: Budget
    value: Money
    valid_until: datetime | None

    @property
    def purse(self) -> tuple[str, str, str]:
        return self.budget.name, self.claimed.mode, self.value.currency

    @property
    def question(self) -> Question | None:
        """What is asked while the budget is low; nobody is asked about a rehearsal."""
        low = self.budget.low if self.claimed.mode is Mode.LIVE else None
        return Question(self.claimed, self.budget, low, self.value, low.ask or "") if low else None


def issue(desk: Desk, claims: Sequence[Claimed]) -> list[Done]:
    """Succeeded, capped by the budget, or failed because the effect asks for what cannot be given."""
    done: list[Done] = []
    offers: list[_Offer] = []
    for claimed in claims:
        try:
            offers.append(_read(claimed, desk))
        except BadValue as error:
            done.append(Done(claimed, EffectState.FAILED, str(error)))
    # always in the order of purses, so that two workers never wait for each other in a circle
    for _, same in groupby(sorted(offers, key=lambda offer: offer.purse), key=lambda offer: offer.purse):
        done += _issue_from_one(desk, list(same))
    return done


def _read(claimed: Claimed, desk: Desk) -> _Offer:
    name = text_option(claimed, "from") or ""
    budget = desk.budgets.get(name)
    if budget is None:
        raise BadValue(f"the budget {name} is not in definitions.yaml")
    if claimed.customer_id is None:
        raise BadValue("the event names no customer to give a voucher to")
    value = parse_money(text_option(claimed, "value") or "")
    if value.minor <= 0:
        raise BadValue(f"a voucher of {value} is worth nothing")
    for amount in (budget.limit, budget.per_customer):
        if amount is not None and amount.currency != value.currency:
            raise BadValue(f"a voucher in {value.currency} cannot be paid from {name}, which is in {amount.currency}")
    return _Offer(claimed, claimed.customer_id, budget, value, end_option(desk, claimed, "valid", desk.at))


def _issue_from_one(desk: Desk, offers: Sequence[_Offer]) -> list[Done]:
    first = offers[0]
    purse = Purse(first.budget, first.claimed.mode, first.value.currency, desk.zone, desk.at)
    customers = {name: one.customer_id for one in offers for name in _names_of(one.customer_id, desk)}
    room = open_room(desk.connection, purse, customers)
    questions = addressed(desk.connection, [offer.question for offer in offers if offer.question])
    known = asked(desk.connection, questions.values())
    done: list[Done] = []
    rows: list[dict[str, Any]] = []
    new: list[Question] = []
    for offer in offers:
        question = questions.get(offer.claimed.effect_id) if room.is_low else None
        if reason := room.refusal(offer.customer_id, offer.value.minor):
            done.append(Done(offer.claimed, EffectState.CAPPED, reason))
        elif question and (waiting := waits(question, known, desk.at)):
            new.append(question)
            done.append(waiting)
        else:
            room.give(offer.customer_id, offer.value.minor)
            rows.append(_row(offer, desk))
            done.append(_given(offer, desk.at))
    close_room(desk.connection, room)
    add_further(desk.connection, new_questions(new, known, desk.at), desk.at)
    insert_all(desk.connection, vouchers, rows)
    reach(CrashPoint.BUDGET_TAKEN)
    return done


def _names_of(customer_id: str, desk: Desk) -> tuple[str, str]:
    """Under which vouchers of this customer stand: before an erasure and after it."""
    return customer_id, pseudonym(desk.secret, customer_id)


def _row(offer: _Offer, desk: Desk) -> dict[str, Any]:
    claimed = offer.claimed
    return {
        "effect_id": claimed.effect_id,
        # made of the effect, so that an effect done again after a restore gives the code it gave before
        "code": voucher_code(desk.secret.random("voucher", claimed.effect_id)) if claimed.mode is Mode.LIVE else None,
        "mode": claimed.mode,
        "budget": offer.budget.name,
        "customer_id": offer.customer_id,
        "value_minor": offer.value.minor,
        "currency": offer.value.currency,
        "issued_at": desk.at,
        "valid_until": offer.valid_until,
    }


def _given(offer: _Offer, at: datetime) -> Done:
    text = f"voucher of {offer.value} from {offer.budget.name}"
    detail = {"value": str(offer.value), "budget": offer.budget.name}
    entry = entry_of(offer.claimed, at, "voucher issued", text)
    return Done(offer.claimed, EffectState.SUCCEEDED, detail=detail, entries=(entry,))


_OF_DECISIONS = (
    select(effects.c.decision_id, vouchers)
    .join(vouchers, vouchers.c.effect_id == effects.c.id)
    .order_by(effects.c.position)
)


def vouchers_of(connection: Connection, decision_ids: Iterable[str]) -> dict[str, dict[str, Value]]:
    """By decision the facts of its voucher; of several the last step's counts."""
    rows = select_in(connection, _OF_DECISIONS, effects.c.decision_id, decision_ids)
    return {row.decision_id: _facts(row.code, Money(row.value_minor, row.currency), row.valid_until) for row in rows}


def _facts(code: str | None, value: Money, valid_until: datetime | None) -> dict[str, Value]:
    facts: dict[str, Value] = {"voucher.code": code or SHADOW_CODE, "voucher.value": value}
    return facts if valid_until is None else facts | {"voucher.valid_until": valid_until}
