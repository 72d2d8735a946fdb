"""A JSON file as a stream: one object, or a list whose items are cut out one after the other."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from amends.records import KEPT, MAX_RECORD, TOO_LONG, Parsed, Record, read_json
from amends_engine.events import BYTE_ORDER_MARK, Broken

_CHUNK = 64 * 1024
_BLANKS = b" \t\r\n"
_CUT_OFF = "the file ends inside this record; it seems to be cut off, so send it again"

_IN_LIST = re.compile(rb'["\[\]{},]')
_IN_ITEM = re.compile(rb'["\[\]{}]')
_IN_TEXT = re.compile(rb'"|\\.?', re.DOTALL)


def read_json_file(stream: BinaryIO) -> Iterator[Record[Parsed]]:
    """One record for each item of the list, or one for the object; at most one record is in memory."""
    line, end = 1, 0
    while chunk := stream.read(_CHUNK):
        start, end = end, end + len(chunk)
        text = (chunk.removeprefix(BYTE_ORDER_MARK) if start == 0 else chunk).lstrip(_BLANKS)
        line += chunk.count(b"\n") - text.count(b"\n")
        if text:
            break
    else:
        yield Record(line, b"", Broken("the file is empty; one object or a list of objects is due"), end)
        return
    if text.startswith(b"["):
        yield from _Items(stream, line, end).records(text[1:])
    else:
        yield _single(stream, text, line, end)


def _single(stream: BinaryIO, text: bytes, line: int, end: int) -> Record[Parsed]:
    text += stream.read(MAX_RECORD)
    rest = sum(len(chunk) for chunk in iter(lambda: stream.read(_CHUNK), b""))
    raw = text.rstrip(_BLANKS)
    if rest or len(raw) > MAX_RECORD:
        return Record(line, raw[:KEPT], TOO_LONG, end + len(text) + rest)
    return Record(line, raw, read_json(raw), end + len(text))


class _Items:
    """Cuts a list into its items by their brackets, before anything is parsed, so a broken item breaks alone."""

    def __init__(self, stream: BinaryIO, line: int, end: int) -> None:
        self.stream = stream
        self.end = end
        self.line = line  # where the reading stands
        self.first_line = line  # where the item begins
        self.item = bytearray()
        self.size = 0
        self.depth = 1
        self.in_text = False
        self.is_escaped = False
        self.is_first = True

    def records(self, chunk: bytes) -> Iterator[Record[Parsed]]:
        while chunk := chunk or self._read():
            yield from self._cut(chunk)
            if self.depth == 0:
                return
            chunk = b""
        if self.depth > 1 or self.in_text:
            yield self._record(Broken(_CUT_OFF))
            return
        if self.item:
            yield self._record()
        reason = "the file ends before its list is closed; it seems to be cut off, so send it again"
        yield Record(self.line, b"", Broken(reason), self.end)

    def _read(self) -> bytes:
        chunk = self.stream.read(_CHUNK)
        self.end += len(chunk)
        return chunk

    def _cut(self, chunk: bytes) -> Iterator[Record[Parsed]]:
        start = at = 0
        while (after := self._next_mark(chunk, at)) is not None:
            at = after
            if self.depth == 0 or (self.depth == 1 and chunk[at - 1 : at] == b"," and not self.in_text):
                self._keep(chunk[start : at - 1])
                start = at
                if self.depth or self.item or not self.is_first:
                    yield self._record()
                self.is_first = False
            if self.depth == 0:
                yield from self._rest(chunk[at:])
                return
        self._keep(chunk[start:])

    def _next_mark(self, chunk: bytes, at: int) -> int | None:
        """Pass the next byte that opens, closes or divides something; None at the end of the chunk."""
        if self.is_escaped:  # by a backslash at the end of the last chunk
            self.is_escaped = False
            return 1
        pattern = _IN_TEXT if self.in_text else _IN_ITEM if self.depth > 1 else _IN_LIST
        found = pattern.search(chunk, at)
        if not found:
            return None
        mark = found.group()
        if mark == b'"':
            self.in_text = not self.in_text
        elif mark == b"\\":
            self.is_escaped = True
            return None
        elif not self.in_text:
            self.depth += (mark in b"[{") - (mark in b"]}")
        return found.end()

    def _keep(self, part: bytes) -> None:
        """Add to the item what fits; blanks before it only move the line."""
        line = self.line + part.count(b"\n")
        if not self.item:
            part = part.lstrip(_BLANKS)
            self.first_line = line - part.count(b"\n")
        self.line = line
        self.size += len(part)
        self.item += part[: MAX_RECORD + 1 - len(self.item)]

    def _record(self, broken: Broken | None = None) -> Record[Parsed]:
        raw = bytes(self.item.rstrip(_BLANKS))
        line, size = self.first_line, self.size
        self.item, self.size = bytearray(), 0
        if size > MAX_RECORD:
            return Record(line, raw[:KEPT], broken or TOO_LONG, self.end)
        empty = Broken("an item of the list is empty; remove the comma too many")
        return Record(line, raw, broken or (read_json(raw) if raw else empty), self.end)

    def _rest(self, chunk: bytes) -> Iterator[Record[Parsed]]:
        """What follows the list: blanks, or one record that should not be there."""
        self._keep(chunk)
        while chunk := self._read():
            self._keep(chunk)
        if self.item:
            yield self._record(Broken("more follows after the end of the list; a file holds one list"))
