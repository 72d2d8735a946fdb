"""Everything that amends why tells about one event: what the rules make of it, and what was decided and done."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from amends.memory import Memory
from amends.voices import rules_of, voice_of
from amends_connectors.registry import kinds
from amends_engine.events import Event
from amends_engine.explaining import Explanation, Known, explain, windows_of
from amends_engine.planning import RuleSet, rule_set
from amends_engine.plans import Mode
from amends_engine.rules import Rule, Status
from amends_engine.values import Value
from amends_engine.workspace import Workspace, read_stored_rule
from amends_store.glance_past import DecisionSeen, PastGlance


@dataclass(frozen=True, slots=True)
class Told:
    """One rule: what comes out now, or would have at a time, and the decisions that were really made."""

    explanation: Explanation
    decisions: tuple[DecisionSeen, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """notes: what could not be taken from that time; late: the ids of effects that were not done in time."""

    event: Event
    rules: tuple[Told, ...]
    at: datetime | None = None
    planned_at: datetime | None = None
    notes: tuple[str, ...] = ()
    late: frozenset[str] = frozenset()


def account_of(
    event: Event,
    workspace: Workspace,
    known: Memory,
    at: datetime | None,
    clock: datetime,
    ready: RuleSet | None = None,
) -> Account:
    """at: with the rules and the data of that time; clock: what time it is now; ready: the rules of the workspace.

    Without at, drafts and paused rules come last, each as if it alone were live.
    """
    made = known.past.decisions(event.id) if known.past else []
    decisions = _by_rule(one for one in made if at is None or one.decided_at <= at)
    if at is None:
        rules, notes = _rules_now(workspace, known.past, decisions, ready)
        facts, until = known.facts_then(event), clock
        received_by = known.planned_at(event.id)
    else:
        rules, notes = _rules_at(workspace, known.past, at)
        facts, until, received_by = known.facts_at(event, at), at, None
    whole = known.with_history([event], {event.id: facts}, rules, *filter(None, [received_by]))[event.id]
    judged_at = at or known.planned_at(event.id) or clock
    explanations = explain(rules, event, replace(_known(event, rules, whole, known, until), now=judged_at))
    told = [Told(one, decisions.get(one.rule.id, ())) for one in explanations]
    for rule in workspace.rules if at is None else ():
        if rule.id not in rules.by_id:
            alone = _set(workspace, [replace(rule, status=Status.LIVE)])
            seen = known.with_history([event], {event.id: facts}, alone, *filter(None, [received_by]))[event.id]
            [one] = explain(alone, event, replace(_known(event, alone, seen, known, until), now=judged_at))
            told.append(Told(replace(one, rule=rule)))
    late = frozenset(known.late_effects(event.id))
    return Account(event, tuple(told), at, known.planned_at(event.id), notes, late)


def _known(event: Event, rules: RuleSet, facts: Mapping[str, Value], known: Memory, until: datetime) -> Known:
    acted = known.acted([event], rules, [facts], but_for=event.id)
    by_then = {key: [moment for moment in times if moment <= until] for key, times in acted.items()}
    hits = known.past.hits(windows_of(rules, event, facts)) if known.past else ()
    return Known(facts, by_then, hits, until)


def _by_rule(decisions: Iterable[DecisionSeen]) -> dict[str, tuple[DecisionSeen, ...]]:
    found: dict[str, tuple[DecisionSeen, ...]] = {}
    for decision in decisions:
        found[decision.rule_id] = (*found.get(decision.rule_id, ()), decision)
    return found


def _rules_now(
    workspace: Workspace,
    past: PastGlance | None,
    decisions: Mapping[str, Sequence[DecisionSeen]],
    ready: RuleSet | None,
) -> tuple[RuleSet, tuple[str, ...]]:
    """The rules that run, and of those that decided the versions that did."""
    others = {}
    running = {rule.id: rule for rule in workspace.rules if rule.status.is_running}
    notes = []
    for rule_id, made in decisions.items():
        version = made[0].rule_version
        if rule_id in running and running[rule_id].version == version:
            continue
        rule = _read(workspace, past, rule_id, version)
        if rule is None:
            notes.append(f"{rule_id} decided by version {version}, which cannot be read any more")
            continue
        others[rule_id] = replace(rule, status=_STATUS[made[0].mode])
        notes.append(f"{rule_id} is explained by version {version}, which decided; the file says something else now")
    if others:
        return _set(workspace, {**running, **others}.values()), tuple(notes)
    return ready or rules_of(workspace), tuple(notes)


_STATUS = {Mode.LIVE: Status.LIVE, Mode.SHADOW: Status.SHADOW}


def _rules_at(workspace: Workspace, past: PastGlance | None, at: datetime) -> tuple[RuleSet, tuple[str, ...]]:
    began_at, versions = past.in_force(at) if past else (None, {})
    if began_at is None:
        return rules_of(workspace), ("nothing was recorded yet: these are the rules of the workspace",)
    notes = []
    if at < began_at:
        notes.append(f"the rules are the first ones that were recorded, at {began_at.isoformat()}")
    found = []
    for rule_id, version in versions.items():
        rule = _current(workspace, rule_id, version) or _read(workspace, past, rule_id, version)
        if rule:
            found.append(rule)
        else:
            notes.append(f"{rule_id} ran in version {version}, which cannot be read any more")
    return _set(workspace, found), tuple(notes)


def _current(workspace: Workspace, rule_id: str, version: str) -> Rule | None:
    rule = workspace.rule(rule_id)
    return rule if rule and rule.version == version else None


def _read(workspace: Workspace, past: PastGlance | None, rule_id: str, version: str) -> Rule | None:
    return read_stored_rule(past.rule_body(rule_id, version), workspace, kinds()) if past else None


def _set(workspace: Workspace, rules: Iterable[Rule]) -> RuleSet:
    return rule_set(list(rules), voice_of(workspace), workspace.profile.timezone)
