"""What may stand between braces, and what is said about everything else."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from amends_engine.messages import Message
from amends_engine.templates.filters import FILTERS
from amends_engine.values import Value

Problems = Callable[..., list[str]]
RenderEmail = Callable[..., Message]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{{ customer.nam }}", "6:1 unknown-field The field customer.nam is not known | did you mean customer.name?"),
        ("a\n  {{ shop.name }}", "7:3 unknown-field The field shop.name is not known | "),
        ("{{ event.nps }}", "6:1 unknown-field The field event.nps is not known | did you mean feedback.nps?"),
        ("{{ name }}", "6:1 unknown-field name is not the name of a field | write entity.field: customer.name"),
        ("{% if customer.teir %}x{% endif %}", "6:1 unknown-field The field customer.teir is not known | did you mean"),
        ("{{ customer.nickname }}", "6:1 fallback-missing customer.nickname may be missing and has no fallback text"),
        ("{{ voucher.code }}", "6:1 fallback-missing voucher.code may be missing and has no fallback text"),
        ("{{ customer name }}", "6:1 template-syntax customer name cannot be read | write for example"),
        ("{{ }}", "6:1 template-syntax An empty tag cannot be read"),
        ("{{ customer.name", "6:1 template-syntax {{ is not closed | write }} after it"),
        ("{{ customer.name } {{ event.id }}", "6:1 template-syntax {{ is not closed"),
        ("{% if customer.name }x", "6:1 template-syntax {% is not closed"),
        ("{# never closed", "6:1 template-syntax {# is not closed"),
        ("Hello }} there", "6:7 template-syntax }} has no opening"),
        ("{% if customer.name %}x", "6:1 template-syntax {% if %} is never closed | write {% endif %} after it"),
        ("x{% endif %}", "6:2 template-syntax {% endif %} has no {% if %} that it belongs to"),
        ("{% else %}", "6:1 template-syntax {% else %} has no {% if %} that it belongs to"),
        ("{% if customer.vip %}{% else %}{% else %}{% endif %}", "6:32 template-syntax {% else %} has no {% if %}"),
        ("{% if %}x{% endif %}", "6:1 template-syntax An empty tag cannot be read"),
        (
            "{% if customer.vip %}x{% endif customer.vip %}",
            "6:23 template-syntax {% endif %} takes nothing after endif",
        ),
        ("{% for x in customer.topics %}", "6:1 template-syntax {% for %} is not part of the language of templates"),
        ("{% macro x() %}", "6:1 template-syntax {% macro %} is not part of the language of templates"),
        ("{% include 'x' %}", "6:1 template-syntax {% include %} is not part"),
        ("{% import 'x' as y %}", "6:1 template-syntax {% import %} is not part"),
        ("{% set x = 1 %}", "6:1 template-syntax {% set %} is not part"),
        ("{% raw %}", "6:1 template-syntax {% raw %} is not part"),
        ("{% extends 'x' %}", "6:1 template-syntax {% extends %} is not part"),
        ("{% 1 %}", "6:1 template-syntax {% 1 %} is not part"),
        ("{{ customer.name.upper() }}", "6:1 template-syntax A template cannot call anything"),
        ("{{ range(9) }}", "6:1 template-syntax A template cannot call anything"),
        ("{{ cycler.__init__.__globals__ }}", "6:1 unknown-field"),
        ("{{ customer.__class__ }}", "6:1 unknown-field"),
        ("{{ ''.__class__ }}", "6:1 template-syntax This is more than a template may do"),
        ("{{ customer['__class__'] }}", "6:1 unknown-field"),
        ("{{ feedback.nps + 1 }}", "6:1 template-syntax A template cannot calculate"),
        ("{{ 9 ** 9 ** 9 }}", "6:1 template-syntax A template cannot calculate"),
        ("{{ 'a' ~ 'b' }}", "6:1 template-syntax A template cannot join texts with ~"),
        ("{{ 'a' if customer.vip else 'b' }}", "6:1 template-syntax An if inside {{ … }} is not part"),
        ("{{ [1, 2] }}", "6:1 template-syntax This is more than a template may do"),
        ("{{ {'a': 1} }}", "6:1 template-syntax"),
        ("{{ self }}", "6:1 unknown-field self is not the name of a field"),
        ("{{ 'a\\x41' }}", "6:1 template-syntax A backslash cannot stand"),
        ("{{ customer.name|uper }}", "6:1 template-syntax There is no filter uper | did you mean upper?"),
        ("{{ customer.name|attr('x') }}", "6:1 template-syntax There is no filter attr"),
        ("{{ customer.name|safe }}", "6:1 template-syntax There is no filter safe | filters are capitalize, date,"),
        ("{{ customer.name|filled('x', 'y') }}", "6:1 template-syntax There is no filter filled"),
        ("{{ customer.name|upper(1) }}", "6:1 template-syntax The filter upper does not take this argument"),
        ("{{ customer.name|shorten }}", "6:1 template-syntax The filter shorten is written shorten(40)"),
        ("{{ customer.name|shorten('x') }}", "6:1 template-syntax The filter shorten does not take this argument"),
        ("{{ customer.name|shorten(length=4) }}", "6:1 template-syntax The filter shorten is written shorten(40)"),
        ("{{ customer.name|date }}", "6:1 template-syntax The filter date takes time, and this is text"),
        (
            "{{ event.occurred_at|upper }}",
            "6:1 template-syntax The filter upper takes one of or text, and this is time",
        ),
        ("{{ customer.name|default }}", "6:1 template-syntax default takes one text"),
        ("{{ 'x'|default('y') }}", "6:1 template-syntax"),
        ("{% if customer.name|upper %}x{% endif %}", "6:1 template-syntax A filter can only stand in {{ … }}"),
        ("{% if customer.name is odd %}x{% endif %}", "6:1 template-syntax There is no test odd"),
        ("{% if 1 < feedback.nps < 5 %}x{% endif %}", "6:1 template-syntax Compare two things at a time"),
        ("{% if 1 == 1 %}x{% endif %}", "6:1 template-syntax This comparison cannot be read"),
        ("{% if true %}x{% endif %}", "6:1 template-syntax This is more than a template may do"),
        (
            "{% if customer.tier == 'golden' %}x{% endif %}",
            "6:1 unknown-value customer.tier can never be that: 'golden'",
        ),
        ("{% if customer.tier in ['gold', 'sliver'] %}x{% endif %}", "6:1 unknown-value customer.tier can never be"),
        ("{% if feedback.nps > 11 %}x{% endif %}", "6:1 unknown-value feedback.nps can never be that: 11"),
        ("{% if feedback.nps == '3' %}x{% endif %}", "6:1 unknown-value feedback.nps can never be that: '3'"),
        ("{% if customer.tier > 'gold' %}x{% endif %}", "6:1 operator-not-for-type customer.tier is one of"),
        ("{% if customer.spend > '50 EUR' %}x{% endif %}", "6:1 operator-not-for-type customer.spend is money"),
        ("{% if customer.name == feedback.nps %}x{% endif %}", "6:1 operator-not-for-type customer.name is text"),
        ("{% if customer.tier == none %}x{% endif %}", "6:1 unknown-value customer.tier can never be that"),
        (
            "{% if customer.tier in [feedback.comment] %}x{% endif %}",
            "6:1 template-syntax A field can only be compared",
        ),
        ("{% if feedback.nps + 1 == 2 %}x{% endif %}", "6:1 template-syntax A template cannot calculate"),
        ("{{ " + "(" * 20 + "customer.name" + ")" * 20 + " }}", ""),
        ("{{ " + "(" * 140 + " }}", "6:1 template-syntax"),
        ("{{ '" + "x" * 300 + "' }}", "6:1 template-syntax A placeholder or condition has more than 300"),
        (
            "Dear <customer.name>",
            "6:6 template-syntax <customer.name> is not a placeholder in a template | write {{ cus",
        ),
        (
            "Dear {customer.name}",
            "6:6 template-syntax {customer.name} is not a placeholder | write {{ customer.name }}",
        ),
        ("A zero\u0000 byte", "6:7 template-syntax The invisible character U+0000 cannot stand in a template"),
        ("A mark \ue0001\ue003", "6:8 template-syntax The invisible character U+E000"),
    ],
)
def test_a_tag_that_cannot_be_is_one_clear_finding(problems: Problems, body: str, expected: str) -> None:
    found = problems(body)
    assert [line[: len(expected)] for line in found] == ([expected] if expected else [])


def test_two_hundred_tags_are_enough(problems: Problems) -> None:
    assert [line.split()[1] for line in problems("{{ customer.name }} " * 202)] == ["too-long"]


def test_findings_in_front_matter_name_the_column_of_the_placeholder(problems: Problems) -> None:
    assert problems("Hello", subject='"Dear {{ customer.nam }}"')[0].startswith("3:16 unknown-field")


@pytest.mark.parametrize(
    "body",
    [
        "{% if customer.nickname %}{{ customer.nickname }}{% endif %}",
        "{% if customer.nickname is defined %}{{ customer.nickname }}{% endif %}",
        "{% if not customer.nickname %}x{% else %}{{ customer.nickname }}{% endif %}",
        "{% if customer.nickname and customer.vip %}{{ customer.nickname }}{% endif %}",
        "{% if customer.vip %}{% if customer.nickname %}x{{ customer.nickname }}{% endif %}{% endif %}",
        "{% if customer.tier == 'gold' %}{{ customer.tier }}{% endif %}",
        "{% if customer.tier != 'gold' %}x{% else %}{{ customer.tier }}{% endif %}",
        "{% if customer.tier in ['gold', 'silver'] %}{{ customer.tier }}{% endif %}",
        "{% if customer.tier not in ('gold', 'silver') %}x{% else %}{{ customer.tier }}{% endif %}",
        "{% if feedback.score < 3 %}{{ feedback.score }}{% endif %}",
        "{% if 3 > feedback.score %}{{ feedback.score }}{% endif %}",
        "{% if not customer.tier or not feedback.score %}x{% else %}{{ customer.tier }}{{ feedback.score }}{% endif %}",
        "{% if not customer.tier %}x{% elif customer.vip %}{{ customer.tier }}{% else %}{{ customer.tier }}{% endif %}",
        "{{ customer.nickname|default('friend') }}",
        "{{ customer.nickname|default('') }}",
        "{{ customer.name }}",
        "{{ feedback.nps }}",
        "{{ customer.id }}",
        "{% if voucher.code %}{{ voucher.code }} {{ voucher.value }}{% endif %}",
        "{% if feedback['flight-no'] %}{{ feedback['flight-no'] }}{% endif %}",
        "{% if 'wifi' in customer.topics %}{{ customer.topics }}{% endif %}",
    ],
)
def test_a_placeholder_that_cannot_be_missing_needs_no_fallback(problems: Problems, body: str) -> None:
    assert problems(body) == []


@pytest.mark.parametrize(
    "body",
    [
        "{% if customer.nickname or customer.vip %}{{ customer.nickname }}{% endif %}",
        "{% if customer.nickname %}x{% else %}{{ customer.nickname }}{% endif %}",
        "{% if not customer.nickname %}{{ customer.nickname }}{% endif %}",
        "{% if customer.nickname %}x{% endif %}{{ customer.nickname }}",
        "{% if customer.nickname != 'x' %}{{ customer.nickname }}{% endif %}",
        "{% if customer.nickname %}x{% elif customer.vip %}{{ customer.nickname }}{% endif %}",
        "{% if not (customer.tier and customer.vip) %}{{ customer.tier }}{% endif %}",
    ],
)
def test_a_placeholder_that_may_be_missing_needs_a_fallback(problems: Problems, body: str) -> None:
    assert [line.split()[1] for line in problems(body)] == ["fallback-missing"]


def test_a_fallback_of_the_template_is_enough(problems: Problems) -> None:
    assert problems("{{ customer.nickname }}", more='fallbacks: {customer.nickname: ""}\n') == []


@pytest.mark.parametrize(
    ("condition", "facts", "holds"),
    [
        ("customer.nickname", {"customer.nickname": "Annie"}, True),
        ("customer.nickname", {}, False),
        ("customer.nickname", {"customer.nickname": "  "}, False),
        ("not customer.nickname", {}, True),
        ("customer.name", {"customer.name": ""}, False),
        ("feedback.nps", {"feedback.nps": 0}, True),
        ("customer.vip", {"customer.vip": False}, False),
        ("customer.vip is defined", {"customer.vip": False}, True),
        ("customer.vip is not defined", {}, True),
        ("customer.vip == false", {"customer.vip": False}, True),
        ("customer.vip == false", {}, False),
        ("customer.topics", {"customer.topics": ()}, False),
        ("'wifi' in customer.topics", {"customer.topics": ("wifi", "food")}, True),
        ("'wifi' in customer.topics", {}, False),
        ("'wifi' not in customer.topics", {}, True),
        ("customer.tier == 'gold'", {"customer.tier": "gold"}, True),
        ("customer.tier == 'gold'", {}, False),
        ("customer.tier != 'gold'", {}, True),
        ("'gold' == customer.tier", {"customer.tier": "gold"}, True),
        ("customer.tier in ['gold', 'silver']", {"customer.tier": "silver"}, True),
        ("customer.tier in ['gold', 'silver']", {}, False),
        ("customer.tier not in ['gold']", {}, True),
        ("feedback.score < 3", {"feedback.score": 2.5}, True),
        ("feedback.score < 3", {}, False),
        ("3 > feedback.score", {}, False),
        ("feedback.score >= 3", {}, False),
        ("not feedback.score < 3", {}, True),
        ("feedback.score == feedback.nps", {"feedback.score": 3.0}, True),
        ("customer.vip and feedback.nps <= 6", {"customer.vip": True}, True),
        ("customer.vip or feedback.nps <= 2", {}, False),
        ("(customer.vip or feedback.nps > 2) and not customer.nickname", {}, True),
    ],
)
def test_conditions_hold_as_they_read(
    render_email: RenderEmail, condition: str, facts: Mapping[str, Value], holds: bool
) -> None:
    body = f"{{% if {condition} %}}yes{{% else %}}no{{% endif %}}"
    assert render_email(body, facts).text == ("yes" if holds else "no")


@pytest.mark.parametrize(("nps", "text"), [(0, "terrible"), (3, "bad"), (7, "fair"), (10, "good")])
def test_the_first_branch_that_holds_is_written(render_email: RenderEmail, nps: int, text: str) -> None:
    body = (
        "{% if feedback.nps < 2 %}terrible{% elif feedback.nps < 5 %}bad{% elif feedback.nps < 8 %}fair"
        "{% else %}good{% endif %}"
    )
    assert render_email(body, {"feedback.nps": nps}).text == text


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("{{ customer.name|upper }}", "ANA LÓPEZ"),
        ("{{ customer.name|lower }}", "ana lópez"),
        ("{{ customer.name|first_word }}", "Ana"),
        ("{{ customer.name|first_word|upper }}", "ANA"),
        ("{{ customer.tier|capitalize }}", "Gold"),
        ("{{ customer.name|shorten(5) }}", "Ana…"),
        ("{{ customer.nickname|default('friend')|upper }}", "FRIEND"),
        ("{{- customer.name -}}", "Ana López"),
        ("{{ 'as it is' }}", "as it is"),
        ("{{ customer['name'] }}", "Ana López"),
        ("{{ voucher.valid_until|date }}", "May 31, 2026"),
        ("{{ voucher.valid_until|time }}", "12:30 AM"),
        ("a{# a remark {{ with.tags }} #}b", "ab"),
    ],
)
def test_values_pass_through_filters(
    render_email: RenderEmail, voucher: Mapping[str, Value], tag: str, text: str
) -> None:
    more = 'fallbacks: {voucher.valid_until: "", customer.tier: ""}\n'
    assert render_email(tag, {**voucher, "customer.tier": "gold"}, more=more).text == text


def test_a_fallback_passes_through_filters_too(render_email: RenderEmail) -> None:
    assert render_email("{{ customer.name|upper }}", {"customer.name": ""}).text == "THERE"


def test_every_filter_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "templates.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert [name for name in FILTERS if not any(f"`{name}" in row for row in rows)] == []
