"""Timers that have rung become decisions: facts as they are now, the rule as it was, one transaction a batch."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from amends_engine.conditions import Facts
from amends_engine.continuing import Continuation, in_ringing_order, moved, resume
from amends_engine.events import Event
from amends_engine.fields import Fields
from amends_engine.history_needs import Library, looked_up, on_the_way
from amends_engine.matching import stopped_by
from amends_engine.planning import ActedTimes, RuleSet
from amends_engine.plans import Decision, Mode, Outcome, Timer, decision_id
from amends_engine.ranking import mode_of
from amends_engine.rules import Rule
from amends_engine.timers import Ring
from amends_engine.values import Value
from amends_flows.versions import Versions
from amends_store.planning import version_key
from amends_store.types import Acted, RuleVersion, StageDone

BATCH = 500


class RingerStore(Library, Protocol):
    """What ringing needs of a store."""

    def as_one(self) -> AbstractContextManager[None]: ...

    def rings(self, running: Collection[tuple[str, Mode]], limit: int, *, is_busy: bool = False) -> list[Ring]: ...

    def age_waits(self, limit: int) -> int: ...

    def stale(self, running: Collection[tuple[str, Mode]], limit: int) -> list[Timer]: ...

    def move(self, due: Mapping[str, datetime]) -> None: ...

    def events(self, event_ids: Collection[str]) -> dict[str, Event]: ...

    def given_before(self, ringing: Sequence[Timer]) -> Mapping[str, Mapping[str, Value]]: ...

    def acted_on(self, event_ids: Collection[str]) -> Mapping[str, Collection[Acted]]: ...

    def save_stages(self, stages: Sequence[StageDone], rules: Mapping[str, RuleVersion]) -> int: ...


@dataclass(frozen=True)
class Ringer:
    """known: by event id what is known now; acted: when limited rules acted for the customers of these."""

    store: RingerStore
    rules: RuleSet
    known: Callable[[Sequence[Event]], Mapping[str, Facts]]
    versions: Versions
    acted: Callable[[Sequence[Event], Mapping[str, Facts]], ActedTimes]
    clock: Callable[[], datetime | None] = lambda: None
    fields: Fields = field(default_factory=Fields)

    def ring_some(self, *, is_busy: bool = False) -> int:
        """Let one batch of timers ring that are due; how many did. Nothing of it is lost or done twice.

        is_busy: events are left to be planned, so only timers that wait for no event.
        """
        running = running_in(self.rules)
        self._move(running)
        while self.store.age_waits(BATCH) == BATCH:
            """Many came at once."""
        if not running or not self.store.rings(running, 1, is_busy=is_busy):
            return 0
        with self.store.as_one():
            ringing = self.store.rings(running, BATCH, is_busy=is_busy)
            return self._save(ringing) if ringing else 0

    def _move(self, running: Collection[tuple[str, Mode]]) -> None:
        while some := (self.store.stale(running, BATCH) if running else []):
            events, facts = self._known(some)
            found = [(one, self._due(one, facts[one.event_id])) for one in some if one.event_id in events]
            self.store.move({one.id: due for one, due in found if isinstance(due, datetime)})
            self._keep([StageDone(one, end, {}) for one, end in found if isinstance(end, Decision)])

    def _due(self, timer: Timer, facts: Facts) -> datetime | Decision:
        """When it is due now, or its end."""
        rule = self.versions.find(timer.rule_id, timer.rule_version)
        try:
            return moved(self.rules, rule, timer, facts) if rule else timer.due_at
        except Exception as error:  # noqa: BLE001  moving is pure: what raises once raises every time
            return _end(timer, timer.due_at, _failed(error))

    def _known(self, timers: Sequence[Timer]) -> tuple[dict[str, Event], Mapping[str, Facts]]:
        events = self.store.events({timer.event_id for timer in timers})
        return events, self.known(list(events.values()))

    def _save(self, ringing: Sequence[Ring]) -> int:
        timers = [one.timer for one in ringing]
        events, facts = self._known(timers)
        heard = self.store.events({name for one in ringing for name in _heard(one)})
        given = self.store.given_before(timers)
        acted = self.acted(list(events.values()), facts)
        told = {one.timer.id: tuple(heard[name] for name in _heard(one)) for one in ringing}
        past = self._past((timer, events[timer.event_id], told[timer.id]) for timer in timers)
        beside = {name: set(done) for name, done in self._acted_beside(timers).items()}
        stages = []
        for one in in_ringing_order(ringing, self.rules):
            timer = one.timer
            known = {**facts[timer.event_id], **given.get(timer.id, {})}
            rivals = self._rivals(one, beside.get(timer.event_id, ()))
            stage = self._stage(one, (events[timer.event_id], known, told[timer.id], past, rivals), acted)
            stages.append(stage)
            if stage.decision and stage.decision.outcome is Outcome.ACTED:
                beside.setdefault(timer.event_id, set()).add(acted_by(stage.decision))
        return self._keep(stages)

    def _acted_beside(self, timers: Sequence[Timer]) -> Mapping[str, Collection[Acted]]:
        """By event who has acted on it, looked up only for rules of groups that begin."""
        begin = {timer.event_id for timer in timers if not timer.path and self._is_grouped(timer)}
        return self.store.acted_on(begin) if begin else {}

    def _is_grouped(self, timer: Timer) -> bool:
        rule = self.rules.by_id.get(timer.rule_id)
        return rule is not None and bool(rule.group)

    def _rivals(self, ringing: Ring, acted: Iterable[Acted]) -> tuple[Rule, ...]:
        """The running rules that acted on the event at the same moment."""
        same = ((one.rule_id, one.mode, one.at) for one in acted)
        names = (name for name, mode, at in same if (mode, at) == (ringing.timer.mode, ringing.at))
        return tuple(self.rules.by_id[name] for name in names if name in self.rules.by_id)

    def _keep(self, stages: Sequence[StageDone]) -> int:
        versions = {version_key(stage.decision): self._version(stage.decision) for stage in stages if stage.decision}
        return self.store.save_stages(stages, versions) if stages else 0

    def _past(self, going: Iterable[tuple[Timer, Event, tuple[Event, ...]]]) -> Mapping[str, Facts]:
        """By event id what the rules that go on ask of the past."""
        found = ((self.versions.find(timer.rule_id, timer.rule_version), event, heard) for timer, event, heard in going)
        wanted = [one for rule, event, heard in found if rule for one in on_the_way(rule, event, heard)]
        return looked_up(wanted, self.store, self.fields)

    def _stage(
        self,
        ringing: Ring,
        on: tuple[Event, Facts, tuple[Event, ...], Mapping[str, Facts], tuple[Rule, ...]],
        acted: ActedTimes,
    ) -> StageDone:
        (event, facts, heard, past, beside), timer = on, ringing.timer
        rule = self.versions.find(timer.rule_id, timer.rule_version)
        if rule is None:
            return StageDone(timer, _end(timer, ringing.at, _UNREADABLE), facts)
        try:
            going = Continuation(ringing, rule, event, facts, heard, past, beside, self.fields.derived)
            decision = resume(self.rules, going, acted, self.clock())
            return StageDone(timer, decision, going.told, None if decision else stopped_by(rule, going.told))
        except Exception as error:  # noqa: BLE001  one that cannot go on must not keep all others from going on
            return StageDone(timer, _end(timer, ringing.at, _failed(error)), facts)

    def _version(self, decision: Decision) -> RuleVersion:
        rule = self.versions.find(decision.rule_id, decision.rule_version)
        return version_of(rule) if rule else RuleVersion(decision.rule_id, decision.rule_version, "", "")


def acted_by(decision: Decision) -> Acted:
    return Acted(decision.rule_id, decision.mode, decision.decided_for)


def _heard(ringing: Ring) -> tuple[str, ...]:
    return *ringing.timer.heard, *((ringing.hit.event_id,) if ringing.hit else ())


def running_in(rules: RuleSet) -> set[tuple[str, Mode]]:
    """Rules with the modes in which they may go on: a live rule also ends what it began in shadow."""
    modes = {(rule.id, mode_of(rule)) for rule in rules.by_id.values()}
    return modes | {(rule_id, Mode.SHADOW) for rule_id, _ in modes}


def version_of(rule: Rule) -> RuleVersion:
    return RuleVersion(rule.id, rule.version, rule.why, rule.owner, rule.body)


_UNREADABLE = "the rule as it was cannot be read any more; something it names is gone"


def _failed(error: Exception) -> str:
    return f"going on failed with {type(error).__name__}"


def _end(timer: Timer, at: datetime, reason: str) -> Decision:
    """The end of what waited and cannot go on."""
    return Decision(
        id=decision_id(timer.event_id, timer.rule_id, timer.mode, timer.generation),
        event_id=timer.event_id,
        rule_id=timer.rule_id,
        rule_version=timer.rule_version,
        mode=timer.mode,
        outcome=Outcome.UNDECIDED,
        customer_id=timer.customer_id,
        decided_for=at,
        reason=reason,
        generation=timer.generation,
    )
