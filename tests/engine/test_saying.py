"""Rules in plain sentences."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.conftest import KINDS
from tests.engine.spoken import ROOT, SHOWN, all_rules, one_rule, pack_rules, spoken

from amends_connectors.registry import OURS, kinds
from amends_engine.actions import Action, Datum, FieldNames, Literal, Step, Table, Texts, When
from amends_engine.conditions import AllOf, AnyOf, Condition, Is, Not, Test
from amends_engine.fields import BUILT_IN, GIVEN_BY_STEPS, Fields
from amends_engine.moments import AtField
from amends_engine.operators import OPERATORS, Operand
from amends_engine.placeholders import parse_text
from amends_engine.rules import Rule, Status
from amends_engine.saying import Lexicon, Part, as_text, rule_page, say, say_words, workspace_page
from amends_engine.saying.amounts import VALUES, say_value
from amends_engine.saying.clauses import CLAUSES, OPERANDS, Clause, clause, deny
from amends_engine.saying.lexicon import field_words, name_words
from amends_engine.saying.phrases import PHRASES, say_action
from amends_engine.saying.rules import STATUSES
from amends_engine.saying.steps import STEPS
from amends_engine.steps import Option, OptionType, StepKind
from amends_engine.values import Money, Value


def said(*conditions: str, event: str = "feedback.received") -> Clause:
    rule, words = spoken(one_rule("\n".join(f"- {one}" for one in conditions), event=event))
    return clause(rule.condition, words)


def steps_said(then: str, **more: str) -> str:
    rule, words = spoken(one_rule(then=then, **more))
    return as_text(each for each in say(rule, words) if each.part is Part.THEN)


@pytest.mark.parametrize("name", SHOWN)
def test_a_rule_is_said_as_the_file_beside_it_says(name: str) -> None:
    """A change of words shows in these files; `amends say` writes them."""
    rule, words = all_rules()[name]
    assert rule_page(rule, words) == (ROOT / "tests/rules/said" / f"{name}.txt").read_text(encoding="utf-8")


def test_the_example_in_the_documentation_is_what_the_code_says() -> None:
    page = (ROOT / "docs/rules-as-text-and-pictures.md").read_text(encoding="utf-8")
    assert f"```text\n{rule_page(*all_rules()['downgrade-opens-case'])}```" in page


@pytest.mark.parametrize("name", all_rules())
def test_every_line_is_a_whole_sentence(name: str) -> None:
    rule, words = all_rules()[name]
    for each in say(rule, words):
        assert each.text.endswith((".", ":", "?", "!"))
        assert each.text[0] in "“[" or each.text[0].isupper()
        assert not [part for part in ("  ", "\n", "_", "…", "None") if part in each.text]


@pytest.mark.parametrize("name", SHOWN)
def test_the_same_rule_gives_the_same_words(name: str) -> None:
    rule, words = all_rules()[name]
    assert rule_page(rule, words) == rule_page(rule, words)


OPERATORS_SAID = {
    "changed": ("the feedback's NPS has changed", "the feedback's NPS has not changed"),
    "fell_in_a_row": (
        "the feedback's NPS has fallen in a row at least twice",
        "the feedback's NPS has not fallen in a row at least twice",
    ),
    "rose_in_a_row": (
        "the feedback's NPS has risen in a row at least twice",
        "the feedback's NPS has not risen in a row at least twice",
    ),
    "changed_from": ("the customer's tier has changed from gold", "the customer's tier has not changed from gold"),
    "changed_to": (
        "the customer's tier has changed to basic or silver",
        "the customer's tier has not changed to basic or silver",
    ),
    "fell_by": ("the customer's age has fallen by at least 3", "the customer's age has not fallen by at least 3"),
    "rose_by": (
        "the customer's spend in 365 days has risen by at least 500 EUR",
        "the customer's spend in 365 days has not risen by at least 500 EUR",
    ),
    "equals": ("the customer's tier is gold", "the customer's tier is not gold"),
    "one_of": ("the customer's tier is gold or platinum", "the customer's tier is neither gold nor platinum"),
    "not": ("the customer's tier is not basic", "the customer's tier is basic"),
    "at_most": ("the feedback's NPS is at most 6", "the feedback's NPS is more than 6"),
    "at_least": ("the feedback's NPS is at least 9", "the feedback's NPS is less than 9"),
    "more_than": (
        "the customer's spend in 365 days is more than 5,000 EUR",
        "the customer's spend in 365 days is at most 5,000 EUR",
    ),
    "less_than": ("the customer's age is less than 18", "the customer's age is at least 18"),
    "between": (
        "the feedback's NPS is between 7 and 8 (both included)",
        "the feedback's NPS is not between 7 and 8 (both included)",
    ),
    "mentions": (
        "the feedback's comment mentions “refund” or “money back”",
        "the feedback's comment does not mention “refund” or “money back”",
    ),
    "within": (
        "the customer's “joined at” lies within the last 90 days",
        "the customer's “joined at” does not lie within the last 90 days",
    ),
    "speaks_of": ("the feedback's comment speaks of “refund”", "the feedback's comment does not speak of “refund”"),
    "says": (
        "the feedback's comment says “late” or “missed connection”",
        "the feedback's comment does not say “late” or “missed connection”",
    ),
    "matches": (
        "the feedback's comment matches the pattern “(?i)gate [A-F]\\d+”",
        "the feedback's comment does not match the pattern “(?i)gate [A-F]\\d+”",
    ),
    "older_than": (
        "the customer's “joined at” is older than 365 days",
        "the customer's “joined at” is not older than 365 days",
    ),
    "within_next": (
        "the customer's “renews at” lies within the next 14 days",
        "the customer's “renews at” does not lie within the next 14 days",
    ),
    "before": (
        "the customer's “joined at” is before 1 January 2026",
        "the customer's “joined at” is not before 1 January 2026",
    ),
    "after": (
        "the customer's “joined at” is after 1 January 2026",
        "the customer's “joined at” is not after 1 January 2026",
    ),
    "during": (
        "the time of the event lies in “office hours”",
        "the time of the event does not lie in “office hours”",
    ),
    "outside": (
        "the time of the event lies outside “office hours”",
        "the time of the event does not lie outside “office hours”",
    ),
    "exists": ("the customer's email is known", "the customer's email is not known"),
}
"""What the example of each operator sounds like, and its opposite."""


def test_a_change_without_conditions_is_acted_on_each_time() -> None:
    text = one_rule("").replace("{event: feedback.received}", "{change: feedback.nps}")
    rule, words = spoken(text)
    page = as_text(say(rule, words))
    assert "It looks at every change of the feedback's NPS.\nIt acts on each of them." in page


@pytest.mark.parametrize("name", OPERATORS)
def test_every_operator_has_words_for_yes_and_for_no(name: str) -> None:
    example = OPERATORS[name].example
    assert (said(example).text, said(f"not: {{{example}}}").text) == OPERATORS_SAID[name]


def test_every_form_of_the_language_has_words() -> None:
    assert set(CLAUSES) == set(get_args(Condition))
    assert set(STEPS) == set(get_args(Step))
    assert set(OPERANDS) == set(Operand)
    assert set(STATUSES) == set(Status)
    assert set(VALUES) == {getattr(kind, "__origin__", kind) for kind in get_args(Value)}


def test_every_step_of_ours_has_a_phrase_and_names_only_options_it_has() -> None:
    assert set(PHRASES) == set(OURS)
    for name, phrase in PHRASES.items():
        gaps = {option.name: "" for option in kinds()[name].options}
        assert phrase.format_map(gaps)


FILLED: dict[OptionType, tuple[Any, str]] = {
    OptionType.TEXT: (parse_text("Call <customer.name>"), "“Call [the customer's name]”"),
    OptionType.WORD: (Literal("a-word"), "“a-word”"),
    OptionType.MONEY: (Literal("4321 EUR"), "4,321 EUR"),
    OptionType.DURATION: (Literal("1d 12h"), "1 day and 12 hours"),
    OptionType.TEMPLATE: (Literal("a-template"), "“a-template”"),
    OptionType.CARD: (Literal("a-card"), "“a-card”"),
    OptionType.BUDGET: (Literal("a-budget"), "“a-budget”"),
    OptionType.CHOICE: (Literal("service"), "service"),
    OptionType.FIELDS: (FieldNames(("customer.id", "event.type")), "customer's ID and event's type"),
    OptionType.TEXTS: (Texts({"who": parse_text("<customer.id>")}), "who “[the customer's ID]”"),
    OptionType.YES_NO: (Literal(False), "no"),
    OptionType.ATTRIBUTE: (Literal("mood"), "“mood”"),
    OptionType.EVENT: (Literal("case.escalated"), "“case.escalated”"),
    OptionType.VALUE: (Datum(Literal(7)), "7"),
    OptionType.ASSIGNEE: (
        Texts({"team": Literal("cx"), "pick": Literal("least_busy")}),
        "whoever has the least to do in the team “cx”",
    ),
    OptionType.POST: (
        Texts({"role": Literal("gate"), "at": parse_text("<event.type>")}),
        "the role “gate” at “[the event's type]”",
    ),
    OptionType.IF_LATE: (Texts({"tell": Literal("lead"), "repeat": Literal("4h")}), "“lead”, again every 4 hours"),
    OptionType.ASK: (
        Texts(
            {
                "role": Literal("boss"),
                "over": Literal("100 EUR"),
                "answer_within": Literal("20m"),
                "no_answer": Literal("give 50 EUR"),
            }
        ),
        "“boss” where it is more than 100 EUR, or give 50 EUR without an answer in 20 minutes",
    ),
    OptionType.MOMENT: (
        When(AtField(-timedelta(minutes=15), "event.occurred_at"), UTC),
        "15 minutes before the time of the event",
    ),
    OptionType.WORDS: (Literal(["done", "not_found"]), "“done” and “not found”"),
    OptionType.FIELD: (FieldNames(("event.source",)), "source of the event"),
    OptionType.VALUES: (Texts({"score": Datum(Literal(7.5))}), "score 7.5"),
}


def action(kind: StepKind, *, is_whole: bool) -> Action:
    options = {option.name: FILLED[option.type][0] for option in kind.options if is_whole or option.is_required}
    return Action(kind.name, kind.name, "then[0]", 1, kind.target, options)


@pytest.mark.parametrize("name", kinds())
@pytest.mark.parametrize("is_whole", [True, False])
def test_every_step_says_all_the_options_it_is_given_and_no_others(name: str, is_whole: bool) -> None:
    kind = kinds()[name]
    text = say_action(action(kind, is_whole=is_whole), Lexicon(Fields(), kinds()))
    for option in kind.options:
        is_given = is_whole or option.is_required
        assert (FILLED[option.type][1] in text) or not is_given
    assert not {"{", "}", "…"} & set(text)


def test_every_type_of_option_is_said() -> None:
    assert set(FILLED) == set(OptionType)


SMS = StepKind(
    "sms",
    "Sends the customer a [short] message.",
    tuple(Option(kind.value, kind, "…") for kind in OptionType),
)


def test_a_step_that_nobody_foresaw_speaks_for_itself() -> None:
    text = say_action(action(SMS, is_whole=True), Lexicon(Fields(), {"sms": SMS}))
    assert text.startswith("sends the customer a short message (text: “Call [the customer's name]”; word: “a-word”; ")
    assert all(shown in text for _, shown in FILLED.values())
    assert (
        say_action(action(SMS, is_whole=False), Lexicon(Fields(), {"sms": SMS})) == "sends the customer a short message"
    )


def test_an_option_that_a_phrase_does_not_know_is_said_behind_it() -> None:
    late = Action("email", "email", "", 1, "customer", {"template": Literal("sorry"), "within": Literal("5m")})
    assert say_action(late, Lexicon(Fields(), kinds())) == (
        "sends the customer the message “sorry” by e-mail (within: “5m”)"
    )


def test_texts_of_the_company_are_never_read_as_phrases() -> None:
    trick = Action("task", "task", "", 1, "to", {"to": Literal("{title}[x]"), "title": parse_text("{to} [{due}]")})
    assert say_action(trick, Lexicon(Fields(), kinds())) == "asks “{title}[x]” to do this: “{to} [{due}]”"


def test_a_value_table_says_every_row_and_the_rest() -> None:
    table = "{by: customer.tier, platinum: 1200 EUR, gold: 75 EUR, otherwise: 50.50 EUR}"
    assert steps_said(f"- voucher: {{value: {table}, from: recovery}}") == (
        "Then it gives the customer a voucher worth 1,200 EUR if the customer's tier is platinum, 75 EUR if it is gold "
        "and 50.50 EUR otherwise, out of the budget “recovery”."
    )


def test_a_table_in_a_table_stands_in_brackets() -> None:
    inner = Table("customer.language", {"de": Literal("danke")}, Literal("thanks"))
    outer = Table("customer.tier", {"gold": inner}, Literal("hello"))
    email = Action("email", "email", "", 1, "customer", {"template": outer})
    assert "the message (“danke” if the customer's language is de and “thanks” otherwise) if" in say_action(
        email, Lexicon(Fields(), kinds())
    )


CHOOSE = """\
- choose:
    - if:
        - customer.tier: platinum
      then:
        - task: {title: Call, to: lead}
    - if:
        - customer.tier: gold
        - is: detractor
      then:
        - email: {template: apology}
        - slack: {to: "#cx", card: alert}
"""


def test_branches_are_said_in_order_and_the_missing_otherwise_too() -> None:
    assert (
        steps_said(CHOOSE)
        == """\
Then it takes the first of these ways that fits, passing over one whose answer depends on a missing value:
   - If the customer's tier is platinum, it asks “lead” to do this: “Call”.
   - If both of these are true:
      - The customer's tier is gold.
      - “detractor” (Gave us 0 to 6) applies.
      Then:
      1. It sends the customer the message “apology” by e-mail.
      2. It posts the card “alert” to “#cx” in Slack.
   - Otherwise it does nothing here."""
    )


def test_an_otherwise_is_said_as_one() -> None:
    text = steps_said(f"{CHOOSE}    - otherwise:\n        - email: {{template: apology}}\n")
    assert text.endswith("\n   - Otherwise it sends the customer the message “apology” by e-mail.")


@pytest.mark.parametrize(
    ("conditions", "lead", "parts"),
    [
        (("customer.tier: gold", "customer.age: 40"), "both of these are true", 2),
        (("customer.tier: gold", "customer.age: 40", "is: detractor"), "all of these are true", 3),
        (("any: [customer.tier: gold, customer.age: 4]",), "the customer's tier is gold, or the customer's age is 4",
         0),
        (("any: [customer.tier: gold, is: detractor]",), "at least one of these is true", 2),
        (("not: {any: [customer.tier: gold, customer.age: 4]}",), "none of these is true", 2),
        (("not: [customer.tier: gold, customer.age: 4]",), "not both of these are true", 2),
        (("not: {not: {customer.tier: gold}}",), "the customer's tier is gold", 0),
        (("all: [any: [customer.tier: gold]]",), "the customer's tier is gold", 0),
        (("customer.age: {at_least: 18, less_than: 30}",), "the customer's age is at least 18 and is less than 30", 0),
        (("not: {is: detractor}",), "“detractor” (Gave us 0 to 6) does not apply", 0),
        (("customer.newsletter: false",), "the customer's “newsletter” is no", 0),
        (("not: {customer.newsletter: false}",), "the customer's “newsletter” is yes", 0),
        (("case.id: {exists: false}",), "the customer has no case", 0),
        (("customer.joined_at: {at_most: 2026-03-01T09:30:00+01:00}",),
         "the customer's “joined at” is on or before 1 March 2026 at 09:30 (UTC+0100)", 0),
        (("customer.tier: {not: [basic, silver, gold]}",), "the customer's tier is none of basic, silver and gold", 0),
    ],
)  # fmt: skip
def test_groups_say_how_their_parts_count(conditions: tuple[str, ...], lead: str, parts: int) -> None:
    found = said(*conditions)
    assert (found.text, len(found.parts)) == (lead, parts)


@pytest.mark.parametrize(
    ("condition", "counts"),
    [
        ("customer.tier: {equals: gold, if_missing: true}", "true"),
        ("customer.tier: {equals: gold, if_missing: false}", "false"),
        ("not: {customer.tier: {equals: gold, if_missing: true}}", "false"),
    ],
)
def test_the_answer_for_a_missing_value_is_said(condition: str, counts: str) -> None:
    assert said(condition).text.endswith(f" (if it is missing, this counts as {counts})")


def test_yes_and_no_fields_read_like_english() -> None:
    fields = """
version: 1
entities:
  customer:
    fields: {name: {type: text, fallback: you}, is_senior: yes or no, has_phone: yes or no, tags: list of text}
events:
  feedback.received: {means: Somebody said what they think, fields: {nps: whole number}}
"""
    conditions = "\n".join(
        f"- {one}"
        for one in (
            "customer.is_senior: true",
            "customer.has_phone: false",
            "customer.tags: vip",
            "customer.tags: {not: x}",
        )
    )
    rule, words = spoken(one_rule(conditions, "- task: {title: Call, to: lead}"), fields=fields,
                         definitions="version: 1\n")  # fmt: skip
    assert [part.text for part in clause(rule.condition, words).parts] == [
        "the customer is senior",
        "the customer has no phone",
        "the customer's tags include “vip”",
        "the customer's tags do not include “x”",
    ]


def test_only_a_rule_that_can_lack_a_value_says_what_happens_then() -> None:
    def depends(condition: str) -> bool:
        rule, words = spoken(one_rule(condition))
        return any("missing value" in each.text for each in say(rule, words))

    assert depends("- customer.tier: gold")
    assert not depends("- customer.tier: {equals: gold, if_missing: false}")
    assert not depends("- customer.email: {exists: true}")
    assert not depends("- event.type: feedback.received")
    assert not depends("")


@pytest.mark.parametrize(
    ("status", "words"), [("draft", "does not run"), ("shadow", "nobody is reached"), ("paused", "is kept")]
)
def test_a_rule_that_does_not_act_says_so(status: str, words: str) -> None:
    rule, lexicon = spoken(one_rule().replace("    owner", f"    status: {status}\n    owner"))
    assert any(words in each.text for each in say(rule, lexicon))


def test_a_rule_without_conditions_acts_each_time() -> None:
    rule, words = spoken(one_rule())
    assert "It acts on each of them." in rule_page(rule, words)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "yes"), (6, "6"), (2026, "2026"), (40000, "40,000"), (0.5, "0.5"), ("a\n b", "a b"),
        (Money(500000, "EUR"), "5,000 EUR"), (Money(1990, "EUR"), "19.90 EUR"), (Money(500, "JPY"), "500 JPY"),
        (timedelta(hours=1), "1 hour"), (timedelta(days=1), "24 hours"), (timedelta(days=30), "30 days"),
        (timedelta(days=1, minutes=5, seconds=1), "1 day, 5 minutes and 1 second"), (timedelta(0), "0 seconds"),
        (date(2026, 3, 1), "1 March 2026"),
        (datetime(2026, 3, 1, 9, 5, tzinfo=UTC), "1 March 2026 at 09:05 (UTC+0000)"),
        (("a", "b", "c"), "a, b and c"),
    ],
)  # fmt: skip
def test_values_are_said_exactly_and_with_their_units(value: Value, text: str) -> None:
    assert say_value(value) == text


@pytest.mark.parametrize("verb", ["is at most", "mentions", "matches", "has", "lies within the last", "changes to"])
def test_a_verb_of_a_new_operator_has_an_opposite(verb: str) -> None:
    opposites = ("is not at most", "does not mention", "does not match", "does not have",
                 "does not lie within the last", "does not change to")  # fmt: skip
    assert deny(verb) in opposites


@pytest.mark.parametrize("name", [*BUILT_IN, *GIVEN_BY_STEPS])
def test_every_field_that_is_always_there_has_plain_words(name: str) -> None:
    assert field_words(name).startswith(("the ", "this "))
    assert not {"_", "."} & set(field_words(name))


@pytest.mark.parametrize(
    ("name", "words"),
    [("cabin_paid", "cabin paid"), ("spend_365d", "spend in 365 days"), ("nps", "NPS"), ("90d", "90d"),
     ("month-to-month", "month to month"), ("feedback.received", "feedback received")],
)  # fmt: skip
def test_names_become_words(name: str, words: str) -> None:
    assert name_words(name) == words


def test_a_document_explains_its_words_once_and_at_its_end() -> None:
    pairs = [pair for pair in pack_rules() if pair[0].place.file]
    rules = tuple(rule for rule, words in pairs if words is pairs[0][1])
    page = workspace_page(rules, "Northwind Air", pairs[0][1])
    assert page.startswith(f"# How Northwind Air makes amends: {len(rules)} rules\n\n## {rules[0].id}\n")
    assert page.count("“open case” (kept by") == 1
    assert page.index("## The words used here") > page.index(f"## {rules[-1].id}")
    assert all(f"\n## {rule.id}\n" in page for rule in rules)


def test_definitions_inside_definitions_are_explained_too() -> None:
    rule, words = all_rules()["severe-feedback"]
    texts = [each.text for each in say_words([rule], words)]
    assert [text.split("”")[0] for text in texts if "(kept by" in text] == [
        "“severe feedback", "“severe case", "“open case"]  # fmt: skip


def test_a_rule_with_max_age_says_what_it_leaves() -> None:
    rule, words = spoken(one_rule())
    page = rule_page(Rule(**{**_values(rule), "max_age": timedelta(days=7)}), words)
    assert "What happened more than 7 days ago is not answered any more." in page
    assert "What could not be carried out within 7 days is left." in page


HOSTILE = 'Why "not"\n- is: x\x1b[31m\u202e <script>\r\nend'


def test_texts_stay_on_one_line_and_cannot_steer_a_terminal() -> None:
    rule, words = spoken(one_rule())
    page = rule_page(Rule(**{**_values(rule), "why": HOSTILE, "owner": HOSTILE}), words)
    assert len(page.splitlines()) == len(rule_page(rule, words).splitlines())
    assert not {"\x1b", "\u202e", "\r"} & set(page)


def _values(rule: Rule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in Rule.__slots__}


LEAVES = st.builds(
    Test,
    st.sampled_from(["customer.tier", "customer.age", "feedback.nps", "case.id"]),
    st.sampled_from(["equals", "at_most", "more_than"]),
    st.sampled_from([1, 6, "gold"]),
    st.just("if[0]"),
    st.sampled_from([None, True, False]),
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda parts: AllOf(tuple(parts)))
        | st.lists(inner, max_size=4).map(lambda parts: AnyOf(tuple(parts)))
        | inner.map(Not)
        | inner.map(lambda part: Is("detractor", part))
    ),
    max_leaves=12,
)


@given(CONDITIONS)
def test_every_condition_has_words_and_its_opposite_has_others(condition: Condition) -> None:
    words = Lexicon(Fields(), KINDS)
    assert clause(condition, words).text
    assert clause(condition, words) != clause(Not(condition), words)
    assert clause(Not(Not(condition)), words) == clause(condition, words)
