"""What has to happen to a value before it stands in a message, so that it stays text wherever it goes."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from enum import StrEnum
from urllib.parse import quote

from markupsafe import Markup, escape

from amends_engine.writing import clean, cut

MAX_VALUE_IN_LINE = 80


class Sink(StrEnum):
    """Where a text goes."""

    HTML = "html"  # HTML part of an e-mail
    TEXT = "text"  # plain part of an e-mail
    SUBJECT = "subject"  # one header line
    MRKDWN = "mrkdwn"  # Slack's own markup
    CARD_TEXT = "card_text"  # a card as plain text
    TITLE = "title"  # one line of plain text on a card


_WORD_WITH_SIGN = re.compile("(?<![^ ])[^ .:\u3002\uff0e\uff61]*[.:\u3002\uff0e\uff61][^ ]*")
_DOT = re.compile(r"(?<=\w)[.\u3002\uff0e\uff61](?=[^\W\d_]{2})")
_MAIL_ADDRESS = re.compile(r"[^\s@/:]+@[^\s@/:]+\Z")
_MENTION = re.compile(r"(?<![\w.])@(?=\w)")
_CONTROL_SEQUENCE = re.compile(r"<(?=\S)")
_MARKER = re.compile(r"(?<![^\W_])[*_~](?=\S)")
_LOOKALIKE = {"*": "\u2217", "_": "\uff3f", "~": "\u223c"}


def unlinked(text: str) -> str:
    """Keep mail programs and Slack from turning customers' words into links: "evil.example" as "evil. example".

    A space and no invisible character: browsers drop those and open the address all the same.
    """
    return _WORD_WITH_SIGN.sub(_unlinked_word, text)


def _unlinked_word(found: re.Match[str]) -> str:
    word = found[0]
    if _MAIL_ADDRESS.match(word):
        return word
    return _DOT.sub(lambda dot: f"{dot[0]} ", word.replace("://", ": //"))


def _for_html(text: str) -> str:
    safe = escape(unlinked(text))
    if not text.isascii() and any(unicodedata.bidirectional(mark) in {"R", "AL"} for mark in text):
        return Markup("<bdi>%s</bdi>") % safe
    return safe


def _for_line(text: str) -> str:
    return cut(text, MAX_VALUE_IN_LINE)


def _for_card_text(text: str) -> str:
    # a word joiner keeps "<!channel>" readable and Slack from notifying everybody
    return _CONTROL_SEQUENCE.sub("<\u2060", _without_mention(unlinked(text)))


def _for_title(text: str) -> str:
    return _for_line(_for_card_text(text))


def _without_mention(text: str) -> str:
    return _MENTION.sub("@\u2060", text)


def _for_mrkdwn(text: str) -> str:
    words = _MARKER.sub(lambda found: _LOOKALIKE[found[0]], _without_mention(unlinked(text))).replace("`", "'")
    safe = mrkdwn(words)
    return f"\u2060{safe}" if safe.startswith("&gt;") else safe


def mrkdwn(text: str) -> str:
    """Escape the three characters that mean something to Slack; literal text of a card needs no more."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_WRITE: Mapping[Sink, Callable[[str], str]] = {
    Sink.HTML: _for_html,
    Sink.TEXT: unlinked,
    Sink.SUBJECT: _for_line,
    Sink.MRKDWN: _for_mrkdwn,
    Sink.CARD_TEXT: _for_card_text,
    Sink.TITLE: _for_title,
}


def write_into(sink: Sink, text: str) -> str:
    return _WRITE[sink](text)


def web_address(value: object) -> Markup:
    """A value as part of an address: percent-encoded, so that it can neither end its part nor change the host."""
    text = clean(str(value))
    safe = "" if text in {".", ".."} else quote(text, safe="")  # browsers resolve dots, encoded or not
    return Markup(safe)  # noqa: S704 - quote leaves only letters, digits, %, _, ., - and ~
