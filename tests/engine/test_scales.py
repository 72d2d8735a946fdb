"""Scores, their bands, and fields that are made of others."""

from datetime import UTC, datetime

import pytest
from tests.engine.conftest import FILES, Read

from amends_engine.conditions import evaluate
from amends_engine.events import Event
from amends_engine.facts import Attribute, facts_about
from amends_engine.fields import Fields
from amends_engine.scales import SCALES, Scale

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)

BANDS = {
    "nps score": ["detractor"] * 7 + ["passive"] * 2 + ["promoter"] * 2,
    "csat score": ["dissatisfied"] * 2 + ["neutral"] + ["satisfied"] * 2,
    "ces score": ["difficult"] * 3 + ["neutral"] + ["easy"] * 3,
    "stars": ["negative"] * 2 + ["neutral"] + ["positive"] * 2,
}


@pytest.mark.parametrize("scale", SCALES.values(), ids=lambda scale: scale.word)
def test_every_score_lies_in_the_band_that_everybody_counts_it_by(scale: Scale) -> None:
    assert [scale.band(score) for score in range(scale.low, scale.high + 1)] == BANDS[scale.word]


def fields_of(read: Read) -> Fields:
    workspace, findings = read()
    assert findings == []
    assert workspace
    return workspace.fields


def facts_with(read: Read, **values: int) -> dict[str, object]:
    event = Event("e", "app", "e", "feedback.received", NOW, "c1", values)
    said = [Attribute("last_stars", "crm", 5, NOW)]
    return dict(facts_about(event, said, {}, fields_of(read)))


def test_facts_hold_the_bands_of_the_scores_that_are_there(read: Read) -> None:
    facts = facts_with(read, recommend=7)
    assert facts["feedback.recommend_band"] == "passive"
    assert facts["customer.last_stars_band"] == "positive"
    assert "feedback.effort_band" not in facts


def test_a_band_is_personal_and_required_where_its_score_is(read: Read) -> None:
    found = fields_of(read).find("event.effort_band", "feedback.received")
    assert found
    assert (found.name, found.is_personal, found.is_required) == ("feedback.effort_band", True, False)


def test_a_rule_reads_a_band_and_is_tested_with_the_score(read: Read) -> None:
    rule = """
version: 1
rules:
  - id: thanks
    why: Promoters hear from us
    owner: cx
    status: live
    when: {event: feedback.received}
    if:
      - event.recommend_band: promoter
    then:
      - slack: {to: "#cx", card: alert}
"""
    workspace, findings = read(rule)
    assert findings == []
    assert workspace
    condition = workspace.rules[0].condition
    assert [evaluate(condition, facts_with(read, **given)) for given in ({"recommend": 9}, {"recommend": 8}, {})] == [
        True,
        False,
        None,
    ]


def test_a_field_that_is_made_of_another_cannot_be_declared_too(read: Read) -> None:
    doubled = FILES["fields.yaml"].replace("      comment: text\n", "      comment: text\n      recommend_band: text\n")
    _, findings = read(fields=doubled)
    assert [(finding.code, finding.message) for finding in findings] == [
        ("doubled-name", "feedback.recommend_band is made of feedback.recommend and cannot be declared too")
    ]
