"""Records of a file: what stands where, read as a stream with at most one record in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Generic, TypeAlias, TypeVar

from amends_engine.events import BYTE_ORDER_MARK, Broken
from amends_engine.plans import Json
from amends_engine.strict_json import parse
from amends_engine.values import BadValue

MAX_RECORD = 1024 * 1024
KEPT = 4096
_SKIPPED_AT_ONCE = 64 * 1024

Parsed: TypeAlias = "Json | Broken"
"""A record as JSON values, or why it cannot be read."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Record(Generic[T]):
    """One record. line: where it begins, from 1; end: how many bytes of the file were read with it.

    raw: its bytes without the line end; of a record that is too long only the first 4,096.
    """

    line: int
    raw: bytes
    value: T
    end: int


def read_json(raw: bytes) -> Parsed:
    try:
        return parse(raw)
    except BadValue as error:
        return Broken(str(error))


TOO_LONG = Broken(f"the record is longer than {MAX_RECORD:,} bytes, so it was skipped; shorten it")


class Lines:
    """Physical lines of a stream, counted; no more than a record's length is in memory."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.count = 0  # lines that have ended so far
        self.end = 0

    def next(self) -> bytes:
        """The next line with its end, or its first part if it is longer than a record may be; b"" after the last."""
        chunk = self.stream.readline(MAX_RECORD + 2)
        first = self.end == 0
        self.end += len(chunk)
        self.count += chunk.endswith(b"\n")
        return chunk.removeprefix(BYTE_ORDER_MARK) if first else chunk

    def skip_line(self) -> None:
        """Pass over the rest of a line that is too long."""
        while chunk := self.stream.readline(_SKIPPED_AT_ONCE):
            self.end += len(chunk)
            if chunk.endswith(b"\n"):
                self.count += 1
                return


def without_line_end(line: bytes) -> bytes:
    return line.removesuffix(b"\n").removesuffix(b"\r")


def read_json_lines(stream: BinaryIO) -> Iterator[Record[Parsed]]:
    """One record for each line."""
    lines = Lines(stream)
    number = 0
    while chunk := lines.next():
        number += 1
        raw = without_line_end(chunk)
        if len(raw) > MAX_RECORD:
            if not chunk.endswith(b"\n"):
                lines.skip_line()
            yield Record(number, raw[:KEPT], TOO_LONG, lines.end)
        elif not raw.strip():
            yield Record(number, raw, Broken("the line is empty; remove it"), lines.end)
        else:
            yield Record(number, raw, read_json(raw), lines.end)
