"""Texts of several lines, set in anew without a change of what they say."""

import re
from dataclasses import dataclass

from amends_engine.formatting.levels import BLANKS, STEP

_HINTS = re.compile(r"[|>]([-+0-9]*)")
_DIGIT = re.compile("[1-9]")


def folded(raw: str, column: int) -> str:
    """A plain or quoted text: line breaks and what stands around them are one blank to YAML, blank lines are not."""
    first, *rest = raw.split("\n")
    return "\n".join([_trimmed(first), *(_trimmed(" " * column + line.lstrip(BLANKS)) for line in rest)])


def _trimmed(line: str) -> str:
    short = line.rstrip(BLANKS)
    return line if short.endswith("\\") else short  # a blank behind a backslash is text


@dataclass(frozen=True, slots=True)
class Block:
    """A text behind | or >. lines: its header and its content; hints: what the header says; old: the content's column.

    A digit among the hints counts from the column of the collection around, so does size.
    """

    lines: list[str]
    hints: str
    old: int
    size: int

    @property
    def raw(self) -> str:
        return "\n".join(self.lines)

    @property
    def is_stripped(self) -> bool:
        """Line breaks at its end are not text."""
        return "-" in self.hints

    def moved(self, outer: int) -> str:
        """The block in a collection whose column is now outer; lines set in further than the first stay so."""
        header, *content = self.lines
        inset = " " * (outer + self.size)
        return "\n".join(
            [header.rstrip(BLANKS), *(inset + line[self.old :] if line[self.old :] else "" for line in content)]
        )


def read_block(raw: str, outer: int) -> Block:
    """From its header to the last line that is text; outer: the column of the collection it stands in."""
    found = _HINTS.match(raw)
    hints = found[1] if found else ""
    header, *content = raw.removesuffix("\n").split("\n")
    digit = _DIGIT.search(hints)
    old = outer + int(digit[0]) if digit else _first_column(content)
    while content and "+" not in hints and not content[-1].strip(" ") and len(content[-1]) <= old:
        content.pop()
    return Block([header, *content], hints, old, int(digit[0]) if digit else STEP)


def _first_column(content: list[str]) -> int:
    """The column of the first line that holds something; of blank lines alone, none is text."""
    first = next((line for line in content if line.strip(" ")), None)
    return max(map(len, content), default=0) if first is None else len(first) - len(first.lstrip(" "))
