"""Which definition refers to which: circles, and how large a definition is once all its references are written out."""

import re
from collections.abc import Collection, Iterator, Mapping

from amends_engine.documents import Node
from amends_engine.findings import Finding

MAX_EXPANDED = 2_000
MAX_NESTED = 20
OPENING = "next opening of "


def references(node: Node) -> Iterator[Node]:
    """The `is:` names below a node, in reading order."""
    for key, value in node.fields.items():
        if key == "is" and value.is_text:
            yield value
        yield from references(value)
    for item in node.items:
        yield from references(item)


def all_used(node: Node, definitions: Mapping[str, Node]) -> list[str]:
    """Every definition that a rule uses, directly or through another, sorted."""
    found: set[str] = set()
    todo = [name.text for name in references(node)]
    while todo:
        name = todo.pop()
        if name not in found and name in definitions:
            found.add(name)
            todo.extend(inner.text for inner in references(definitions[name]))
    return sorted(found)


def calendars_used(node: Node, definitions: Mapping[str, Node], calendars: Collection[str]) -> list[str]:
    """The calendars by which a rule and its definitions tell or count opening hours, sorted."""
    nodes = [node, *(definitions[name] for name in all_used(node, definitions))]
    words = {word for each in nodes for word in _words_below(each)}
    default = next(iter(calendars), "")
    return sorted({word if word in calendars else default for word in words} & set(calendars))


def _words_below(node: Node) -> Iterator[str]:
    """What could name a calendar; nothing, where `4 business hours` means the first one."""
    if node.is_text and "business" in node.text:
        yield from _BUSINESS.findall(node.text)
    if node.is_text and node.text.startswith(OPENING):
        yield node.text.removeprefix(OPENING)
    for key, value in node.fields.items():
        if key in {"during", "outside"} and value.is_text:
            yield value.text
        yield from _words_below(value)
    for item in node.items:
        yield from _words_below(item)


_BUSINESS = re.compile(r"business (?:hour|day)s?(?: of (\S+))?")


def check_references(definitions: Mapping[str, Node]) -> list[Finding]:
    """Circles, and definitions that grow beyond measure by referring to others that refer to others."""
    findings: list[Finding] = []
    sizes: dict[str, int] = {}
    for name in definitions:
        if name not in sizes:
            _measure(name, (), definitions, sizes, findings)
    return findings


def _measure(
    name: str, inside: tuple[str, ...], definitions: Mapping[str, Node], sizes: dict[str, int], findings: list[Finding]
) -> int:
    size = _own_size(definitions[name])
    if len(inside) > MAX_NESTED:
        message = f"{name} stands more than {MAX_NESTED} references deep"
        findings.append(Finding("too-deep", message, definitions[name].place, "refer to fewer definitions"))
        return size
    for inner in references(definitions[name]):
        if inner.text == name or inner.text in inside:
            path = (*inside, name)
            circle = " → ".join((*path[path.index(inner.text) :], inner.text))
            message = f"Definitions refer to each other in a circle: {circle}"
            findings.append(Finding("definition-cycle", message, inner.place, "take one of the references out"))
        elif inner.text in sizes:
            size += sizes[inner.text]
        elif inner.text in definitions:
            size += _measure(inner.text, (*inside, name), definitions, sizes, findings)
    if size > MAX_EXPANDED and not findings:
        message = f"{name} comes to more than {MAX_EXPANDED:,} conditions with all it refers to"
        findings.append(Finding("definition-too-large", message, definitions[name].place, "refer to fewer definitions"))
    sizes[name] = size
    return size


def _own_size(node: Node) -> int:
    members = (*node.fields.values(), *node.items)
    return sum(_own_size(member) for member in members) + (not members)
