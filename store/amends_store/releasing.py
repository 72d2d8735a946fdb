"""What waits goes on: leases end, channels open again, operators resume. What it costs follows what can go on.

A channel that is closed or paused may hold a hundred thousand effects. So they are not looked at one by one, but by
step, rule and target, of which there are few; and of a channel that is closed one effect at a time tries it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, RowMapping, bindparam, literal, literal_column, select, tuple_

from amends_engine.states import EffectState
from amends_engine.steps import channel_of
from amends_store.circuits import Circuit, circuits_in
from amends_store.columns import UtcTime
from amends_store.moves import EffectRecord, Ending, end, quietly
from amends_store.switches import PAUSED, Pause, is_paused, pauses_in
from amends_store.tables import effects
from amends_store.types import Released

_S = EffectState

MOST_CRASHES = 5
"""An effect that as many workers died with is left for a person."""

QUARANTINED = "quarantined"

_WHEN_LEASE_ENDS = {_S.CLAIMED: _S.PLANNED, _S.IN_FLIGHT: _S.UNKNOWN, _S.RECONCILING: _S.UNKNOWN}
_WHEN_TOO_MANY_END = _WHEN_LEASE_ENDS | {_S.CLAIMED: _S.HELD, _S.RECONCILING: _S.REVIEW}
_MOST = 5_000
_LAST_MOMENT = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Hindrances:
    """What keeps effects where they are, now (at)."""

    at: datetime
    pauses: Sequence[Pause]
    circuits: dict[str, Circuit]

    def most(self, kind: str, rule_id: str, target: str) -> int:
        """How many effects of that step, rule and target may go on, of those that have waited long enough."""
        if is_paused(self.pauses, kind, rule_id):
            return 0
        channel = channel_of(kind)  # and endpoints that are apart have circuits of their own
        circuit = self.circuits.get(channel) or self.circuits.get(f"{channel} {target}")
        return _MOST if circuit is None else int(circuit.probe_at <= self.at)


def release_expired(connection: Connection, at: datetime) -> Released:
    """Ends the leases that are over: never sent goes back to planned, perhaps sent becomes unknown.

    The token goes up, so a worker that slept through the end of its lease writes nothing. What was held until now, or
    by a switch that is on again, is planned again. At most 5,000 of each in one call. That the rest of a channel was
    over is not worth a receipt.
    """
    expired = connection.execute(_EXPIRED, {"at": at}).all()
    held = list(_free_to_go(connection, Hindrances(at, pauses_in(connection), circuits_in(connection))))
    endings = [_release(row) for row in expired]
    endings += [Ending(row, _S.PLANNED, _RESUMED, is_not_sent=True) for row in held if row.reason == PAUSED]
    rested = [Ending(row, _S.PLANNED, row.reason) for row in held if row.reason != PAUSED]
    end(connection, endings, at)
    quietly(connection, rested, at)
    to = Counter(ending.to for ending in [*endings, *rested])
    return Released(to[_S.PLANNED], to[_S.UNKNOWN], to[_S.HELD] + to[_S.REVIEW])


_RESUMED = "resumed by an operator"


def _free_to_go(connection: Connection, hindrances: Hindrances) -> Iterator[EffectRecord]:
    for group in _held_groups(connection):
        if most := hindrances.most(**group):
            yield from connection.execute(_WAITED, {"at": hindrances.at, "most": most, **group})


def _held_groups(connection: Connection) -> Iterator[RowMapping]:
    """From one step, rule and target to the next by the index, whatever lies between."""
    found = connection.execute(_FIRST_GROUP).mappings().first()
    while found is not None:
        yield found
        found = connection.execute(_NEXT_GROUP, {**found}).mappings().first()


def _release(row: EffectRecord) -> Ending:
    crashes = (row.crashes or 0) + 1
    to = (_WHEN_LEASE_ENDS if crashes < MOST_CRASHES else _WHEN_TOO_MANY_END)[EffectState(row.state)]
    reason = f"the lease of {row.worker} ended while the effect was {row.state}"
    if to in {_S.HELD, _S.REVIEW}:
        reason = f"{QUARANTINED}: {crashes} workers died with it in their hands"
    is_not_sent = row.state == _S.CLAIMED
    return Ending(row, to, reason, is_not_sent=is_not_sent, token=row.token + 1, crashes=crashes)


_OVER = effects.c.finished_at.is_(None) & (effects.c.lease_until <= bindparam("at"))
_EXPIRED = (
    select(effects)
    .where(effects.c.state.in_(_WHEN_LEASE_ENDS), _OVER)
    .order_by(effects.c.id)
    .limit(_MOST)
    .with_for_update(skip_locked=True)
)

# SQLite takes the index of held effects only for these very words
_IS_HELD = effects.c.state == literal_column(f"'{_S.HELD}'")
_GROUP = effects.c["kind", "rule_id", "target"]
_FIRST_GROUP = select(*_GROUP).where(_IS_HELD).order_by(*_GROUP).limit(1)
# SQLite jumps over equal rows only by a column that follows them in the index
_NEXT_GROUP = _FIRST_GROUP.where(
    tuple_(*_GROUP, effects.c.changed_at)
    > tuple_(*(bindparam(one.name, type_=one.type) for one in _GROUP), literal(_LAST_MOMENT, UtcTime()))
)
_WAITED = (
    select(effects)
    .where(
        _IS_HELD,
        *(one == bindparam(one.name) for one in _GROUP),
        (effects.c.not_before <= bindparam("at")) | (effects.c.reason == PAUSED),
    )
    .order_by(effects.c.changed_at, effects.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
