"""The key of a survey comes back as it left, or not at all."""

import hashlib
from datetime import UTC, datetime

from amends.survey_keys import Hidden, read_survey_key, survey_key
from amends_engine.plans import Mode
from amends_store.types import Claimed

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def sign(*parts: str) -> str:
    return hashlib.sha256("|".join(("a secret", *parts)).encode()).hexdigest()


def claimed(customer: str | None = "c1") -> Claimed:
    named = ("e1", "d1", "ev1", customer, "rule", "v1", Mode.LIVE, "survey", "survey", "customer")
    return Claimed(*named, {"template": "second-nps"}, None, {}, NOON, 1, 0, NOON)


def test_a_key_says_whose_answer_it_is() -> None:
    key = survey_key(claimed(), sign)
    assert read_survey_key(key, sign) == Hidden("c1", "d1", "second-nps")
    assert not set(key) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_another_customer_cannot_be_written_in() -> None:
    mine, seal = survey_key(claimed(), sign).split(".")
    theirs = survey_key(claimed("c2"), sign).split(".")[0]
    assert read_survey_key(f"{theirs}.{seal}", sign) is None
    assert read_survey_key(mine, sign) is None


def test_what_is_no_key_is_none() -> None:
    assert read_survey_key(f"é.{sign('survey', 'é')}", sign) is None
    assert read_survey_key("", sign) is None
