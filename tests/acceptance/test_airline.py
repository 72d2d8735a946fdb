"""Three days of an airline, as `make demo` runs them, on the second backend: apologies, vouchers, cards, cases."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from tests.conftest import Answer, Desk, forget_settings, leave_prefect_out

pytestmark = pytest.mark.xdist_group("airline")

AIRLINE = Path(__file__).parents[2] / "rules" / "airline"
EVENTS = AIRLINE / "data" / "events.jsonl"
PLACEHOLDER = re.compile(r"\{\{|\}\}|\{%|<customer\.|<event\.|\bNone\b")


@pytest.fixture(scope="module")
def airline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    here = tmp_path_factory.mktemp("airline")
    desk = Desk(AIRLINE, here / "home", here)
    with pytest.MonkeyPatch.context() as patched:
        forget_settings(patched)
        leave_prefect_out(patched)
        members = AIRLINE / "data" / "passengers.csv"
        assert desk.amends("import", members, "--as", "customers", "--source", "loyalty").code == 0
        flights = AIRLINE / "data" / "flights.csv"
        assert desk.amends("import", flights, "--as", "flight", "--source", "timetable").code == 0
        yield desk


@pytest.fixture(scope="module")
def done(airline: Desk) -> Answer:
    return airline.amends("run", EVENTS, "--json")


@pytest.fixture(scope="module")
def letters(airline: Desk, done: Answer) -> list[EmailMessage]:
    files = (airline.home / "outbox" / "email").glob("*.eml")
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


def test_it_ends_with_apologies_vouchers_cards_and_cases(airline: Desk, done: Answer) -> None:
    with airline.store() as store:
        live = Counter((one.kind, one.state.value) for one in store.effects(limit=10_000) if one.mode.value == "live")
    assert done.code == 0
    assert all(live[made] for made in (("email", "previewed"), ("slack", "previewed"), ("webhook", "previewed")))
    assert all(live[kind, "succeeded"] for kind in ("voucher", "case", "task"))
    assert live.total() == done.json()["effects"]["planned"]


def test_every_event_is_accounted_for(done: Answer) -> None:
    events = done.json()["events"]
    assert events["read"] == len(EVENTS.read_text(encoding="utf-8").splitlines())
    assert events["read"] == events["accepted"] + events["duplicate"]


def test_passengers_are_written_to_in_their_languages_without_a_placeholder_left(letters: list[EmailMessage]) -> None:
    languages = Counter(letter["Content-Language"] for letter in letters)
    assert len(languages) >= 4
    for letter in letters:
        for kind in ("plain", "html"):
            part = letter.get_body((kind,))
            assert part is not None
            assert not PLACEHOLDER.search(f"{letter['Subject']}\n{part.get_content()}")


def test_every_code_that_a_letter_names_is_one_that_was_issued(airline: Desk, letters: list[EmailMessage]) -> None:
    with airline.store() as store:
        issued = {voucher.code for voucher in store.vouchers(limit=10_000) if voucher.code}
    named: set[str] = set()
    for letter in letters:
        part = letter.get_body(("plain",))
        assert part is not None
        named.update(re.findall(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b", part.get_content()))
    assert named
    assert named <= issued


def test_no_budget_is_overspent(airline: Desk, done: Answer) -> None:
    with airline.store() as store:
        spent: Counter[str] = Counter()
        for voucher in store.vouchers(limit=10_000):
            if voucher.mode.value == "live":
                spent[voucher.budget] += voucher.value.minor
    for name, budget in done.json()["budgets"].items():
        assert 0 < spent[name] <= int(budget["limit"].removesuffix(" EUR")) * 100
        assert (
            int(budget["left"].removesuffix(" EUR")) * 100
            == int(budget["limit"].removesuffix(" EUR")) * 100 - spent[name]
        )


def test_every_case_has_an_event_and_a_date(airline: Desk, done: Answer) -> None:
    with airline.store() as store:
        cases = store.cases(limit=10_000)
    assert cases
    assert all(case.event_ids and case.customer_id for case in cases)


def test_cards_are_json_and_a_text_to_read(airline: Desk, done: Answer) -> None:
    cards = sorted((airline.home / "outbox" / "slack").glob("*.json"))
    assert cards
    for card in cards:
        assert json.loads(card.read_bytes())["blocks"]
        assert card.with_suffix(".txt").read_text(encoding="utf-8").startswith("To ")


def test_the_gate_where_a_passenger_lands_has_the_card_a_quarter_of_an_hour_before(airline: Desk, done: Answer) -> None:
    decisions = [
        one for rule in airline.amends("why", "ana-complaint", "--json").json()["rules"] for one in rule["decisions"]
    ]
    [brief] = [effect["id"] for one in decisions for effect in one["effects"] if effect["kind"] == "brief"]
    card = json.loads((airline.home / "outbox" / "brief" / f"{brief}.json").read_bytes())
    assert (card["to"]["at"], card["show"]) == ("A4", "2026-03-03T14:45:00+00:00")  # 15:45 in Berlin


def test_the_same_file_again_changes_nothing(airline: Desk, done: Answer) -> None:
    before = airline.outbox
    again = airline.amends("run", EVENTS, "--json")
    assert (again.code, again.counts["decisions"], again.counts["effects"]) == (0, {}, {})
    assert again.counts["events"].keys() == {"read", "duplicate"}
    assert airline.outbox == before


def test_any_event_can_be_asked_why(airline: Desk, done: Answer) -> None:
    with airline.store() as store:
        some = {one.event_id for one in store.effects(limit=200)}
    for event_id in sorted(some)[:5]:
        answer = airline.amends("why", event_id)
        assert answer.code == 0
        assert ": acted" in answer.out
