"""A small company whose templates are written in the tests; each fixture is a function."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

import pytest

from amends_engine.documents import load
from amends_engine.field_reading import read_fields
from amends_engine.fields import Fields
from amends_engine.findings import Finding
from amends_engine.messages import Card, Message
from amends_engine.templates import Templates, read_templates
from amends_engine.values import Money, Value
from amends_engine.writing import Look

FIELDS = b"""
version: 1
entities:
  customer:
    fields:
      name: {type: text, personal: true, fallback: there}
      nickname: text
      language: text
      tier: "one of [basic, silver, gold]"
      vip: yes or no
      spend: money
      topics: list of text
events:
  feedback.received:
    means: Somebody said what they think
    fields:
      nps: {type: whole number from 0 to 10, required: true}
      score: number
      comment: text
      flight-no: text
"""

LOOK = Look("en", ZoneInfo("Europe/Berlin"))

FACTS: Mapping[str, Value] = {
    "customer.id": "c1",
    "customer.name": "Ana López",
    "event.id": "e-1",
    "feedback.nps": 3,
    "rule.why": "A premium customer hears from us",
    "workspace.company": "Northwind Air",
}

VOUCHER: Mapping[str, Value] = {
    "voucher.code": "SORRY-8K2M",
    "voucher.value": Money(7500, "EUR"),
    "voucher.valid_until": datetime(2026, 5, 30, 22, 30, tzinfo=UTC),
}

Read: TypeAlias = Callable[..., tuple[Templates, list[Finding]]]
Write: TypeAlias = Callable[..., str]
RenderEmail: TypeAlias = Callable[..., Message]
RenderCard: TypeAlias = Callable[..., Card]


def _fields() -> Fields:
    root, findings = load(FIELDS, "fields.yaml")
    assert root is not None
    read = read_fields(root, findings)
    assert findings == []
    return read


def _read(files: Mapping[str, str | bytes], language: str = "en") -> tuple[Templates, list[Finding]]:
    raw = {f"templates/{name}": text.encode() if isinstance(text, str) else text for name, text in files.items()}
    return read_templates(raw, _fields(), language)


def _email(body: str, subject: str = "We are sorry", more: str = "") -> str:
    return f"---\nkind: email\nsubject: {subject}\npurpose: service\n{more}---\n{body}"


def _card(body: str, title: str = "Look at this", more: str = "") -> str:
    return f"---\nkind: card\ntitle: {title}\n{more}---\n{body}"


def _render(text: str, facts: Mapping[str, Value], look: Look, language: str) -> Message | Card:
    templates, findings = _read({f"x.{language}.md": text}, language)
    assert findings == []
    return templates.get("x", [language]).render({**FACTS, **facts}, look)


@pytest.fixture
def read() -> Read:
    """Read template files by name; gives templates and findings."""
    return _read


@pytest.fixture
def email() -> Write:
    """The text of an e-mail file, from its body."""
    return _email


@pytest.fixture
def card() -> Write:
    return _card


@pytest.fixture
def render_email() -> RenderEmail:
    """Read an e-mail of this body and subject, and fill it with facts on top of the usual ones."""

    def render(
        body: str,
        facts: Mapping[str, Value] | None = None,
        *,
        subject: str = "We are sorry",
        more: str = "",
        look: Look = LOOK,
        language: str = "en",
    ) -> Message:
        message = _render(_email(body, subject, more), facts or {}, look, language)
        assert isinstance(message, Message)
        return message

    return render


@pytest.fixture
def render_card() -> RenderCard:
    def render(
        body: str, facts: Mapping[str, Value] | None = None, *, title: str = "Look at this", more: str = ""
    ) -> Card:
        message = _render(_card(body, title, more), facts or {}, LOOK, "en")
        assert isinstance(message, Card)
        return message

    return render


@pytest.fixture
def voucher() -> Mapping[str, Value]:
    """What a voucher step gives."""
    return VOUCHER


@pytest.fixture
def problems(read: Read, email: Write) -> Callable[..., list[str]]:
    """The findings of an e-mail body as "line:column code message | remedy"."""

    def find(body: str, subject: str = "We are sorry", more: str = "") -> list[str]:
        _, findings = read({"x.en.md": email(body, subject, more)})
        return [
            f"{at.line}:{at.column} {found.code} {found.message} | {found.remedy}"
            for found in findings
            if (at := found.place)
        ]

    return find
