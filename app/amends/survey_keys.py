"""The key in the link of a survey: whose answer it will be, sealed so that nobody can write another customer in."""

import base64
import binascii
import hmac
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TypeAlias

from amends_store.types import Claimed

Sign: TypeAlias = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Hidden:
    """What comes back with an answer."""

    customer: str
    decision: str
    survey: str


def survey_key(claimed: Claimed, sign: Sign) -> str:
    hidden = Hidden(claimed.customer_id or "", claimed.decision_id, str(claimed.options["template"]))
    plain = json.dumps(asdict(hidden), sort_keys=True).encode()
    content = base64.urlsafe_b64encode(plain).decode().rstrip("=")
    return f"{content}.{sign('survey', content)}"


def read_survey_key(key: str, sign: Sign) -> Hidden | None:
    """None for a key that this installation has not made."""
    content, _, seal = key.partition(".")
    if not hmac.compare_digest(seal.encode(), sign("survey", content).encode()):
        return None
    try:
        return Hidden(**json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4))))
    except (binascii.Error, ValueError, TypeError):
        return None
