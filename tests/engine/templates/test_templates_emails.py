"""Markdown and conditions become an e-mail: the HTML part, the plain part, the subject."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from amends_engine.messages import Message, MissingValue, Purpose
from amends_engine.templates import Look
from amends_engine.values import Value

RenderEmail = Callable[..., Message]
Problems = Callable[..., list[str]]


def body_of(message: Message) -> str:
    """The HTML of the author's text, without styles."""
    inner = message.html.partition('class="text"')[2].partition(">\n")[2].partition("</td></tr>")[0]
    return re.sub(r' style="[^"]*"', "", inner).strip()


def test_a_message_says_its_language_and_purpose(render_email: RenderEmail) -> None:
    message = render_email("Hallo", language="de")
    assert (message.language, message.purpose) == ("de", Purpose.SERVICE)


def test_the_same_source_gives_html_and_plain_text(render_email: RenderEmail) -> None:
    message = render_email(
        "# Sorry\n\nDear *{{ customer.name }}*,\n\n- **one**\n- two\n\n1. first\n2. second\n\n> quoted\n\n---\n\n`code`"
    )
    assert body_of(message) == (
        "<h1>Sorry</h1>\n<p>Dear <em>Ana López</em>,</p>\n<ul>\n<li><strong>one</strong></li>\n<li>two</li>\n</ul>\n"
        "<ol>\n<li>first</li>\n<li>second</li>\n</ol>\n<blockquote>\n<p>quoted</p>\n</blockquote>\n<hr />\n"
        "<p><code>code</code></p>"
    )
    assert message.text == (
        "Sorry\n\nDear Ana López,\n\n- one\n- two\n\n1. first\n2. second\n\n> quoted\n\n---\n\ncode"
    )


def test_nested_blocks_keep_their_indent_in_plain_text(render_email: RenderEmail) -> None:
    message = render_email("- a\n  - b\n  - c\n- d\n\n  more\n\n> e\n> f\n>\n> - g\n> - h\n\n```\nx\n  y\n```")
    assert message.text == "- a\n  - b\n  - c\n- d\n\n  more\n\n> e\n> f\n>\n> - g\n> - h\n\nx\n  y"


def test_a_line_end_is_a_line_end(render_email: RenderEmail) -> None:
    message = render_email("Kind regards,\nyour team")
    assert body_of(message) == "<p>Kind regards,<br>\nyour team</p>"
    assert message.text == "Kind regards,\nyour team"


def test_a_link_is_text_and_address(render_email: RenderEmail) -> None:
    message = render_email(
        "[Book](https://air.example/book?a=1&b=2), <https://air.example/> or <mailto:care@air.example>"
    )
    assert '<a href="https://air.example/book?a=1&amp;b=2">Book</a>' in body_of(message)
    assert message.text == "Book (https://air.example/book?a=1&b=2), https://air.example/ or care@air.example"


def test_a_value_in_an_address_is_percent_encoded(render_email: RenderEmail, voucher: Mapping[str, Value]) -> None:
    body = "{% if voucher.code %}[Book](https://air.example/b?c={{ voucher.code }}&d=1){% endif %}"
    message = render_email(body, {**voucher, "voucher.code": 'a/b&c="<ü'})
    assert 'href="https://air.example/b?c=a%2Fb%26c%3D%22%3C%C3%BC&amp;d=1"' in body_of(message)
    assert message.text == "Book (https://air.example/b?c=a%2Fb%26c%3D%22%3C%C3%BC&d=1)"


@pytest.mark.parametrize("value", ["..", "."])
def test_a_value_in_an_address_cannot_climb_folders(render_email: RenderEmail, value: str) -> None:
    message = render_email("[x](https://air.example/a/{{ customer.name }}/b)", {"customer.name": value})
    assert message.text == "x (https://air.example/a//b)"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("[x]({{ customer.name }})", "A placeholder stands in the host of the address"),
        ("[x](https://{{ customer.name }}/)", "A placeholder stands in the host of the address"),
        ("[x](https://a.example{{ customer.name }}/)", "A placeholder stands in the host of the address"),
        ("[x](https://a.example:8{{ customer.name }}/)", "A placeholder stands in the host of the address"),
        ("[x](https://a.example@{{ customer.name }}/)", "A placeholder stands in the host of the address"),
        ("[x](/book)", "The address /book is not one that works in a message"),
        ("[x](www.air.example)", "The address www.air.example is not one that works"),
        ("[x]()", "The address of a link is not one that works"),
        ("[x](ftp://air.example)", "The address ftp://air.example is not one"),
        ("<skype:me>", "The address skype:me is not one"),
        ("[x](javascript:alert)", "A link cannot be read"),
        (
            "[x](https://a.example/{% if customer.vip %}b{% endif %})",
            "The address https://a.example/…b… holds a condition",
        ),
        ("![x](https://a.example/x.png)", "Pictures are not part of a message"),
        ("<b>x</b>", "<b> would be shown as it stands"),
        ('<a href="https://a.example">x</a>', "would be shown as it stands"),
        ("<img src=x onerror=alert(1)>", "would be shown as it stands"),
    ],
)
def test_what_markdown_cannot_send_is_reported(problems: Problems, body: str, expected: str) -> None:
    found = problems(f"Hello\n\nthere {body}")
    assert expected in found[0]
    assert found[0].startswith("8:")


@pytest.mark.parametrize(
    "body", ["1 < 2 and 3 > 2", "I <3 you", "`<b>`", "```\n<b>\n```", "a & b", "{ } [x] (y)", "<>"]
)
def test_signs_that_are_no_markup_are_just_signs(render_email: RenderEmail, body: str) -> None:
    assert render_email(body).text == body.strip("`\n")


def test_braces_can_be_written_by_escaping(render_email: RenderEmail) -> None:
    message = render_email("\\{\\{ 7+7 \\}\\} &#123;&#123; 8+8")
    assert message.text == "{{ 7+7 }} {{ 8+8"


CONDITIONS = [
    ("a\n\n{% if customer.vip %}\nb\n{% endif %}\n\nc", "<p>a</p>|<p>b</p>|<p>c</p>", "<p>a</p>|<p>c</p>"),
    ("a\n{% if customer.vip %}\nb\n{% endif %}\nc", "<p>a</p>|<p>b</p>|<p>c</p>", "<p>a</p>|<p>c</p>"),
    ("a\n\n{% if customer.vip %}b{% endif %}\n\nc", "<p>a</p>|<p>b</p>|<p>c</p>", "<p>a</p>|<p>c</p>"),
    ("a{% if customer.vip %} b{% endif %} c", "<p>a b c</p>", "<p>a c</p>"),
    ("a\n{% if customer.vip %}b{% endif %}\nc", "<p>a<br>|b<br>|c</p>", "<p>a<br>|c</p>"),
    ("{% if customer.vip %}b{% endif %}\nc", "<p>b<br>|c</p>", "<p>c</p>"),
    ("a\n{% if customer.vip %}b{% endif %}", "<p>a<br>|b</p>", "<p>a</p>"),
    ("{% if customer.vip %}a\n\nb\n{% else %}c\n{% endif %}\nd", "<p>a</p>|<p>b</p>|<p>d</p>", "<p>c</p>|<p>d</p>"),
    ("{% if customer.vip %}a\n\nb{% endif %}\n\nc", "<p>a</p>|<p>b</p>|<p>c</p>", "<p>c</p>"),
    (
        "- a\n{% if customer.vip %}- b\n{% else %}- c\n{% endif %}\n- d",
        "<ul>|<li>a</li>|<li>b</li>|<li>d</li>|</ul>",
        "<ul>|<li>a</li>|<li>c</li>|<li>d</li>|</ul>",
    ),
    ("- a\n- {% if customer.vip %}b{% endif %}", "<ul>|<li>a</li>|<li>b</li>|</ul>", "<ul>|<li>a</li>|</ul>"),
    ("> {% if customer.vip %}\n> b\n> {% endif %}\n\nc", "<blockquote>|<p>b</p>|</blockquote>|<p>c</p>", "<p>c</p>"),
    ("**{% if customer.vip %}a{% else %}b{% endif %}**", "<p><strong>a</strong></p>", "<p><strong>b</strong></p>"),
    (
        "{% if customer.vip %}{% if feedback.nps > 2 %}\na\n{% endif %}{% endif %}\nb",
        "<p>a</p>|<p>b</p>",
        "<p>b</p>",
    ),
    ("  {% if customer.vip %}\n  a\n  {% endif %}", "<p>a</p>", ""),
    ("{% if customer.vip %}\n## a\n{% endif %}\n", "<h2>a</h2>", ""),
    (
        "1. a\n2. {% if customer.vip %}b{% endif %}\n3. c",
        "<ol>|<li>a</li>|<li>b</li>|<li>c</li>|</ol>",
        "<ol>|<li>a</li>|<li>c</li>|</ol>",
    ),
]


@pytest.mark.parametrize(("body", "with_vip", "without"), CONDITIONS)
def test_conditions_leave_no_traces_in_html(render_email: RenderEmail, body: str, with_vip: str, without: str) -> None:
    for is_vip, expected in ((True, with_vip), (False, without)):
        html = body_of(render_email(body, {"customer.vip": is_vip}))
        assert re.sub(r"\n+", "|", html) == expected


@pytest.mark.parametrize(
    ("body", "with_vip", "without"),
    [
        ("a\n\n{% if customer.vip %}\nb\n{% endif %}\n\nc", "a\n\nb\n\nc", "a\n\nc"),
        ("a\n{% if customer.vip %}b{% endif %}\nc", "a\nb\nc", "a\nc"),
        ("a {% if customer.vip %}b{% endif %} c", "a b c", "a c"),
        ("- a\n{% if customer.vip %}- b\n{% else %}- c\n{% endif %}\n- d", "- a\n- b\n- d", "- a\n- c\n- d"),
        ("- a\n- {% if customer.vip %}b{% endif %}\n- c", "- a\n- b\n- c", "- a\n- c"),
        ("> a\n> {% if customer.vip %}b{% endif %}\n> c", "> a\n> b\n> c", "> a\n> c"),
        ("{% if customer.vip %}\na\n{% endif %}", "a", ""),
    ],
)
def test_conditions_leave_no_traces_in_plain_text(
    render_email: RenderEmail, body: str, with_vip: str, without: str
) -> None:
    assert render_email(body, {"customer.vip": True}).text == with_vip
    assert render_email(body, {}).text == without


@pytest.mark.parametrize(
    "body",
    [
        "**a {% if customer.vip %}b** c{% endif %}",
        "a {% if customer.vip %}b\n\nc{% endif %} d",
        "- a {% if customer.vip %}b\n- c{% endif %} d",
        "> a {% if customer.vip %} b\n\nc {% endif %} d",
        "*a{% if customer.vip %}b{% else %}c* d{% endif %}",
        "[a {% if customer.vip %}b](https://a.example/) c{% endif %}",
    ],
)
def test_a_condition_across_a_paragraph_or_bold_text_is_reported(problems: Problems, body: str) -> None:
    (found,) = problems(body)
    assert "This condition begins inside" in found
    assert found.startswith("6:")


@pytest.mark.parametrize(
    "body", ['[x](https://a.example/ "{{ customer.name }}")', "x\n\n[a]: https://a.example/{{ customer.name }}"]
)
def test_a_placeholder_that_nobody_would_see_is_reported(problems: Problems, body: str) -> None:
    (found,) = problems(body)
    assert "This placeholder would not be shown" in found


def test_a_placeholder_after_the_backticks_of_a_code_block_is_reported(problems: Problems) -> None:
    assert len(problems("```{{ customer.name }}\nx\n```")) == 1


def test_a_required_value_that_is_not_there_stops_the_message(
    read: Callable[..., Any], email: Callable[..., str]
) -> None:
    templates, _ = read({"x.en.md": email("{{ feedback.nps }}")})
    with pytest.raises(MissingValue, match=r"feedback\.nps"):
        templates.get("x", ["en"]).render({}, Look("en", ZoneInfo("UTC")))


def test_the_subject_is_one_line_of_255_characters_at_most(render_email: RenderEmail) -> None:
    subject = '"' + "x" * 240 + ' {{ customer.name }}"'
    message = render_email("Hello", {"customer.name": "Ana\r\nBcc: all@evil.example\x00" + "y" * 500}, subject=subject)
    assert len(message.subject) == 255
    assert message.subject.endswith("…")
    assert message.subject.isprintable()


def test_a_long_name_does_not_push_the_words_out_of_the_subject(render_email: RenderEmail) -> None:
    message = render_email("Hello", {"customer.name": "y" * 500}, subject='"{{ customer.name }}, we are sorry"')
    assert message.subject == "y" * 79 + "…, we are sorry"


def test_a_subject_that_comes_out_empty_is_the_company(render_email: RenderEmail) -> None:
    subject = '"{% if customer.vip %}Hello{% endif %}"'
    assert render_email("Hello", subject=subject).subject == "Northwind Air"


def test_a_subject_is_not_escaped_but_the_title_of_the_page_is(render_email: RenderEmail) -> None:
    message = render_email("Hello", {"customer.name": "<A> & B"}, subject='"Sorry, {{ customer.name }}"')
    assert message.subject == "Sorry, <A> & B"
    assert "<title>Sorry, &lt;A&gt; &amp; B</title>" in message.html


def test_the_page_loads_nothing_and_names_company_and_language(render_email: RenderEmail) -> None:
    html = render_email("Hello", {"workspace.company": "Linden & Rowe"}, language="de").html
    assert html.startswith('<!doctype html>\n<html lang="de" dir="ltr">')
    assert "Linden &amp; Rowe" in html
    assert "max-width:600px" in html
    assert not re.search(r"https?:|src=|url\(|@import|<script|<link", html)


def test_a_language_that_runs_from_right_to_left_does_so(render_email: RenderEmail) -> None:
    html = render_email("שלום", language="he").html
    assert '<html lang="he" dir="rtl">' in html
    assert "text-align:right" in html


def test_values_are_written_in_the_language_of_the_template(render_email: RenderEmail) -> None:
    facts: Mapping[str, Value] = {"feedback.score": 1234.5}
    body = "{% if feedback.score %}{{ feedback.score }}{% endif %}"
    zone = ZoneInfo("UTC")
    assert render_email(body, facts, look=Look("fr", zone)).text == "1,234.5"
    assert render_email(body, facts, look=Look("de", zone), language="de").text == "1.234,5"
    assert render_email(body, facts, look=Look("de-CH", zone), language="de").text == "1’234.5"
    assert render_email(body, facts, look=Look("de-CH", zone), language="de").language == "de-CH"


def test_rendering_the_same_facts_gives_the_same_bytes(render_email: RenderEmail) -> None:
    assert render_email("Dear {{ customer.name }}") == render_email("Dear {{ customer.name }}")
