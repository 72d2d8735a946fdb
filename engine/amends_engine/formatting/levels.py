"""The collections that are open at some place of a document, and the column in which their entries stand."""

from collections.abc import Sequence
from dataclasses import dataclass

STEP = 2
BLANKS = " \t"


@dataclass(frozen=True, slots=True)
class Level:
    """One open collection. old and new: the column of its entries before and after.

    close: the column of a closing bracket on a line of its own; is_implied: a list in the column of its key, which
    the scanner does not announce.
    """

    is_list: bool
    old: int
    new: int
    is_flow: bool = False
    close: int = 0
    is_implied: bool = False


def child_column(levels: Sequence[Level]) -> int:
    """Where something on a line of its own belongs that is not an entry of the innermost collection but its value."""
    if not levels:
        return 0
    return levels[-1].new if levels[-1].is_flow else levels[-1].new + STEP
