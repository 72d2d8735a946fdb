"""Problems end: everybody whom one met hears of it, as far as rules listen."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select, update

from amends_engine.fields import PROBLEM_CLOSED
from amends_engine.states import EffectState
from amends_engine.values import Value
from amends_store.affected import affected_by
from amends_store.desk import Desk, Done, text_option
from amends_store.own_events import OwnEvent, make
from amends_store.people import is_pseudonym
from amends_store.problems import open_problems, per_of
from amends_store.tables import effects, problem_events, problems
from amends_store.types import Claimed


def do_problems(desk: Desk, claims: Sequence[Claimed]) -> list[Done]:
    """The step `problem`; what opens one comes first, so that one that ends at once is found."""
    ending = [claimed for claimed in claims if claimed.options.get("close")]
    opening = [claimed for claimed in claims if not claimed.options.get("close")]
    return [*(open_problems(desk, opening) if opening else ()), *(_close(desk, claimed) for claimed in ending)]


def _close(desk: Desk, claimed: Claimed) -> Done:
    """Suppressed where there is no such problem. Events go to the customers of this day, not only of its opening."""
    name, per = text_option(claimed, "close") or "", per_of(claimed)
    found = _open_one(desk.connection, claimed, name, per)
    if found is None:
        of = f" of {per}" if per else ""
        return Done(claimed, EffectState.SUPPRESSED, f"there is no open problem {name}{of}")
    change = update(problems).where(problems.c.id == found.id)
    desk.connection.execute(change.values(status="closed", closed_at=desk.at))
    met = _met(desk.connection, found.id)
    make(desk, [_event(claimed, found, customer) for customer in met or (None,)])
    return Done(claimed, EffectState.SUCCEEDED, detail={"problem_id": found.id, "customers": len(met)})


def _open_one(connection: Connection, claimed: Claimed, name: str, per: str) -> Row[Any] | None:
    query = select(problems).where(
        problems.c.status == "open", problems.c.mode == claimed.mode, problems.c.name == name, problems.c.per == per
    )
    # of one name and value there may be two, of two fields; the older one goes first
    return connection.execute(query.order_by(problems.c.opened_at, problems.c.id).limit(1).with_for_update()).first()


def _met(connection: Connection, problem_id: str) -> list[str]:
    """Whoever an event that opened or joined it was about, and whom the bursts behind these met."""
    query = (
        select(effects.c.decision_id, effects.c.customer_id)
        .join(problem_events, problem_events.c.effect_id == effects.c.id)
        .where(problem_events.c.problem_id == problem_id)
        .order_by(effects.c.decided_for, effects.c.id)
    )
    rows = connection.execute(query).all()
    bursts = affected_by(connection, {row.decision_id for row in rows})
    met = [customer for one in bursts.values() for customer in one.customers]
    named = {*met, *(row.customer_id for row in rows if row.customer_id)}
    return sorted(customer for customer in named if not is_pseudonym(customer))


def _event(claimed: Claimed, problem: Row[Any], customer: str | None) -> OwnEvent:
    fields: dict[str, Value] = {"id": problem.id, "name": problem.name, "opened_at": problem.opened_at}
    return OwnEvent(claimed, PROBLEM_CLOSED, fields | ({"per": problem.per} if problem.per else {}), customer)
