"""What waits goes on: leases end, channels open again, operators resume. What it costs follows what can go on.

A channel that is closed or paused may hold a hundred thousand effects, each for another customer. So they are not
looked at one by one, but by step and rule, of which there are few; and of each only one effect tries a closed channel.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, literal_column, select

from amends_engine.states import EffectState
from amends_engine.steps import channel_of
from amends_store.circuits import Circuit, circuits_in
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


@dataclass(frozen=True, slots=True)
class Hindrances:
    """What keeps effects where they are, now (at)."""

    at: datetime
    pauses: Sequence[Pause]
    circuits: dict[str, Circuit]

    def closed(self, channel: str) -> dict[str, Circuit]:
        """By target the closed circuits of a channel, such as those of webhooks' endpoints."""
        start = f"{channel} "
        return {name.removeprefix(start): one for name, one in self.circuits.items() if name.startswith(start)}

    def may_try(self, circuit: Circuit) -> bool:
        return circuit.probe_at <= self.at


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
    for kind, rule_id in _held_groups(connection):
        if is_paused(hindrances.pauses, kind, rule_id):
            continue
        group = {"at": hindrances.at, "kind": kind, "rule_id": rule_id}
        channel = channel_of(kind)
        circuit, targets = hindrances.circuits.get(channel), hindrances.closed(channel)
        if circuit is None:
            yield from connection.execute(_WAITED, {**group, "most": _MOST, "closed": list(targets)})
        elif hindrances.may_try(circuit):
            yield from connection.execute(_WAITED, {**group, "most": 1, "closed": list(targets)})
        for target in targets:
            if hindrances.may_try(targets[target]):
                yield from connection.execute(_WAITED_FOR_TARGET, {**group, "target": target})


def _held_groups(connection: Connection) -> Iterator[tuple[str, str]]:
    """From one step and rule to the next by the index, whatever lies between."""
    found = connection.execute(_NEXT_KIND, {"kind": ""}).first()
    while found is not None:
        yield found.kind, found.rule_id
        after = {"kind": found.kind, "rule_id": found.rule_id}
        found = connection.execute(_NEXT_RULE, after).first() or connection.execute(_NEXT_KIND, after).first()


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
_KIND, _RULE, _TARGET = effects.c.kind, effects.c.rule_id, effects.c.target
_FIRST = select(_KIND, _RULE).where(_IS_HELD).order_by(_KIND, _RULE).limit(1)
_NEXT_RULE = _FIRST.where(bindparam("kind") == _KIND, bindparam("rule_id") < _RULE)
_NEXT_KIND = _FIRST.where(bindparam("kind") < _KIND)
_HAS_WAITED = (effects.c.not_before <= bindparam("at")) | (effects.c.reason == PAUSED)
_OF_GROUP = (
    select(effects)
    .where(_IS_HELD, bindparam("kind") == _KIND, bindparam("rule_id") == _RULE, _HAS_WAITED)
    .order_by(_TARGET, effects.c.changed_at)
    .with_for_update(skip_locked=True)
)
_WAITED = _OF_GROUP.where(_TARGET.not_in(bindparam("closed", expanding=True))).limit(bindparam("most"))
_WAITED_FOR_TARGET = _OF_GROUP.where(bindparam("target") == _TARGET).limit(1)
