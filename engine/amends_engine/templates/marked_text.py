"""A template text with its tags replaced by marks, private characters that Markdown leaves alone.

So the text can be turned into HTML before any value is near it, and values can never become markup.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from amends_engine.findings import Finding
from amends_engine.templates.excerpts import Excerpt
from amends_engine.templates.expressions import Expression, Refused, Scope, read_condition, read_output
from amends_engine.templates.tags import Tag, TagKind, split

MAX_NESTED = 10

SHOW, STATEMENT, ADDRESS, END, SOFT_BREAK = "\ue000", "\ue001", "\ue002", "\ue003", "\ue004"
MARK = re.compile(f"[{SHOW}{STATEMENT}{ADDRESS}]([0-9]{{1,3}}){END}")
UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ue000-\ue00f\ufdd0-\ufdef\ufffe\uffff]"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """What one mark stands for; its number is its index."""

    tag: Tag
    expression: Expression | None


@dataclass(frozen=True, slots=True)
class MarkedText:
    """text: literal text with marks; excerpt: where it comes from."""

    text: str
    marks: tuple[Mark, ...]
    excerpt: Excerpt

    @property
    def uses(self) -> frozenset[str]:
        return frozenset().union(*(mark.expression.uses for mark in self.marks if mark.expression))

    @property
    def literal(self) -> str:
        return MARK.sub("", self.text)


@dataclass(slots=True)
class _Open:
    """An {% if %} that is not closed yet; there: fields that have a value in the present branch."""

    tag: Tag
    there: frozenset[str]
    there_if_all_false: frozenset[str]
    has_else: bool = False


@dataclass
class _Marking:
    scope: Scope
    excerpt: Excerpt
    findings: list[Finding]
    marks: list[Mark] = field(default_factory=list)
    open: list[_Open] = field(default_factory=list)

    def report(self, tag: Tag, code: str, message: str, remedy: str = "") -> None:
        self.findings.append(Finding(code, message, self.excerpt.place(tag.offset), remedy))

    def mark(self, tag: Tag) -> str:
        """Check one tag and give the mark that replaces it."""
        expression = self._read(tag)
        if tag.kind is TagKind.SHOW:
            self._check_fallbacks(tag, expression)
        else:
            self._follow(tag, expression)
        self.marks.append(Mark(tag, expression))
        return f"{SHOW if tag.kind is TagKind.SHOW else STATEMENT}{len(self.marks) - 1}{END}"

    def _read(self, tag: Tag) -> Expression | None:
        if tag.kind in {TagKind.ELSE, TagKind.ENDIF}:
            return None
        try:
            return (read_condition if tag.kind.has_condition else read_output)(tag.words, self.scope)
        except Refused as refused:
            self.report(tag, refused.code, refused.message, refused.remedy)
            return None

    def _check_fallbacks(self, tag: Tag, expression: Expression | None) -> None:
        there = frozenset().union(*(branch.there for branch in self.open))
        for name in sorted((expression.needs if expression else frozenset()) - there):
            remedy = f"add `fallbacks: {{{name}: …}}` at the top, or put it in {{% if {name} %}} … {{% endif %}}"
            self.report(tag, "fallback-missing", f"{name} may be missing and has no fallback text", remedy)

    def _follow(self, tag: Tag, expression: Expression | None) -> None:
        if_true = expression.if_true if expression else frozenset()
        if_false = expression.if_false if expression else frozenset()
        if tag.kind is TagKind.IF:
            self.open.append(_Open(tag, if_true, if_false))
            if len(self.open) == MAX_NESTED + 1:
                message = f"Conditions are nested more than {MAX_NESTED} deep"
                self.report(tag, "too-deep", message, "write two templates and let the rule decide")
            return
        if not self.open or (self.open[-1].has_else and tag.kind is not TagKind.ENDIF):
            remedy = "write {% if entity.field %} before it" if not self.open else "the last branch is {% else %}"
            self.report(tag, "template-syntax", f"{{% {tag.kind} %}} has no {{% if %}} that it belongs to", remedy)
        elif tag.kind is TagKind.ENDIF:
            self.open.pop()
        else:
            branch = self.open[-1]
            branch.there = branch.there_if_all_false | if_true
            branch.there_if_all_false |= if_false
            branch.has_else = tag.kind is TagKind.ELSE


def mark_tags(excerpt: Excerpt, scope: Scope, findings: list[Finding]) -> MarkedText:
    """Read all tags of a text; a text with findings is not to be rendered."""
    for found in list(UNSEEN.finditer(excerpt.text))[:1]:
        message = f"The invisible character U+{ord(found[0]):04X} cannot stand in a template"
        findings.append(Finding("template-syntax", message, excerpt.place(found.start()), "remove it"))
    marking = _Marking(scope, excerpt, findings)
    text = "".join(
        marking.mark(part) if isinstance(part, Tag) else UNSEEN.sub("", part) for part in split(excerpt, findings)
    )
    for opened in marking.open:
        marking.report(opened.tag, "template-syntax", "{% if %} is never closed", "write {% endif %} after it")
    return MarkedText(text, tuple(marking.marks), excerpt)


def statements(marks: Iterable[Mark]) -> list[int]:
    """The numbers of the marks that are conditions, in their order."""
    return [number for number, mark in enumerate(marks) if mark.tag.kind is not TagKind.SHOW]
