"""API keys: several may be active, so that one can follow another; compared in constant time."""

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from amends.errors import UsageError
from amends_connectors.settings import BadSetting, read_secret

SETTING = "AMENDS_API_KEYS"
SHORTEST = 16
_SCHEME = b"bearer "


@dataclass
class Allowance:
    """So many events a second, a second's worth saved up; 0 is no limit."""

    per_second: float
    monotonic: Callable[[], float] = time.monotonic
    _left: float = 0.0
    _at: float = 0.0

    def has_room(self) -> bool:
        now = self.monotonic()
        self._left = min(self.per_second, self._left + (now - self._at) * self.per_second)
        self._at = now
        return not self.per_second or self._left > 0

    def spend(self, events: int) -> None:
        """A batch may overdraw; what follows waits until that is paid back."""
        self._left -= events


@dataclass(frozen=True, slots=True)
class ApiKey:
    """name: what logs, metrics and the ledger of requests call it; it tells nothing of the key."""

    digest: bytes = field(repr=False)
    name: str
    allowance: Allowance


@dataclass(frozen=True)
class ApiKeys:
    known: tuple[ApiKey, ...]

    def find(self, headers: Mapping[bytes, bytes]) -> ApiKey | None:
        """The key that a request shows, as `Authorization: Bearer …` or `X-Api-Key: …`."""
        shown = headers.get(b"x-api-key")
        authorization = headers.get(b"authorization", b"")
        if authorization[: len(_SCHEME)].lower() == _SCHEME:
            shown = authorization[len(_SCHEME) :].strip()
        if not shown:
            return None
        digest = hashlib.sha256(shown).digest()
        found = [key for key in self.known if hmac.compare_digest(key.digest, digest)]
        return found[0] if found else None


def read_keys(environment: Mapping[str, str]) -> ApiKeys:
    """From AMENDS_API_KEYS or the file named by AMENDS_API_KEYS_FILE; raises UsageError."""
    try:
        secret = read_secret(environment, SETTING)
    except BadSetting as error:
        raise UsageError(str(error)) from error
    keys = re.split(r"[\s,]+", secret.reveal().strip()) if secret else []
    if not keys:
        raise UsageError(
            f"there is no API key, so nobody could send events; set {SETTING} to one or several, separated by "
            "commas, for example to the output of: openssl rand -hex 24"
        )
    if any(len(key) < SHORTEST for key in keys):
        raise UsageError(
            f"a key in {SETTING} is shorter than {SHORTEST} characters; make one with: openssl rand -hex 24"
        )
    limit = _limit(environment)
    digests = [hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest() for key in keys]
    return ApiKeys(tuple(ApiKey(one, hashlib.sha256(one).hexdigest()[:8], Allowance(limit)) for one in digests))


def _limit(environment: Mapping[str, str]) -> float:
    raw = environment.get("AMENDS_EVENTS_PER_SECOND") or "0"
    try:
        limit = float(raw)
    except ValueError:
        limit = -1.0
    if not 0 <= limit < float("inf"):
        raise UsageError(f"AMENDS_EVENTS_PER_SECOND is {raw!r}; write a number such as 500, or leave it out")
    return limit
