"""One signed POST for each delivery, to an address that was checked."""

import json
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from standardwebhooks import Webhook

from amends_connectors.contract import (
    Clock,
    Connector,
    Declaration,
    Delivery,
    Found,
    Receipt,
    Rejected,
    Unavailable,
    Uncertain,
)
from amends_connectors.guarded_http import Answer, AnswerLost, ForbiddenAddress, Guard, Resolve, post, resolve
from amends_connectors.settings import WebhookEndpoint, WebhookSettings
from amends_connectors.sockets import Line, NeverConnected
from amends_connectors.statuses import refusal
from amends_connectors.webhook import DECLARATION


class WebhookConnector:
    """One POST for each delivery; webhook-id is the effect's id, so a receiver can tell a repeat.

    otherwise: where deliveries go whose endpoint has no settings; resolve: in place of the system's resolver.
    """

    declaration: ClassVar[Declaration] = DECLARATION

    def __init__(
        self,
        settings: WebhookSettings,
        clock: Clock,
        otherwise: Connector,
        line: Line | None = None,
        resolve: Resolve = resolve,
    ) -> None:
        line = line or Line.of(self.declaration)
        self._settings = settings
        self._clock = clock
        self._otherwise = otherwise
        self._line = replace(line, tls=line.context())
        self._resolve = resolve

    def send(self, delivery: Delivery) -> Receipt:
        endpoint = self._settings.endpoint(delivery.text("endpoint"))
        if endpoint is None:
            return self._otherwise.send(delivery)
        body = json.dumps(delivery.request.get("body", {}), separators=(",", ":")).encode()
        answer = self._post(endpoint, body, delivery.effect_id)
        if 200 <= answer.status < 300:
            return Receipt(delivery.effect_id, detail={"status": answer.status})
        retry_after = answer.headers.get("retry-after")
        raise refusal(f"the endpoint {endpoint.name}", answer.status, retry_after=retry_after, now=self._clock())

    def look_up(self, delivery: Delivery) -> Found:
        endpoint = self._settings.endpoint(delivery.text("endpoint"))
        return self._otherwise.look_up(delivery) if endpoint is None else Found.CANNOT_TELL

    def close(self) -> None:
        """Every call has a connection of its own."""

    def _post(self, endpoint: WebhookEndpoint, body: bytes, effect_id: str) -> Answer:
        name = f"the endpoint {endpoint.name}"
        guard = Guard(endpoint.is_private_allowed, self._resolve)
        headers = _headers(endpoint, body, effect_id, self._clock())
        try:
            return post(endpoint.url, headers, body, guard, self._line)
        except ForbiddenAddress as error:
            setting = f"AMENDS_WEBHOOK_{endpoint.name}_ALLOW_PRIVATE=yes"
            raise Rejected(f"{name} is inside a private network; set {setting} if it should be") from error
        except NeverConnected as error:
            raise Unavailable(f"{name} was not reached: {error}") from error
        except AnswerLost as error:
            raise Uncertain(f"the answer of {name} was lost ({error})") from error


def _headers(endpoint: WebhookEndpoint, body: bytes, effect_id: str, now: datetime) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": "Amends",
        "webhook-id": effect_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(endpoint.secret.reveal()).sign(effect_id, now, body.decode()),
    }
