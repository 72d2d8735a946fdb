"""What a template becomes: a message for a customer or a card for staff, ready to be sent."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class MissingValue(Exception):
    """A placeholder has neither a value nor a fallback: nothing may be sent."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} is missing and has no fallback text")
        self.field = field


class Form(StrEnum):
    """What a template is for; the text is the `kind` of its front matter."""

    EMAIL = "email"
    CARD = "card"


class Purpose(StrEnum):
    """Why a customer is written to: marketing needs consent and respects caps, service does not; a survey asks."""

    SERVICE = "service"
    MARKETING = "marketing"
    SURVEY = "survey"


@dataclass(frozen=True, slots=True)
class Promise:
    """What a message promises, and within what time of being sent."""

    says: str
    within: timedelta


@dataclass(frozen=True, slots=True)
class Message:
    """An e-mail: subject of one line and at most 255 characters, the same text as plain text and as HTML."""

    subject: str
    text: str
    html: str
    language: str
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Card:
    """A card for a channel of staff.

    title: plain text, at most 150 characters; text: Slack mrkdwn, at most 3,000; facts: label (plain) and
    value (mrkdwn), none of them empty; plain: all of it, for people to read and for notifications.
    """

    title: str
    text: str
    facts: tuple[tuple[str, str], ...]
    plain: str
    language: str
