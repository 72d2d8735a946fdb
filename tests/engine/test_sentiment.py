"""The sentiment of a text, as a field that is made of another."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.conftest import FILES, Read

from amends_engine.conditions import evaluate
from amends_engine.events import Broken, Event, read_event
from amends_engine.facts import Attribute, facts_about
from amends_engine.fields import Fields, Kind
from amends_engine.sentiment import BANDS, band, sentiment

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANGRY = "The worst flight ever, rude crew and nobody helped."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (ANGRY, "negative"),
        ("not good", "negative"),
        ("😊", "positive"),
        ("We departed at nine.", "neutral"),
        ("Thank you, wonderful crew!", "positive"),
    ],
)
def test_an_english_text_is_in_one_of_three_bands(text: str, found: str) -> None:
    score = sentiment(text, "en")
    assert score is not None
    assert band(score) == found


def test_a_text_that_the_lexicon_cannot_read_has_no_sentiment() -> None:
    assert sentiment("Schrecklich!", "de") is None
    assert sentiment("  ", "en") is None


@given(st.text(max_size=200))
def test_any_text_is_between_the_two_ends_or_unknown(text: str) -> None:
    score = sentiment(text, "en")
    assert score is None or (-1 <= score <= 1 and band(score) in BANDS)


def fields_of(read: Read, fields: str = FILES["fields.yaml"]) -> Fields:
    workspace, findings = read(fields=fields)
    assert workspace, findings
    return workspace.fields


def facts_with(fields: Fields, language: str | None, **values: str) -> dict[str, object]:
    said = [Attribute("language", "crm", language, NOW)] if language else []
    return dict(facts_about(Event("e", "app", "e", "feedback.received", NOW, "c1", values), said, {}, fields))


def test_facts_hold_sentiment_and_band_of_a_comment_in_a_known_language(read: Read) -> None:
    fields = fields_of(read)
    known = facts_with(fields, None, comment=ANGRY)
    assert known["feedback.comment_sentiment"] < -0.5  # type: ignore[operator]
    assert known["feedback.comment_sentiment_band"] == "negative"
    assert facts_with(fields, "en-GB", comment=ANGRY) == {**known, "customer.language": "en-GB"}
    assert "feedback.comment_sentiment" not in facts_with(fields, "de", comment=ANGRY)
    assert "feedback.comment_sentiment" not in facts_with(fields, None)


def test_it_is_a_field_like_any_other_but_nobody_can_send_it(read: Read) -> None:
    fields = fields_of(read)
    found = fields.find("event.comment_sentiment", "feedback.received")
    assert found
    assert (found.name, found.type.kind, found.is_required) == ("feedback.comment_sentiment", Kind.NUMBER, False)
    assert "feedback.comment_sentiment_band" in fields.names("feedback.received")
    assert "feedback.comment_sentiment_band" not in fields.names("complaint.received")
    sent = b'{"id": "1", "source": "a", "type": "feedback.received", "data": {"comment_sentiment": 1}}'
    assert isinstance(read_event(sent, fields, NOW), Broken)


def test_a_rule_reads_the_sentiment(read: Read) -> None:
    rule = """
version: 1
rules:
  - id: angry
    why: Somebody is angry
    owner: cx
    status: live
    when: {event: feedback.received}
    if:
      - event.comment_sentiment: {less_than: -0.5}
      - event.comment_sentiment_band: negative
    then:
      - slack: {to: "#cx", card: alert}
"""
    workspace, findings = read(rule)
    assert workspace, findings
    condition = workspace.rules[0].condition
    answers = [evaluate(condition, facts_with(workspace.fields, language, comment=ANGRY)) for language in ("en", "de")]
    assert answers == [True, None]


WRONG = {
    "{sentiment_of: coment}": ("unknown-field", "feedback.mood is the sentiment of coment, which is not a text field"),
    "{sentiment_of: nps}": ("unknown-field", "feedback.mood is the sentiment of nps, which is not a text field"),
    "{sentiment_of: comment, type: number}": ("unknown-key", "type is not a key of the field feedback.mood"),
    "{sentiment_of: 5}": ("wrong-type", "sentiment_of takes text"),
}


@pytest.mark.parametrize("body", WRONG)
def test_a_wrong_sentiment_is_refused_with_its_reason(body: str, read: Read) -> None:
    fields = FILES["fields.yaml"].replace("      comment: text\n", f"      comment: text\n      mood: {body}\n")
    _, findings = read(fields=fields)
    code, message = WRONG[body]
    assert any(finding.code == code and message in finding.message for finding in findings), findings


def test_reading_a_workspace_loads_no_lexicon_stemmer_or_holidays() -> None:
    program = """
import sys
from tests.engine.conftest import read
assert read()[0]
sys.exit(", ".join({"vaderSentiment", "snowballstemmer", "holidays", "re2"} & sys.modules.keys()) or 0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
