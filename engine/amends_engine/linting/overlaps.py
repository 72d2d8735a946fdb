"""Pairs of rules that act on the same event for the same customer: both write or give, or they tie in a group."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from amends_engine.findings import Finding, Place
from amends_engine.linting.effects import Gain, gains, gains_with, ways
from amends_engine.linting.examples import Example, describe, examples, is_true
from amends_engine.linting.formulas import Box, Formula, Key, are_apart, both
from amends_engine.linting.model import NOW
from amends_engine.linting.view import View
from amends_engine.linting.wording import listed
from amends_engine.ranking import mode_of
from amends_engine.rules import Rule
from amends_engine.triggers.change import OnChange
from amends_engine.triggers.schedule import OnSchedule

MOST_PAIRS = 5_000
"""So many pairs that no single field keeps apart are looked at closely; what is beyond them is not reported."""
_MOST_EFFORT = 1_000
_MOST_TRIES = 5


@dataclass(frozen=True, slots=True)
class _Member:
    """A live rule and when it does what."""

    rule: Rule
    ways: Mapping[Gain, Formula]


@dataclass(frozen=True, slots=True)
class _Gathering:
    """The rules of one trigger so far; columns: for each axis the cells that those of them need which need any."""

    members: list[_Member] = field(default_factory=list)
    columns: dict[Key, dict[int, int]] = field(default_factory=dict)

    def beside(self, box: Box) -> Iterator[_Member]:
        """The members that no single axis keeps apart from the box."""
        apart: set[int] = set()
        for key, mask in box.items():
            column = self.columns.get(key, {})
            apart.update(number for number, other in column.items() if not mask & other)
        return (member for number, member in enumerate(self.members) if number not in apart)

    def add(self, member: _Member, box: Box) -> None:
        for key, mask in box.items():
            self.columns.setdefault(key, {})[len(self.members)] = mask
        self.members.append(member)


def overlapping_rules(view: View) -> Iterator[Finding]:
    """Live rules of one trigger that both write to somebody, or give from one budget, and are in no group together.

    One finding for a rule, with the first other one in the order of the files.
    """
    looks = iter(range(MOST_PAIRS))
    gatherings: dict[str, _Gathering] = {}
    for rule in view.live:
        member, acts = _Member(rule, ways(rule, view)), view.model.holds(rule.condition)
        if acts is None or not member.ways:
            continue
        gathering = gatherings.setdefault(_starts_by(rule), _Gathering())
        met = (_meeting(other, member, view, looks) for other in gathering.beside(acts.box))
        found = next(filter(None, met), None)
        if found:
            yield _overlap(*found, rule, view)
        gathering.add(member, acts.box)


def _starts_by(rule: Rule) -> str:
    """Rules that one event can start have this in common; the slots of a schedule start one rule only."""
    if isinstance(rule.trigger, OnChange) and not rule.trigger.is_of_event:
        return f"{rule.event_type} {rule.trigger.field.name} {rule.trigger.tests}"
    return rule.id if isinstance(rule.trigger, OnSchedule) else rule.event_type


def _meeting(one: _Member, other: _Member, view: View, looks: Iterator[int]) -> tuple[Rule, Example, set[Gain]] | None:
    """The first rule, a customer and event that both act for, and what both do for them."""
    if one.rule.group is not None and one.rule.group == other.rule.group:
        return None
    if other.rule.id in one.rule.overlaps or one.rule.id in other.rule.overlaps:
        return None
    for gain, formula in other.ways.items():
        first = one.ways.get(gain)
        if first is None or are_apart(first.box, formula.box) or next(looks, None) is None:
            continue

        def twice(facts: Example) -> set[Gain]:
            known = {"event.occurred_at": NOW, **facts}
            return gains_with(one.rule, known, view) & gains_with(other.rule, known, view)

        facts = _example((one.rule, other.rule), both(first, formula), view, twice)
        if facts is not None:
            return one.rule, facts, twice(facts)
    return None


def _example(
    rules: tuple[Rule, Rule], formula: Formula | None, view: View, holds: Callable[[Example], object]
) -> Example | None:
    """Facts for which both rules are true and holds is, by the evaluator's own word."""
    for facts in islice(examples(formula, view.model, _MOST_EFFORT), _MOST_TRIES):
        if all(is_true(rule.condition, facts) for rule in rules) and holds(facts):
            return facts
    return None


def _overlap(first: Rule, facts: Example, twice: set[Gain], rule: Rule, view: View) -> Finding:
    what = listed([str(gain) for gain in sorted(twice, key=lambda gain: gain.budget)])
    message = f"{first.id} and {rule.id} both {what}, for example with {describe(facts)}"
    remedy = (
        "put both into one group, so that the one with the higher priority acts, or let their conditions differ; "
        f"if both are meant, write `overlaps: [{first.id}]`"
    )
    return Finding("overlapping-rules", message, _place_of(rule, twice, view), remedy)


def _place_of(rule: Rule, twice: set[Gain], view: View) -> Place:
    """The step that repeats what the other rule does."""
    path = next((action.path for action in rule.actions() if gains(action, view) & twice), "")
    return view.place(rule, path)


def tied_rules(view: View) -> Iterator[Finding]:
    """Running rules of one group, trigger and priority that can be true together: then the id decides."""
    seen: dict[object, list[Rule]] = {}
    for rule in view.rules:
        if rule.group is None or not rule.status.is_running:
            continue
        others = seen.setdefault((_starts_by(rule), rule.group, mode_of(rule), rule.priority), [])
        if found := _tie(others, rule, view):
            yield found
        others.append(rule)


def _tie(others: Sequence[Rule], rule: Rule, view: View) -> Finding | None:
    for other in others:
        formula = both(view.model.holds(other.condition), view.model.holds(rule.condition))
        facts = _example((other, rule), formula, view, lambda _facts: True)
        if facts is not None:
            first = min(other.id, rule.id)
            message = (
                f"{other.id} and {rule.id} both have priority {rule.priority} in the group {rule.group}, so "
                f"{first} goes first by its id, for example with {describe(facts)}"
            )
            place = view.key_place(rule, "priority", "group")
            return Finding("tied-priority", message, place, "give one of them another priority")
    return None
