"""Slack's WebClient on an opener with a deadline, without redirects, retries or a log."""

import logging
from typing import Any
from urllib.request import Request

from slack_sdk import WebClient

from amends_connectors.sockets import Line
from amends_connectors.wire import opener

# the SDK writes whole messages into its log at level DEBUG, and pieces of answers at ERROR
_SILENT = logging.getLogger("amends_connectors.slack")
_SILENT.setLevel(logging.CRITICAL + 1)


class StraightClient(WebClient):
    """Asks once and returns what came."""

    def __init__(self, token: str, base_url: str, line: Line) -> None:
        super().__init__(token, base_url, logger=_SILENT, retry_handlers=[])
        self._way = opener(line)

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:  # noqa: ARG002
        # the SDK's own version follows redirects and has a timeout for each byte only
        with self._way.open(req) as answer:
            charset = answer.headers.get_content_charset() or "utf-8"
            return {"status": answer.code, "headers": answer.headers, "body": answer.read().decode(charset)}
