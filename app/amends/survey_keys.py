"""The key in the link of a survey: whose answer it will be, sealed so that nobody can write another customer in."""

import base64
import json
from collections.abc import Callable
from typing import TypeAlias

from amends_store.types import Claimed

Sign: TypeAlias = Callable[..., str]


def survey_key(claimed: Claimed, sign: Sign) -> str:
    """The ids and the name of the survey as base64, a full stop, and their seal."""
    hidden = {
        "customer": claimed.customer_id or "",
        "decision": claimed.decision_id,
        "survey": str(claimed.options["template"]),
    }
    plain = json.dumps(hidden, sort_keys=True).encode()
    content = base64.urlsafe_b64encode(plain).decode().rstrip("=")
    return f"{content}.{sign('survey', content)}"
