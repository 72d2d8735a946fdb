"""What stands inside the tags of a template: a small, checked part of Jinja's expressions.

Read by Jinja's own parser, then held against a whitelist: reads of known fields, constants, comparisons,
`and`, `or`, `not`, `is defined` and the filters of filters.py. Nothing here can call, loop, calculate or reach
into Python. Every read of a field is rewritten into a look-up in the one mapping `facts`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

from jinja2 import TemplateSyntaxError, nodes

from amends_engine.fields import GIVEN_BY_STEPS, Field, Fields, FieldType, Kind
from amends_engine.spelling import closest
from amends_engine.templates.filters import FILTERS
from amends_engine.templates.sandbox import sandbox
from amends_engine.values import BadValue

MAX_EXPRESSION = 300

_COMPARABLE = frozenset({Kind.TEXT, Kind.CHOICE, Kind.WHOLE, Kind.NUMBER, Kind.YES_NO})
_NUMBERS = frozenset({Kind.WHOLE, Kind.NUMBER})
_FALSE_IF_MISSING = frozenset({"eq", "lt", "lteq", "gt", "gteq", "in"})
_TEXT = FieldType(Kind.TEXT)
_NOTHING: frozenset[str] = frozenset()
_GIVEN_WITH = {"voucher.code": frozenset({"voucher.value"})}  # one without the other does not exist
_EXAMPLE = 'write for example {% if customer.tier == "gold" and feedback.nps < 7 %}'


class Refused(Exception):
    """An expression that a template may not hold: the code, message and remedy of its finding."""

    def __init__(self, code: str, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.remedy = code, message, remedy


@dataclass(frozen=True)
class Scope:
    """What an expression may name; fallbacks: text by full field name, of the template."""

    fields: Fields
    fallbacks: dict[str, str] = field(default_factory=dict)

    def fallback(self, known: Field) -> str | None:
        return self.fallbacks.get(known.name, known.fallback)

    def find(self, name: str) -> Field:
        """The declared field of that name; raises Refused with the one that was probably meant."""
        known = self.fields.find(name)
        if known:
            return known
        names = [*self.fields.names(), *GIVEN_BY_STEPS]
        near = next((other for other in names if name.startswith("event.") and _ends(other, name)), None)
        near = near or closest(name, names)
        remedy = f"did you mean {near}?" if near else "declare it in fields.yaml"
        raise Refused("unknown-field", f"The field {name} is not known", remedy)


def _ends(name: str, alias: str) -> bool:
    return name.partition(".")[2] == alias.partition(".")[2]


@dataclass(frozen=True)
class Expression:
    """A checked expression. uses: full field names; needs: those that must be guarded by a condition;
    if_true, if_false: fields that certainly have a value when it is true or false."""

    node: nodes.Expr
    uses: frozenset[str]
    needs: frozenset[str] = _NOTHING
    if_true: frozenset[str] = _NOTHING
    if_false: frozenset[str] = _NOTHING


def read_output(words: str, scope: Scope) -> Expression:
    """Read what stands in {{ … }}; raises Refused."""
    output = _Output(scope)
    node, _ = output.read(_parse(words, "{{ customer.name }}"))
    return Expression(node, frozenset(output.uses), frozenset(output.needs))


def read_condition(words: str, scope: Scope) -> Expression:
    """Read what stands in {% if … %}; raises Refused."""
    return _read_condition(_parse(words, _EXAMPLE), scope)


def _parse(words: str, example: str) -> nodes.Node:
    """Jinja's tree of one expression; its own messages are for programmers, so they are not passed on."""
    remedy = example if example.startswith("write") else f"write for example {example}"
    if len(words) > MAX_EXPRESSION:
        raise Refused("template-syntax", f"A placeholder or condition has more than {MAX_EXPRESSION} characters")
    if "\\" in words:
        raise Refused("template-syntax", "A backslash cannot stand in a placeholder or condition", remedy)
    node = _tree(words)
    if node is None:
        raise Refused("template-syntax", f"{_show(words)} cannot be read", remedy)
    return node


@lru_cache(maxsize=1024)
def _tree(words: str) -> nodes.Node | None:
    """Remembered, because the languages of a template hold the same expressions; nobody changes the trees."""
    try:
        tree = sandbox().parse(f"{{{{ {words} }}}}")
    except (TemplateSyntaxError, RecursionError, ValueError, OverflowError):
        return None
    match tree.body:
        case [nodes.Output(nodes=[node])] if not isinstance(node, nodes.TemplateData):
            return node
    return None


def _show(words: str) -> str:
    return words if words and len(words) <= 60 else f"{words[:57]}…" if words else "An empty tag"


class _Output:
    """Reads one {{ … }} from the outside in: filters, then the field or constant they work on."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.uses: set[str] = set()
        self.needs: set[str] = set()

    def read(self, node: nodes.Node) -> tuple[nodes.Expr, FieldType]:
        if isinstance(node, nodes.Filter) and node.name == "default":
            return self._default(node)
        if isinstance(node, nodes.Filter) and node.node is not None:
            return self._filter(node, node.node)
        if isinstance(node, nodes.Const) and isinstance(node.value, str):
            return node, _TEXT
        known = self.scope.find(_field_name(node))
        self.uses.add(known.name)
        fallback = self.scope.fallback(known)
        if fallback is None and not known.is_required:
            self.needs.add(known.name)
        return _filled(known.name, fallback), known.type

    def _default(self, node: nodes.Filter) -> tuple[nodes.Expr, FieldType]:
        match node.args:
            case [nodes.Const(value=str(text))] if node.node is not None and not node.kwargs:
                known = self.scope.find(_field_name(node.node))
                self.uses.add(known.name)
                return _filled(known.name, text), known.type
        raise Refused("template-syntax", "default takes one text", 'write {{ customer.name|default("there") }}')

    def _filter(self, node: nodes.Filter, inner: nodes.Expr) -> tuple[nodes.Expr, FieldType]:
        known = FILTERS.get(node.name)
        if known is None:
            near = closest(node.name, [*FILTERS, "default"])
            remedy = f"did you mean {near}?" if near else f"filters are {', '.join(sorted([*FILTERS, 'default']))}"
            raise Refused("template-syntax", f"There is no filter {node.name}", remedy)
        args = [_argument(node.name, arg, known.argument) for arg in node.args]
        if len(args) != (known.argument is not None) or node.kwargs or node.dyn_args or node.dyn_kwargs:
            how = f"{node.name}(40)" if known.argument else node.name
            raise Refused("template-syntax", f"The filter {node.name} is written {how}")
        value, kind = self.read(inner)
        if kind.kind not in known.takes:
            takes = " or ".join(sorted(known.takes))
            message = f"The filter {node.name} takes {takes}, and this is {kind.describe()}"
            raise Refused("template-syntax", message, "remove the filter")
        return nodes.Filter(value, node.name, args, [], None, None), _TEXT


def _argument(name: str, node: nodes.Expr, wanted: type | None) -> nodes.Expr:
    if isinstance(node, nodes.Const) and wanted is not None and type(node.value) is wanted:
        return node
    raise Refused("template-syntax", f"The filter {name} does not take this argument")


_BEYOND: tuple[tuple[type[nodes.Node], str], ...] = (
    (nodes.Call, "A template cannot call anything"),
    (nodes.BinExpr, "A template cannot calculate"),
    (nodes.UnaryExpr, "A template cannot calculate"),
    (nodes.Concat, "A template cannot join texts with ~"),
    (nodes.CondExpr, "An if inside {{ … }} is not part of the language of templates"),
    (nodes.Filter, "A filter can only stand in {{ … }}"),
)
_MAY = "a template may read fields, compare them with constants, and use and, or, not, is defined and a few filters"


def _field_name(node: nodes.Node) -> str:
    """The full name in `entity.field` or `entity["field"]`; raises Refused for everything else."""
    match node:
        case nodes.Getattr(node=nodes.Node() as inner, attr=str(short)):
            return f"{_entity(inner)}.{short}"
        case nodes.Getitem(node=nodes.Node() as inner, arg=nodes.Const(value=str(short))):
            return f"{_entity(inner)}.{short}"
        case nodes.Name(name=name):
            raise Refused("unknown-field", f"{name} is not the name of a field", "write entity.field: customer.name")
    raise _refusal(node)


def _entity(node: nodes.Node) -> str:
    return str(node.name) if isinstance(node, nodes.Name) else _field_name(node)


def _refusal(node: nodes.Node) -> Refused:
    message = next((text for kind, text in _BEYOND if isinstance(node, kind)), "This is more than a template may do")
    return Refused("template-syntax", message, _MAY)


def _look_up(name: str) -> nodes.Expr:
    return nodes.Getitem(nodes.Name("facts", "load"), nodes.Const(name), "load")


def _filled(name: str, fallback: str | None) -> nodes.Expr:
    """The value, else the fallback, else MissingValue when it is rendered."""
    return nodes.Filter(_look_up(name), "filled", [nodes.Const(name), nodes.Const(fallback)], [], None, None)


def _read_condition(node: nodes.Node, scope: Scope) -> Expression:
    for kind, read in _CONDITIONS:
        if isinstance(node, kind):
            return read(node, scope)
    known = scope.find(_field_name(node))
    return _presence(known)


def _presence(known: Field, is_defined_only: bool = False) -> Expression:
    """`{% if field %}`: it has a value, and is not "no"."""
    test = "has_value" if is_defined_only else "is_there"
    node = nodes.Filter(_look_up(known.name), test, [], [], None, None)
    there = frozenset({known.name}) | _GIVEN_WITH.get(known.name, _NOTHING)
    return Expression(node, uses=frozenset({known.name}), if_true=there)


def _read_defined(node: nodes.Test, scope: Scope) -> Expression:
    if node.name != "defined" or node.args:
        raise Refused(
            "template-syntax", f"There is no test {node.name}", "only `is defined` and `is not defined` exist"
        )
    return _presence(scope.find(_field_name(node.node)), is_defined_only=True)


def _read_not(node: nodes.Not, scope: Scope) -> Expression:
    inner = _read_condition(node.node, scope)
    return Expression(nodes.Not(inner.node), inner.uses, if_true=inner.if_false, if_false=inner.if_true)


def _read_and(node: nodes.And, scope: Scope) -> Expression:
    left, right = _read_condition(node.left, scope), _read_condition(node.right, scope)
    return Expression(
        nodes.And(left.node, right.node),
        left.uses | right.uses,
        if_true=left.if_true | right.if_true,
        if_false=left.if_false & right.if_false,
    )


def _read_or(node: nodes.Or, scope: Scope) -> Expression:
    left, right = _read_condition(node.left, scope), _read_condition(node.right, scope)
    return Expression(
        nodes.Or(left.node, right.node),
        left.uses | right.uses,
        if_true=left.if_true & right.if_true,
        if_false=left.if_false | right.if_false,
    )


_Operand: TypeAlias = "Field | nodes.Const | nodes.List | nodes.Tuple"


def _read_compare(node: nodes.Compare, scope: Scope) -> Expression:
    """`field < constant` and its like; a comparison with a missing value is false, `!=` and `not in` are true."""
    if len(node.ops) != 1:
        raise Refused("template-syntax", "Compare two things at a time", "join comparisons with and")
    op, left, right = node.ops[0].op, _operand(node.expr, scope), _operand(node.ops[0].expr, scope)
    _check_types(op, left, right)
    uses = frozenset(operand.name for operand in (left, right) if isinstance(operand, Field))
    compare = nodes.Compare(_operand_node(left), [nodes.Operand(op, _operand_node(right))])
    known = {"if_true": uses} if op in _FALSE_IF_MISSING else {"if_false": uses}
    return Expression(compare, uses, **known)


def _operand(node: nodes.Node, scope: Scope) -> _Operand:
    if isinstance(node, nodes.Const | nodes.List | nodes.Tuple):
        return node
    return scope.find(_field_name(node))


def _operand_node(operand: _Operand) -> nodes.Expr:
    return _look_up(operand.name) if isinstance(operand, Field) else operand


def _check_types(op: str, left: _Operand, right: _Operand) -> None:
    """Refuse every comparison that could only fail, or never be true."""
    match left, right:
        case Field(), Field() if op not in {"in", "notin"}:
            _check_comparable(op, left, right.type.kind)
        case Field(), nodes.Const() if op not in {"in", "notin"}:
            _check_comparable(op, left, left.type.kind)
            _check_constants(left, left.type, [right])
        case nodes.Const(), Field() if op not in {"in", "notin"}:
            _check_types(op, right, left)
        case Field(), (nodes.List() | nodes.Tuple()) if op in {"in", "notin"}:
            _check_comparable("eq", left, left.type.kind)
            _check_constants(left, left.type, right.items)
        case nodes.Const(), Field() if op in {"in", "notin"} and right.type.kind is Kind.TEXTS:
            _check_constants(right, _TEXT, [left])
        case _:
            raise Refused("template-syntax", "This comparison cannot be read", _EXAMPLE)


def _check_comparable(op: str, known: Field, other: Kind) -> None:
    kind = known.type.kind
    fits = kind == other or {kind, other} <= _NUMBERS
    if kind not in _COMPARABLE or not fits:
        message = f"{known.name} is {known.type.describe()} and cannot be compared here"
        raise Refused("operator-not-for-type", message, "let the rule decide, with two templates")
    if op not in {"eq", "ne"} and kind not in _NUMBERS:
        message = f"{known.name} is {known.type.describe()}; only numbers can be more or less"
        raise Refused("operator-not-for-type", message, "use == or in [...]")


def _check_constants(known: Field, wanted: FieldType, items: Iterable[nodes.Node]) -> None:
    for item in items:
        if not isinstance(item, nodes.Const):
            raise Refused("template-syntax", "A field can only be compared with texts and numbers", _EXAMPLE)
        try:
            wanted.read(item.value)
        except BadValue as error:
            raise Refused("unknown-value", f"{known.name} can never be that: {error}") from None


_CONDITIONS: tuple[tuple[type[nodes.Node], Callable[[Any, Scope], Expression]], ...] = (
    (nodes.Not, _read_not),
    (nodes.And, _read_and),
    (nodes.Or, _read_or),
    (nodes.Compare, _read_compare),
    (nodes.Test, _read_defined),
)
