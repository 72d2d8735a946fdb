"""A template that has been read: facts in, a message or a card out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from amends_engine.findings import Place
from amends_engine.messages import Card, Form, Message, Promise, Purpose
from amends_engine.templates.pages import page
from amends_engine.templates.plain_prose import tidy
from amends_engine.templates.prose import tidy_html
from amends_engine.templates.scripts import Script
from amends_engine.values import Value
from amends_engine.writing import Look, clean, cut

MAX_SUBJECT = 255
MAX_TITLE = 150
MAX_CARD_TEXT = 3_000
MAX_FACT = 1_900

Facts = Mapping[str, Value]


class Parts(Protocol):
    """The scripts of one template."""

    def render(self, facts: Facts, look: Look) -> Message | Card: ...


@dataclass(frozen=True)
class EmailParts:
    subject: Script
    text: Script
    html: Script
    purpose: Purpose

    def render(self, facts: Facts, look: Look) -> Message:
        company = clean(str(facts.get("workspace.company", "")))
        subject = one_line(self.subject.render(facts, look), MAX_SUBJECT) or company
        body = tidy_html(self.html.render(facts, look))
        return Message(
            subject=subject,
            text=tidy(self.text.render(facts, look)),
            html=page(body, subject=subject, company=company, language=look.language),
            language=look.language,
            purpose=self.purpose,
        )


@dataclass(frozen=True)
class CardParts:
    """facts: label, value as mrkdwn, value as plain text."""

    title: Script
    text: Script
    plain: Script
    facts: tuple[tuple[str, Script, Script], ...]
    name: str

    def render(self, facts: Facts, look: Look) -> Card:
        title = one_line(self.title.render(facts, look), MAX_TITLE) or self.name
        plain = [title, tidy(self.plain.render(facts, look))]
        plain.append("\n".join(f"{label}: {value}" for label, value in self._facts(facts, look, 1)))
        return Card(
            title=title,
            text=cut_mrkdwn(tidy(self.text.render(facts, look)), MAX_CARD_TEXT),
            facts=tuple((label, cut_mrkdwn(value, MAX_FACT)) for label, value in self._facts(facts, look, 0)),
            plain="\n\n".join(part for part in plain if part),
            language=look.language,
        )

    def _facts(self, facts: Facts, look: Look, form: int) -> list[tuple[str, str]]:
        """Labels with their values, without those that are empty: Slack refuses a whole message for one."""
        written = [(label, scripts[form].render(facts, look).strip()) for label, *scripts in self.facts]
        return [(label, value) for label, value in written if value]


@dataclass(frozen=True)
class Template:
    """One file of templates/. uses: full names of the fields in it; promises: what it tells the customer."""

    name: str
    language: str
    kind: Form
    purpose: Purpose | None
    promises: tuple[Promise, ...]
    uses: frozenset[str]
    place: Place
    parts: Parts

    def render(self, facts: Facts, look: Look) -> Message | Card:
        """Write the message in the template's language; raises MissingValue rather than leave a gap.

        look: its zone is used, and its language where it only says more than the template's ("de-AT" for "de").
        """
        is_closer = look.language.lower().startswith(f"{self.language.lower()}-")
        return self.parts.render(facts, look if is_closer else replace(look, language=self.language))


def one_line(text: str, limit: int) -> str:
    return cut(" ".join(text.split(" ")).strip(), limit)


def cut_mrkdwn(text: str, limit: int) -> str:
    """Shorten Slack markup without leaving half an entity or half a link at the end."""
    if len(text) <= limit:
        return text
    kept = cut(text, limit).removesuffix("…")
    for opening, closing in (("<", ">"), ("&", ";")):
        start = kept.rfind(opening)
        if start > kept.rfind(closing):
            kept = kept[:start]
    return f"{kept.rstrip()}…"
