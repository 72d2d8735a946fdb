"""A piece of text that stands in a file, so that a position in it can be named as file:line:column."""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from amends_engine.documents import Node
from amends_engine.findings import Place


@dataclass(frozen=True)
class Excerpt:
    """A text that begins at a place of a file.

    is_folded: the file writes it another way (YAML with escapes or over several lines), so that only its
    beginning has a place.
    """

    text: str
    start: Place
    is_folded: bool = False

    def place(self, offset: int) -> Place:
        if self.is_folded:
            return self.start
        line = bisect_right(self._line_starts, offset) - 1
        column = offset - self._line_starts[line] + (self.start.column if line == 0 else 1)
        return Place(self.start.file, self.start.line + line, column)

    def find(self, words: str) -> Place:
        """The place where words stand first, else the beginning."""
        return self.place(max(self.text.find(words), 0))

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(offset + 1 for offset, mark in enumerate(self.text) if mark == "\n")]


def scalar_excerpt(node: Node, lines: list[str]) -> Excerpt:
    """The text of a YAML scalar; lines are those of the whole file."""
    place = node.place
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    column = line.find(node.text, place.column - 1) if "\n" not in node.text else -1
    if column < 0:
        return Excerpt(node.text, place, is_folded=True)
    return Excerpt(node.text, Place(place.file, place.line, column + 1))
