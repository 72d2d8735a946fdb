"""The picture of a rule before anybody decides where things stand: blocks one after the other, nodes and edges."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Shape(StrEnum):
    """What a node is; every writer has a form for each."""

    TRIGGER = "trigger"
    CONDITION = "condition"
    CHOICE = "choice"
    STEP = "step"
    END = "end"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a node, not wrapped yet; an item of a list stands depth steps in."""

    text: str
    depth: int = 0
    is_item: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    id: str
    shape: Shape
    title: str
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    source: str
    target: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """A node that either lets through or ends aside, under a label."""

    node: Node
    label: str
    aside: Node


@dataclass(frozen=True, slots=True)
class Way:
    """One way out of a fork; it has at least one block."""

    blocks: "tuple[Block, ...]"
    label: str = ""


@dataclass(frozen=True, slots=True)
class Fork:
    """A node with several ways that meet again behind it."""

    node: Node
    ways: tuple[Way, ...]


Block: TypeAlias = Node | Gate | Fork


@dataclass(frozen=True, slots=True)
class Graph:
    """notes: short facts such as the status; description: all of it as sentences, for those who cannot see it."""

    name: str
    why: str
    notes: tuple[str, ...]
    description: tuple[str, ...]
    blocks: tuple[Block, ...]

    @property
    def nodes(self) -> tuple[Node, ...]:
        """In reading order."""
        return tuple(_nodes(self.blocks))

    @property
    def edges(self) -> tuple[Edge, ...]:
        return tuple(_edges(self.blocks, []))


def _nodes(blocks: Iterable[Block]) -> Iterator[Node]:
    for block in blocks:
        match block:
            case Node():
                yield block
            case Gate(node, _, aside):
                yield from (node, aside)
            case Fork(node, ways):
                yield node
                for way in ways:
                    yield from _nodes(way.blocks)


def _edges(blocks: Iterable[Block], entering: list[tuple[str, str]]) -> Iterator[Edge]:
    """entering: the id and label of every node that leads into the first block; changed to those that lead out."""
    for block in blocks:
        node = block if isinstance(block, Node) else block.node
        yield from (Edge(source, node.id, label) for source, label in entering)
        entering[:] = [] if node.shape is Shape.END else [(node.id, "")]
        if isinstance(block, Gate):
            yield Edge(node.id, block.aside.id, block.label)
        if isinstance(block, Fork):
            yield from _ways(block, entering)


def _ways(fork: Fork, leaving: list[tuple[str, str]]) -> Iterator[Edge]:
    leaving.clear()
    for way in fork.ways:
        inside = [(fork.node.id, way.label)]
        yield from _edges(way.blocks, inside)
        leaving += inside
