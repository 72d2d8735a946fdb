"""A rule as sentences: why, when, if, then, limits, and what its words mean."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from amends_engine.conditions import AllOf
from amends_engine.limits import CUSTOMER
from amends_engine.rules import Rule, Status
from amends_engine.saying.amounts import how_often, say_value
from amends_engine.saying.clauses import clause
from amends_engine.saying.glossary import say_words
from amends_engine.saying.lexicon import Lexicon, quoted
from amends_engine.saying.sentences import Part, Sentence, as_text, bullets, sentence
from amends_engine.saying.steps import can_be_unknown, say_step, say_steps
from amends_engine.saying.triggers import say_on, say_watch


def say(rule: Rule, words: Lexicon) -> tuple[Sentence, ...]:
    """The whole rule, and what its words mean; the same rule gives the same sentences."""
    return (*say_rule(rule, words), *say_words([rule], words))


def say_rule(rule: Rule, words: Lexicon) -> tuple[Sentence, ...]:
    """The rule without its words, which a document of several rules explains once."""
    return tuple(each for part in (_why, _when, _then, _limits) for each in part(rule, words))


STATUSES: Mapping[Status, str] = {
    Status.DRAFT: "It is a draft: it does not run.",
    Status.SHADOW: "It runs in shadow: what it would do is recorded, and nobody is reached.",
    Status.LIVE: "It is live: it acts.",
    Status.PAUSED: "It is paused: it is kept, and does not run.",
}


def _why(rule: Rule, _words: Lexicon) -> Iterator[Sentence]:
    yield Sentence(f"Why: {sentence(rule.why)}", Part.WHY)
    yield Sentence(STATUSES[rule.status], Part.WHY)
    yield Sentence(f"{quoted(rule.owner)} answers for it.", Part.WHY)


def _when(rule: Rule, words: Lexicon) -> Iterator[Sentence]:
    yield Sentence(sentence(f"It looks at every {say_trigger(rule, words)}"), Part.WHEN)
    if rule.asks == AllOf(()):
        yield Sentence("It acts on each of them.", Part.WHEN)
        return
    said = clause(rule.asks, words)
    yield Sentence(sentence(f"It acts if {said.text}{':' if said.parts else ''}"), Part.WHEN)
    yield from bullets(said.parts, Part.WHEN, 0)
    if can_be_unknown(rule.asks, words):
        yield Sentence("If the answer depends on a missing value, it does not act.", Part.WHEN)


def say_trigger(rule: Rule, words: Lexicon) -> str:
    """What it waits for: "“feedback received” event: Somebody answered the survey"."""
    return say_on(rule.trigger, words)


def _then(rule: Rule, words: Lexicon) -> Iterator[Sentence]:
    if len(rule.steps) == 1:
        first, *rest = say_step(rule.steps[0], words)
        yield replace(first, text=f"Then i{first.text[1:]}")
        yield from rest
        return
    yield Sentence("Then it does this, in this order:", Part.THEN)
    yield from say_steps(rule.steps, words)


def _limits(rule: Rule, words: Lexicon) -> Iterator[Sentence]:
    yield from (Sentence(sentence(f"It acts {limit}"), Part.LIMITS) for limit in say_limits(rule))
    if rule.max_age:
        longest = say_value(rule.max_age)
        yield Sentence(f"What happened more than {longest} ago is not answered any more.", Part.LIMITS)
        yield Sentence(f"What could not be carried out within {longest} is left.", Part.LIMITS)
    if rule.measure:
        what, within = say_watch(rule.measure.watch, words), say_value(rule.measure.within)
        success = f"It was worth it if {what} of the same customer follows within {within}"
        yield Sentence(sentence(success), Part.LIMITS)


def say_limits(rule: Rule) -> Iterator[str]:
    """What can keep it from acting although it fits: its own limit, and the other rules of its group."""
    for limit in rule.limits:
        same = "for the same customer" if limit.by == CUSTOMER else f"for the same {limit.by}" if limit.by else "in all"
        yield f"at most {how_often(limit.count)} within {say_value(limit.window)} {same}"
    if rule.group:
        group = quoted(rule.group)
        yield f"only if no other rule of the group {group} that fits has a higher priority than its {rule.priority}"


def rule_page(rule: Rule, words: Lexicon) -> str:
    """One rule under its name."""
    return f"{rule.id}\n\n{as_text(say(rule, words))}\n"


def workspace_page(rules: tuple[Rule, ...], company: str, words: Lexicon) -> str:
    """All rules as one Markdown document, their words at its end."""
    count = f"{len(rules)} rule{'' if len(rules) == 1 else 's'}"
    parts = [f"# How {company} makes amends: {count}"]
    parts += [f"## {rule.id}\n\n{as_text(say_rule(rule, words))}" for rule in rules]
    meant = as_text(say_words(rules, words)[1:])
    return "\n\n".join([*parts, *([f"## The words used here\n\n{meant}"] if meant else [])]) + "\n"
