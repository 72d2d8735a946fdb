"""Cards for Slack: mrkdwn, plain text, and the limits of Block Kit."""

import re
from collections.abc import Callable

import pytest

from amends_engine.messages import Card

RenderCard = Callable[..., Card]


def test_markdown_becomes_slacks_own_markup(render_card: RenderCard) -> None:
    card = render_card(
        "# Head\n\n**bold** *soft* `code` [case](https://a.example/c?a=1&b=2)\nnext line\n\n- one\n- two\n\n"
        "1. first\n\n> quoted\n> twice\n\n```\nx < y\n```\n\n1 < 2 & 3"
    )
    assert card.text == (
        "*Head*\n\n*bold* _soft_ `code` <https://a.example/c?a=1&amp;b=2|case>\nnext line\n\n• one\n• two\n\n"
        "1. first\n\n> quoted\n> twice\n\n```\nx &lt; y\n```\n\n1 &lt; 2 &amp; 3"
    )


def test_a_card_has_a_plain_version_with_everything_on_it(render_card: RenderCard) -> None:
    card = render_card(
        "**{{ customer.name }}** gave [us](https://a.example/) {{ feedback.nps }}",
        title='"Detractor: {{ customer.name }}"',
        more='facts: [{label: Why, value: "{{ rule.why }}"}]\n',
    )
    assert card.plain == (
        "Detractor: Ana López\n\nAna López gave us (https://a.example/) 3\n\nWhy: A premium customer hears from us"
    )
    assert card.language == "en"


def test_facts_are_label_and_value(render_card: RenderCard) -> None:
    card = render_card("x", more='facts: [{label: Score, value: "{{ feedback.nps }} of 10"}]\n')
    assert card.facts == (("Score", "3 of 10"),)


def test_an_empty_fact_is_left_out_because_slack_would_refuse_the_card(render_card: RenderCard) -> None:
    card = render_card(
        "x", more='facts: [{label: Tier, value: "{{ customer.tier }}"}]\nfallbacks: {customer.tier: ""}\n'
    )
    assert card.facts == ()
    assert "Tier" not in card.plain


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("<!channel>", "&lt;!channel&gt;"),
        ("<@U123>", "&lt;@\u2060U123&gt;"),
        ("<https://evil.example|bank>", "&lt;https: //evil. example|bank&gt;"),
        ("@channel", "@\u2060channel"),
        ("hey @here", "hey @\u2060here"),
        ("ana@shop.example", "ana@shop.example"),
        ("AT&T &amp;", "AT&amp;T &amp;amp;"),
        ("*bold*", "∗bold*"),
        ("a_b _c_", "a_b \uff3fc_"),
        ("~x~ `y`", "∼x~ 'y'"),
        ("> quote", "\u2060&gt; quote"),
        ("one\n\ntwo\t three", "one two three"),
        ("2 * 3", "2 * 3"),
    ],
)
def test_words_of_customers_are_only_words(render_card: RenderCard, value: str, shown: str) -> None:
    body = "{% if feedback.comment %}{{ feedback.comment }}{% endif %}"
    more = 'facts: [{label: Said, value: "{{ feedback.comment }}"}]\nfallbacks: {feedback.comment: ""}\n'
    card = render_card(body, {"feedback.comment": value}, more=more)
    assert card.text == shown
    assert card.facts == (("Said", shown),)


def test_a_title_and_the_plain_text_cannot_call_everybody(render_card: RenderCard) -> None:
    card = render_card("{{ customer.name }}", {"customer.name": "<!channel> @here"}, title='"{{ customer.name }}"')
    assert card.title == "<\u2060!channel> @\u2060here"
    assert card.plain == "<\u2060!channel> @\u2060here\n\n<\u2060!channel> @\u2060here"


def test_a_long_title_is_cut_to_what_slack_takes(render_card: RenderCard) -> None:
    card = render_card("x", {"customer.name": "y" * 500}, title='"' + "x" * 100 + '{{ customer.name }}"')
    assert len(card.title) == 150
    assert card.title.endswith("…")


def test_a_title_that_comes_out_empty_is_the_name_of_the_template(render_card: RenderCard) -> None:
    assert render_card("x", title='"{% if customer.vip %}VIP{% endif %}"').title == "x"


@pytest.mark.parametrize("filler", ["&", "<", "a ", "🙂", "é"])
def test_a_long_text_is_cut_between_entities(render_card: RenderCard, filler: str) -> None:
    body = "x" + "{% if feedback.comment %}{{ feedback.comment }}{% endif %}" * 3
    card = render_card(body, {"feedback.comment": filler * 1999})
    assert len(card.text) <= 3000
    assert not re.search(r"&(?!amp;|lt;|gt;)", card.text)
    assert card.text.endswith("…")


def test_a_link_is_not_cut_in_half(render_card: RenderCard) -> None:
    body = "x" * 2000 + " {{ customer.name }} [case](https://a.example/" + "c" * 100 + ")"
    card = render_card(body, {"customer.name": "y" * 950})
    assert len(card.text) <= 3000
    assert "<https" not in card.text


def test_a_value_in_an_address_cannot_end_it(render_card: RenderCard) -> None:
    card = render_card("[case](https://a.example/{{ customer.name }})", {"customer.name": "x|y>z"})
    assert card.text == "<https://a.example/x%7Cy%3Ez|case>"


def test_a_pipe_in_the_words_of_a_link_does_not_end_them(render_card: RenderCard) -> None:
    card = render_card("[{{ customer.name }}](https://a.example/)", {"customer.name": "x|y"})
    assert card.text == "<https://a.example/|x|y>"


def test_a_line_that_a_false_condition_leaves_empty_is_gone(render_card: RenderCard) -> None:
    assert (
        render_card("a\n{% if customer.vip %}b{% endif %}\nc\n\n{% if customer.vip %}\nd\n{% endif %}").text == "a\nc"
    )
