"""Detractor + premium tier → apology e-mail + voucher + Slack alert, by a real Prefect flow run."""

import json
import urllib.request
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from tests.conftest import Answer, Desk, event, forget_settings, open_desk

from amends_engine.states import EffectState
from amends_flows.server import PrefectServer

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]


RULE = "first-sentence"  # a name of its own, so that no test sees the runs of another


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, running_prefect: PrefectServer) -> Iterator[Desk]:
    made = open_desk(tmp_path_factory.mktemp("first"))
    made.change("rules.yaml", "premium-detractor", RULE)
    with pytest.MonkeyPatch.context() as patched:
        forget_settings(patched)
        patched.setenv("PREFECT_API_URL", running_prefect.api_url)
        yield made


@pytest.fixture(scope="module")
def done(desk: Desk) -> Answer:
    """Two premium detractors, a promoter, and a detractor who is not premium."""
    people = [event(1), event(2, language="de"), event(3, nps=9), event(4, tier="basic", spend_365d="9 EUR")]
    return desk.amends("run", desk.events(*people), "--json")


def asked(server: PrefectServer, what: str, **body: object) -> Any:
    """What Prefect's API answers."""
    content = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{server.api_url}/{what}/filter", json.dumps(body).encode(), content)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def letters(desk: Desk) -> list[EmailMessage]:
    files = sorted((desk.home / "outbox" / "email").glob("*.eml"))
    found = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    return sorted(found, key=lambda letter: letter["To"])


def codes(desk: Desk) -> dict[str, str]:
    with desk.store() as store:
        return {one.customer_id: one.code for one in store.vouchers() if one.code}


def test_the_answer_is_one_json_document_that_says_what_happened(done: Answer) -> None:
    assert done.code == 0
    assert done.counts["events"] == {"read": 4, "accepted": 4}
    assert done.json()["decisions"]["by_rule"] == {RULE: 2, "detractor-reply": 3}
    assert done.counts["effects"] == {"planned": 6, "succeeded": 2, "previewed": 4}


def test_the_flow_run_is_seen_in_prefect_under_the_name_of_the_rule(
    done: Answer, running_prefect: PrefectServer
) -> None:
    [flow] = asked(running_prefect, "flows", flows={"name": {"any_": [RULE]}})
    [run] = asked(running_prefect, "flow_runs", flows={"name": {"any_": [RULE]}})
    tasks = asked(running_prefect, "task_runs", flow_runs={"id": {"any_": [run["id"]]}}, sort="EXPECTED_START_TIME_ASC")
    assert flow["tags"] == ["cx-ops", "northwind"]
    assert run["state_type"] == "COMPLETED"
    assert [task["name"].rpartition("-")[0] for task in tasks] == ["voucher", "email", "slack"]
    assert len(run["parameters"]["decision_ids"]) == 2
    assert "ana1@example.com" not in json.dumps([flow, run, tasks])


def test_the_letter_is_one_that_a_mail_program_opens(done: Answer, desk: Desk) -> None:
    english, german = letters(desk)
    assert (english["To"], english["From"]) == ("ana1@example.com", "Northwind Air <care@northwind-air.example>")
    assert (english["Subject"], german["Subject"]) == ("We are sorry, Ana 1", "Es tut uns leid, Ana 2")
    for letter in (english, german):
        text, html = letter.get_body(("plain",)), letter.get_body(("html",))
        assert text is not None
        assert html is not None
        assert letter["To"].partition("@")[0].capitalize().replace("Ana", "Ana ") in text.get_content()
        assert html.get_content().startswith("<!doctype html>")


def test_the_voucher_of_the_ledger_stands_in_both_parts_of_the_letter(done: Answer, desk: Desk) -> None:
    known = codes(desk)
    assert len(set(known.values())) == 2
    for number, letter in enumerate(letters(desk), 1):
        for kind in ("plain", "html"):
            part = letter.get_body((kind,))
            assert part is not None
            assert known[f"c{number}"] in part.get_content()


def test_the_alert_is_block_kit_as_slack_takes_it(done: Answer, desk: Desk) -> None:
    files = sorted((desk.home / "outbox" / "slack").glob("*.json"))
    cards = [json.loads(file.read_bytes()) for file in files]
    assert {card["channel"] for card in cards} == {"#cx-recovery"}
    for card in cards:
        kinds = [block["type"] for block in card["blocks"]]
        assert kinds == ["header", "section", "section", "context"]
        assert card["text"]
        assert card["blocks"][0]["text"]["type"] == "plain_text"
        assert all(field["type"] == "mrkdwn" for field in card["blocks"][1]["fields"])
        assert "A premium customer who would not recommend us" in json.dumps(card["blocks"][3])
    assert {card["blocks"][0]["text"]["text"] for card in cards} == {"Ana 1: 3 of 10", "Ana 2: 3 of 10"}


def test_nothing_that_was_previewed_is_called_sent(done: Answer, desk: Desk) -> None:
    with desk.store() as store:
        effects = {one.kind: one.state for one in store.effects() if one.mode.value == "live"}
        previewed = [store.effect(one.effect_id) for one in store.effects(EffectState.PREVIEWED)]
    assert effects == {
        "voucher": EffectState.SUCCEEDED, "email": EffectState.PREVIEWED, "slack": EffectState.PREVIEWED,
    }  # fmt: skip
    assert {receipt.state for history in previewed if history for receipt in history.receipts} == {
        EffectState.PREVIEWED
    }
    for file in (desk.home / "outbox" / "email").glob("*.eml"):
        assert b"X-Amends: preview, not sent" in file.read_bytes()


def test_the_same_file_again_starts_no_flow_run_and_leaves_the_outbox_alone(
    done: Answer, desk: Desk, running_prefect: PrefectServer
) -> None:
    runs = asked(running_prefect, "flow_runs", flows={"name": {"any_": [RULE]}})
    before = {name: (desk.home / "outbox" / name).stat().st_mtime_ns for name in desk.outbox}
    again = desk.amends("run", desk.here / "events.jsonl", "--json")
    assert again.code == 0
    assert again.counts == {"events": {"read": 4, "duplicate": 4}, "decisions": {}, "effects": {}}
    assert {name: (desk.home / "outbox" / name).stat().st_mtime_ns for name in desk.outbox} == before
    assert asked(running_prefect, "flow_runs", flows={"name": {"any_": [RULE]}}) == runs
    assert len(codes(desk)) == 2
