"""Flights and other things besides customers: how they are declared, and what an event knows of them."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.engine.conftest import FILES, read

from amends_engine.events import Event, said_by
from amends_engine.facts import Attribute, entity_facts, facts_about, own_words

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FIELDS = read()[0].fields


def updated(at=NOW, source="app", **values):
    kind = FIELDS.events["flight.updated"]
    fields = {"flight_id": "NW1", **values}
    return Event(f"{source} {at}", source, "k", kind.name, at, None, fields, says=said_by(kind, fields))


def complaint(**values):
    return Event("e", "app", "e", "complaint.received", NOW, "c1", values)


def test_an_event_says_what_its_type_updates_and_nothing_else():
    [said] = updated(lands_at=NOW).says
    assert (said.entity, said.id, dict(said.values)) == ("flight", "NW1", {"lands_at": NOW})
    assert updated().says == ()
    assert said_by(FIELDS.events["complaint.received"], {"flight_id": "NW1"}) == ()


def test_every_event_that_names_the_flight_knows_it():
    told = own_words([updated(arrival_gate="B12")])
    assert entity_facts(complaint(flight_id="NW1"), told, FIELDS) == {"flight.id": "NW1", "flight.arrival_gate": "B12"}
    assert entity_facts(complaint(flight_id="NW2"), told, FIELDS) == {"flight.id": "NW2"}
    assert entity_facts(complaint(), told, FIELDS) == {}


def test_the_newest_of_one_source_counts_and_the_order_of_sources_before_that():
    late, early = NOW + timedelta(hours=1), NOW
    told = own_words([updated(late, lands_at=late), updated(early, lands_at=early)])
    assert entity_facts(complaint(flight_id="NW1"), told, FIELDS)["flight.lands_at"] == late
    told = own_words([updated(late, lands_at=late), updated(early, "tower", lands_at=early)])
    assert entity_facts(complaint(flight_id="NW1"), told, FIELDS)["flight.lands_at"] == early


def test_an_event_reads_the_flight_as_it_is_now_not_as_it_said():
    event = updated(arrival_gate="B12")
    known = {("flight", "NW1"): [Attribute("arrival_gate", "app", "C3", NOW + timedelta(hours=1))]}
    assert facts_about(event, (), {}, FIELDS, known)["flight.arrival_gate"] == "C3"


DECLARED = FILES["fields.yaml"]


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("by: event.flight_id", "by: event.flight_no", "unknown-field", "did you mean flight_id?"),
        ("by: event.flight_id", "by: event.within", "wrong-type", "named by text"),
        ("updates: flight", "updates: fligth", "unknown-value", "did you mean flight?"),
        ("  flight:\n", "  voucher:\n", "doubled-name", "every rule can read"),
        ("      lands_at: time\n", "      lands_at: text\n", "doubled-name", "flight.lands_at is text here"),
        ("updates: flight\n    fields:\n      flight_id: {type: text, required: true}\n",
         "updates: flight\n    fields:\n", "unknown-field", "flight_id, by which flight is named,"),
    ],
)  # fmt: skip
def test_a_wrong_declaration_gets_a_sentence(old, new, code, words):
    assert old in DECLARED
    _, findings = read(fields=DECLARED.replace(old, new))
    assert any(one.code == code and words in f"{one.message}: {one.remedy}" for one in findings), findings


def test_an_event_that_names_no_flight_cannot_read_it():
    rule = (
        "version: 1\nrules:\n  - id: r\n    why: w\n    owner: o\n    when: {event: feedback.received}\n"
        "    if: [{flight.arrival_gate: B12}]\n    then: [{webhook: {to: crm}}]\n"
    )
    _, findings = read(rule)
    assert [one.code for one in findings] == ["field-not-here"]
