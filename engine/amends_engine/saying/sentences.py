"""Sentences and the lists they stand in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from amends_engine.saying.clauses import Clause
from amends_engine.writing import clean

_INDENT = "   "
_ENDS = (".", "!", "?", ":", "…")


class Part(Enum):
    """What a sentence speaks of; a writer leaves space between two parts."""

    WHY = auto()
    WHEN = auto()
    THEN = auto()
    LIMITS = auto()
    WORDS = auto()


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence. depth: how far it stands in; mark: "-" or a number such as "2." where it is one of a list."""

    text: str
    part: Part
    depth: int = 0
    mark: str = ""


def sentence(text: str) -> str:
    """The text with a capital letter and a full stop, unless it ends with a mark of its own."""
    text = clean(text)
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(_ENDS) else '.'}"


def bullets(parts: Iterable[Clause], part: Part, depth: int) -> Iterator[Sentence]:
    """Clauses as a list, and the parts of each as a list further in."""
    for said in parts:
        yield Sentence(sentence(f"{said.text}{':' if said.parts else ''}"), part, depth, "-")
        yield from bullets(said.parts, part, depth + 1)


def as_text(sentences: Iterable[Sentence]) -> str:
    """One sentence a line, lists indented, an empty line between two parts."""
    lines: list[str] = []
    before: Part | None = None
    for each in sentences:
        lines += [""] if before not in {None, each.part} else []
        lines.append(_INDENT * each.depth + f"{each.mark} {each.text}".lstrip())
        before = each.part
    return "\n".join(lines)
