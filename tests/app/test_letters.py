"""From a claimed effect to the request that its connector sends."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.conftest import Desk

from amends.files import load_workspace
from amends.letters import Letters
from amends.settings import read_settings
from amends_engine.plans import Mode
from amends_engine.values import Money
from amends_flows.runtime import Refusal
from amends_store.types import Claimed

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ANA = {"customer.name": "Ana", "customer.email": "ana@example.com", "customer.tier": "gold", "feedback.nps": 3}

Render = Callable[..., Any]


@pytest.fixture
def letters(desk: Desk) -> Letters:
    workspace = load_workspace(read_settings({}, desk.here, desk.workspace))
    return Letters(workspace, workspace.profile.mail_from)


@pytest.fixture
def render(letters: Letters) -> Render:
    def render(
        kind: str, options: Mapping[str, Any], given: Mapping[str, Any] | None = None, **facts: Any
    ) -> Mapping[str, Any] | Refusal:
        known = {**ANA, **{name.replace("_", ".", 1): value for name, value in facts.items()}}
        return letters.render(claim(kind, options, {n: v for n, v in known.items() if v is not None}), given or {})

    return render


def claim(kind: str, options: Mapping[str, Any], facts: Mapping[str, Any]) -> Claimed:
    return Claimed(
        effect_id="effect-1", decision_id="d1", event_id="e1", customer_id="c1", rule_id="premium-detractor",
        rule_version="v1", decided_for=NOON, mode=Mode.LIVE, action=kind, kind=kind, target="c1", options=options,
        request=None, facts=facts, token=1, attempts=0, lease_until=NOON + timedelta(seconds=120),
    )  # fmt: skip


APOLOGY = {"template": "apology-general"}
CARD = {"to": "#cx", "card": "detractor"}


def test_a_letter_goes_to_the_customer_from_the_company(render: Render) -> None:
    letter = render("email", APOLOGY)
    assert (letter["to"], letter["from"]) == ("ana@example.com", "Northwind Air <care@northwind-air.example>")
    assert (letter["subject"], letter["language"], letter["purpose"]) == ("We are sorry, Ana", "en", "service")
    assert letter["text"].startswith("Dear Ana,\n\nwe were not good enough.")
    assert "we were <strong>not</strong> good enough" in letter["html"]


def test_a_letter_is_known_by_its_effect_so_that_a_repeat_is_the_same_letter(render: Render) -> None:
    assert render("email", APOLOGY)["message_id"] == "<effect-1@northwind-air.example>"
    assert render("email", APOLOGY) == render("email", APOLOGY)


def test_what_earlier_steps_gave_stands_in_the_letter(render: Render) -> None:
    given = {"voucher.code": "ABCD-1234", "voucher.value": Money(2500, "EUR")}
    assert "Use ABCD-1234, worth €25." in render("email", APOLOGY, given)["text"]


def test_without_a_voucher_the_letter_promises_none(render: Render) -> None:
    assert "worth" not in render("email", APOLOGY)["text"]


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("de", "Es tut uns leid, Ana"),
        ("de-AT", "Es tut uns leid, Ana"),
        ("fr", "We are sorry, Ana"),
        (None, "We are sorry, Ana"),
    ],
)
def test_a_letter_is_in_the_customers_language_or_the_companys(
    language: str | None, subject: str, render: Render
) -> None:
    assert render("email", APOLOGY, customer_language=language)["subject"] == subject


def test_a_missing_name_is_written_as_its_fallback(render: Render) -> None:
    assert render("email", APOLOGY, customer_name=None)["subject"] == "We are sorry, there"


def test_a_rule_may_say_that_its_letter_is_marketing(render: Render) -> None:
    assert render("email", APOLOGY | {"purpose": "marketing"})["purpose"] == "marketing"


@pytest.mark.parametrize("address", [None, "", "  "])
def test_without_an_address_nothing_is_written(address: str | None, render: Render) -> None:
    assert render("email", APOLOGY, customer_email=address) == Refusal("the customer has no e-mail address")


def test_without_a_sender_the_remedy_is_named(letters: Letters) -> None:
    nobody = Letters(letters.workspace, "")
    refusal = nobody.render(claim("email", APOLOGY, ANA), {})
    assert isinstance(refusal, Refusal)
    assert "set mail_from in workspace.yaml or AMENDS_MAIL_FROM" in refusal.reason


def test_the_domain_of_another_sender_is_the_one_of_the_message_id(letters: Letters) -> None:
    other = Letters(letters.workspace, "Care <care@example.org>")
    assert other.render(claim("email", APOLOGY, ANA), {})["message_id"] == "<effect-1@example.org>"  # type: ignore[index]


def test_a_card_tells_colleagues_what_happened_and_why(render: Render) -> None:
    card = render("slack", CARD, feedback_comment="The seat was broken")
    assert card == {
        "channel": "#cx",
        "text": "Ana: 3 of 10\n\nThe seat was broken\n\nTier: gold",
        "title": "Ana: 3 of 10",
        "body": "The seat was broken",
        "facts": [["Tier", "gold"]],
        "context": "premium-detractor · A premium customer who would not recommend us hears from us the same day",
        "effect_id": "effect-1",
    }


def test_a_card_is_in_the_companys_language_whatever_the_customer_speaks(desk: Desk, render: Render) -> None:
    assert render("slack", CARD, customer_language="de")["title"] == "Ana: 3 of 10"


def test_what_a_customer_writes_is_not_evaluated(render: Render) -> None:
    body = render("slack", CARD, feedback_comment="{{ customer.email }} {% if %} <!channel>")["body"]
    assert "ana@example.com" not in body
    assert "<!channel>" not in body


def test_a_webhook_gets_its_endpoint_by_name_and_its_body(render: Render) -> None:
    options = {"to": "crm", "body": {"customer": "c1"}}
    assert render("webhook", options) == {"endpoint": "crm", "body": {"customer": "c1"}}
    assert render("webhook", {"to": "crm"}) == {"endpoint": "crm", "body": {}}


def test_the_options_of_an_unknown_channel_are_its_request(render: Render) -> None:
    assert render("pigeon", {"to": "roof"}) == {"to": "roof"}


def test_a_value_that_must_be_there_and_is_not_stops_the_letter(desk: Desk) -> None:
    desk.change(
        "fields.yaml", "name: {type: text, personal: true, fallback: there}", "name: {type: text, required: true}"
    )
    workspace = load_workspace(read_settings({}, desk.here, desk.workspace))
    refusal = Letters(workspace, workspace.profile.mail_from).render(
        claim("email", APOLOGY, {"customer.email": "a@example.com"}), {}
    )
    assert isinstance(refusal, Refusal)
    assert "customer.name" in refusal.reason


def test_a_card_shows_the_figures_that_its_step_asks_for_where_they_are_known(render: Render) -> None:
    given = {"burst.count": 6, "burst.cost_so_far": "250 EUR"}
    card = render("slack", {**CARD, "include": ["count", "sample_of_5", "cost_so_far"]}, given)
    assert card["facts"][-2:] == [["Customers", "6"], ["Given so far", "250 EUR"]]
    assert "thread" not in card


def test_a_card_goes_below_the_first_one_about_its_case(render: Render) -> None:
    assert render("slack", {**CARD, "thread": "case"}, {"case.thread": "1700000000.1"})["thread"] == "1700000000.1"


def test_a_survey_is_a_letter_with_its_own_purpose(render: Render) -> None:
    letter = render("survey", APOLOGY)
    assert (letter["to"], letter["purpose"]) == ("ana@example.com", "survey")


def test_a_survey_whose_time_nobody_knows_is_not_sent(render: Render) -> None:
    assert "the time" in render("survey", {**APOLOGY, "at": None}).reason


def test_a_card_for_the_gate_is_written_with_its_buttons(render: Render) -> None:
    card = render("brief", {"to": {"role": "gate", "at": "B12"}, "card": "detractor", "buttons": ["done"]})
    assert (card["to"], card["buttons"]) == ({"role": "gate", "at": "B12"}, ["done"])
    assert card["title"]
