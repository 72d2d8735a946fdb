"""JSON with one meaning: what other readers accept in silence is refused here with a clause that says why.

Refused: doubled keys, NaN and Infinity, numbers that no 64-bit number holds, NUL, half characters (lone
surrogates), nesting over 50 levels, and bytes that are not UTF-8.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import NoReturn

from amends_engine.plans import Json
from amends_engine.values import BadValue

MAX_DEPTH = 50
_LARGEST = 2**63 - 1
_LONGEST_NUMBER = 100

# A text is one token, closed or not, so brackets inside it do not count and no input is scanned twice.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)

_BLANKS = re.compile(r"[ \t\r\n]*")
_WRAPPED = re.compile(r'[ \t\r\n]*\{[ \t\r\n]*"events"[ \t\r\n]*:(?=[ \t\r\n]*\[)')
_LIST = re.compile(r"[ \t\r\n]*\[")
_NEXT = re.compile(r"[ \t\r\n]*([,\]])")
_END = re.compile(r"[ \t\r\n]*\Z")
_WRAP_END = re.compile(r"[ \t\r\n]*\}[ \t\r\n]*\Z")

_SYNTAX = {
    "Expecting value": "a value is due",
    "Expecting property name": "a key in double quotes is due",
    "Expecting ':'": "a colon is due",
    "Expecting ','": "a comma or the closing bracket is due",
    "Unterminated string": "the text that begins here is not closed",
    "Invalid control character": "a line break or another control character stands in a text; write it as \\n",
    "Invalid \\escape": "a backslash stands before a letter that it cannot escape; write it twice",
    "Invalid \\uXXXX": "\\u needs four hexadecimal digits",
    "Extra data": "more follows after its end; in JSON Lines each object has a line of its own",
}


def parse(raw: bytes) -> Json:
    """The value that raw holds; raises BadValue, with the remedy in its text, and nothing else."""
    text = _decode(raw)
    _check_depth(text)
    try:
        value: Json = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise BadValue(f"it is not JSON: {_explain(error)} (character {error.pos + 1})") from None
    if "\\u" in text:
        _check_characters(value)
    return value


def parse_items(raw: bytes) -> list[tuple[Json, bytes]] | None:
    """The items of a list, each with its own bytes; None if raw is no list. Raises BadValue as parse does.

    A list under the only key "events" of an object counts as a list.
    """
    text = _decode(raw)
    wrapped = _WRAPPED.match(text)
    start = _LIST.match(text, wrapped.end() if wrapped else 0)
    if start is None:
        return None
    try:
        items = _items(text, start.end(), _WRAP_END if wrapped else _END)
    except json.JSONDecodeError as error:
        raise BadValue(f"it is not JSON: {_explain(error)} (character {error.pos + 1})") from None
    except RecursionError:  # far below 50 levels
        raise _too_deep() from None
    if "\\u" in text:
        for value, _ in items:
            _check_characters(value)
    return items


def _items(text: str, place: int, closing: re.Pattern[str]) -> list[tuple[Json, bytes]]:
    """The items from behind the bracket that opens the list, which is followed by what closing matches."""
    found: list[tuple[Json, bytes]] = []
    outside = 1 if closing is _END else 2
    mark = _NEXT.match(text, place)
    while mark is None or mark[1] == ",":
        if mark and not found:
            raise json.JSONDecodeError("Expecting value", text, mark.end())
        begin = _blanks(text, mark.end() if mark else place)
        value, end = _DECODER.raw_decode(text, begin)
        item = text[begin:end]
        _check_depth(item, outside)
        found.append((value, item.encode()))
        mark = _NEXT.match(text, end)
        if mark is None:
            raise json.JSONDecodeError("Expecting ',' delimiter", text, end)
    if not closing.match(text, mark.end()):
        raise json.JSONDecodeError("Extra data", text, mark.end())
    return found


def _blanks(text: str, place: int) -> int:
    blanks = _BLANKS.match(text, place)
    return blanks.end() if blanks else place


def kind_of(value: Json) -> str:
    """What a value is, in the words of a person."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return "text"
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else "a number"


def shorten(text: str, longest: int = 60) -> str:
    """A sender's text as a sentence may quote it: not longer than that, control characters written out."""
    shown = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return shown if shown.isprintable() else "".join(map(_printable, shown))


def _printable(mark: str) -> str:
    return mark if mark.isprintable() else mark.encode("unicode_escape").decode("ascii")


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadValue(not_utf8(raw, error)) from None


def not_utf8(raw: bytes, error: UnicodeDecodeError) -> str:
    """The clause for bytes that are no text; error comes from decoding raw."""
    return f"byte {error.start + 1} (0x{raw[error.start]:02x}) is not UTF-8 text; save the file as UTF-8"


def _check_depth(text: str, outside: int = 0) -> None:
    """outside: levels around the text."""
    # The standard library's own limit is the interpreter's stack, which differs from caller to caller.
    if text.count("[") + text.count("{") + outside <= MAX_DEPTH:
        return
    depth = outside
    for token in _TOKEN.finditer(text):
        mark = text[token.start()]
        depth += (mark in "[{") - (mark in "]}")
        if depth > MAX_DEPTH:
            raise _too_deep()


def _too_deep() -> BadValue:
    return BadValue(f"it is nested more than {MAX_DEPTH} levels deep; send it flatter")


def _explain(error: json.JSONDecodeError) -> str:
    return next((clause for begin, clause in _SYNTAX.items() if error.msg.startswith(begin)), error.msg.lower())


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in members if names.count(name) > 1)
        raise BadValue(f'the key "{shorten(doubled)}" stands twice in one object; keep one of the two')
    return members


def _whole_number(text: str) -> int:
    if len(text) > 20 or abs(number := int(text)) > _LARGEST:
        raise BadValue(f"the number {shorten(text, 30)} is too large; send it as text if it is an id")
    return number


def _decimal_number(text: str) -> float:
    if len(text) > _LONGEST_NUMBER or not math.isfinite(number := float(text)):
        raise BadValue(f"the number {shorten(text, 30)} is too large or too long")
    return number


def _constant(text: str) -> NoReturn:
    raise BadValue(f"{text} is not a number of JSON; leave the key out if there is no value")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole_number, parse_float=_decimal_number, parse_constant=_constant
)


def _check_characters(value: Json) -> None:
    for text in _texts(value):
        if "\x00" in text:
            raise BadValue("a text holds a NUL character (\\u0000); remove it")
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            half = f"\\u{ord(text[error.start]):04x}"
            raise BadValue(f"a text holds half a character ({half}); send both halves of the pair") from None


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _texts(item)
