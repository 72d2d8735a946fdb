"""The tags of a template text: `{{ show }}`, `{% if %}` and its like, and `{# remarks #}`, found but not yet read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from amends_engine.findings import Finding
from amends_engine.templates.excerpts import Excerpt

MAX_TAGS = 200


class TagKind(StrEnum):
    SHOW = "show"
    IF = "if"
    ELIF = "elif"
    ELSE = "else"
    ENDIF = "endif"

    @property
    def has_condition(self) -> bool:
        return self in {TagKind.IF, TagKind.ELIF}


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag; words: what it says without its braces and keyword; offset: where it begins in the text."""

    kind: TagKind
    words: str
    offset: int


_OPENING = re.compile(r"\{\{|\{%|\{#")
_CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}"}
_KEYWORD = re.compile(r"\s*([A-Za-z_]*)(.*)\Z", re.DOTALL)
_HELP = "a template takes {{ entity.field }} and {% if … %}, {% elif … %}, {% else %}, {% endif %}"


def split(excerpt: Excerpt, findings: list[Finding]) -> list[str | Tag]:
    """Literal text and tags in the order of the text; what is no tag is reported and left out."""
    parts: list[str | Tag] = []
    end = 0
    for start, stop in _spans(excerpt, findings):
        parts.append(excerpt.text[end:start])
        tag = _read(excerpt, start, stop, findings)
        if tag:
            parts.append(tag)
        end = stop
        if len(parts) > 2 * MAX_TAGS:
            message = f"The text has more than {MAX_TAGS} placeholders and conditions"
            findings.append(Finding("too-long", message, excerpt.place(start), "make it shorter"))
            break
    return [*parts, excerpt.text[end:]]


def _spans(excerpt: Excerpt, findings: list[Finding]) -> Iterator[tuple[int, int]]:
    """Where each tag begins and ends; one that is never closed is reported and skipped."""
    text, position, unclosed = excerpt.text, 0, 0
    while unclosed < 10 and (opening := _OPENING.search(text, position)):
        closing = _CLOSING[opening[0]]
        end = text.find(closing, opening.end())
        inner = _OPENING.search(text, opening.end(), max(end, opening.end()))
        if end >= 0 and (inner is None or opening[0] == "{#"):
            position = end + 2
            yield opening.start(), position
            continue
        message = f"{opening[0]} is not closed"
        findings.append(
            Finding("template-syntax", message, excerpt.place(opening.start()), f"write {closing} after it")
        )
        position, unclosed = inner.start() if inner else len(text), unclosed + 1


def _read(excerpt: Excerpt, start: int, stop: int, findings: list[Finding]) -> Tag | None:
    source = excerpt.text[start:stop]
    words = source[2:-2].removeprefix("-").removesuffix("-").strip()
    if source.startswith("{#"):
        return None
    if source.startswith("{{"):
        return Tag(TagKind.SHOW, words, start)
    return _statement(excerpt, words, start, findings)


def _statement(excerpt: Excerpt, words: str, start: int, findings: list[Finding]) -> Tag | None:
    keyword, rest = _keyword(words)
    if keyword not in {kind.value for kind in TagKind} - {"show"}:
        message = f"{{% {keyword or words[:40]} %}} is not part of the language of templates"
        findings.append(Finding("template-syntax", message, excerpt.place(start), _HELP))
        return None
    kind = TagKind(keyword)
    if rest and not kind.has_condition:
        message = f"{{% {keyword} %}} takes nothing after {keyword}"
        findings.append(Finding("template-syntax", message, excerpt.place(start), f"write {{% {keyword} %}}"))
    return Tag(kind, rest, start)


def _keyword(words: str) -> tuple[str, str]:
    found = _KEYWORD.match(words)
    return (found[1], found[2].strip()) if found else ("", words)
