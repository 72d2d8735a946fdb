"""Things that a workspace has and nothing in it uses. Drafts count as use.

As long as no rule uses any thing of a kind, nothing is said of that kind: the workspace has only begun.
"""

from collections.abc import Iterable, Iterator

from amends_engine.findings import Finding, Place
from amends_engine.linting.effects import names_in
from amends_engine.linting.view import View
from amends_engine.messages import Form
from amends_engine.references import all_used
from amends_engine.rules import Rule
from amends_engine.sources import Source
from amends_engine.sources.parts import Gives
from amends_engine.steps import OptionType

_TAKE_OUT = "use it in a rule, or take it out"


def unused_definitions(view: View) -> Iterator[Finding]:
    """Definitions that no rule refers to, directly or through another definition."""
    known = view.manuscript.definitions
    used = {name for node in view.rule_nodes.values() for name in all_used(node, known)}
    for name in known.keys() - used if used else ():
        place = view.definition_place(f"definitions.{name}")
        yield Finding("unused-definition", f"No rule uses the definition {name}", place, _TAKE_OUT)


def unused_budgets(view: View) -> Iterator[Finding]:
    used = _named(view, OptionType.BUDGET)
    for name in view.workspace.budgets.keys() - used if used else ():
        place = view.definition_place(f"budgets.{name}")
        yield Finding("unused-budget", f"No rule gives anything from the budget {name}", place, _TAKE_OUT)


def unused_templates(view: View) -> Iterator[Finding]:
    """E-mails and cards that no step names."""
    used = _named(view, OptionType.TEMPLATE, OptionType.CARD)
    for name, versions in view.workspace.templates.by_name.items():
        if used and name not in used:
            template = next(iter(versions.values()))
            what = "card" if template.kind is Form.CARD else "e-mail"
            place = Place(template.place.file)
            yield Finding("unused-template", f"No rule uses the {what} {name}", place, _TAKE_OUT)


def _named(view: View, *types: OptionType) -> set[str]:
    """Every name that stands in an option of these types, in any rule."""
    actions = (action for rule in view.rules for action in rule.actions())
    operands = (action.options.get(name) for action in actions for name in view.options_of(action.kind, *types))
    return {name for operand in operands for name in names_in(operand)}


def unused_sources(view: View) -> Iterator[Finding]:
    """Sources of events that no rule waits for."""
    awaited = {kind for rule in view.rules for kind in _awaited_by(rule)}
    for name, source in view.workspace.sources.items():
        if source.gives is Gives.EVENT and not _types(source) & awaited:
            message = f"No rule waits for the events of the source {name}: {', '.join(sorted(_types(source)))}"
            yield Finding("unused-source", message, _place(name, view), "write a rule for them, or take the source out")


def _types(source: Source) -> set[str]:
    return {variant.type.name for variant in source.variants.values()}


def _place(name: str, view: View) -> Place:
    files: Iterable[str] = view.manuscript.roots
    stems = (f"sources/{name}.yaml", f"sources/{name}.yml")
    file = next((file for file in files if file in stems), stems[0])
    root = view.manuscript.roots.get(file)
    return root.key_place("type") if root else Place(file)


def _awaited_by(rule: Rule) -> Iterator[str]:
    """The types that start a rule, and those that its windows and waits look for."""
    yield from rule.trigger.event_types
    for watch in rule.watches():
        yield from watch.types
