"""Markdown as text that is pleasant to read without any markup, and as Slack's mrkdwn."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from markdown_it.token import Token

from amends_engine.templates.escaping import mrkdwn
from amends_engine.templates.marked_text import END, SOFT_BREAK

_Write: TypeAlias = "Callable[[_Writer, Token], None]"

_GAPS = re.compile(r"\n[ >]*(?:\n[ >]*){2,}")
_TRAILING = re.compile(r"[ \t]+(?=\n|\Z)")
_DOUBLE_SPACES = re.compile(r"(?<=\S) {2,}(?=\S)")
_EMPTY_ITEM = re.compile(r"^[ >]*(?:[-\u2022]|[0-9]+\.) *\n", re.MULTILINE)
_BETWEEN_ITEMS = tuple(
    re.compile(rf"^([ >]*{bullet} [^\n]*)\n[ >]*\n(?=[ >]*{bullet} )", re.MULTILINE)
    for bullet in ("-", "\u2022", r"[0-9]+\.")
)
_SOFT = re.compile(rf"(?: *{SOFT_BREAK}(?P<prefix>[ >]*){END} *)+")


@dataclass(frozen=True, slots=True)
class Style:
    """What stands for each kind of markup."""

    strong: str
    emphasis: str
    code: str
    fence: str
    heading: str
    bullet: str
    escape: Callable[[str], str]
    link: Callable[[str, str], str]


def _plain_link(text: str, address: str) -> str:
    bare = address.removeprefix("mailto:").removeprefix("tel:")
    return bare if text in {address, bare} else f"{text} ({bare})"


def _slack_link(text: str, address: str) -> str:
    return f"<{mrkdwn(address).replace('|', '%7C')}|{text}>"


PLAIN = Style("", "", "", "", "", "-", str, _plain_link)
SLACK = Style("*", "_", "`", "```", "*", "\u2022", mrkdwn, _slack_link)


def to_text(tokens: Sequence[Token], style: Style) -> str:
    """Text with marks, in one style; tidy() makes it neat after the values are in."""
    writer = _Writer(style)
    writer.write_all(tokens)
    return "".join(writer.out)


def tidy(text: str) -> str:
    """Remove what false conditions have left behind: blank lines, empty list items, double spaces."""
    text = _SOFT.sub(_line_end, text)
    text = _EMPTY_ITEM.sub("", _TRAILING.sub("", text) + "\n")
    text = _GAPS.sub(_shrink, text)
    for between in _BETWEEN_ITEMS:
        text = between.sub(r"\1\n", text)
    return _DOUBLE_SPACES.sub(" ", text).strip()


def _line_end(found: re.Match[str]) -> str:
    """A line end inside a paragraph; nothing if a false condition has left it at an edge."""
    before = found.string[: found.start()].rstrip(" >")
    is_at_edge = not before or before.endswith("\n") or found.string[found.end() :][:1] in {"", "\n"}
    return "" if is_at_edge else f"\n{found['prefix']}"


def _shrink(gap: re.Match[str]) -> str:
    last = gap[0].rpartition("\n")[2]
    return f"\n{last.rstrip()}\n{last}"


@dataclass
class _Writer:
    """Writes tokens one after the other.

    prefix: what every new line begins with; is_fresh: a list item or quote has just begun, so that its first
    block needs no new line; counts: the number of the next item of each open list, None for bullets.
    """

    style: Style
    out: list[str] = field(default_factory=list)
    prefix: str = ""
    is_fresh: bool = False
    counts: list[int | None] = field(default_factory=list)
    links: list[tuple[str, int]] = field(default_factory=list)

    def write_all(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            write = _WRITE.get(token.type)
            if write:
                write(self, token)

    def begin_block(self, lines: int = 2) -> None:
        if not self.is_fresh:
            self.out.append(f"\n{self.prefix}" * lines)
        self.is_fresh = False


def _text(writer: _Writer, token: Token) -> None:
    writer.out.append(writer.style.escape(token.content))


def _paragraph(writer: _Writer, token: Token) -> None:
    if not token.hidden:
        writer.begin_block()


def _heading(writer: _Writer, _token: Token) -> None:
    writer.begin_block()
    writer.out.append(writer.style.heading)


def _inline(writer: _Writer, token: Token) -> None:
    writer.is_fresh = False
    writer.write_all(token.children or ())


def _fence(writer: _Writer, token: Token) -> None:
    fence = writer.style.fence
    lines = [fence, *writer.style.escape(token.content).rstrip("\n").split("\n"), fence]
    writer.begin_block()
    writer.out.append(f"\n{writer.prefix}".join(line for line in lines if line or not fence))


def _rule(writer: _Writer, _token: Token) -> None:
    writer.begin_block()
    writer.out.append("---")


def _quote(writer: _Writer, _token: Token) -> None:
    writer.begin_block()
    writer.out.append("> ")
    writer.prefix += "> "
    writer.is_fresh = True


def _unquote(writer: _Writer, _token: Token) -> None:
    writer.prefix = writer.prefix[:-2]
    writer.is_fresh = False


def _list(writer: _Writer, token: Token) -> None:
    writer.begin_block(1 if writer.counts else 2)
    writer.is_fresh = True
    start = token.attrs.get("start", 1)
    writer.counts.append(int(start) if token.type == "ordered_list_open" else None)


def _end_list(writer: _Writer, _token: Token) -> None:
    writer.counts.pop()
    writer.is_fresh = False


def _item(writer: _Writer, _token: Token) -> None:
    number = writer.counts[-1]
    bullet = writer.style.bullet if number is None else f"{number}."
    if number is not None:
        writer.counts[-1] = number + 1
    writer.begin_block(1)
    writer.out.append(f"{bullet} ")
    writer.prefix += "  "
    writer.is_fresh = True


def _end_item(writer: _Writer, _token: Token) -> None:
    writer.prefix = writer.prefix[:-2]
    writer.is_fresh = False


def _link(writer: _Writer, token: Token) -> None:
    writer.links.append((str(token.attrs["href"]), len(writer.out)))


def _end_link(writer: _Writer, _token: Token) -> None:
    address, start = writer.links.pop()
    text = "".join(writer.out[start:])
    writer.out[start:] = [writer.style.link(text, address)]


def _put(words: Callable[[Style], str]) -> _Write:
    return lambda writer, _token: writer.out.append(words(writer.style))


def _code(writer: _Writer, token: Token) -> None:
    mark = writer.style.code
    writer.out.append(f"{mark}{writer.style.escape(token.content)}{mark}")


_WRITE: Mapping[str, _Write] = {
    "text": _text,
    "inline": _inline,
    "paragraph_open": _paragraph,
    "heading_open": _heading,
    "heading_close": _put(lambda style: style.heading),
    "fence": _fence,
    "hr": _rule,
    "blockquote_open": _quote,
    "blockquote_close": _unquote,
    "bullet_list_open": _list,
    "ordered_list_open": _list,
    "bullet_list_close": _end_list,
    "ordered_list_close": _end_list,
    "list_item_open": _item,
    "list_item_close": _end_item,
    "link_open": _link,
    "link_close": _end_link,
    "strong_open": _put(lambda style: style.strong),
    "strong_close": _put(lambda style: style.strong),
    "em_open": _put(lambda style: style.emphasis),
    "em_close": _put(lambda style: style.emphasis),
    "code_inline": _code,
    "softbreak": lambda writer, _token: writer.out.append(f"{SOFT_BREAK}{writer.prefix}{END}"),
    "hardbreak": lambda writer, _token: writer.out.append(f"\n{writer.prefix}"),
}
