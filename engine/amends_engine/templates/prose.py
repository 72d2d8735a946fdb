"""The Markdown of a template, read once: what is wrong with it, and its HTML."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain, islice
from urllib.parse import quote

from markdown_it import MarkdownIt
from markdown_it.common.normalize_url import normalizeLink
from markdown_it.token import Token

from amends_engine.findings import Finding
from amends_engine.placeholders import parse_text
from amends_engine.templates.blocks import with_blocks
from amends_engine.templates.marked_text import ADDRESS, END, MARK, SHOW, SOFT_BREAK, STATEMENT, MarkedText, statements
from amends_engine.templates.tags import TagKind

_TAGS_ONLY = re.compile(rf"(?:[ \t]*{STATEMENT}[0-9]+{END})+[ \t]*")
_HTML_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]*(?:\s[^<>]{0,200})?/?>")
_SINGLE_BRACES = re.compile(r"\{\s{0,9}([a-z][\w-]{0,60}\.[\w.-]{1,60})\s{0,9}\}")
_PICTURE = re.compile(r"!\[[^\[\]]{0,200}\][(\[]")
_NO_MARK = re.compile("[^\ue000-\ue00f]+")
_LOST_LINK = re.compile(r"\[[^\[\]]{0,80}\]\([^()]{0,80}\)")
_SAFE_START = re.compile(r"(https?://[A-Za-z0-9.-]+(:[0-9]+)?[/?#]|mailto:|tel:)")
_SCHEME = re.compile(r"(https?://[A-Za-z0-9\[]|mailto:.|tel:.)")
_LINK_HELP = "write the whole address: [text](https://…)"
_PART = re.compile(rf"<(?P<end>/?)(?P<tag>[a-z][a-z0-9]*)[^>]*>|{MARK.pattern}")
_EMPTY = re.compile(r'<(p|li|ul|ol|h[1-6]|blockquote) style="[^"]*">\s*</\1>\n?')
_LEADING = re.compile(rf'(<(?:p|li|h[1-6]) style="[^"]*">)(?:\s|{SOFT_BREAK})+')
_CLOSING = re.compile(rf"(?:\s|{SOFT_BREAK})+(?=</(?:p|li|h[1-6])>)")
_LINE_END = re.compile(rf"\s*(?:{SOFT_BREAK}\s*)+")
_BETWEEN_LISTS = re.compile(r"</(ul|ol)>\s*<\1\b[^>]*>\n?")
_MAX_COMPLAINTS = 20
_VOID = frozenset({"br", "hr"})

_STYLES = {
    "p": "margin:0 0 16px",
    "h1": "margin:0 0 16px;font-size:24px;line-height:1.3",
    "h2": "margin:0 0 12px;font-size:20px;line-height:1.3",
    "h3": "margin:0 0 8px;font-size:17px;line-height:1.3",
    "ul": "margin:0 0 16px;padding:0 0 0 24px",
    "ol": "margin:0 0 16px;padding:0 0 0 24px",
    "li": "margin:0 0 6px",
    "blockquote": "margin:0 0 16px;padding:2px 0 2px 14px;border-left:3px solid #c4ccd4",
    "a": "color:#0b57d0",
    "hr": "margin:24px 0;border:0;border-top:1px solid #d5dbe1",
    "code": "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:15px;white-space:pre-wrap",
}
_INNER_STYLES = {
    "p": "margin:0 0 6px",
    "ul": "margin:6px 0 0;padding:0 0 0 24px",
    "ol": "margin:6px 0 0;padding:0 0 0 24px",
}


@cache
def _markdown() -> MarkdownIt:
    # no raw HTML, no pictures; no indented code, which is an accident in most letters
    markdown = MarkdownIt("commonmark", {"html": False}).disable(["code", "image"])
    markdown.normalizeLink = _normal_address  # type: ignore[method-assign]
    markdown.add_render_rule("softbreak", lambda *_: SOFT_BREAK)
    return markdown


def _normal_address(url: str) -> str:
    """Percent-encode what has to be; marks stay as they are, wherever they stand."""
    if not MARK.search(url):
        return normalizeLink(url)
    return _NO_MARK.sub(lambda part: quote(part[0], safe="%;/?:@&=+$,-_.!~*'()#[]"), url)


def read_markdown(marked: MarkedText, findings: list[Finding]) -> list[Token]:
    """The tokens of a text; pictures, unsafe links and tags of HTML are reported."""
    tokens = _markdown().parse(with_blocks(marked))
    for token in _walk(tokens):
        _settle(token)
    complaints = chain(_raw_complaints(marked.text), *map(_complaints, _walk(tokens)))
    for message, remedy, words in islice(complaints, _MAX_COMPLAINTS):
        findings.append(Finding("template-syntax", message, marked.excerpt.find(words), remedy))
    _hide_paragraphs_of_tags(tokens)
    return tokens


def _walk(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


def _settle(token: Token) -> None:
    """Give one token its style; marks in addresses are of another sort than those in text."""
    if token.type == "link_open":
        token.attrs = {"href": str(token.attrs.get("href", "")).replace(SHOW, ADDRESS)}
    if token.type == "fence":
        token.info = ""
    styles = _INNER_STYLES if token.level else _STYLES
    if token.nesting >= 0 and (style := styles.get(token.tag) or _STYLES.get(token.tag)):
        token.attrSet("style", style)


def _raw_complaints(text: str) -> Iterator[tuple[str, str, str]]:
    if _PICTURE.search(text):
        yield "Pictures are not part of a message", "remove it; many mail programs do not load pictures", "!["
    for words in ("}}", "%}"):
        if words in text:
            yield f"{words} has no opening", "write {{ entity.field }}", words


def _complaints(token: Token) -> Iterator[tuple[str, str, str]]:
    """What is wrong with one token: message, remedy, and words to find it by."""
    if token.type == "link_open":
        yield from _link_complaints(str(token.attrs["href"]))
    if token.type == "text":
        yield from _text_complaints(token.content)


def _link_complaints(href: str) -> Iterator[tuple[str, str, str]]:
    marks = MARK.search(href)
    shown = MARK.sub("…", href)[:60]
    start = href[: marks.start()] if marks else href
    if STATEMENT in href:
        yield f"The address {shown} holds a condition", "put {% if %} around the whole link", start
    elif marks and not _SAFE_START.match(start):
        yield f"A placeholder stands in the host of the address {shown}", _LINK_HELP, start or "]("
    elif not _SCHEME.match(href):
        yield f"The address {shown or 'of a link'} is not one that works in a message", _LINK_HELP, start or "]("


def _text_complaints(text: str) -> Iterator[tuple[str, str, str]]:
    for name in parse_text(text).fields:
        yield f"<{name}> is not a placeholder in a template", f"write {{{{ {name} }}}}", f"<{name}>"
    for braces in _SINGLE_BRACES.finditer(text):
        yield f"{braces[0]} is not a placeholder", f"write {{{{ {braces[1]} }}}}", braces[0]
    if tag := _HTML_TAG.search(text):
        yield f"{tag[0][:40]} would be shown as it stands", "write Markdown, not HTML", tag[0]
    if link := _LOST_LINK.search(text):
        words = MARK.split(link[0])[0]
        yield "A link cannot be read and would be shown as it stands", _LINK_HELP, words


def _hide_paragraphs_of_tags(tokens: list[Token]) -> None:
    for opening, inline, closing in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if opening.type == "paragraph_open" and _TAGS_ONLY.fullmatch(inline.content.strip()):
            opening.hidden = closing.hidden = True


def to_html(tokens: Sequence[Token]) -> str:
    """HTML with marks; whatever a value says, the elements are these."""
    markdown = _markdown()
    return str(markdown.renderer.render(tokens, markdown.options, {}))


def tidy_html(html: str) -> str:
    """Rendered HTML as if there had been no conditions: no empty paragraphs and lines, no list cut in two.

    A line end of the author is a line end, as in a mail program.
    """
    html = _LINE_END.sub("<br>\n", _CLOSING.sub("", _LEADING.sub(r"\1", html)))
    while (shorter := _EMPTY.sub("", html)) != html:
        html = shorter
    return _BETWEEN_LISTS.sub("", html)


def check_presence(html: str, marked: MarkedText, findings: list[Finding]) -> None:
    """Report a placeholder that Markdown has swallowed: in the title of a link, or in a reference nobody uses."""
    shown = {int(found[1]) for found in MARK.finditer(html)}
    for number, mark in enumerate(marked.marks):
        if mark.tag.kind is TagKind.SHOW and number not in shown:
            message = "This placeholder would not be shown: Markdown leaves out the text around it"
            place = marked.excerpt.place(mark.tag.offset)
            findings.append(Finding("template-syntax", message, place, "write it into the text itself"))


def check_nesting(html: str, marked: MarkedText, findings: list[Finding]) -> None:
    """Report a condition that begins inside a paragraph, list or bold text and ends outside of it."""
    culprit = _first_crossing(html, marked)
    if culprit is not None:
        message = "This condition begins inside a paragraph, list or marked text and ends outside of it"
        remedy = "put each of its tags on a line of its own, with blank lines around"
        place = marked.excerpt.place(marked.marks[culprit].tag.offset)
        findings.append(Finding("template-syntax", message, place, remedy))


def _first_crossing(html: str, marked: MarkedText) -> int | None:
    """The number of the first mark at which HTML and conditions are not nested in each other."""
    expected = iter(statements(marked.marks))
    stack: list[str] = []
    last = 0
    for found in _PART.finditer(html):
        if found["tag"]:
            if not _follow_element(stack, found):
                return last
        elif found[0][0] == STATEMENT:
            number = last = int(found[3])
            if number != next(expected, None) or not _follow_condition(stack, marked.marks[number].tag.kind):
                return number
    return next(expected, None)


def _follow_element(stack: list[str], found: re.Match[str]) -> bool:
    if found["tag"] in _VOID:
        return True
    if not found["end"]:
        stack.append(found["tag"])
        return True
    return bool(stack) and stack.pop() == found["tag"]


def _follow_condition(stack: list[str], kind: str) -> bool:
    if kind == "if":
        stack.append("{%")
        return True
    is_inside = bool(stack) and stack[-1] == "{%"
    if is_inside and kind == "endif":
        stack.pop()
    return is_inside
