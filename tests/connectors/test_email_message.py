"""Letters: one bare recipient, nothing that could add a header, and a MIME message any mail program opens."""

import email
import email.policy

import pytest
from deliveries import EFFECT, NOW, letter
from hypothesis import given
from hypothesis import strategies as st

from amends_connectors.contract import Rejected
from amends_connectors.email_message import bare_address, build_message, read_letter, read_sender


def written(**changes):
    return email.message_from_bytes(
        build_message(read_letter(letter(**changes)), NOW).as_bytes(), policy=email.policy.default
    )


def test_a_letter_has_a_text_and_an_html_part_and_the_usual_headers():
    message = written()
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    headers = {name: str(message[name]) for name in ("From", "To", "Subject", "Date", "Message-ID", "Content-Language")}
    assert headers == {
        "From": "Northwind Air <care@northwind-air.example>",
        "To": "ana.lopez@example.org",
        "Subject": "Es tut uns leid, Ana – ehrlich",
        "Date": "Sun, 01 Mar 2026 12:10:00 +0000",
        "Message-ID": f"<{EFFECT}@northwind-air.example>",
        "Content-Language": "de",
    }
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"] is None


def test_a_letter_without_html_is_plain_text():
    assert written(html="").get_content_type() == "text/plain"


def test_a_letter_without_a_message_id_gets_the_effects():
    request = dict(letter().request)
    del request["message_id"]
    delivery = letter()
    assert (
        read_letter(type(delivery)(EFFECT, 1, "email", "c1", request)).message_id == f"<{EFFECT}@northwind-air.example>"
    )


def test_a_message_id_may_come_without_its_brackets():
    assert read_letter(letter(message_id="a@b.example")).message_id == "<a@b.example>"


def test_the_same_letter_is_the_same_bytes():
    first, second = (build_message(read_letter(letter()), NOW).as_bytes() for _ in range(2))
    assert first == second


@given(
    subject=st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=200),
    text=st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=500),
    html=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=500),
)
def test_any_clean_letter_can_be_written_and_has_one_recipient(subject, text, html):
    message = written(subject=subject, text=text, html=html)
    assert message.get_all("To") == ["ana.lopez@example.org"]
    assert message["Bcc"] is None
    raw = build_message(read_letter(letter(subject=subject, text=text, html=html)), NOW).as_bytes()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert raw.isascii()


@pytest.mark.parametrize(
    "bad", ["\r\nBcc: x@y.example", "\n", "\r", "\0", "\x0b", "\x85", "\u2028", "\ud800", "\x1b[0m"]
)
@pytest.mark.parametrize("header", ["subject", "language"])
def test_a_control_character_in_a_header_is_refused(header, bad):
    with pytest.raises(Rejected, match=f"the {header} holds"):
        read_letter(letter(**{header: f"Hello{bad}"}))


@pytest.mark.parametrize(
    "to",
    [
        "",
        "ana",
        "ana@",
        "@b.example",
        "ana@b.example, bob@b.example",
        "ana@b.example;bob@b.example",
        "ana@b.example bob@b.example",
        "Ana <ana@b.example>",
        "<ana@b.example>",
        '"ana"@b.example',
        "ana@b.example\n",
        "ana@b.example\r\nBcc: x@y.example",
        "ana@b@c.example",
        "ana(x)@b.example",
        "group:ana@b.example;",
        "ana@[127.0.0.1]",
        "a..b@b.example",
        ".a@b.example",
        "añá@b.example",
        "a" * 65 + "@b.example",
        "ana@" + "b" * 64 + ".example",
        "ana@b..example",
        "ana@\u202eb.example",
        "ana%@",
    ],
)
def test_anything_but_one_bare_recipient_is_refused_without_repeating_it(to):
    with pytest.raises(Rejected) as raised:
        read_letter(letter(to=to))
    assert str(raised.value) == "the recipient is not exactly one bare e-mail address"


@pytest.mark.parametrize(
    ("to", "bare"),
    [
        ("ana.lopez+amends@mail.example.org", "ana.lopez+amends@mail.example.org"),
        ("o'brien@example.org", "o'brien@example.org"),
        ("ana@bücher.example", "ana@xn--bcher-kva.example"),
        ("a@localhost", "a@localhost"),
    ],
)
def test_a_bare_address_is_taken(to, bare):
    assert read_letter(letter(to=to)).to == bare


@given(st.text())
def test_whatever_is_taken_as_an_address_has_one_at_sign_and_no_room_for_tricks(text):
    address = bare_address(text)
    assert address is None or (
        address.isascii() and address.count("@") == 1 and not set(address) & set(' \r\n<>,;:"()')
    )


@pytest.mark.parametrize(
    ("text", "sender"),
    [
        ("care@b.example", ("", "care@b.example")),
        ("Northwind Air <care@b.example>", ("Northwind Air", "care@b.example")),
        ('"Air, Northwind" <care@b.example>', ("Air, Northwind", "care@b.example")),
        ("Jürgen <care@b.example>", ("Jürgen", "care@b.example")),
        ("care", None),
        ("a@b.example, c@d.example", None),
        ("Air\n <care@b.example>", None),
        ("a@b.example <care@b.example>", None),
        ("", None),
    ],
)
def test_a_sender_is_a_name_and_one_address(text, sender):
    assert read_sender(text) == sender


@pytest.mark.parametrize(
    "changes",
    [
        {"from": "nobody"},
        {"text": None},
        {"subject": 5},
        {"text": "\ud800"},
        {"html": "\ud800"},
        {"message_id": "<a b@c>"},
        {"message_id": "no-at-sign"},
        {"unsubscribe_url": "http://b.example"},
        {"unsubscribe_url": "https://b.example/>\r\nBcc: x@y.example"},
    ],
)
def test_a_request_that_is_not_a_letter_is_refused(changes):
    with pytest.raises(Rejected):
        read_letter(letter(**changes))


def test_a_long_name_and_subject_are_folded_and_read_back():
    message = written(subject="Entschuldigung " * 30, **{"from": f"{'Nördlicher Wind ' * 8}<care@b.example>"})
    assert message["Subject"].split() == ["Entschuldigung"] * 30
    assert message["From"].addresses[0].addr_spec == "care@b.example"
