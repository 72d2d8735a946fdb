"""An account of one event as lines of text, and the counts of a rule."""

from collections.abc import Iterator, Sequence

from amends.explained import Account, Told
from amends_engine.conditions import Trace
from amends_engine.explaining import Explanation
from amends_engine.fields import to_json
from amends_engine.plans import Intent
from amends_engine.rules import Status
from amends_engine.triggers.standing import Standing
from amends_store.glance_past import CountSeen, DecisionSeen, EffectSeen

_SIGN = {True: "✓", False: "✗", None: "?"}
_REFUSED = frozenset({"no", "unknown", "waiting"})


def lines_of(account: Account, rule: str | None) -> Iterator[str]:
    """rule: only this one, with every condition."""
    event = account.event
    yield f"{event.type} of {event.customer_id or 'nobody known'} at {event.occurred_at.isoformat()} ({event.id})"
    if account.at:
        yield f"with the rules and data of {account.at.isoformat()}"
    for note in account.notes:
        yield f"note: {note}"
    for told in account.rules:
        if rule in {None, told.explanation.rule.id}:
            yield from _of_rule(told, account.late, is_whole=rule is not None)


def _of_rule(told: Told, late: frozenset[str], *, is_whole: bool) -> Iterator[str]:
    found = told.explanation
    yield _headline(found)
    if told.decisions:
        yield from _decisions(told, late)
    elif found.decision:
        for intent in found.decision.intents:
            yield f"    → {intent.action} to {intent.target}{_due(intent)}"
    if found.window:
        yield from _window(found.window)
    if found.tree:
        yield from _tree(found.tree, "    ", is_whole or found.result not in _REFUSED)
    if found.nearest_miss:
        yield f"    would have fired {found.nearest_miss}"


def _headline(found: Explanation) -> str:
    reason = f": {found.reason}" if found.reason else ""
    status = found.rule.status
    idle = "" if status.is_running else ", it would be"
    shown = "" if status is Status.LIVE else f" ({status.value}{idle})"
    return f"{found.rule.id}{shown}: {found.result}{reason}"


def _decisions(told: Told, late: frozenset[str]) -> Iterator[str]:
    planned = told.explanation.decision.intents if told.explanation.decision else ()
    due = {intent.id: _due(intent) for intent in planned}
    for decision in told.decisions:
        if _is_news(decision, told.explanation):
            yield f"    {_decided(decision)}"
        for effect in decision.effects:
            was_late = ", and it was late" if effect.effect_id in late else ""
            yield f"    → {_done(effect)}{due.get(effect.effect_id, '')}{was_late}"


def _due(intent: Intent) -> str:
    return f", due by {intent.due.at.isoformat()}" if intent.due else ""


def _is_news(decision: DecisionSeen, found: Explanation) -> bool:
    """Whether what was decided is not what the headline says."""
    is_same = (decision.outcome.value, decision.reason) == (found.result, found.reason)
    return not is_same or decision.generation > 0 or decision.mode.value != found.rule.status.value


def _decided(decision: DecisionSeen) -> str:
    reason = f": {decision.reason}" if decision.reason else ""
    after = " after a wait" if decision.generation else ""
    return f"decided {decision.mode.value} at {decision.decided_at.isoformat()}{after}: {decision.outcome}{reason}"


def _done(effect: EffectSeen) -> str:
    until = f" until {effect.not_before.isoformat()}" if effect.not_before and effect.state == "held" else ""
    reason = f" ({effect.reason})" if effect.reason else ""
    return f"{effect.action} to {effect.target}: {effect.state}{until}{reason}"


def _window(window: Standing) -> Iterator[str]:
    yield f"    {window.text}"
    for hit in window.counted:
        yield f"      {hit.event_id} at {hit.at.isoformat()}"
    for tree in window.trees:
        yield from _tree(tree, "      ", is_whole=False)


def _tree(trace: Trace, indent: str, is_whole: bool) -> Iterator[str]:
    for part in (trace,) if trace.field else trace.parts:
        if part.text == trace.text == "all of":  # all of all says no more than all
            yield from _tree(part, indent, is_whole)
        elif is_whole or part.truth is not True:
            yield f"{indent}{_SIGN[part.truth]} {part.text}{_saw(part)}"
            if part.parts:
                yield from _tree(part, indent + "  ", is_whole)


def _saw(part: Trace) -> str:
    if not part.field:
        return ""
    return " (missing)" if part.value is None else f" (it is {to_json(part.value)})"


def counts_of(rule_id: str, counts: Sequence[CountSeen], current: str) -> Iterator[str]:
    """One line for each version that was counted, the current one first."""
    versions = dict.fromkeys([current, *(one.rule_version for one in counts)])
    for version in versions:
        own = [one for one in counts if one.rule_version == version]
        said = ", ".join(_count(one) for one in sorted(own, key=_most)) or "not asked yet"
        yield f"{rule_id}{'' if version == current else f' (version {version})'}: {said}"


def _most(one: CountSeen) -> tuple[int, int, str]:
    """What stopped it most often comes first, and what was decided last."""
    return {"no": 0, "unknown": 1}.get(one.answer, 2), -one.times, one.place


def _count(one: CountSeen) -> str:
    if one.answer == "no":
        return f"{one.times} no at {one.text}"
    if one.answer == "unknown":
        return f"{one.times} unknown ({one.text} missing)"
    return f"{one.times} {one.answer} {one.place}".strip()
