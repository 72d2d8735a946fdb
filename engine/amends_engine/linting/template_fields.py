"""Templates that speak of things which the rules that use them cannot give."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amends_engine.actions import Action, Step, parts_of
from amends_engine.fields import BUILT_IN, GIVEN_BY_STEPS, Field
from amends_engine.findings import Finding, Place
from amends_engine.linting.axes import cut
from amends_engine.linting.effects import names_in
from amends_engine.linting.template_texts import whole
from amends_engine.linting.view import View
from amends_engine.messages import MissingValue
from amends_engine.rules import Rule
from amends_engine.steps import OptionType
from amends_engine.values import Value
from amends_engine.writing import Look

if TYPE_CHECKING:  # Jinja and Markdown are loaded with the first template, not before
    from amends_engine.templates.rendering import Template

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Use:
    """One step that sends a template. given, later: what steps on the same way give before it and after it."""

    rule: Rule
    action: Action
    option: str
    name: str
    given: frozenset[str]
    later: frozenset[str]

    def has(self, field: str, view: View) -> bool:
        """Whether the field can have a value when the template is written."""
        return field in self.given or view.workspace.fields.is_carried(field, self.rule.event_type)


def vouchers_too_late(view: View) -> Iterator[Finding]:
    """Messages about a voucher that is given only after them."""
    for use in uses(view):
        late = {field for field in _fields(use.name, view) if not use.has(field, view) and field in use.later}
        if late:
            message = f"{use.name} tells of {min(late)}, and the step that gives it comes after this one"
            remedy = f"put that step before {use.action.kind}"
            yield Finding("voucher-too-late", message, _place(use, view), remedy)


def fields_never_shown(view: View) -> Iterator[Finding]:
    """Fields that have no value in any rule that uses the template, so that only the fallback or nothing is shown."""
    by_name: dict[str, list[Use]] = {}
    for use in uses(view):
        by_name.setdefault(use.name, []).append(use)
    for name, all_uses in by_name.items():
        for field in sorted(_fields(name, view)):
            if not any(use.has(field, view) or field in use.later for use in all_uses):
                yield _never_shown(name, field, view)


def _never_shown(name: str, field: str, view: View) -> Finding:
    template = next(each for each in _versions(name, view) if field in each.uses)
    reason = "gives it beforehand" if field in GIVEN_BY_STEPS else "waits for an event that carries it"
    message = f"{field} is never there: no rule that uses {name} {reason}"
    remedy = "take it out of the template, or use the template in another rule"
    return Finding("never-shown", message, whole(template, view).find(field), remedy)


def templates_not_for_event(view: View) -> Iterator[Finding]:
    """Templates that cannot be written for a rule's event, because that lacks a field without which nothing is sent."""
    for use in uses(view):
        for template in _versions(use.name, view):
            field = _lacking(template, use, view)
            if field:
                message = f"{template.place.file} cannot be written for {use.rule.event_type}, which has no {field}"
                remedy = f"use another template, or put the part into {{% if {field} %}} … {{% endif %}}"
                yield Finding("template-not-for-event", message, _place(use, view), remedy)
                break


def _lacking(template: "Template", use: Use, view: View) -> str:
    """The field for want of which the template fails, with all others there or with only the certain ones."""
    absent = {field for field in template.uses if not use.has(field, view) and _is_required(field, view)}
    if absent:
        look = Look(template.language, view.workspace.profile.timezone)
        for facts in (_facts(use, view, with_optional=True), _facts(use, view, with_optional=False)):
            try:
                template.render(facts, look)
            except MissingValue as missing:
                if missing.field in absent:
                    return missing.field
    return ""


def _is_required(name: str, view: View) -> bool:
    known = view.workspace.fields.find(name)
    return known is not None and known.is_required


def _facts(use: Use, view: View, *, with_optional: bool) -> Mapping[str, Value]:
    """One value for each field that the event can carry."""
    fields = view.workspace.fields
    kind = view.event_type(use.rule)
    carried = [*BUILT_IN.values(), *fields.customer.values(), *fields.of_entities(kind.name), *kind.fields.values()]
    given = [GIVEN_BY_STEPS[name] for name in use.given if name in GIVEN_BY_STEPS]
    chosen = [known for known in (*carried, *given) if with_optional or known.is_required]
    return {known.name: _some_value(known) for known in chosen}


def _some_value(known: Field) -> Value:
    return next(cell for cell in cut(known.type, (), may_be_missing=False).cells if cell is not None)


def uses(view: View) -> Iterator[Use]:
    """Every step that sends a template, for each template it may send."""
    for rule in view.rules:
        yield from _uses(rule, rule.steps, _NOTHING, _NOTHING, view)


def _uses(
    rule: Rule, steps: tuple[Step, ...], given: frozenset[str], later: frozenset[str], view: View
) -> Iterator[Use]:
    for place, step in enumerate(steps):
        after = later.union(*(_gives(other, view) for other in steps[place + 1 :]))
        for inner in parts_of(step):
            yield from _uses(rule, inner, given, after, view)
        if isinstance(step, Action):
            for option in view.options_of(step.kind, OptionType.TEMPLATE, OptionType.CARD):
                for name in names_in(step.options.get(option)):
                    yield Use(rule, step, option, name, given | _fills(step, view), after)
        given |= _gives(step, view)


def _gives(step: Step, view: View) -> frozenset[str]:
    """The facts that a step, or a step of one of its branches, gives to those after it."""
    if not isinstance(step, Action):
        return _NOTHING.union(*(_gives(inner, view) for part in parts_of(step) for inner in part))
    known = view.manuscript.kinds.get(step.kind)
    return frozenset(known.gives) if known else _NOTHING


def _fills(action: Action, view: View) -> frozenset[str]:
    """The facts that a step gives to its own template."""
    known = view.manuscript.kinds.get(action.kind)
    return frozenset(known.fills) if known else _NOTHING


def _fields(name: str, view: View) -> set[str]:
    return set().union(*(template.uses for template in _versions(name, view)))


def _versions(name: str, view: View) -> "list[Template]":
    return list(view.workspace.templates.by_name.get(name, {}).values())


def _place(use: Use, view: View) -> Place:
    return view.place(use.rule, f"{use.action.path}.{use.option}")
