"""One file: bytes in, bytes out that mean the same, or a sentence why not.

The formatter keeps every character that is not white space, in its order, and so every comment, quote and key; it
never joins or breaks a line. (ruamel.yaml, which also formats, drops comments within brackets and the plus of
+49301234567, and sets brackets and texts of several lines anew.)
"""

from amends_engine.documents import Node, load
from amends_engine.findings import Finding
from amends_engine.formatting.layout import laid_out

_ODD_BREAKS = ("\x85", "\u2028", "\u2029")  # line breaks to YAML 1.1 alone


class Unformatted(Exception):
    """The file is to be left as it is; with findings it is broken, without them it could not be formatted safely."""

    def __init__(self, sentence: str, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(sentence)
        self.findings = findings


def format_document(raw: bytes, file: str) -> bytes:
    """The formatted file: UTF-8 without a mark, line feeds. Formatting it again changes nothing; raises Unformatted."""
    before = _read(raw, file)
    text = raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    odd = next((mark for mark in _ODD_BREAKS if mark in text), None)
    if odd:
        raise Unformatted(f"{file} holds the character U+{ord(odd):04X}, which some programs read as a line break")
    after = laid_out(text)
    if "".join(after.split()) != "".join(text.split()) or not _means(after, file, before):
        raise Unformatted(f"{file} would not mean the same afterwards; this is a mistake of the formatter")
    return after.encode()


def _read(raw: bytes, file: str) -> Node:
    node, findings = load(raw, file)
    errors = tuple(finding for finding in findings if finding.is_error)
    if node is None or errors:
        raise Unformatted(f"{file} cannot be read", errors)
    return node


def _means(text: str, file: str, before: Node) -> bool:
    node, _ = load(text.encode(), file)
    return node is not None and _exactly(node) == _exactly(before)


def _exactly(node: Node) -> object:
    """Plain data that tells true from 1 and 1 from 1.0, and knows the order of keys."""
    if node.is_list:
        return [_exactly(item) for item in node.items]
    if node.is_mapping:
        return [(key, _exactly(item)) for key, item in node.fields.items()]
    return type(node.value), node.value
