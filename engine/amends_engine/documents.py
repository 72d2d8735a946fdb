"""Strict YAML: bytes become a tree of nodes with places, and everything odd becomes a finding.

Scalars are those of the YAML 1.2 core schema: true, false, null, plain integers and decimals; all else is
text as it is written, so `NO`, `22:30`, `0031201234567`, `+49301234567` and `2026-03-01` stay what they are.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import yaml

from amends_engine.findings import Finding, Place
from amends_engine.plans import Json

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_NODES = 10_000

Scalar: TypeAlias = bool | int | float | str | None

_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_INTEGER = re.compile(r"(0|-?[1-9][0-9]{0,17})\Z")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}\Z")
_CUT_BRACKET = re.compile(r"[:,\[{]\s+(?P<hash>#)[^\s#].*[}\]]")
_COMMENT_IN_TEXT = re.compile(r"\s+#[^\s#!]")


@dataclass(frozen=True)
class Node:
    """One value of a file with its place; text is how a scalar was written."""

    place: Place
    value: "Scalar | tuple[Node, ...] | Mapping[str, Node]"
    key_places: Mapping[str, Place] = field(default_factory=dict)
    text: str = ""

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.value, Mapping)

    @property
    def is_list(self) -> bool:
        return isinstance(self.value, tuple)

    @property
    def is_text(self) -> bool:
        return isinstance(self.value, str)

    @property
    def items(self) -> "tuple[Node, ...]":
        """The members of a list; empty for anything else."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def fields(self) -> "Mapping[str, Node]":
        """The members of a mapping; empty for anything else."""
        return self.value if isinstance(self.value, Mapping) else {}

    def get(self, key: str) -> "Node | None":
        return self.fields.get(key)

    def key_place(self, key: str) -> Place:
        return self.key_places.get(key, self.place)

    def plain(self) -> Json:
        return self._plain

    @cached_property
    def _plain(self) -> Json:
        if isinstance(self.value, tuple):
            return [item.plain() for item in self.value]
        if isinstance(self.value, Mapping):
            return {key: node.plain() for key, node in self.value.items()}
        return self.value


_BY_PROGRAM = Place("a stored rule")


def node_of(plain: Json) -> Node:
    """A tree of nodes from plain values, such as those of a stored rule."""
    if isinstance(plain, list):
        return Node(_BY_PROGRAM, tuple(node_of(item) for item in plain))
    if isinstance(plain, dict):
        return Node(_BY_PROGRAM, {key: node_of(value) for key, value in plain.items()})
    text = str(plain).lower() if isinstance(plain, bool) else "" if plain is None else str(plain)
    return Node(_BY_PROGRAM, plain, text=text)


class _Stop(Exception):
    """Carries the finding that ends the reading of one file."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def load(raw: bytes, file: str, first_line: int = 1) -> tuple[Node | None, list[Finding]]:
    """Read one YAML document; never raises. Without a usable tree the node is None and a finding says why.

    first_line: the line of the file at which raw begins, for front matter.
    """
    start = Place(file, first_line, 1)
    if len(raw) > MAX_BYTES:
        remedy = "split it into several files"
        return None, [Finding("too-large", f"The file has {len(raw):,} bytes; 262,144 are allowed", start, remedy)]
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return None, [_not_utf8(raw, file, first_line, error)]
    composer = _Composer(text, file, first_line)
    try:
        node = composer.document()
    except _Stop as stop:
        return None, [*composer.findings, stop.finding]
    except yaml.YAMLError as error:
        return None, [*composer.findings, _syntax_finding(error, text, file, first_line)]
    return node, composer.findings


class _Composer:
    """Builds the tree from the parser's event stream, counting depth and nodes before anything is built."""

    def __init__(self, text: str, file: str, first_line: int) -> None:
        self.file = file
        self.first_line = first_line
        self.lines = text.split("\n")
        self.findings: list[Finding] = []
        self.nodes = 0
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self.events: Iterator[yaml.Event] = yaml.parse(text, Loader=loader)

    def document(self) -> Node:
        next(self.events)  # stream start
        opening = next(self.events)
        if isinstance(opening, yaml.StreamEndEvent):
            raise self._stop(None, "empty-file", "The file holds nothing", "begin with `version: 1`")
        root = self._node(next(self.events), 1)
        next(self.events)  # document end
        after = next(self.events)
        if not isinstance(after, yaml.StreamEndEvent):
            remedy = "keep one document in a file and remove the line `---`"
            raise self._stop(after.start_mark, "many-documents", "A second document begins here", remedy)
        if root.value is None:
            raise self._stop(None, "empty-file", "The file holds nothing", "begin with `version: 1`")
        return root

    def _node(self, event: yaml.Event, depth: int) -> Node:
        self._refuse(event, depth)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(self._place(event.start_mark), tuple(self._items(depth)))
        return self._mapping(event, depth)

    def _refuse(self, event: yaml.Event, depth: int) -> None:
        self.nodes += 1
        if refusal := _refusal(event, depth, self.nodes):
            raise self._stop(event.start_mark, *refusal)

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _mapping(self, opening: yaml.Event, depth: int) -> Node:
        members: dict[str, Node] = {}
        places: dict[str, Place] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key, place = self._key(event, depth), self._place(event.start_mark)
            node = self._node(next(self.events), depth + 1)
            if key in members:
                message = f"The key {key} stands twice, here and in line {places[key].line}"
                self.findings.append(Finding("doubled-key", message, place, "keep one of the two"))
                continue
            members[key], places[key] = node, place
        return Node(self._place(opening.start_mark), members, places)

    def _key(self, event: yaml.Event, depth: int) -> str:
        self._refuse(event, depth)
        if not isinstance(event, yaml.ScalarEvent):
            remedy = "put quotes around the text if it begins with [ or {"
            raise self._stop(event.start_mark, "key-not-text", "A list or mapping stands where a key is due", remedy)
        if event.value == "<<" and not event.style:
            message = "The merge key << is not part of the language"
            raise self._stop(event.start_mark, "alias", message, "write the keys out")
        self._warn_of_hash(event)
        return str(event.value)

    def _scalar(self, event: yaml.ScalarEvent) -> Node:
        text = str(event.value)
        place = self._place(event.start_mark)
        if event.style:
            return Node(place, text, text=text)
        self._warn_of_hash(event)
        return Node(place, core_scalar(text), text=text)

    def _warn_of_hash(self, event: yaml.ScalarEvent) -> None:
        mark: Any = event.end_mark
        if event.style or mark.line >= len(self.lines):
            return
        rest = self.lines[mark.line][mark.column :]
        if _COMMENT_IN_TEXT.match(rest):
            message = f"YAML reads {rest.strip()!r} as a comment, not as text"
            self.findings.append(Finding("hash-in-text", message, self._place(mark), "put quotes around the text"))

    def _place(self, mark: Any) -> Place:  # the C parser's marks and PyYAML's own share no type
        return Place(self.file, mark.line + self.first_line, mark.column + 1)

    def _stop(self, mark: Any, code: str, message: str, remedy: str) -> _Stop:
        place = self._place(mark) if mark else Place(self.file, self.first_line, 1)
        return _Stop(Finding(code, message, place, remedy))


def _refusal(event: yaml.Event, depth: int, nodes: int) -> tuple[str, str, str] | None:
    """Why this event ends the reading: code, message and remedy."""
    if isinstance(event, yaml.AliasEvent):
        remedy = "write the value out; quote the text if it begins with *"
        return "alias", f"The alias *{event.anchor} is not part of the language", remedy
    if anchor := getattr(event, "anchor", None):
        remedy = "write the value out; quote the text if it begins with &"
        return "alias", f"The anchor &{anchor} is not part of the language", remedy
    if tag := getattr(event, "tag", None):
        return "tag", f"The tag {tag} is not part of the language", "remove it; quote the text if it begins with !"
    if depth > MAX_DEPTH:
        remedy = "give the inner part a name in definitions.yaml"
        return "too-deep", f"The file is nested more than {MAX_DEPTH} levels deep here", remedy
    if nodes > MAX_NODES:
        return "too-many-nodes", f"The file has more than {MAX_NODES:,} nodes", "split it into several files"
    return None


def core_scalar(text: str) -> Scalar:
    """What an unquoted scalar means in the YAML 1.2 core schema, less the forms that people write by accident."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.match(text):
        return int(text)
    if _DECIMAL.match(text):
        return float(text)
    return text


_SYNTAX_HINTS: tuple[tuple[re.Pattern[str], re.Pattern[str], str], ...] = tuple(
    (re.compile(line), re.compile(problem), remedy)
    for line, problem, remedy in (
        (r":\s*>=?\s*\S", "", "use more_than or at_least instead of > and >="),
        (r":\s*<=?\s*\S", "", "use less_than or at_most instead of < and <="),
        (r"\t", "", "indent with spaces instead of tabs"),
        (r":\s*[@`%&*!|]", "", "put quotes around the text"),
        (
            r"",
            "mapping values are not allowed",
            "put quotes around the text if it holds a colon; else check the indentation",
        ),
        (r"", "did not find expected ',' or|expected ',' or", "close the bracket, or put quotes around the text"),
        (r"", "found unexpected end of stream", "close the quotes that were opened"),
    )
)


def _syntax_finding(error: yaml.YAMLError, text: str, file: str, first_line: int) -> Finding:
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read")
    if mark is None:
        before = text[: getattr(error, "position", 0)]
        place = Place(file, before.count("\n") + first_line, len(before) - before.rfind("\n"))
        return Finding("bad-yaml", f"This is not YAML: {problem}", place, "remove characters that are not text")
    lines = text.split("\n")
    if hidden := _hidden_text(lines, mark.line):
        row, column = hidden
        message = "YAML reads what begins with # as a comment, and the rest of the line is lost"
        place = Place(file, row + first_line, column + 1)
        return Finding("bad-yaml", message, place, "put quotes around the text that begins with #")
    line = lines[mark.line] if mark.line < len(lines) else ""
    remedy = next(
        (hint for where, what, hint in _SYNTAX_HINTS if where.search(line) and what.search(problem)),
        "check the indentation and put quotes around text with special characters",
    )
    return Finding(
        "bad-yaml", f"This is not YAML: {problem}", Place(file, mark.line + first_line, mark.column + 1), remedy
    )


def _hidden_text(lines: list[str], row: int) -> tuple[int, int] | None:
    """Where a bracket was cut off by a # just before the parser gave up: line and column from 0."""
    for place in range(min(row, len(lines) - 1), max(row - 3, -1), -1):
        found = _CUT_BRACKET.search(lines[place])
        if found:
            return place, found.start("hash")
    return None


def _not_utf8(raw: bytes, file: str, first_line: int, error: UnicodeDecodeError) -> Finding:
    before = raw[: error.start]
    line = before.count(b"\n")
    column = len(before) - (before.rfind(b"\n") + 1) + 1
    return Finding(
        "not-utf8",
        f"The byte 0x{raw[error.start]:02x} is not UTF-8 text",
        Place(file, line + first_line, column),
        "save the file as UTF-8",
    )
