"""Who of a group acts: of the rules that match for a customer and case at one moment, the one that ranks highest. Pure.

A rule whose window closes with an event is known to act only when the window has been looked at. Lower rules of its
group that match the event wait for that: their timers ring after the windows.
"""

from collections.abc import Iterable, Sequence

from amends_engine.matching import precedence
from amends_engine.plans import BEHIND, Decision, Deferred, Hit, Mode, Outcome, Timer, timer_id
from amends_engine.rules import Rule, Status
from amends_engine.triggers.watches import Watch


def mode_of(rule: Rule) -> Mode:
    return Mode.SHADOW if rule.status is Status.SHADOW else Mode.LIVE


def outranked(rule: Rule, winner: str) -> str:
    """Why a rule that matched did nothing."""
    return f"{winner} ranks higher in the group {rule.group}"


def outranked_by(rule: Rule, mode: Mode, others: Iterable[Rule]) -> Rule | None:
    """The highest of these rules that leaves nothing to this one: of its group and mode, and of higher priority."""
    rivals = (one for one in others if _is_above(one, rule, mode))
    return min(rivals, key=precedence, default=None)


def _is_above(other: Rule, rule: Rule, mode: Mode) -> bool:
    is_rival = bool(rule.group) and (other.group, mode_of(other)) == (rule.group, mode)
    return is_rival and precedence(other) < precedence(rule)


def behind(
    rule: Rule, decision: Decision, closing: Iterable[tuple[Rule, Watch]], hits: Sequence[Hit]
) -> Deferred | None:
    """What is left to later, because the event may start a higher rule of the group; closing: by what they close."""
    if not rule.group or decision.outcome is not Outcome.ACTED:
        return None
    keys = {hit.watch: hit.key for hit in hits}
    rivals = (keys[watch.id] for other, watch in closing if watch.id in keys and _is_above(other, rule, decision.mode))
    key = next(rivals, None)
    return None if key is None else Deferred(decision, _timer(decision, key))


def _timer(decision: Decision, key: str) -> Timer:
    return Timer(
        id=timer_id(BEHIND, decision.id),
        rule_id=decision.rule_id,
        rule_version=decision.rule_version,
        mode=decision.mode,
        event_id=decision.event_id,
        customer_id=decision.customer_id,
        generation=0,
        path="",
        since=decision.decided_for,
        due_at=decision.decided_for,
        key=key,
        window=BEHIND,
    )
