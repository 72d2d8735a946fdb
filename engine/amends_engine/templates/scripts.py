"""Text with marks becomes a compiled Jinja template, once; values then flow into it as often as needed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from jinja2 import Template, nodes

from amends_engine.templates.escaping import Sink
from amends_engine.templates.marked_text import ADDRESS, MARK, Mark
from amends_engine.templates.sandbox import sandbox
from amends_engine.templates.tags import TagKind
from amends_engine.values import Value
from amends_engine.writing import Look


@dataclass(frozen=True)
class Script:
    """A text for one sink. text: already in the sink's own markup, with marks; marks: what they stand for."""

    text: str
    marks: tuple[Mark, ...]
    sink: Sink

    def render(self, facts: Mapping[str, Value], look: Look) -> str:
        """Put the values in; raises MissingValue if one is not there and has no fallback."""
        return self._compiled.render(facts=facts, look=look)

    @cached_property
    def _compiled(self) -> Template:
        environment = sandbox()
        tree = nodes.Template(_assemble(self.text, self.marks), lineno=1)
        tree.set_environment(environment).set_lineno(1)
        code = environment.compile(tree, name=self.sink.value)
        return Template.from_code(environment, code, environment.make_globals(None))


class _Block:
    """Statements under construction: the whole text, or one {% if %} with its branches."""

    def __init__(self) -> None:
        self.branches: list[tuple[nodes.Expr | None, list[nodes.Node]]] = [(None, [])]

    def add(self, node: nodes.Node) -> None:
        self.branches[-1][1].append(node)

    def begin(self, test: nodes.Expr | None) -> None:
        self.branches.append((test, []))

    def node(self) -> nodes.If:
        """The {% if %}; its first branch stands before the first condition and is empty."""
        (test, body), *others = self.branches[1:]
        elifs = [nodes.If(test, body, [], []) for test, body in others if test is not None]
        final = next((body for test, body in others if test is None), [])
        return nodes.If(test, body, elifs, final)


def _assemble(text: str, marks: Sequence[Mark]) -> list[nodes.Node]:
    blocks = [_Block()]
    end = 0
    for found in MARK.finditer(text):
        _add_literal(blocks[-1], text[end : found.start()])
        _add_mark(blocks, marks[int(found[1])], is_address=found[0][0] == ADDRESS)
        end = found.end()
    _add_literal(blocks[-1], text[end:])
    return blocks[0].branches[0][1]


def _add_literal(block: _Block, text: str) -> None:
    if text:
        block.add(nodes.Output([nodes.TemplateData(text)]))


def _add_mark(blocks: list[_Block], mark: Mark, is_address: bool) -> None:
    node = mark.expression.node if mark.expression else None
    if mark.tag.kind is TagKind.SHOW and node is not None:
        blocks[-1].add(nodes.Output([_address(node) if is_address else node]))
    elif mark.tag.kind is TagKind.ENDIF:
        finished = blocks.pop()
        blocks[-1].add(finished.node())
    else:
        if mark.tag.kind is TagKind.IF:
            blocks.append(_Block())
        blocks[-1].begin(node)


def _address(node: nodes.Expr) -> nodes.Expr:
    return nodes.Filter(node, "address", [], [], None, None)
