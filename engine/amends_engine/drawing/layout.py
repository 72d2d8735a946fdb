"""Where everything stands: blocks below each other, the ways of a fork side by side, wires at right angles.

Measures are pixels. A piece is placed around its own axis: x = 0 is where a wire comes in at the top.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from amends_engine.drawing.graph import Block, Fork, Gate, Graph, Node, Shape
from amends_engine.drawing.measuring import width, wrap
from amends_engine.writing import clean

SIZE, LABEL_SIZE = 13.0, 12.0
ROW = 18.0
PADDING = 14.0
GAP = 40.0
BETWEEN = 24.0
NODE_WIDTH, WAY_WIDTH, END_WIDTH = 340.0, 280.0, 150.0
REACH = 140.0
INDENT = 12.0
BULLET = "•"
MAX_ROWS = 30


@dataclass(frozen=True, slots=True)
class Row:
    """One row of text. x: its left end, or its middle in an end; y: its baseline."""

    text: str
    x: float
    y: float
    is_title: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A node with its upper left corner."""

    node: Node
    x: float
    y: float
    width: float
    height: float
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Wire:
    """A line through its corners to an arrow at its end; the label stands at label_at."""

    points: tuple[tuple[float, float], ...]
    label: str = ""
    label_at: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Piece:
    """Boxes and wires around an axis. exits: where wires go on to what comes next."""

    boxes: tuple[Box, ...] = ()
    wires: tuple[Wire, ...] = ()
    left: float = 0.0
    right: float = 0.0
    height: float = 0.0
    exits: tuple[tuple[float, float], ...] = ()

    def moved(self, x: float, y: float) -> "Piece":
        return replace(
            self,
            boxes=tuple(_move_box(box, x, y) for box in self.boxes),
            wires=tuple(_move_wire(wire, x, y) for wire in self.wires),
            left=self.left - x,
            right=self.right + x,
            height=self.height + y,
            exits=tuple((at_x + x, at_y + y) for at_x, at_y in self.exits),
        )


def _move_box(box: Box, x: float, y: float) -> Box:
    rows = tuple(replace(row, x=row.x + x, y=row.y + y) for row in box.rows)
    return replace(box, x=box.x + x, y=box.y + y, rows=rows)


def _move_wire(wire: Wire, x: float, y: float) -> Wire:
    points = tuple((at_x + x, at_y + y) for at_x, at_y in wire.points)
    return replace(wire, points=points, label_at=(wire.label_at[0] + x, wire.label_at[1] + y))


def arrange(graph: Graph) -> Piece:
    """Everything in place, with x and y from 0."""
    piece = _stack(graph.blocks, NODE_WIDTH)
    return piece.moved(piece.left, 0.0)


def _stack(blocks: Iterable[Block], room: float) -> Piece:
    whole = Piece()
    for block in blocks:
        whole = _append(whole, PIECES[type(block)](block, room))
    return whole


def _append(above: Piece, below: Piece) -> Piece:
    if not above.boxes:
        return below
    top = above.height + GAP
    placed = below.moved(0.0, top)
    return Piece(
        boxes=above.boxes + placed.boxes,
        wires=(*above.wires, *(Wire(_down(exit_at, top)) for exit_at in above.exits), *placed.wires),
        left=max(above.left, below.left),
        right=max(above.right, below.right),
        height=placed.height,
        exits=placed.exits,
    )


def _down(start: tuple[float, float], top: float) -> tuple[tuple[float, float], ...]:
    """From an exit to the axis: straight, or down to the middle of the gap and across."""
    x, y = start
    return ((x, y), (0.0, top)) if x == 0 else ((x, y), (x, top - GAP / 2), (0.0, top - GAP / 2), (0.0, top))


def _place_node(node: Node, room: float) -> Piece:
    wide = END_WIDTH if node.shape is Shape.END else room
    texts = list(_shortened(node, wide - 2 * PADDING))
    rows = tuple(row for place, text in enumerate(texts) for row in _rows(text, node.shape, wide, place))
    height = 2 * PADDING + ROW * len(texts) - (ROW - SIZE)
    box = Box(node, -wide / 2, 0.0, wide, height, rows)
    exits = () if node.shape is Shape.END else ((0.0, height),)
    return Piece((box,), (), wide / 2, wide / 2, height, exits)


@dataclass(frozen=True, slots=True)
class _Text:
    """A row before it has its place. indent: pixels from the left; mark: what stands before it."""

    text: str
    indent: float = 0.0
    mark: str = ""
    is_title: bool = False


def _shortened(node: Node, room: float) -> Iterator[_Text]:
    texts = list(_texts(node, room))
    yield from texts if len(texts) <= MAX_ROWS else (*texts[: MAX_ROWS - 1], _Text("…"))


def _texts(node: Node, room: float) -> Iterator[_Text]:
    is_bold = node.shape is not Shape.END
    for text in wrap(clean(node.title), SIZE, room, is_bold=is_bold):
        yield _Text(text, is_title=is_bold)
    for line in node.lines:
        indent = INDENT * (line.depth + 1) if line.is_item else 0.0
        for place, text in enumerate(wrap(clean(line.text), SIZE, room - indent)):
            yield _Text(text, indent, BULLET if line.is_item and not place else "")


def _rows(text: _Text, shape: Shape, wide: float, place: int) -> Iterator[Row]:
    left, y = (0.0 if shape is Shape.END else PADDING - wide / 2), PADDING + SIZE - 2 + ROW * place
    if text.mark:
        yield Row(text.mark, left + text.indent - INDENT, y)
    yield Row(text.text, left + text.indent, y, text.is_title)


def _place_gate(gate: Gate, room: float) -> Piece:
    node, aside = _place_node(gate.node, room), _place_node(gate.aside, END_WIDTH)
    reach = max(REACH, width(gate.label, LABEL_SIZE) + BETWEEN)
    start, middle = node.right, node.height / 2
    placed = aside.moved(start + reach + aside.left, middle - aside.height / 2)
    points = ((start, middle), (start + reach, middle))
    wire = Wire(points, gate.label, (start + BETWEEN / 2, middle - 6))
    return Piece(
        boxes=node.boxes + placed.boxes,
        wires=(wire,),
        left=node.left,
        right=placed.right,
        height=max(node.height, placed.height),
        exits=node.exits,
    )


def _place_fork(fork: Fork, room: float) -> Piece:
    head = _place_node(fork.node, room)
    ways = list(_side_by_side([_stack(way.blocks, WAY_WIDTH) for way in fork.ways], head.height + GAP))
    wires = [_across(head.height, axis, way.label) for (axis, _), way in zip(ways, fork.ways, strict=True)]
    placed = [piece for _, piece in ways]
    return Piece(
        boxes=head.boxes + tuple(box for piece in placed for box in piece.boxes),
        wires=(*wires, *(wire for piece in placed for wire in piece.wires)),
        left=max(head.left, *(piece.left for piece in placed)),
        right=max(head.right, *(piece.right for piece in placed)),
        height=max(piece.height for piece in placed),
        exits=tuple(each for piece in placed for each in piece.exits),
    )


def _side_by_side(pieces: list[Piece], top: float) -> Iterator[tuple[float, Piece]]:
    """Each piece in its place, with the x of its axis; together they stand in the middle."""
    whole = sum(piece.left + piece.right for piece in pieces) + BETWEEN * (len(pieces) - 1)
    edge = -whole / 2
    for piece in pieces:
        axis = edge + piece.left
        yield axis, piece.moved(axis, top)
        edge += piece.left + piece.right + BETWEEN


def _across(bottom: float, axis: float, label: str) -> Wire:
    middle, top = bottom + GAP / 2, bottom + GAP
    points = ((0.0, bottom), (0.0, middle), (axis, middle), (axis, top)) if axis else ((0.0, bottom), (0.0, top))
    return Wire(points, label, (axis + 6, top - 6))


PIECES: dict[type, Callable[[Any, float], Piece]] = {Node: _place_node, Gate: _place_gate, Fork: _place_fork}
