"""Cards: laid out in Block Kit, short enough for Slack, and nothing in them that a customer could make act."""

import json
from dataclasses import replace

import pytest
from deliveries import card
from hypothesis import given
from hypothesis import strategies as st

from amends_connectors.contract import Rejected
from amends_connectors.slack_card import escape, message_of, read_card, readable


def sections_of(**changes):
    return [block["text"]["text"] for block in blocks_of(**changes) if block["type"] == "section" and "text" in block]


def blocks_of(**changes):
    return message_of(read_card(card(**changes)))["blocks"]


def texts(blocks):
    for block in blocks:
        yield from (
            part["text"] for part in (block.get("text"), *block.get("fields", []), *block.get("elements", [])) if part
        )


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("R&D <b>", "R&amp;D &lt;b&gt;"),
        ("already &lt;safe&gt; &amp; sound", "already &lt;safe&gt; &amp; sound"),
        (
            "<!here> <@U1> <#C1> <https://evil.example|ok>",
            "&lt;!here&gt; &lt;@U1&gt; &lt;#C1&gt; &lt;https://evil.example|ok&gt;",
        ),
        ("@channel @HERE @everyone", "@\u2060channel @\u2060HERE @\u2060everyone"),
        ("ana@heretic.example @hereafter", "ana@heretic.example @hereafter"),
    ],
)
def test_words_of_customers_are_only_words(written, shown):
    assert escape(written) == shown


@given(st.text())
def test_escaping_twice_changes_nothing_and_leaves_no_bracket(text):
    once = escape(text)
    assert escape(once) == once
    assert "<" not in once
    assert ">" not in once


def test_every_text_of_a_card_is_escaped_and_not_preprocessed():
    evil = "<!channel> @here & <@U1|click>"
    blocks = blocks_of(title="Ana", body=evil, facts=[["<Tier>", evil]], context=evil)
    assert not any("<" in text or "@here" in text for text in texts(blocks))
    assert all(part["verbatim"] for block in blocks for part in block.get("fields", []) + block.get("elements", []))
    assert "<" not in message_of(read_card(card(text=evil)))["text"]


def test_links_of_templates_stay_links_and_nothing_else_does():
    links = "See <https://crm.example/c/1?a=1&amp;b=2|the case> or <mailto:a@b.example|write>"
    body = f"{links}, not <!here> <@U1|x> <javascript:x|y>"
    [text] = sections_of(body=body)
    assert text == f"{links}, not &lt;!here&gt; &lt;@U1|x&gt; &lt;javascript:x|y&gt;"
    assert "See the case (https://crm.example/c/1?a=1&b=2) or" in readable(read_card(card(body=body)))


def test_a_text_is_not_cut_within_an_entity_or_a_link():
    [field] = blocks_of(facts=[["Said", "x" * 1985 + "&amp;&lt;"]])[1]["fields"]
    assert field["text"].endswith("x&amp;…")
    [field] = blocks_of(facts=[["See", "x" * 1900 + f" <https://crm.example/{'y' * 200}|it>"]])[1]["fields"]
    assert field["text"].endswith("x …")


@given(
    title=st.text(max_size=400),
    body=st.text(alphabet="ab &<>@\n", max_size=200).map(lambda text: text * 120),
    facts=st.lists(st.tuples(st.text(max_size=300), st.text(alphabet="a&<é", max_size=3000)).map(list), max_size=25),
    context=st.text(alphabet="&x", max_size=4000),
)
def test_a_card_of_any_length_fits_slack(title, body, facts, context):
    message = message_of(read_card(card(title=title, body=body, facts=facts, context=context)))
    assert len(message["blocks"]) <= 50
    assert len(message["text"]) <= 4000
    for block in message["blocks"]:
        assert len(block.get("fields", [])) <= 10
        assert all(len(part["text"]) <= 2000 for part in (*block.get("fields", []), *block.get("elements", [])))
        if block["type"] == "section" and "text" in block:
            assert 0 < len(block["text"]["text"]) <= 3000
    json.dumps(message)


def test_a_long_text_goes_on_in_the_next_section_between_words():
    words = " ".join(["word"] * 900)
    sections = sections_of(body=words)
    assert len(sections) == 2
    assert " ".join(sections) == words


def test_a_text_that_is_far_too_long_ends_visibly():
    sections = sections_of(body="x" * 20_000)
    assert len(sections) == 4
    assert sections[-1].endswith("…")


def test_a_card_without_facts_and_context_is_only_its_text():
    assert [block["type"] for block in blocks_of(facts=[], context="", title="")] == ["section"]


def test_the_same_card_gives_the_same_bytes():
    assert json.dumps(message_of(read_card(card()))) == json.dumps(message_of(read_card(card())))


@pytest.mark.parametrize("facts", ["Tier", [["Tier"]], [["Tier", 3]], {"Tier": "gold"}, [{"label": "x", "value": "y"}]])
def test_facts_that_are_not_pairs_of_texts_are_refused(facts):
    with pytest.raises(Rejected, match="facts"):
        read_card(card(facts=facts))


def test_a_card_without_a_channel_is_refused():
    with pytest.raises(Rejected, match="channel"):
        read_card(card(channel=None))


def test_the_readable_text_lines_up_facts_and_shows_what_slack_shows():
    text = readable(
        read_card(card(body="She said &lt;never&gt; &amp; left", facts=[["Tier", "gold"], ["Paid with", "miles"]]))
    )
    assert text == (
        "To #cx-recovery\n\n"
        "Ana (gold) would not recommend us\n"
        "─────────────────────────────────\n\n"
        "Tier       gold\n"
        "Paid with  miles\n\n"
        "She said <never> & left\n\n"
        "rule premium-detractor · A premium customer hears from us the same day\n"
    )


def test_a_card_that_may_have_been_posted_before_says_so_at_its_end():
    marked = message_of(read_card(replace(card(), is_possible_repeat=True)))["blocks"]
    assert marked[:-1] == blocks_of()
    assert list(texts(marked[-1:])) == ["Possible repeat: this may have been posted before."]
