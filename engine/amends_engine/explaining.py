"""Why a rule acted or did not: recomputed by the evaluator that runs live, never read from a log of misses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from amends_engine.ages import stale
from amends_engine.comparing import Undecidable
from amends_engine.conditions import Facts, Trace, missing_fields, trace
from amends_engine.events import Event, Origin
from amends_engine.messages import MissingValue
from amends_engine.nearest import nearest_miss
from amends_engine.planning import ActedTimes, RuleSet, Stage, limit_reached, plan
from amends_engine.plans import Decision, Hit, Outcome, Plan
from amends_engine.ranking import mode_of, outranked, outranked_by
from amends_engine.rules import Rule
from amends_engine.triggers.kinds import Windowed
from amends_engine.triggers.missing import Missing
from amends_engine.triggers.standing import Standing, groups, standing

_END = datetime.max.replace(tzinfo=UTC)
_ORIGINS = {Origin.SELF: "a rule", Origin.OUTSIDE: "a source", Origin.SCHEDULE: "the clock"}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One rule and one event. result: acted, outranked, limited, undecided, unknown, no, waiting or another event.

    nearest_miss: the single thing that kept the rule from firing, if there is just one, for "would have fired …".
    window: how far a trigger of several events has come. misses: the paths of the conditions that nearest_miss names.
    """

    rule: Rule
    result: str
    reason: str
    tree: Trace | None
    nearest_miss: str = ""
    decision: Decision | None = None
    window: Standing | None = None
    misses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What an explanation goes by. hits: those that count together with the event; until: what came later is not;
    now: when the event is looked at, for `max_age` of rules.
    """

    facts: Facts
    acted: ActedTimes = field(default_factory=dict)
    hits: Sequence[Hit] = ()
    until: datetime = _END
    now: datetime | None = None


def explain(rules: RuleSet, event: Event, known: Known) -> list[Explanation]:
    """One explanation for each running rule; those that the event cannot start last."""
    made = plan(rules, event, known.facts, known.acted, known.now)
    decided = {decision.rule_id: decision for decision in made.likely}
    hearing = list(_hearing(rules, event))
    found = _ranked([_explain(rules, rule, event, decided.get(rule.id), made, known) for rule in hearing])
    heard = {rule.id for rule in hearing}
    others = sorted((rule for rule in rules.by_id.values() if rule.id not in heard), key=lambda rule: rule.id)
    return found + [_deaf(rule, event) for rule in others]


def _ranked(found: list[Explanation]) -> list[Explanation]:
    """Of what would act at one moment, rules that go by a window included, only the highest of each group."""
    acting = [one.decision for one in found if one.decision and one.result == Outcome.ACTED]
    rules = {one.rule.id: one.rule for one in found}
    return [_behind(one, [rules[other.rule_id] for other in acting if _is_with(other, one)]) for one in found]


def _is_with(other: Decision, one: Explanation) -> bool:
    return one.decision is not None and other.decided_for == one.decision.decided_for


def _behind(one: Explanation, acting: Iterable[Rule]) -> Explanation:
    winner = outranked_by(one.rule, mode_of(one.rule), acting) if one.result == Outcome.ACTED else None
    if winner is None or one.decision is None:
        return one
    reason = outranked(one.rule, winner.id)
    decision = replace(one.decision, outcome=Outcome.OUTRANKED, reason=reason, intents=(), timers=(), counted=())
    return replace(one, result=Outcome.OUTRANKED.value, reason=reason, decision=decision)


def windows_of(rules: RuleSet, event: Event, facts: Facts) -> set[tuple[str, str]]:
    """The watches and keys whose hits count together with this event, for any running rule."""
    windowed = (rule.trigger for rule in rules.by_id.values() if isinstance(rule.trigger, Windowed))
    return {group for trigger in windowed for group in groups(trigger, event, facts)}


def _hearing(rules: RuleSet, event: Event) -> Iterable[Rule]:
    for rule in rules.by_event.get(event.type, ()):
        if rule.trigger.starts_with(event):
            yield rule
    for rule in rules.by_id.values():
        if isinstance(rule.trigger, Windowed) and any(event.type in watch.types for watch in rule.trigger.watches):
            yield rule


def _deaf(rule: Rule, event: Event) -> Explanation:
    from_whom = f" made by {_ORIGINS[event.origin]}" if event.type in rule.trigger.event_types else ""
    return Explanation(rule, "another event", f"{rule.trigger.describe()}; this is {event.type}{from_whom}", None)


def _explain(
    rules: RuleSet, rule: Rule, event: Event, decision: Decision | None, made: Plan, known: Known
) -> Explanation:
    if isinstance(rule.trigger, Windowed):
        return _windowed(rules, rule, rule.trigger, event, known)
    tree = trace(rule.condition, known.facts)
    if decision:
        return _decided(rule, event, decision, tree, known)
    return _not_true(rule, tree, known.facts, made.unknown.get(rule.id, ()))


def _decided(rule: Rule, event: Event, decision: Decision, tree: Trace, known: Known) -> Explanation:
    is_limited = decision.outcome is Outcome.LIMITED and not stale(rule, event.occurred_at, known.now)
    miss = _after_limit(rule, event, known) if is_limited else ""
    return Explanation(rule, decision.outcome.value, decision.reason, tree, miss, decision)


def _not_true(rule: Rule, tree: Trace, facts: Facts, unknown: Sequence[str] = ()) -> Explanation:
    miss = nearest_miss(rule.condition, facts)
    result, reason = ("unknown", f"{', '.join(unknown)} is missing") if unknown else ("no", "")
    return Explanation(
        rule, result, reason, tree, f"with {miss.text}" if miss else "", misses=miss.paths if miss else ()
    )


def _after_limit(rule: Rule, event: Event, known: Known) -> str:
    """When the limit would have let it."""
    limit = rule.per_customer
    times = sorted(known.acted.get((rule.id, event.customer_id or ""), ()))
    if limit is None or not times:
        return ""
    counting = [moment for moment in times if abs(event.occurred_at - moment) < limit.window]
    free_at = counting[-limit.count] + limit.window if len(counting) >= limit.count else None
    return f"from {free_at:%Y-%m-%d %H:%M} UTC on" if free_at else ""


def _windowed(rules: RuleSet, rule: Rule, trigger: Windowed, event: Event, known: Known) -> Explanation:
    seen = standing(trigger, event, known.facts, known.hits, known.until)
    is_about = any(event.type in watch.types for watch in trigger.watches) and event.type in trigger.event_types
    tree = trace(rule.condition, known.facts) if is_about else None
    if not seen.fires:
        result = "waiting" if seen.waits_until else "no"
        is_near = bool(seen.miss) and (tree is None or tree.truth is True)
        return Explanation(rule, result, "", tree, seen.miss if is_near else "", window=seen)
    return _begun(rules, rule, event, tree or trace(rule.condition, known.facts), seen, known)


def _begun(rules: RuleSet, rule: Rule, event: Event, tree: Trace, seen: Standing, known: Known) -> Explanation:
    if tree.truth is not True:
        found = _not_true(rule, tree, known.facts, missing_fields(tree))
        return Explanation(rule, found.result, found.reason, tree, found.nearest_miss, None, seen, found.misses)
    at = _fired_at(rule, event)
    # nobody looks at it before it has fired
    now = max(known.now, at) if known.now else None
    stage = Stage(rule, event, mode_of(rule), known.facts, rules, at, now=now)
    old = stale(rule, at, now)
    reason = old or limit_reached(rule, event, known.facts, known.acted)
    decision = stage.decide(Outcome.LIMITED, reason) if reason else _acted(stage)
    miss = _after_limit(rule, event, known) if reason and not old else ""
    return Explanation(rule, decision.outcome.value, decision.reason, tree, miss, decision, seen)


def _fired_at(rule: Rule, event: Event) -> datetime:
    """When what the rule waited for was complete: something is missing only when its time is over."""
    within = rule.trigger.within if isinstance(rule.trigger, Missing) else timedelta()
    return event.occurred_at + within


def _acted(stage: Stage) -> Decision:
    try:
        return stage.act(stage.rule.steps)
    except (Undecidable, MissingValue) as error:
        return stage.decide(Outcome.UNDECIDED, str(error))
