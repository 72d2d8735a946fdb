"""The preview outbox: files a person can open, and a page to look at."""

import email
import email.policy
import json
import os
import time

import pytest
from deliveries import EFFECT, again, card, letter, notice, staff_card
from hypothesis import given
from hypothesis import strategies as st

from amends_connectors.contract import Found, Rejected
from amends_connectors.preview import PreviewConnector, file_name
from amends_connectors.preview_index import write_index
from amends_connectors.registry import build, channels


@pytest.fixture
def send(tmp_path, clock):
    """Sends a delivery without any credentials."""
    return lambda delivery: build(delivery.kind, {}, tmp_path, clock).send(delivery)


def test_a_letter_becomes_a_file_that_a_mail_program_opens(send, tmp_path):
    receipt = send(letter())
    assert receipt.is_preview
    assert receipt.provider_id == f"email/{EFFECT}.eml"
    assert receipt.detail == {"file": str(tmp_path / "email" / f"{EFFECT}.eml")}
    message = email.message_from_bytes((tmp_path / receipt.provider_id).read_bytes(), policy=email.policy.default)
    assert message["To"] == "ana.lopez@example.org"
    assert message["X-Amends"] == "preview, not sent"
    assert not message.defects


def test_a_card_becomes_slacks_own_message_and_a_text(send, tmp_path):
    receipt = send(card())
    message = json.loads((tmp_path / receipt.provider_id).read_bytes())
    assert message["channel"] == "#cx-recovery"
    assert message["blocks"][0]["type"] == "header"
    assert (tmp_path / "slack" / f"{EFFECT}.txt").read_text(encoding="utf-8").startswith("To #cx-recovery\n")


def test_a_webhook_becomes_json(send, tmp_path):
    receipt = send(notice())
    assert json.loads((tmp_path / receipt.provider_id).read_bytes()) == {
        "endpoint": "crm",
        "body": {"customer": "Ana", "score": "3"},
    }


def test_the_same_effect_twice_is_one_preview(send, tmp_path):
    send(letter(subject="first"))
    send(again(letter(subject="second")))
    [file] = (tmp_path / "email").iterdir()
    assert b"Subject: second" in file.read_bytes()


def test_what_cannot_be_sent_cannot_be_previewed_either(send, tmp_path):
    with pytest.raises(Rejected):
        send(letter(to="ana@b.example, bob@b.example"))
    assert not (tmp_path / "email").exists()


def test_a_preview_can_be_looked_up(send, tmp_path, clock):
    connector = build("email", {}, tmp_path, clock)
    assert connector.look_up(letter()) is Found.ABSENT
    connector.send(letter())
    assert connector.look_up(letter()) is Found.PRESENT


@given(st.text(max_size=300))
def test_a_file_name_stays_in_its_folder_and_is_its_own(text):
    name = file_name(text)
    assert 0 < len(name) <= 100
    assert all(letter.isascii() and (letter.isalnum() or letter in "-_") for letter in name)
    assert (name == text) or file_name(text + "x") != name


def test_the_page_shows_every_channel_newest_first(send, tmp_path):
    for delivery in (letter(), card(), notice()):
        send(delivery)
    page = write_index(tmp_path).read_text(encoding="utf-8")
    assert "3 previews" in page
    for words in ("Es tut uns leid, Ana – ehrlich", "Ana (gold) would not recommend us", "&quot;score&quot;"):
        assert words in page
    for link in (f"email/{EFFECT}.eml", f"slack/{EFFECT}.json", f"slack/{EFFECT}.txt", f"webhook/{EFFECT}.json"):
        assert f'href="{link}"' in page


def test_the_page_runs_nothing_and_loads_nothing(send, tmp_path):
    evil = "<script>alert(1)</script><img src=https://evil.example>"
    send(letter(subject=evil, html=evil))
    send(card(title=evil, body=evil, facts=[["<b>", evil]], context=evil))
    send(notice(body={"x": evil}))
    page = write_index(tmp_path).read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<img" not in page
    assert "<iframe sandbox" in page
    assert "default-src 'none'" in page


def test_the_page_shows_links_of_a_card(send, tmp_path):
    send(card(body='<https://crm.example/?a=1&amp;b="2|*the case*>'))
    page = write_index(tmp_path).read_text(encoding="utf-8")
    assert '<a href="https://crm.example/?a=1&amp;b=%222" rel=noreferrer><strong>the case</strong></a>' in page


@pytest.mark.parametrize(
    ("to", "show", "shown"),
    [
        (
            {"role": "gate-agent", "at": "B12"},
            "2026-03-01T15:45:00+00:00",
            "gate-agent · at B12 · from 2026-03-01 15:45 UTC<",
        ),
        ({"role": "gate-agent", "at": None}, None, "gate-agent · place not known<"),
        ("gate-agent", "now", ">gate-agent<"),
    ],
)
def test_the_page_shows_a_card_for_staff_with_its_buttons(tmp_path, clock, to, show, shown):
    PreviewConnector(channels()["brief"], tmp_path, clock).send(
        staff_card(to=to, show=show, title="Meet <Ana>", buttons=["apologised", "not_found"])
    )
    page = write_index(tmp_path).read_text(encoding="utf-8")
    assert shown in page
    assert "Meet &lt;Ana&gt;" in page
    assert "<span class=button>apologised</span> <span class=button>not_found</span>" in page
    assert "<strong>Say sorry</strong>" in page


def test_the_page_draws_the_newest_and_counts_the_rest(send, tmp_path):
    for number in range(5):
        delivery = letter(subject=f"letter {number}")
        receipt = send(type(delivery)(f"effect-{number}", 1, "email", "c1", delivery.request))
        os.utime(tmp_path / receipt.provider_id, (number, number))
    page = write_index(tmp_path, newest=2).read_text(encoding="utf-8")
    assert page.index("letter 4") < page.index("letter 3")
    assert "letter 2" not in page
    assert "and 3 older ones" in page


def test_an_empty_outbox_has_a_page_too(tmp_path):
    assert "nothing yet" in write_index(tmp_path / "outbox").read_text(encoding="utf-8")


def test_a_file_that_is_not_ours_does_not_break_the_page(send, tmp_path):
    send(letter())
    (tmp_path / "email" / "broken.eml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "slack").mkdir()
    for name, content in (("half.json", '{"blocks": [1]}'), ("no.json", "{"), ("note.txt", "hello"), ("x.json", "[]")):
        (tmp_path / "slack" / name).write_text(content)
    page = write_index(tmp_path).read_text(encoding="utf-8")
    assert "Es tut uns leid" in page
    assert 'href="slack/note.txt"' in page


def test_hundreds_of_previews_take_no_time(send):
    begun = time.perf_counter()
    for number in range(200):
        delivery = letter()
        send(type(delivery)(f"effect-{number}", 1, "email", "c1", delivery.request))
    assert time.perf_counter() - begun < 5
