"""What a restored database cannot know: whether something was sent between the backup and the restore.

Such an effect is never sent without a look: it is unknown, so that the provider is asked or an operator decides. What
our own tables give is done again, under the same keys and codes: they went back together with everything else.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, bindparam, exists, select, update

from amends_engine.plans import Mode
from amends_engine.states import EffectState
from amends_store.audit import Act, note
from amends_store.performing import OWN_KINDS
from amends_store.statements import insert_new
from amends_store.switches import Scope, pause
from amends_store.tables import effects, events, meta

RESTORED = "restored_at"
RESUMED = "resumed_at"
MAY_BE_SENT = "it may have been sent between the backup and the restore"
_SENT_BY_OTHERS = and_(effects.c.kind.not_in(OWN_KINDS), effects.c.mode == Mode.LIVE)
_S = EffectState
_VALUE = select(meta.c.value).where(meta.c.name == bindparam("of"))


def begin_doubt(connection: Connection, by: str, file: str, at: datetime) -> int:
    """After a restore: nothing is sent until an operator resumes; how many effects are in doubt."""
    _write(connection, RESTORED, at.isoformat())
    _write(connection, RESUMED, "")
    note(connection, Act(by, "restore", file, "restored from a backup"), at)
    pause(connection, Scope(), by, f"restored from {file}", at)
    open_ones = effects.c.state.in_((_S.PLANNED, _S.HELD, _S.CLAIMED, _S.IN_FLIGHT, _S.RECONCILING))
    doubted = update(effects).where(_SENT_BY_OTHERS, open_ones)
    return connection.execute(doubted.values(**_in_doubt(at), token=effects.c.token + 1)).rowcount


def end_doubt(connection: Connection, at: datetime) -> None:
    """Everything is resumed: what comes in from now on without a time of its own is new."""
    if _read(connection, RESTORED) and not _read(connection, RESUMED):
        _write(connection, RESUMED, at.isoformat())


def doubt(
    connection: Connection, effect_ids: Sequence[str], at: datetime, asked: Mapping[str, datetime] | None = None
) -> None:
    """Of effects that are planned now: those for what happened before a restore may have been sent before it.

    asked: for effects that follow a person's answer when that person was asked; whoever was asked before a restore
    may have answered before it too.
    """
    restored_at = _read(connection, RESTORED) if effect_ids else ""
    if not restored_at:
        return
    planned = and_(effects.c.id.in_(effect_ids), effects.c.state == _S.PLANNED, effects.c.attempts == 0)
    restored = datetime.fromisoformat(restored_at)
    answered = [effect_id for effect_id, moment in (asked or {}).items() if moment <= restored]
    before = (effects.c.decided_for <= restored) | effects.c.id.in_(answered)
    is_doubtful = before | _came_again(datetime.fromisoformat(_read(connection, RESUMED) or at.isoformat()))
    connection.execute(update(effects).where(planned, is_doubtful, _SENT_BY_OTHERS).values(**_in_doubt(at)))


def _came_again(until: datetime) -> ColumnElement[bool]:
    """An event without a time of its own has that of its arrival, so before all is resumed it may be an old one."""
    is_untimed = and_(events.c.occurred_at >= events.c.received_at, events.c.received_at <= until)
    return exists().where(events.c.id == effects.c.event_id, is_untimed)


def _read(connection: Connection, name: str) -> str:
    return connection.execute(_VALUE, {"of": name}).scalar() or ""


def _write(connection: Connection, name: str, value: str) -> None:
    insert_new(connection, meta, [{"name": name, "value": ""}])
    connection.execute(update(meta).where(meta.c.name == name).values(value=value))


def _in_doubt(at: datetime) -> dict[str, object]:
    return {
        "state": _S.UNKNOWN,
        "reason": MAY_BE_SENT,
        "worker": None,
        "lease_until": None,
        "not_before": None,
        "changed_at": at,
    }
