"""What the hits of one group come to: timers by which rules begin, and timers that are not wanted any more. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from amends_engine.planning import RuleSet
from amends_engine.plans import Hit, Timer, timer_id
from amends_engine.ranking import mode_of
from amends_engine.rules import Rule
from amends_engine.triggers.kinds import Firing, Windowed


@dataclass(frozen=True, slots=True)
class Group:
    """One group of one rule's window; since: from when on it has to be looked at."""

    rule: Rule
    trigger: Windowed
    key: str
    since: datetime

    @property
    def window(self) -> str:
        """What the timers of this trigger are found by; a changed trigger has another one."""
        return self.trigger.watches[0].id

    @property
    def reach(self) -> timedelta | None:
        return self.trigger.reach


@dataclass(frozen=True, slots=True)
class Settled:
    """Timers that are new, and ids of those that end without ringing."""

    new: tuple[Timer, ...] = ()
    ended: tuple[str, ...] = ()


def groups_of(rules: RuleSet, hits: Sequence[Hit]) -> list[Group]:
    """Every group that one of the hits belongs to, from the earliest of them on."""
    earliest: dict[tuple[str, str], datetime] = {}
    for hit in hits:
        place = hit.watch, hit.key
        earliest[place] = min(hit.at, earliest.get(place, hit.at))
    found: dict[tuple[str, str], Group] = {}
    for rule, trigger in windowed_in(rules):
        for (watch, key), since in sorted(earliest.items()):
            if watch in {one.id for one in trigger.watches}:
                known = found.get((rule.id, key))
                found[rule.id, key] = Group(rule, trigger, key, min(since, known.since) if known else since)
    return list(found.values())


def windowed_in(rules: RuleSet) -> tuple[tuple[Rule, Windowed], ...]:
    return rules.windowed


def settle(group: Group, hits: Sequence[Hit], waiting: Sequence[Timer], rung: Sequence[Timer]) -> Settled:
    """waiting and rung: the timers that the group has had."""
    seen = {timer.id for timer in waiting if group.reach is None or timer.since >= group.since}
    kept = [timer for timer in waiting if timer.id not in seen]
    fired = [Firing(timer.event_id, timer.since, timer.due_at) for timer in (*rung, *kept)]
    wanted = {one.event_id: one for one in group.trigger.firings(hits, fired, group.since)}
    known = {timer.event_id for timer in (*waiting, *rung)}
    customers = {hit.event_id: hit.customer_id for hit in hits}
    new = tuple(_timer(group, one, customers[name]) for name, one in wanted.items() if name not in known)
    ended = (timer.id for timer in waiting if timer.id in seen and timer.event_id not in wanted)
    return Settled(new, tuple(ended))


def _timer(group: Group, firing: Firing, customer_id: str | None) -> Timer:
    mode = mode_of(group.rule)
    return Timer(
        id=timer_id(group.window, group.rule.id, mode, firing.event_id),
        rule_id=group.rule.id,
        rule_version=group.rule.version,
        mode=mode,
        event_id=firing.event_id,
        customer_id=customer_id,
        generation=0,
        path="",
        since=firing.since,
        due_at=firing.due_at,
        key=group.key,
        window=group.window,
    )
