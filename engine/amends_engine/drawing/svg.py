"""A graph as one SVG file that needs nothing from outside: to be read by day and by night, and read aloud."""

import re
from collections.abc import Callable, Iterator
from xml.sax.saxutils import escape

from amends_engine.drawing.graph import Graph, Shape
from amends_engine.drawing.layout import SIZE, Box, Row, Wire, arrange
from amends_engine.drawing.measuring import width, wrap
from amends_engine.drawing.palette import style
from amends_engine.writing import clean

MARGIN = 24.0
NARROWEST = 480.0
HEAD_SIZE, NOTE_SIZE, NOTE_HEIGHT = 20.0, 12.0, 22.0
_ROUND, _CUT, _ARROW = 10.0, 12.0, 5.0
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9.-]")

Point = tuple[float, float]


def as_svg(graph: Graph) -> str:
    """The same graph gives the same bytes."""
    piece = arrange(graph)
    wide = max(piece.right, NARROWEST)
    heading, top = _heading(graph, wide)
    placed = piece.moved(MARGIN + (wide - piece.right) / 2, top)
    opening = _opening(graph, wide + 2 * MARGIN, placed.height + MARGIN)
    return "\n".join([*opening, *heading, *map(_wire, placed.wires), *map(_box, placed.boxes), "</svg>\n"])


def _opening(graph: Graph, wide: float, high: float) -> Iterator[str]:
    name = f"rule-{_NOT_A_NAME.sub('-', graph.name)}"
    size = f'width="{_n(wide)}" height="{_n(high)}" viewBox="0 0 {_n(wide)} {_n(high)}"'
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="amends-rule" role="img" {size} '
        f'aria-labelledby="{name}-title {name}-desc">'
    )
    yield f'<title id="{name}-title">The rule {_t(graph.name)}</title>'
    yield f'<desc id="{name}-desc">{" ".join(map(_t, graph.description))}</desc>'
    yield f"<style>{style()}</style>"
    yield f'<rect class="sheet" width="{_n(wide)}" height="{_n(high)}" rx="12"/>'


def _heading(graph: Graph, wide: float) -> tuple[list[str], float]:
    """The name, the reason and the notes above the picture, and where the picture begins."""
    rows, y = [], MARGIN
    for text, kind, size in ((graph.name, "name", HEAD_SIZE), (graph.why, "why", SIZE)):
        for row in wrap(clean(text), size, wide, is_bold=kind == "name"):
            y += size * 1.5
            rows.append(_text(row, MARGIN, y - size * 0.3, kind))
    x, y = MARGIN, y + NOTE_HEIGHT / 2
    for note in graph.notes:
        text = (*wrap(clean(note), NOTE_SIZE, wide - NOTE_HEIGHT), "")[0]
        reach = width(text, NOTE_SIZE) + NOTE_HEIGHT
        x, y = (MARGIN, y + NOTE_HEIGHT + 6) if x + reach > MARGIN + wide else (x, y)
        rows.append(_pill(text, x, y, reach))
        x += reach + 8
    return rows, y + NOTE_HEIGHT + MARGIN


def _pill(text: str, x: float, y: float, reach: float) -> str:
    place = f'x="{_n(x)}" y="{_n(y)}" width="{_n(reach)}" height="{_n(NOTE_HEIGHT)}"'
    said = _text(text, x + reach / 2, y + NOTE_HEIGHT / 2 + NOTE_SIZE * 0.35, "note")
    return f'<rect class="pill" {place} rx="{_n(NOTE_HEIGHT / 2)}"/>{said}'


def _text(text: str, x: float, y: float, kind: str) -> str:
    return f'<text class="{kind}" x="{_n(x)}" y="{_n(y)}">{_t(text)}</text>'


def _box(box: Box) -> str:
    """A node with its whole text as a tooltip, which the picture may have had to shorten."""
    whole = " ".join([box.node.title, *(line.text for line in box.node.lines)])
    parts = [f"<title>{_t(whole)}</title>", OUTLINES[box.node.shape](box), *map(_row, box.rows)]
    return f'<g class="{box.node.shape}">{"".join(parts)}</g>'


def _row(row: Row) -> str:
    return _text(row.text, row.x, row.y, "title" if row.is_title else "line")


def _rounded(box: Box, radius: float) -> str:
    place = f'x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.width)}" height="{_n(box.height)}"'
    return f'<rect class="box" {place} rx="{_n(radius)}"/>'


def _cut(box: Box) -> str:
    """A box with cut corners: it asks something."""
    left, top, right, bottom = box.x, box.y, box.x + box.width, box.y + box.height
    corners = (
        (left + _CUT, top), (right - _CUT, top), (right, top + _CUT), (right, bottom - _CUT),
        (right - _CUT, bottom), (left + _CUT, bottom), (left, bottom - _CUT), (left, top + _CUT),
    )  # fmt: skip
    return f'<polygon class="box" points="{" ".join(f"{_n(x)},{_n(y)}" for x, y in corners)}"/>'


OUTLINES: dict[Shape, Callable[[Box], str]] = {
    Shape.TRIGGER: lambda box: _rounded(box, 20),
    Shape.CONDITION: _cut,
    Shape.CHOICE: _cut,
    Shape.STEP: lambda box: _rounded(box, 6),
    Shape.END: lambda box: _rounded(box, box.height / 2),
}


def _wire(wire: Wire) -> str:
    label = _text(wire.label, *wire.label_at, "label") if wire.label else ""
    return f'<path class="wire" d="{_path(wire.points)}"/><path class="arrow" d="{_arrow(*wire.points[-2:])}"/>{label}'


def _path(points: tuple[Point, ...]) -> str:
    """Straight lines with round corners."""
    said = [f"M{_p(points[0])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        said.append(f"L{_p(_towards(corner, before))}Q{_p(corner)} {_p(_towards(corner, after))}")
    return "".join([*said, f"L{_p(points[-1])}"])


def _towards(corner: Point, other: Point) -> Point:
    """The point on the way to the other one at which a round corner begins."""
    across, down = other[0] - corner[0], other[1] - corner[1]
    length = abs(across) + abs(down)
    share = min(_ROUND, length / 2) / length
    return corner[0] + across * share, corner[1] + down * share


def _arrow(before: Point, tip: Point) -> str:
    x, y = tip
    if before[0] == x:
        return f"M{_p((x - _ARROW, y - 2 * _ARROW))}L{_p(tip)}L{_p((x + _ARROW, y - 2 * _ARROW))}Z"
    return f"M{_p((x - 2 * _ARROW, y - _ARROW))}L{_p(tip)}L{_p((x - 2 * _ARROW, y + _ARROW))}Z"


def _p(point: Point) -> str:
    return f"{_n(point[0])} {_n(point[1])}"


def _n(number: float) -> str:
    return f"{round(number, 1):.1f}".removesuffix(".0")


def _t(text: str) -> str:
    """Text for between two tags: nothing in it is markup, and no character is one that XML refuses."""
    return escape(clean(text))
