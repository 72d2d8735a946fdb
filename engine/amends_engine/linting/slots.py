"""Rules of the clock that ask about a customer or a case although no slot of theirs is about any."""

from collections.abc import Iterator

from amends_engine.actions import Action, Datum, FieldNames, Operand, Table, Texts, When, actions_in, conditions_in
from amends_engine.conditions import tests_in
from amends_engine.findings import Finding
from amends_engine.history import PREFIX
from amends_engine.linting.effects import names_in
from amends_engine.linting.view import View
from amends_engine.placeholders import Text
from amends_engine.rules import Rule
from amends_engine.steps import OptionType
from amends_engine.triggers.schedule import About, OnSchedule

_OWNERS = {"customer.": About.CUSTOMERS, PREFIX: About.CUSTOMERS, "case.": About.CASES}
"""How names of fields begin that only a customer or a case has, and by what a slot is about one."""


def slots_about_nobody(view: View) -> Iterator[Finding]:
    """For each such rule the first place where it asks about a customer, and about a case."""
    for rule in view.rules:
        if isinstance(rule.trigger, OnSchedule) and rule.trigger.about is About.NOBODY:
            yield from _findings(rule, view)


def _findings(rule: Rule, view: View) -> Iterator[Finding]:
    reported: set[About] = set()
    for name, path in (*_asked(rule), *_written(rule, view)):
        owner = next((about for prefix, about in _OWNERS.items() if name.startswith(prefix)), None)
        if owner and owner not in reported:
            reported.add(owner)
            what = "what a customer did before" if name.startswith(PREFIX) else name
            message = f"The clock starts {rule.id} for nobody, so {what} is never known here"
            yield Finding("about-nobody", message, view.place(rule, path), f"add `for_each: {owner}` to `when`")


def _asked(rule: Rule) -> Iterator[tuple[str, str]]:
    """Every field that its conditions and steps name, with the place that names it."""
    for condition in (rule.condition, *conditions_in(rule.steps)):
        yield from ((test.field, test.path) for test in tests_in(condition))
    for action in actions_in(rule.steps):
        yield from ((name, f"{action.path}.{option}") for option, name in _named_by(action))


def _written(rule: Rule, view: View) -> Iterator[tuple[str, str]]:
    """Every field that a message or a card of its steps tells of."""
    for action in actions_in(rule.steps):
        for option in view.options_of(action.kind, OptionType.TEMPLATE, OptionType.CARD):
            for name in names_in(action.options.get(option)):
                versions = view.workspace.templates.by_name.get(name, {}).values()
                for field in sorted({field for version in versions for field in version.uses}):
                    yield field, f"{action.path}.{option}"


def _named_by(action: Action) -> Iterator[tuple[str, str]]:
    return ((option, name) for option, operand in action.options.items() for name in _fields_in(operand))


def _fields_in(operand: Operand) -> Iterator[str]:
    match operand:
        case Text():
            yield from operand.fields
        case FieldNames(names):
            yield from names
        case When(moment):
            yield moment.field
        case Datum(inner):
            yield from _fields_in(inner)
        case Table(by, cases, otherwise):
            yield by
            for row in (*cases.values(), otherwise):
                yield from _fields_in(row)
        case Texts(texts):
            for text in texts.values():
                yield from _fields_in(text)
