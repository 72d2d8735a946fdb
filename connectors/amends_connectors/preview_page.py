"""The preview page in HTML, without scripts and without anything loaded from elsewhere."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from amends_connectors.slack_card import link_parts, markup, pieces

_BOLD = re.compile(r"\*(\S(?:[^*\n]*\S)?)\*")


@dataclass(frozen=True, slots=True)
class Shelf:
    """One channel: how many previews there are, and the newest of them drawn."""

    channel: str
    count: int
    drawn: tuple[str, ...]


def page(shelves: Sequence[Shelf]) -> str:
    total = sum(shelf.count for shelf in shelves)
    counts = " · ".join(
        f'<a href="#{escape(shelf.channel)}">{escape(shelf.channel)} {shelf.count}</a>' for shelf in shelves
    )
    return _PAGE.format(
        style=_STYLE,
        total=f"{total:,} {'preview' if total == 1 else 'previews'}",
        counts=counts or "nothing yet",
        shelves="\n".join(_section(shelf) for shelf in shelves),
    )


def as_letter(subject: str, facts: Sequence[str], content: str, links: Sequence[str], *, is_html: bool) -> str:
    """The letter's HTML is shown in a frame that may neither run nor load anything."""
    body = content if is_html else f"<pre style='white-space:pre-wrap;font:inherit'>{escape(content)}</pre>"
    framed = f"<meta charset=utf-8><body style='font:15px/1.5 system-ui,sans-serif;margin:16px'>{body}"
    return (
        f"<article><h3>{escape(subject)}</h3><p class=facts>{_facts(facts)}</p>"
        f'<details><summary>Read</summary><iframe sandbox loading=lazy srcdoc="{escape(framed)}"></iframe></details>'
        f"{_links(links)}</article>"
    )


def as_slack_card(channel: str, blocks: Sequence[Mapping[str, Any]], links: Sequence[str]) -> str:
    drawn = "".join(_BLOCKS[block["type"]](block) for block in blocks if block["type"] in _BLOCKS)
    return f"<article class=slack><p class=facts>{escape(channel)}</p>{drawn}{_links(links)}</article>"


def as_staff_card(card: Mapping[str, Any], links: Sequence[str]) -> str:
    """A brief as the person at the place sees it: who, from when on, the card, its buttons, and why."""
    to = card["to"] if isinstance(card["to"], Mapping) else {"role": card["to"]}
    place = f"at {to['at']}" if to.get("at") else "place not known" if "at" in to else ""
    since = "" if card["show"] in (None, "now") else f"from {datetime.fromisoformat(card['show']):%Y-%m-%d %H:%M %Z}"
    facts = "".join(f"<li><strong>{escape(label)}</strong><br>{escape(value)}</li>" for label, value in card["facts"])
    buttons = " ".join(f"<span class=button>{escape(name)}</span>" for name in card["buttons"] or ["done"])
    body = _mrkdwn({"type": "mrkdwn", "text": markup(card["body"])})
    return (
        f"<article class=staff><p class=facts>{_facts([each for each in (to['role'], place, since) if each])}</p>"
        f"<h3>{escape(card['title'])}</h3><ul>{facts}</ul><p>{body}</p><p>{buttons}</p>"
        f"<p class=context>{escape(card['why'])}</p>{_links(links)}</article>"
    )


def as_block(title: str, content: str, links: Sequence[str]) -> str:
    shown = f"<pre>{escape(content)}</pre>" if content else ""
    return f"<article><h3>{escape(title)}</h3>{shown}{_links(links)}</article>"


def _section(shelf: Shelf) -> str:
    left_out = shelf.count - len(shelf.drawn)
    more = f"<p class=facts>and {left_out:,} older ones in the folder {escape(shelf.channel)}</p>" if left_out else ""
    heading = f'<h2 id="{escape(shelf.channel)}">{escape(shelf.channel)} <small>{shelf.count:,}</small></h2>'
    drawn = "".join(shelf.drawn).replace("<details>", "<details open>", 1)  # something to read at first sight
    return f"<section>{heading}{drawn}{more}</section>"


def _facts(facts: Sequence[str]) -> str:
    return " · ".join(escape(fact) for fact in facts)


def _links(links: Sequence[str]) -> str:
    named = (f'<a href="{escape(link)}">{escape(link.rpartition(".")[2])}</a>' for link in links)
    return f"<p class=links>{' '.join(named)}</p>"


def _mrkdwn(text: Mapping[str, Any]) -> str:
    """Slack's own escapes are HTML's; what is left to do is bold and line breaks."""
    if text["type"] == "plain_text":
        return escape(text["text"])
    return "".join(_link(piece) if is_link else _words(piece) for is_link, piece in pieces(text["text"]))


def _words(text: str) -> str:
    shown = text.replace("<", "&lt;").replace(">", "&gt;")
    return _BOLD.sub(r"<strong>\1</strong>", shown).replace("\n", "<br>")


def _link(link: str) -> str:
    address, words = link_parts(link)
    return f'<a href="{address.replace(chr(34), "%22")}" rel=noreferrer>{_words(words)}</a>'


def _section_block(block: Mapping[str, Any]) -> str:
    fields = "".join(f"<li>{_mrkdwn(field)}</li>" for field in block.get("fields", []))
    text = f"<p>{_mrkdwn(block['text'])}</p>" if "text" in block else ""
    return text + (f"<ul>{fields}</ul>" if fields else "")


_BLOCKS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "header": lambda block: f"<h3>{_mrkdwn(block['text'])}</h3>",
    "section": _section_block,
    "context": lambda block: f"<p class=context>{' '.join(_mrkdwn(element) for element in block['elements'])}</p>",
}

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1d1c1d;background:#f4f4f2;margin:0 auto;max-width:860px;padding:24px}
h1{font-size:22px;margin:0}h2{font-size:17px;margin:32px 0 8px;text-transform:capitalize}h3{font-size:16px;margin:0}
small,.facts,.links,.context{color:#616061;font-size:13px;font-weight:400}p{margin:4px 0}
.note{background:#fff6d6;border-radius:6px;padding:8px 12px}a{color:#0b57a4}
article{background:#fff;border:1px solid #e2e2df;border-radius:8px;padding:12px 16px;margin:10px 0}
article{overflow-wrap:anywhere}
article.slack{border-left:4px solid #4a154b}
article.staff{border-left:4px solid #1f7a54}
.button{display:inline-block;border:1px solid #bbb;border-radius:4px;padding:2px 10px;margin:4px 4px 4px 0}
ul{list-style:none;margin:8px 0;padding:0;display:grid;grid-template-columns:1fr 1fr;gap:8px 24px}
.links{text-align:right;margin:0}
iframe{border:1px solid #e2e2df;border-radius:6px;width:100%;height:360px;margin-top:8px}
summary{cursor:pointer;color:#0b57a4;font-size:13px}pre{white-space:pre-wrap;font-size:13px;margin:8px 0}
"""

_PAGE = """<!doctype html>
<html lang=en><meta charset=utf-8><title>Amends: preview outbox</title>
<meta name=viewport content="width=device-width">
<meta http-equiv=Content-Security-Policy content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<style>{style}</style>
<h1>Preview outbox</h1>
<p>{total}: {counts}</p>
<p class=note>Nothing on this page was sent: these channels have no credentials yet.</p>
{shelves}
</html>
"""
