"""Why a rule acted or did not: recomputed by the evaluator that runs live, never read from a log of misses."""

from dataclasses import dataclass

from amends_engine.conditions import Facts, Trace, trace
from amends_engine.events import Event
from amends_engine.planning import ActedTimes, RuleSet, plan
from amends_engine.plans import Decision, Plan
from amends_engine.rules import Rule


@dataclass(frozen=True, slots=True)
class Explanation:
    """One rule and one event. result: acted, outranked, limited, undecided, unknown, no or another event.

    nearest_miss: the single condition that kept the rule from firing, if there is just one.
    """

    rule: Rule
    result: str
    reason: str
    tree: Trace | None
    nearest_miss: str = ""
    decision: Decision | None = None


def explain(rules: RuleSet, event: Event, facts: Facts, acted: ActedTimes) -> list[Explanation]:
    """One explanation for each running rule; those of other event types last."""
    made = plan(rules, event, facts, acted)
    decided = {decision.rule_id: decision for decision in made.decisions}
    listening = [rule for rule in rules.by_event.get(event.type, ()) if rule.trigger.starts_with(event)]
    found = [_explain(rule, decided.get(rule.id), made, facts) for rule in listening]
    others = sorted((rule for rule in rules.by_id.values() if rule not in listening), key=lambda rule: rule.id)
    return found + [_deaf(rule, event) for rule in others]


def _deaf(rule: Rule, event: Event) -> Explanation:
    return Explanation(rule, "another event", f"{rule.trigger.describe()}; this is {event.type}", None)


def _explain(rule: Rule, decision: Decision | None, made: Plan, facts: Facts) -> Explanation:
    tree = trace(rule.condition, facts)
    if decision:
        return Explanation(rule, decision.outcome.value, decision.reason, tree, decision=decision)
    missed = made.unknown.get(rule.id)
    if missed:
        return Explanation(rule, "unknown", f"{', '.join(missed)} is missing", tree)
    return Explanation(rule, "no", "", tree, nearest_miss(tree))


def nearest_miss(tree: Trace) -> str:
    """The one part that is false while all the others are true."""
    failing = [part for part in tree.parts if part.truth is not True]
    if len(failing) != 1 or failing[0].truth is not False:
        return ""
    return _wanted(failing[0])


def _wanted(part: Trace) -> str:
    """What would have to hold, in words; a definition by its name."""
    if not part.parts or part.text.startswith("is "):
        return part.text
    if part.text == "not":
        return f"not ({_wanted(part.parts[0])})"
    glue = " or " if part.text == "any of" else " and "
    return glue.join(_wanted(inner) for inner in part.parts if inner.truth is not True)
