"""The steps behind `then:`: pick the step by its key, then read its options."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from amends_engine.actions import Action, Branch, Choose, Literal, Operand, Step, Stop, Table
from amends_engine.asked_amounts import read_asked
from amends_engine.condition_reading import NOTHING, Scope, read_conditions
from amends_engine.deadlines import read_deadline
from amends_engine.documents import Node
from amends_engine.option_reading import read_option
from amends_engine.parallel_reading import read_parallel
from amends_engine.pause_reading import PAUSES, Inner, PauseReader
from amends_engine.reading import only_member
from amends_engine.shapes import CHOOSE_BRANCH, OTHERWISE_BRANCH, check_shape, describe, unknown_key
from amends_engine.steps import COMMON, OptionType, StepKind
from amends_engine.value_checking import CHECKS
from amends_engine.values import Money, parse_money


@dataclass
class Numbering:
    """Counts the actions of one rule, so that each has a name of its own."""

    seen: Counter[str] = field(default_factory=Counter)

    def name(self, kind: str) -> tuple[str, int]:
        """The name of the next action of this kind, and its position among all actions, from 1."""
        self.seen[kind] += 1
        number = self.seen[kind]
        return (kind if number == 1 else f"{kind}.{number}"), self.seen.total()


def read_steps(node: Node, scope: Scope, path: str, numbering: Numbering) -> tuple[Step, ...]:
    if not node.is_list or not node.items:
        remedy = "begin each step with - on a line of its own"
        scope.reading.report("wrong-type", f"Steps are a list, not {describe(node)}", node.place, remedy)
        return ()
    read = (_read_step(item, scope, f"{path}[{place}]", numbering) for place, item in enumerate(node.items))
    return tuple(step for step in read if step is not None)


def _read_step(node: Node, scope: Scope, path: str, numbering: Numbering) -> Step | None:
    member = only_member(node)
    if member is None:
        message = f"A step is one line such as `email: {{template: …}}`, not {describe(node)}"
        remedy = "begin each step with - and indent its options below it"
        scope.reading.report("wrong-type", message, node.place, remedy)
        return None
    name, body = member
    if name in _CONTROL:
        return _CONTROL[name](body, scope, path, numbering)
    kind = scope.reading.kinds.get(name)
    if kind is None:
        known = [*scope.reading.kinds, *_CONTROL]
        scope.reading.report_unknown("unknown-step", "The step", name, known, node.key_place(name))
        return None
    return _read_doing(kind, body, scope, f"{path}.{name}", numbering)


def _read_doing(kind: StepKind, node: Node, scope: Scope, path: str, numbering: Numbering) -> Step | None:
    """A step that becomes effects; with `ask:` in it, a person may be asked first."""
    asks = any(option.type is OptionType.ASK and node.get(option.name) for option in kind.options)
    if not asks:
        return _read_action(kind, node, scope, path, numbering)
    return read_asked(
        node, scope, path, numbering.name, lambda plain: _read_action(kind, plain, scope, path, numbering)
    )


def _read_choose(node: Node, scope: Scope, path: str, numbering: Numbering) -> Step:
    if not node.items:
        remedy = "write `- if: … then: …` and `- otherwise: …`"
        message = f"choose takes a list of branches, not {describe(node)}"
        scope.reading.report("wrong-type", message, node.place, remedy)
    read = (_read_branch(item, scope, f"{path}.choose[{place}]", numbering) for place, item in enumerate(node.items))
    return Choose(path, tuple(branch for branch in read if branch))


def _read_branch(node: Node, scope: Scope, path: str, numbering: Numbering) -> Branch | None:
    otherwise = node.get("otherwise")
    schema = OTHERWISE_BRANCH if otherwise else CHOOSE_BRANCH
    if not check_shape(node, schema, "the branch", scope.reading.findings):
        return None
    if otherwise:
        return Branch(NOTHING, read_steps(otherwise, scope, f"{path}.otherwise", numbering))
    condition = read_conditions(node.get("if"), scope, f"{path}.if")
    return Branch(condition, read_steps(node.fields["then"], scope, f"{path}.then", numbering))


def _read_stop(node: Node, scope: Scope, path: str, _numbering: Numbering) -> Step | None:
    if node.is_text:
        return Stop(f"{path}.stop", node.text)
    remedy = "write for example stop: the customer has had an answer already"
    scope.reading.report("wrong-type", f"stop takes the reason as text, not {describe(node)}", node.place, remedy)
    return None


def _read_parallel(node: Node, scope: Scope, path: str, numbering: Numbering) -> Step | None:
    return read_parallel(node, scope, path, lambda steps, where: read_steps(steps, scope, where, numbering))


def _pausing(reader: PauseReader) -> Callable[[Node, Scope, str, Numbering], Step | None]:
    def read(node: Node, scope: Scope, path: str, numbering: Numbering) -> Step | None:
        inner = Inner(lambda steps, within, where: read_steps(steps, within, where, numbering), numbering.name)
        return reader(node, scope, path, inner)

    return read


_CONTROL: dict[str, Callable[[Node, Scope, str, Numbering], Step | None]] = {
    "choose": _read_choose,
    "stop": _read_stop,
    "parallel": _read_parallel,
    **{name: _pausing(reader) for name, reader in PAUSES.items()},
}


def _read_action(kind: StepKind, node: Node, scope: Scope, path: str, numbering: Numbering) -> Action | None:
    if not node.is_mapping:
        remedy = f"write for example {kind.example}"
        scope.reading.report("wrong-type", f"{kind.name} takes options, not {describe(node)}", node.place, remedy)
        return None
    _check_keys(kind, node, scope)
    if check := CHECKS.get(kind.name):
        check(node, scope)
    name, position = numbering.name(kind.name)
    options = _read_options(kind, node, scope)
    _check_currency(kind, node, options, scope)
    deadline = read_deadline(node, name, kind.name, path, scope)
    return Action(name, kind.name, path, position, kind.target, options, deadline, kind.starts)


def _check_currency(kind: StepKind, node: Node, options: Mapping[str, Operand], scope: Scope) -> None:
    """A budget pays in its own currency only."""
    of_type = {option.type: option.name for option in kind.options}
    value, source = of_type.get(OptionType.MONEY), options.get(of_type.get(OptionType.BUDGET, ""))
    if value is None or value not in options or not isinstance(source, Literal):
        return
    budget = scope.reading.budgets.get(str(source.value))
    for amount in _amounts(options[value]):
        if budget and budget.limit and amount.currency != budget.limit.currency:
            message = f"{amount} cannot be paid from {budget.name}, which is in {budget.limit.currency}"
            scope.reading.report("wrong-currency", message, node.fields[value].place, "use one currency for both")


def _amounts(operand: Operand) -> Iterator[Money]:
    if isinstance(operand, Table):
        for case in (*operand.cases.values(), operand.otherwise):
            yield from _amounts(case)
    elif isinstance(operand, Literal):
        yield parse_money(str(operand.value))


def _check_keys(kind: StepKind, node: Node, scope: Scope) -> None:
    known = [*(option.name for option in kind.options), *(option.name for option in COMMON)]
    for key in node.fields:
        if key not in known:
            scope.reading.findings.append(unknown_key(key, known, node.key_place(key), kind.name))
    for option in kind.options:
        if option.is_required and not node.get(option.name):
            remedy = f"write for example {kind.example}"
            scope.reading.report("missing-key", f"{option.name} is missing in {kind.name}", node.place, remedy)
    _check_ways(kind, node, scope)


def _check_ways(kind: StepKind, node: Node, scope: Scope) -> None:
    given = [name for name in kind.one_of if node.get(name)]
    if kind.one_of and len(given) != 1:
        wanted = " or ".join(kind.one_of)
        message = f"{kind.name} takes {wanted}, and {'here are both' if given else 'here is neither'}"
        scope.reading.report("missing-key", message, node.place, f"write for example {kind.example}")
    for option, other in kind.beside:
        if node.get(option) and not node.get(other):
            message = f"{option} means nothing without {other}"
            scope.reading.report("missing-key", message, node.key_place(option), f"add {other}, or take {option} out")


def _read_options(kind: StepKind, node: Node, scope: Scope) -> dict[str, Operand]:
    options = {}
    for option in kind.options:
        given = node.get(option.name)
        operand = read_option(option, given, scope) if given else None
        if operand is not None:
            options[option.name] = operand
    return options
