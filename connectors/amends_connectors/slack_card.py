"""A card for Slack: read from a delivery, laid out in Block Kit, and as plain text for people to look at.

Words of customers appear in it. Rendering escapes them; whatever it let through, nobody is mentioned here.
"""

import html
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amends_connectors.contract import Delivery, Rejected

if TYPE_CHECKING:
    from slack_sdk.models.blocks import Block

EVENT_TYPE = "amends_effect"

# what Slack takes: https://docs.slack.dev/reference/block-kit/blocks
_TITLE, _SECTION, _FIELD, _CONTEXT, _TEXT = 150, 3000, 2000, 2000, 4000
_POSSIBLE_REPEAT = "Possible repeat: this may have been posted before."
_FIELDS_IN_A_SECTION, _SECTIONS = 10, 4

_MENTION = re.compile(r"@(?=(?:here|channel|everyone|group|subteam)\b)", re.IGNORECASE)
_BARE_AND = re.compile(r"&(?!(?:amp|lt|gt);)")
_LINK = re.compile(r"(<(?:https?://|mailto:|tel:)[^<>|\s]+\|[^<>|\n]+>)")  # as rendering writes a template's links
_HALF = re.compile(r"(?:&[a-z]{0,3}|<(?:https?|mailto|tel):[^<>]*)\Z")
_WORD_JOINER = "\u2060"  # invisible; "@" before it is only a letter


@dataclass(frozen=True, slots=True)
class SlackCard:
    """title and labels are plain; body and values are mrkdwn; text: what a notification shows; context: which rule."""

    channel: str
    text: str
    title: str
    body: str
    facts: tuple[tuple[str, str], ...]
    context: str
    effect_id: str
    is_possible_repeat: bool = False
    thread: str = ""


def read_card(delivery: Delivery) -> SlackCard:
    """Raises Rejected when the request is not a card."""
    title = delivery.text("title", "")
    return SlackCard(
        channel=delivery.text("channel"),
        text=delivery.text("text", title),
        title=title,
        body=delivery.text("body", ""),
        facts=tuple(_facts(delivery.request.get("facts", []))),
        context=delivery.text("context", ""),
        effect_id=delivery.effect_id,
        is_possible_repeat=delivery.is_possible_repeat,
        thread=delivery.text("thread", ""),
    )


def message_of(card: SlackCard) -> dict[str, Any]:
    """The arguments of chat.postMessage; raises Rejected when Slack's own models find the card too long."""
    from slack_sdk.errors import SlackObjectFormationError

    try:
        blocks = [block.to_dict() for block in _blocks(card)]
    except SlackObjectFormationError as error:
        raise Rejected(f"the card does not fit Slack: {error}") from error
    return {
        "channel": card.channel,
        "text": _fit(card.text or card.title or card.body, _TEXT),
        "blocks": blocks,
        "metadata": {"event_type": EVENT_TYPE, "event_payload": {"effect_id": card.effect_id}},
        "unfurl_links": False,
        "unfurl_media": False,
        "link_names": False,
        "parse": "none",
        **({"thread_ts": card.thread} if card.thread else {}),
    }


def readable(card: SlackCard) -> str:
    """The card as plain text, about as Slack shows it."""
    width = max((len(label) for label, _ in card.facts), default=0)
    parts = [
        f"To {card.channel}",
        f"{card.title}\n{'─' * min(max(len(card.title), 20), 72)}" if card.title else "",
        "\n".join(_fact_line(label, value, width) for label, value in card.facts),
        "\n".join(_wrap(line) for line in _plain(card.body).strip().splitlines()),
        _wrap(card.context),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def escape(text: str) -> str:
    """Plain text without a mention in it; text that is escaped already comes back as it is."""
    text = _BARE_AND.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
    return _MENTION.sub("@" + _WORD_JOINER, text)


def markup(text: str) -> str:
    """mrkdwn with the links of templates in it, and everything else escaped."""
    return "".join(piece if is_link else escape(piece) for is_link, piece in pieces(text))


def pieces(text: str) -> Iterator[tuple[bool, str]]:
    """mrkdwn as links (<address|words>) and what is between them."""
    for place, piece in enumerate(_LINK.split(text)):
        yield place % 2 == 1, piece


def link_parts(link: str) -> tuple[str, str]:
    """Address and words of a link, both as mrkdwn escapes them."""
    address, _, words = link[1:-1].partition("|")
    return address, words


def _facts(given: object) -> Iterator[tuple[str, str]]:
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise Rejected("the request's facts are not a list of label and value")
    for pair in given:
        match pair:
            case [str(label), str(value)]:
                yield label, value
            case _:
                raise Rejected("the request's facts are not a list of label and value")


def _blocks(card: SlackCard) -> "Iterator[Block]":
    from slack_sdk.models.blocks import ContextBlock, HeaderBlock, MarkdownTextObject, PlainTextObject, SectionBlock

    def mrkdwn(text: str) -> MarkdownTextObject:
        return MarkdownTextObject(text=text, verbatim=True)  # no link or mention is made of what looks like one

    if card.title:
        yield HeaderBlock(text=PlainTextObject(text=_cut(card.title, _TITLE), emoji=True))
    for start in range(0, len(card.facts), _FIELDS_IN_A_SECTION):
        facts = card.facts[start : start + _FIELDS_IN_A_SECTION]
        yield SectionBlock(fields=[mrkdwn(_field(label, value)) for label, value in facts])
    for part in _sections(card.body.strip()):
        yield SectionBlock(text=mrkdwn(part), expand=True)
    if card.context:
        yield ContextBlock(elements=[mrkdwn(_fit(card.context, _CONTEXT))])
    if card.is_possible_repeat:
        yield ContextBlock(elements=[mrkdwn(_POSSIBLE_REPEAT)])


def _field(label: str, value: str) -> str:
    name = _fit(label, 200)
    return f"*{name}*\n{_fit(value or '–', _FIELD - len(name) - 3, markup)}"


def _sections(body: str) -> Iterator[str]:
    """The body in pieces a section takes, broken between words where it can be; the end of a very long one is cut."""
    for number in range(1, _SECTIONS + 1):
        if not body:
            return
        piece = body if number == _SECTIONS else body[: _room(body)]
        yield _fit(piece.rstrip(), _SECTION, markup)
        body = body[len(piece) :].lstrip()


def _room(text: str) -> int:
    """How many characters of the text fill one section once they are escaped."""
    if len(markup(text)) <= _SECTION:
        return len(text)
    end = min(len(text), _SECTION)
    while len(markup(text[:end])) > _SECTION:
        end -= max(1, (len(markup(text[:end])) - _SECTION) // 6)
    space = max(text.rfind(" ", 0, end), text.rfind("\n", 0, end))
    return space + 1 if space > end // 2 else end


def _fit(text: str, limit: int, write: Callable[[str], str] = escape) -> str:
    """The escaped text, shortened to the limit with … so that no entity and no link is cut in two."""
    if len(write(text)) <= limit:
        return write(text)
    kept = _HALF.sub("", text[: limit - 1])
    while len(write(kept)) > limit - 1:
        kept = _HALF.sub("", kept[: -max(1, (len(write(kept)) - limit) // 6)])
    return f"{write(kept)}…"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _plain(text: str) -> str:
    """mrkdwn as people read it: links as words and address."""
    shown = ("{1} ({0})".format(*link_parts(piece)) if is_link else piece for is_link, piece in pieces(text))
    return html.unescape("".join(shown))


def _fact_line(label: str, value: str, width: int) -> str:
    return textwrap.fill(
        _plain(value) or "–", 80, initial_indent=f"{label:<{width}}  ", subsequent_indent=" " * (width + 2)
    )


def _wrap(text: str) -> str:
    return textwrap.fill(text, 80)
