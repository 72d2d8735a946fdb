"""Conditions over several lines become blocks of their own, so that Markdown sees paragraphs and lists around them.

A condition within one line is part of its sentence. One whose tags each begin or end a line holds whole
paragraphs or list items, whether or not its author has left blank lines around the tags.
"""

import re
from collections.abc import Iterator, Sequence

from amends_engine.templates.marked_text import END, MARK, STATEMENT, Mark, MarkedText
from amends_engine.templates.tags import TagKind

_STATEMENTS = re.compile(rf"(?:{STATEMENT}[0-9]+{END}|[ \t])*")
_LAST = re.compile(rf"{STATEMENT}([0-9]+){END}[ \t]*\Z")
_BULLET = re.compile(r"[ \t]*(?:[>*+-]|[0-9]{1,9}[.)])?[ \t]*")


def with_blocks(marked: MarkedText) -> str:
    """The text with blank lines around the tags of conditions that span lines."""
    lines = marked.text.split("\n")
    where = dict(_positions(lines))
    isolated = {number for group in _groups(marked.marks) if _is_block(group, where) for number in group}
    if not isolated:
        return marked.text
    return "\n".join(part for line in lines for part in _isolate(line, isolated))


def _groups(marks: Sequence[Mark]) -> Iterator[list[int]]:
    """The numbers of the marks that make up one condition: if, elif, else, endif."""
    stack: list[list[int]] = []
    for number, mark in enumerate(marks):
        if mark.tag.kind is TagKind.IF:
            stack.append([])
        if stack and mark.tag.kind is not TagKind.SHOW:
            stack[-1].append(number)
            if mark.tag.kind is TagKind.ENDIF:
                yield stack.pop()


def _positions(lines: Sequence[str]) -> Iterator[tuple[int, tuple[int, bool]]]:
    """For each statement its line, and whether it begins or ends that line."""
    for index, line in enumerate(lines):
        for found in MARK.finditer(line):
            begins = _STATEMENTS.fullmatch(line, 0, found.start())
            ends = _STATEMENTS.fullmatch(line, found.end()) and not _BULLET.fullmatch(line, 0, found.start())
            yield int(found[1]), (index, bool(begins or ends))


def _is_block(group: Sequence[int], where: dict[int, tuple[int, bool]]) -> bool:
    positions = [where[number] for number in group]
    return len({line for line, _ in positions}) > 1 and all(is_at_edge for _, is_at_edge in positions)


def _isolate(line: str, isolated: set[int]) -> list[str]:
    """One line cut up: the isolated tags at its start and end on lines of their own, blank lines between."""
    rest = line.strip()
    indent = line[: len(line) - len(line.lstrip())]
    before: list[str] = []
    after: list[str] = []
    while (found := MARK.match(rest)) and int(found[1]) in isolated:
        before.append(found[0])
        rest = rest[found.end() :].lstrip()
    while (found := _LAST.search(rest)) and int(found[1]) in isolated:
        after.insert(0, found[0])
        rest = rest[: found.start()].rstrip()
    if not before and not after:
        return [line]
    parts = [*before, *([rest] if rest else []), *after]
    return [text for part in parts for text in ("", indent + part, "")]
