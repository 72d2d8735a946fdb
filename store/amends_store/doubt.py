"""What a restored database cannot know: whether something was sent between the backup and the restore.

Such an effect is never sent without a look: it is unknown, so that the provider is asked or an operator decides. What
our own tables give is done again, under the same keys and codes: they went back together with everything else.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, select, update

from amends_engine.plans import Mode
from amends_engine.states import EffectState
from amends_store.audit import Act, note
from amends_store.performing import OWN_KINDS
from amends_store.statements import insert_new
from amends_store.switches import Scope, pause
from amends_store.tables import effects, meta

RESTORED = "restored_at"
MAY_BE_SENT = "it may have been sent between the backup and the restore"
_SENT_BY_OTHERS = and_(effects.c.kind.not_in(OWN_KINDS), effects.c.mode == Mode.LIVE)
_S = EffectState
_RESTORED_AT = select(meta.c.value).where(meta.c.name == RESTORED)


def begin_doubt(connection: Connection, by: str, file: str, at: datetime) -> int:
    """After a restore: nothing is sent until an operator resumes; how many effects are in doubt."""
    insert_new(connection, meta, [{"name": RESTORED, "value": ""}])
    connection.execute(update(meta).where(meta.c.name == RESTORED).values(value=at.isoformat()))
    note(connection, Act(by, "restore", file, "restored from a backup"), at)
    pause(connection, Scope(), by, f"restored from {file}", at)
    open_ones = effects.c.state.in_((_S.PLANNED, _S.HELD, _S.CLAIMED, _S.IN_FLIGHT, _S.RECONCILING))
    doubted = update(effects).where(_SENT_BY_OTHERS, open_ones)
    return connection.execute(doubted.values(**_in_doubt(at), token=effects.c.token + 1)).rowcount


def doubt(connection: Connection, effect_ids: Sequence[str], at: datetime) -> None:
    """Of effects that are planned now: those for what happened before a restore may have been sent before it."""
    restored_at = connection.execute(_RESTORED_AT).scalar() if effect_ids else None
    if not restored_at:
        return
    before = effects.c.decided_for <= datetime.fromisoformat(restored_at)
    planned = and_(effects.c.id.in_(effect_ids), effects.c.state == _S.PLANNED, effects.c.attempts == 0)
    connection.execute(update(effects).where(planned, before, _SENT_BY_OTHERS).values(**_in_doubt(at)))


def _in_doubt(at: datetime) -> dict[str, object]:
    return {
        "state": _S.UNKNOWN,
        "reason": MAY_BE_SENT,
        "worker": None,
        "lease_until": None,
        "not_before": None,
        "changed_at": at,
    }
