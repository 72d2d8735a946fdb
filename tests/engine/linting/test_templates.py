"""Templates that speak of what is not there when they are written, and promises that nobody would watch."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from tests.engine.conftest import FILES
from tests.engine.linting.conftest import Check

from amends_engine.linting.lengths import lengths_in

FRONT = "---\nkind: email\nsubject: Sorry\npurpose: service\n---\n"
VOUCHER = FRONT + "Sorry. {% if voucher.code %}{{ voucher.code }}{% endif %}\n"
EMAIL = "email: {template: apology}"
GIVE = "voucher: {value: 5 EUR, from: recovery}"


def rule(*steps: str, event: str = "feedback.received", name: str = "one") -> str:
    lines = "".join(f"      - {step}\n" for step in steps)
    return f"  - id: {name}\n    why: To show\n    owner: cx\n    when: {{event: {event}}}\n    then:\n{lines}"


def said(check: Check, rules: str, more: Mapping[str, str | None]) -> list[str]:
    codes = {"voucher-too-late", "never-shown", "template-not-for-event", "undeclared-promise"}
    found = check(f"version: 1\nrules:\n{rules}", more)
    return [f"{f.place}: {f.message} [{f.code}]" for f in found if f.code in codes]


def test_an_email_after_its_voucher_is_right(check: Check) -> None:
    assert said(check, rule(GIVE, EMAIL), {"templates/apology.en.md": VOUCHER}) == []


def test_an_email_before_its_voucher_says_nothing_of_it(check: Check) -> None:
    [found] = said(check, rule(EMAIL, GIVE), {"templates/apology.en.md": VOUCHER})
    assert found == (
        "rules.yaml:8:17: apology tells of voucher.code, and the step that gives it comes after this one "
        "[voucher-too-late]"
    )


def test_a_voucher_in_one_branch_may_have_been_given(check: Check) -> None:
    choose = f"choose: [{{if: [{{customer.tier: gold}}], then: [{{{GIVE}}}]}}]"
    assert said(check, rule(choose, EMAIL), {"templates/apology.en.md": VOUCHER}) == []


def test_a_voucher_in_another_branch_is_not_given_on_this_way(check: Check) -> None:
    ways = f"choose: [{{if: [{{customer.tier: gold}}], then: [{{{GIVE}}}]}}, {{otherwise: [{{{EMAIL}}}]}}]"
    [found] = said(check, rule(ways), {"templates/apology.en.md": VOUCHER})
    assert found == (
        "templates/apology.en.md:6:14: voucher.code is never there: no rule that uses apology gives it beforehand "
        "[never-shown]"
    )


def test_a_template_may_be_shared_by_rules_with_and_without_a_voucher(check: Check) -> None:
    both = rule(GIVE, EMAIL) + rule(EMAIL, name="two", event="complaint.received")
    assert said(check, both, {"templates/apology.en.md": VOUCHER}) == []


def test_cards_are_looked_at_too(check: Check) -> None:
    card = '---\nkind: card\ntitle: "{{ voucher.value }}"\nfallbacks: {voucher.value: none}\n---\nLook.\n'
    slack = 'slack: {to: "#cx", card: alert}'
    [found] = said(check, rule(slack, GIVE), {"templates/alert.en.md": card})
    assert found.endswith("[voucher-too-late]")


ABOUT = FRONT + "{% if complaint.about %}{{ complaint.about }}{% endif %}\n"


def test_a_field_of_another_event_is_named_once_for_all_languages(check: Check) -> None:
    more = {"templates/apology.en.md": ABOUT, "templates/apology.de.md": ABOUT}
    [found] = said(check, rule(EMAIL), more)
    assert found == (
        "templates/apology.de.md:6:7: complaint.about is never there: no rule that uses apology waits for an event "
        "that carries it [never-shown]"
    )
    assert said(check, rule(EMAIL) + rule(EMAIL, event="complaint.received", name="two"), more) == []


REQUIRED = FILES["fields.yaml"].replace("flight_id: text", "flight_id: {type: text, required: true}")
NEEDS = FRONT + "About {{ complaint.flight_id }}.\n"


def test_a_template_that_fails_for_the_event_of_a_rule_is_named_in_that_rule(check: Check) -> None:
    both = rule(EMAIL, event="complaint.received") + rule(EMAIL, name="two")
    [found] = said(check, both, {"fields.yaml": REQUIRED, "templates/apology.en.md": NEEDS})
    assert found == (
        "rules.yaml:14:17: templates/apology.en.md cannot be written for feedback.received, which has no "
        "complaint.flight_id [template-not-for-event]"
    )


@pytest.mark.parametrize("guard", ["complaint.flight_id", "complaint.about"])
def test_a_template_that_asks_first_does_not_fail(guard: str, check: Check) -> None:
    asks = NEEDS.replace("About", f"{{% if {guard} %}}About").replace("}}.", "}}.{% endif %}")
    both = rule(EMAIL, event="complaint.received") + rule(EMAIL, name="two")
    assert said(check, both, {"fields.yaml": REQUIRED, "templates/apology.en.md": asks}) == []


def test_a_failure_that_only_missing_values_bring_about_is_found(check: Check) -> None:
    other = NEEDS.replace("About", "{% if customer.name %}Hello.{% else %}").replace("}}.", "}}.{% endif %}")
    both = rule(EMAIL, event="complaint.received") + rule(EMAIL, name="two")
    [found] = said(check, both, {"fields.yaml": REQUIRED, "templates/apology.en.md": other})
    assert "complaint.flight_id" in found


LETTER = "---\nkind: email\nsubject: Sorry\npurpose: service\n{}---\n{}\n"


def test_a_promise_must_be_declared_with_its_length(check: Check) -> None:
    text = "Dear you,\n\nwe answer **within 72 hours**."
    wrong = "The text promises something “within 72 hours”, and the front matter declares no such promise"
    for front, expected in (
        ("", [f"templates/apology.en.md:8:13: {wrong} [undeclared-promise]"]),
        (
            "promises: [{says: an answer, within: 48h}]\n",
            [f"templates/apology.en.md:9:13: {wrong} [undeclared-promise]"],
        ),
        ("promises: [{says: an answer, within: 3d}]\n", []),
    ):
        assert said(check, rule(EMAIL), {"templates/apology.en.md": LETTER.format(front, text)}) == expected


def test_a_promise_in_the_subject_is_found_and_one_on_a_card_is_not_one(check: Check) -> None:
    subject = LETTER.format("", "Dear you").replace("subject: Sorry", "subject: An answer within two days")
    card = FILES["templates/alert.en.md"].replace("Look at this", "Call within 2 hours")
    [found] = said(check, rule(EMAIL), {"templates/apology.en.md": subject, "templates/alert.en.md": card})
    assert found.startswith("templates/apology.en.md:3:20:")


def test_working_days_need_some_promise(check: Check) -> None:
    text = "We answer within 2 working days."
    assert len(said(check, rule(EMAIL), {"templates/apology.en.md": LETTER.format("", text)})) == 1
    front = "promises: [{says: an answer, within: 4d}]\n"
    assert said(check, rule(EMAIL), {"templates/apology.en.md": LETTER.format(front, text)}) == []


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("We answer within the next 24 hours.", 24),
        ("You hear from us in less than an hour.", 1),
        ("Innerhalb von 72 Stunden haben Sie eine Antwort.", 72),
        ("Wir melden uns binnen zwei Tagen.", 48),
        ("Nous vous répondons sous 72 heures.", 72),
        ("Vous recevrez une réponse dans les deux jours.", 48),
        ("Le responderá en un plazo de 72 horas.", 72),
        ("Te escribe en 48 horas.", 48),
        ("Respondemos dentro de 3 dias.", 72),
        ("A resposta chega em até 24 horas.", 24),
        ("Ti rispondiamo entro 24 ore.", 24),
        ("We antwoorden binnen 2 uur.", 2),
        ("Vi svarar inom en vecka.", 168),
        ("We answer within 24-48 hours.", 48),
        ("Antwort innerhalb von 1 bis 2 Tagen.", 48),
        ("We call *within\n30 minutes*.", 0.5),
    ],
)
def test_promises_are_known_in_many_languages(text: str, hours: float) -> None:
    assert [length.within for length in lengths_in(text)] == [timedelta(hours=hours)]


@pytest.mark.parametrize(
    "text",
    [
        "Your voucher is valid within 30 days of today.",
        "Please return it within 14 days.",
        "Der Gutschein ist gültig innerhalb von 30 Tagen.",
        "El bono caduca en 30 días.",
        "We lost your bag 3 days ago.",
        "Four shops within 20 miles.",
        "Nothing is within reach.",
        "Si no nos escribe en 48 horas, cerramos el caso.",
    ],
)
def test_other_lengths_of_time_are_no_promises_of_the_company(text: str) -> None:
    assert list(lengths_in(text)) == []
