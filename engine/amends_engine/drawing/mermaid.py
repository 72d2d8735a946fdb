"""A graph as Mermaid flowchart text, for pages that draw it: https://mermaid.js.org/syntax/flowchart.html."""

import re
from collections.abc import Iterator

from amends_engine.drawing.graph import Edge, Graph, Line, Node, Shape
from amends_engine.drawing.palette import COLOURS
from amends_engine.writing import clean

SHAPES: dict[Shape, tuple[str, str]] = {
    Shape.TRIGGER: ('(["', '"])'),
    Shape.CONDITION: ('("', '")'),
    Shape.CHOICE: ('{{"', '"}}'),
    Shape.STEP: ('["', '"]'),
    Shape.END: ('(["', '"])'),
}

_WIDER = '%%{init: {"flowchart": {"wrappingWidth": 340}}}%%'
# what Mermaid, the Markdown in its labels or the HTML around them could read as more than a letter
_RISKY = re.compile(r"[^\w ,.?!'’“”()/€+\-–—…]|_")
# Mermaid decodes a label first and looks for formulas and icons then
_MAGIC = re.compile(r"(?<=\$)(?=\$)|(?<=:)(?=fa-)")
_NOTHING_WIDE = "\u200b"


def as_mermaid(graph: Graph) -> str:
    """The same graph gives the same text."""
    lines = (*_opening(graph), *map(_node, graph.nodes), *map(_edge, graph.edges), *_colours(graph))
    return "\n".join([_WIDER, "flowchart TD", *(f"    {line}" for line in lines)]) + "\n"


def _opening(graph: Graph) -> Iterator[str]:
    """A title and a description for screen readers; Mermaid decodes nothing there."""
    yield f"accTitle: The rule {_RISKY.sub(' ', clean(graph.name))}"
    yield f"accDescr: {_RISKY.sub(' ', clean(graph.why))}"


def _node(node: Node) -> str:
    begin, end = SHAPES[node.shape]
    return f"{node.id}{begin}{'<br/>'.join([escape(node.title), *map(_row, node.lines)])}{end}"


def _row(line: Line) -> str:
    return f"{'· ' * line.depth}• {escape(line.text)}" if line.is_item else escape(line.text)


def _edge(edge: Edge) -> str:
    label = f'|"{escape(edge.label)}"|' if edge.label else ""
    return f"{edge.source} -->{label} {edge.target}"


def _colours(graph: Graph) -> Iterator[str]:
    """Lines only: fill and text are the reader's theme, light or dark."""
    for shape, ((_, line), _night) in COLOURS.items():
        ids = ",".join(node.id for node in graph.nodes if node.shape is shape)
        if ids:  # "end" alone would be a word of Mermaid's own
            yield f"classDef {shape}_node stroke:{line},stroke-width:2px"
            yield f"class {ids} {shape}_node"


def escape(text: str) -> str:
    """The text as a label: on one line, and what is neither letter, digit nor plain punctuation as `#35;`."""
    return _RISKY.sub(lambda found: f"#{ord(found[0])};", _MAGIC.sub(_NOTHING_WIDE, clean(text)))
