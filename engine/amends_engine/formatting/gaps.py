"""What stands between two tokens: blanks, line breaks and comments."""

from collections.abc import Iterator
from dataclasses import dataclass

from amends_engine.formatting.levels import BLANKS, STEP, Level

_BEFORE_COMMENT = 2


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap with line breaks. levels: those open at its begin; old, new: the column of the token behind it.

    is_parted: a blank line is due before that token and the comments above it; is_after_block: text of several lines
    stands before, which would take a comment that is set in for its own.
    """

    text: str
    levels: tuple[Level, ...]
    old: int = 0
    new: int = 0
    is_first: bool = False
    is_last: bool = False
    is_parted: bool = False
    is_after_block: bool = False


def arranged(gap: Gap) -> str:
    """The gap in order: at most one blank line at a time, none at either end of a file."""
    head, *middle, _ = gap.text.split("\n")
    lines = list(_in_order(gap, [_beside(head), *middle]))
    if gap.is_parted and "" not in lines[1:]:
        lines.insert(_own_comments(gap, middle), "")
    while gap.is_last and len(lines) > 1 and not lines[-1]:
        lines.pop()
    return "\n".join([*lines, " " * gap.new])


def _beside(head: str) -> str:
    """The comment behind a token; more than two blanks before it were meant."""
    comment = head.strip(BLANKS)
    return " " * max(_BEFORE_COMMENT, _indent(head)) + comment if comment else ""


def _in_order(gap: Gap, lines: list[str]) -> Iterator[str]:
    yield lines[0]
    was_blank = gap.is_first
    for line in lines[1:]:
        comment = line.strip(BLANKS)
        if comment or not was_blank:
            yield " " * _comment_column(gap, _indent(line)) + comment if comment else ""
        was_blank = not comment


def _comment_column(gap: Gap, column: int) -> int:
    """With the token behind it, unless it is set in further: then with what stands before."""
    if gap.levels and gap.levels[-1].is_flow:
        return gap.levels[-1].new
    around = [level for level in gap.levels if level.old <= column]
    if column <= gap.old or not around:
        return gap.new
    is_set_in = column > around[-1].old and not gap.is_after_block
    return around[-1].new + (STEP if is_set_in else 0)


def _own_comments(gap: Gap, middle: list[str]) -> int:
    """The line, counted from 1, at which the comments begin that belong to the token behind."""
    return next((place for place, line in enumerate(middle, 1) if _indent(line) <= gap.old), len(middle) + 1)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(BLANKS))
