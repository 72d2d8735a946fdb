"""The key of a survey says whose answer it is, under a seal."""

import base64
import hashlib
import json
from datetime import UTC, datetime

from amends.survey_keys import survey_key
from amends_engine.plans import Mode
from amends_store.types import Claimed

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def sign(*parts: str) -> str:
    return hashlib.sha256("|".join(("a secret", *parts)).encode()).hexdigest()


def claimed(customer: str | None = "c1") -> Claimed:
    named = ("e1", "d1", "ev1", customer, "rule", "v1", Mode.LIVE, "survey", "survey", "customer")
    return Claimed(*named, {"template": "second-nps"}, None, {}, NOON, 1, 0, NOON)


def opened(key: str) -> tuple[dict[str, str], str]:
    """What the key says, and its seal."""
    content, _, seal = key.partition(".")
    return json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4))), seal


def test_a_key_says_whose_answer_it_is() -> None:
    key = survey_key(claimed(), sign)
    said, seal = opened(key)
    assert said == {"customer": "c1", "decision": "d1", "survey": "second-nps"}
    assert seal == sign("survey", key.partition(".")[0])
    assert not set(key) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_another_customer_has_another_seal() -> None:
    assert opened(survey_key(claimed(), sign))[1] != opened(survey_key(claimed("c2"), sign))[1]


def test_an_event_about_nobody_has_a_key_as_well() -> None:
    assert opened(survey_key(claimed(None), sign))[0]["customer"] == ""
