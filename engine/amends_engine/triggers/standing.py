"""How far a trigger that goes by several events has come with one event: what counts, and what is still missing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from amends_engine.conditions import Facts, Trace, trace
from amends_engine.events import Event
from amends_engine.plans import Hit
from amends_engine.triggers.counting import AtLeast
from amends_engine.triggers.kinds import Windowed
from amends_engine.triggers.missing import Missing
from amends_engine.triggers.order import InOrder
from amends_engine.triggers.watches import Watch, in_order
from amends_engine.values import describe_duration


@dataclass(frozen=True, slots=True)
class Standing:
    """fires: the rule begins about this very event; waits_until: it may still begin.

    text: how far it has come; counted: the events that count; miss: what would have let it fire, for "fired …";
    trees: the conditions of the watches that the event does not fulfil.
    """

    text: str
    counted: tuple[Hit, ...] = ()
    fires: bool = False
    miss: str = ""
    waits_until: datetime | None = None
    trees: tuple[Trace, ...] = ()


def standing(trigger: Windowed, event: Event, facts: Facts, past: Iterable[Hit], until: datetime) -> Standing:
    """past: the hits of the event's groups, its own or not; until: what came later is not known."""
    own = {watch.id: hit for watch in trigger.watches if (hit := watch.hit(event, facts))}
    if not own:
        return _unheard(trigger, event, facts)
    keys = {hit.key for hit in own.values()}
    known = [hit for hit in past if hit.key in keys and hit.at <= until and hit.event_id != event.id]
    hits = in_order([*known, *own.values()])
    match trigger:
        case AtLeast():
            return _counting(trigger, event, hits)
        case Missing():
            return _missing(trigger, event, own, hits, until)
        case InOrder():
            return _order(trigger, event, own, hits, until)
    return Standing(trigger.describe(), fires=_fires(trigger, event, hits))


def groups(trigger: Windowed, event: Event, facts: Facts) -> list[tuple[str, str]]:
    """The watches and keys under which the hits stand that count together with this event."""
    own = [hit for watch in trigger.watches if (hit := watch.hit(event, facts))]
    return sorted({(watch.id, hit.key) for watch in trigger.watches for hit in own})


def _unheard(trigger: Windowed, event: Event, facts: Facts) -> Standing:
    """Every watch of the event's type has a condition that is not true, or finds no group."""
    watches = [watch for watch in trigger.watches if event.type in watch.types]
    trees = tuple(tree for watch in watches if (tree := trace(watch.condition, facts)).truth is not True)
    fields = dict.fromkeys(name for watch in watches for name in _grouping(watch, event) if name not in facts)
    missing = f"; {' and '.join(fields)} is missing" if fields else ""
    return Standing(f"this event does not count{missing}", trees=trees)


def _grouping(watch: Watch, event: Event) -> list[str]:
    return [name for name in (dict(watch.same).get(event.type, ""), watch.distinct) if name]


def _fires(trigger: Windowed, event: Event, hits: Sequence[Hit]) -> bool:
    return any(one.event_id == event.id for one in trigger.firings(hits, (), hits[0].at))


def _counting(trigger: AtLeast, event: Event, hits: Sequence[Hit]) -> Standing:
    held = [hit for hit in hits if hit.at <= event.occurred_at <= hit.at + trigger.within]
    newest = {hit.member or hit.event_id: hit for hit in held}
    what, length = " or ".join(trigger.of.types), describe_duration(trigger.within)
    text = f"{len(newest)} of {trigger.count} {what} within {length}"
    if len(newest) >= trigger.count:
        fires = _fires(trigger, event, hits)
        return Standing(text if fires else f"{text}; an event before this one was enough already", tuple(held), fires)
    falls_at = min(hit.at for hit in newest.values()) + trigger.within
    miss = f"with {trigger.count - len(newest)} more {what} by {_clock(falls_at)}"
    return Standing(text, tuple(held), miss=miss)


def _missing(trigger: Missing, event: Event, own: dict[str, Hit], hits: Sequence[Hit], until: datetime) -> Standing:
    awaited = " or ".join(trigger.awaited.types)
    if trigger.first.id not in own:
        return Standing(f"it answers: after this the rule waits for no {awaited} any more", tuple(own.values()))
    began = _pending_at(trigger, hits, event)
    due_at = began.at + trigger.within
    answer = next((hit for hit in hits if hit.watch == trigger.awaited.id and began.at <= hit.at <= due_at), None)
    if answer and answer.event_id != began.event_id:
        text = f"{awaited} followed at {_clock(answer.at)} ({answer.event_id})"
        return Standing(text, (began, answer), miss=f"without {awaited} by {_clock(due_at)}")
    if began.event_id != event.id:
        text = f"the rule waits since {_clock(began.at)} already ({began.event_id})"
        return Standing(text, (began,), waits_until=due_at if until < due_at else None)
    if until < due_at:
        return Standing(f"it waits for {awaited} until {_clock(due_at)}", (began,), waits_until=due_at)
    return Standing(f"no {awaited} came by {_clock(due_at)}", (began,), fires=_fires(trigger, event, hits))


def _pending_at(trigger: Missing, hits: Sequence[Hit], event: Event) -> Hit:
    """The hit whose time runs when the event comes; its own if none does."""
    pending: Hit | None = None
    for hit in hits:
        if pending and hit.at > pending.at + trigger.within:
            pending = None
        if hit.watch == trigger.awaited.id and hit.event_id != event.id:
            pending = None
        elif hit.watch == trigger.first.id and pending is None:
            pending = hit
        if hit.event_id == event.id and hit.watch == trigger.first.id and pending:
            return pending
    return next(hit for hit in hits if hit.event_id == event.id)


def _order(trigger: InOrder, event: Event, own: dict[str, Hit], hits: Sequence[Hit], until: datetime) -> Standing:
    first, second = " or ".join(trigger.first.types), " or ".join(trigger.second.types)
    if trigger.second.id not in own:
        ends_at = event.occurred_at + trigger.within
        follows = next((hit for hit in hits if event.occurred_at < hit.at <= ends_at), None)
        if follows and follows.watch == trigger.second.id:
            return Standing(f"{second} followed at {_clock(follows.at)} ({follows.event_id})", (follows,))
        waits = ends_at if until < ends_at and follows is None else None
        text = f"it waits for {second} until {_clock(ends_at)}" if waits else f"no {second} came next"
        return Standing(text, miss="" if waits else f"with {second} by {_clock(ends_at)}", waits_until=waits)
    place = (event.occurred_at, event.id)
    before = [hit for hit in hits if (hit.at, hit.event_id) < place]
    if not before or before[-1].watch != trigger.first.id:
        came = f"{second} came last before it" if before else f"no {first} came before it"
        since = _clock(event.occurred_at - trigger.within)
        return Standing(came, tuple(before[-1:]), miss=f"with {first} directly before it, since {since}")
    gap = event.occurred_at - before[-1].at
    if gap > trigger.within:
        late = describe_duration(gap - trigger.within)
        text = f"{first} came {describe_duration(gap)} before it, {late} too long ago"
        return Standing(text, (before[-1],), miss=f"by {_clock(before[-1].at + trigger.within)}")
    return Standing(f"{first} came {describe_duration(gap)} before it", (before[-1],), fires=True)


def _clock(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
