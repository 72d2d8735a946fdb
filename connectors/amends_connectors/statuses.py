"""One table for every provider that speaks HTTP: what an answer that is not a success means for the effect."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from amends_connectors.contract import DeliveryError, RateLimited, Rejected, Unavailable, Uncertain

UNTOLD = timedelta(seconds=60)
SHORTEST = timedelta(seconds=1)
LONGEST = timedelta(days=1)

_SECONDS = re.compile(r"([0-9]{1,12})(?:\.[0-9]{1,9})?\Z")


def refusal(provider: str, status: int, *, retry_after: str | None, now: datetime, says: str = "") -> DeliveryError:
    """The outcome of one answer, to be raised.

    says: the provider's own code for the reason, without personal data; retry_after: its header as it came.
    """
    text = f"{provider} answered {status}" + (f": {says}" if says else "")
    if status == 429:
        return RateLimited(text, retry_after=parse_retry_after(retry_after, now))
    outcome = _BY_STATUS.get(status) or _BY_CLASS.get(status // 100, Uncertain)
    return outcome(text)


def parse_retry_after(text: str | None, now: datetime) -> timedelta:
    """Read the Retry-After header: seconds or an HTTP date; between a second and a day, a minute if it says nothing."""
    wanted = _read(text.strip(), now) if text else None
    return UNTOLD if wanted is None else max(SHORTEST, min(wanted, LONGEST))


def _read(text: str, now: datetime) -> timedelta | None:
    seconds = _SECONDS.match(text)
    if seconds:
        # rounded up: a repeat that comes too early counts against us
        return timedelta(seconds=min(int(seconds[1]) + ("." in text), LONGEST.total_seconds()))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now


def _access(text: str) -> Rejected:
    return Rejected(f"{text}; its credentials were refused", is_access=True)


def _moved(text: str) -> Rejected:
    return Rejected(f"{text}; its address has moved, so set the new one (redirects are not followed)")


_BY_STATUS: dict[int, Callable[[str], DeliveryError]] = {
    301: _moved,
    307: _moved,
    308: _moved,
    401: _access,
    403: _access,
    # RFC 9110 and 8470: the server gave up before it acted on the request
    408: Unavailable,
    425: Unavailable,
    # nginx: the client hung up while the server may have gone on
    499: Uncertain,
}
# 302 and 303 may follow work that was done; a 5xx does not say how far the server came
_BY_CLASS: dict[int, Callable[[str], DeliveryError]] = {4: Rejected}
