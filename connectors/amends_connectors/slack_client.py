"""Slack's own SDK behind the contract.

Slack answers 200 with {"ok": false, "error": …} to most requests it refuses; the codes are in the tables below.
"""

import logging
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.request import Request

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from amends_connectors.contract import (
    Clock,
    Declaration,
    Delivery,
    DeliveryError,
    Found,
    Receipt,
    Rejected,
    Unavailable,
    Uncertain,
)
from amends_connectors.settings import SlackSettings
from amends_connectors.slack import DECLARATION
from amends_connectors.slack_card import EVENT_TYPE, message_of, read_card
from amends_connectors.sockets import Deadline, Line
from amends_connectors.statuses import refusal
from amends_connectors.wire import exchange, opener

# https://docs.slack.dev/reference/methods/chat.postMessage#errors
_ACCESS = frozenset(
    {
        "access_denied",
        "account_inactive",
        "ekm_access_denied",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
    }
)
_MAY_HAVE_POSTED = frozenset({"fatal_error", "internal_error", "service_unavailable"})
_NOT_PROCESSED = frozenset({"request_timeout", "team_added_to_org"})
_REMEDIES = {
    "channel_not_found": "there is no such channel, or it is private and the app is not in it",
    "not_in_channel": "invite the app to the channel",
    "is_archived": "the channel is archived",
}
_CODE = re.compile(r"[a-z][a-z0-9_]{1,63}\Z")

_PAGES, _ON_A_PAGE = 5, 200
_CLOCKS_DIFFER = timedelta(minutes=5)
_ASKS_FOR = 60.0  # seconds of a look-up; its last call may take as long as a send, and the lease must outlast both


class SlackConnector:
    """chat.postMessage, with the effect's id in the message's metadata, where look_up finds it again."""

    declaration: ClassVar[Declaration] = DECLARATION

    def __init__(self, settings: SlackSettings, clock: Clock, line: Line | None = None) -> None:
        self._clock = clock
        self._client = StraightClient(settings, line or Line.of(self.declaration))

    def send(self, delivery: Delivery) -> Receipt:
        message = message_of(read_card(delivery))
        with exchange("Slack"):
            try:
                answer = self._client.chat_postMessage(**message)
            except SlackApiError as error:
                raise _outcome(error, self._clock()) from error
        if not isinstance(answer.get("ts"), str):
            raise Uncertain("Slack's answer does not name the message")
        return Receipt(f"{answer.get('channel', '')}:{answer['ts']}")

    def look_up(self, delivery: Delivery) -> Found:
        """Read the channel back to the first attempt; without that moment only presence can be proved."""
        try:
            deadline = Deadline(_ASKS_FOR)
            channel = self._channel_id(delivery.text("channel"), deadline)
            return self._find(delivery, channel, deadline) if channel else Found.CANNOT_TELL
        except Exception:  # noqa: BLE001 - a question may fail in any way, and then we do not know
            return Found.CANNOT_TELL

    def close(self) -> None:
        """Every call has a connection of its own."""

    def _find(self, delivery: Delivery, channel: str, deadline: Deadline) -> Found:
        oldest = str((delivery.started_at - _CLOCKS_DIFFER).timestamp()) if delivery.started_at else None
        asked = {"channel": channel, "oldest": oldest, "limit": _ON_A_PAGE, "include_all_metadata": True}
        # a channel's history does not list the replies of its threads
        thread = delivery.text("thread", "")
        method = "conversations.replies" if thread else "conversations.history"
        for page in self._pages(method, {**asked, "ts": thread} if thread else asked, deadline):
            if any(_effect_id(message) == delivery.effect_id for message in page["messages"]):
                return Found.PRESENT
            if not page.get("has_more"):
                return Found.ABSENT
        return Found.CANNOT_TELL

    def _channel_id(self, channel: str, deadline: Deadline) -> str | None:
        """The id of a channel named #so, or of the conversation with a member."""
        if channel.startswith("#"):
            types = {"types": "public_channel,private_channel", "exclude_archived": True, "limit": 1000}
            pages = self._pages("conversations.list", types, deadline)
            return next((it["id"] for page in pages for it in page["channels"] if it["name"] == channel[1:]), None)
        if channel[:1] in ("U", "W"):
            opened = self._client.conversations_open(users=channel)
            return str(opened["channel"]["id"])
        return channel if channel[:1] in ("C", "G", "D") else None

    def _pages(self, method: str, params: dict[str, Any], deadline: Deadline) -> Iterator[dict[str, Any]]:
        """Raises TimeoutError once it is too late for another call."""
        cursor = None
        for _ in range(_PAGES):
            deadline.left()
            answer = self._client.api_call(method, params={**params, "cursor": cursor})
            page: Any = answer.data
            yield page
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return


def _effect_id(message: dict[str, Any]) -> str | None:
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    return payload.get("effect_id") if metadata.get("event_type") == EVENT_TYPE else None


def _outcome(error: SlackApiError, now: datetime) -> DeliveryError:
    answer: Any = error.response
    code = str(answer.get("error", ""))
    says = code if _CODE.match(code) else ""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    retry_after = headers.get("retry-after")
    if answer.status_code != 200:
        return refusal("Slack", answer.status_code, retry_after=retry_after, now=now, says=says)
    return _refused_with_200(says, retry_after, now)


def _refused_with_200(code: str, retry_after: str | None, now: datetime) -> DeliveryError:
    text = f"Slack answered {code}" + (f": {_REMEDIES[code]}" if code in _REMEDIES else "")
    if not code:
        return Uncertain("Slack's answer cannot be read")
    if code in ("ratelimited", "rate_limited"):
        return refusal("Slack", 429, retry_after=retry_after, now=now, says=code)
    if code in _MAY_HAVE_POSTED:
        return Uncertain(text)
    if code in _NOT_PROCESSED:
        return Unavailable(text)
    return Rejected(text, is_access=code in _ACCESS)


class StraightClient(WebClient):
    """The SDK's client on an opener with a deadline, without redirects, retries or a log: it asks once."""

    def __init__(self, settings: SlackSettings, line: Line) -> None:
        super().__init__(settings.token.reveal(), settings.base_url, logger=_SILENT, retry_handlers=[])
        self._way = opener(line)

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:  # noqa: ARG002
        # the SDK's own version follows redirects and has a timeout for each byte only
        with self._way.open(req) as answer:
            charset = answer.headers.get_content_charset() or "utf-8"
            return {"status": answer.code, "headers": answer.headers, "body": answer.read().decode(charset)}


# the SDK writes whole messages into its log at level DEBUG, and pieces of answers at ERROR
_SILENT = logging.getLogger("amends_connectors.slack")
_SILENT.setLevel(logging.CRITICAL + 1)
