"""What the words of rules mean: their definitions in full, and the fields that somebody explained."""

from collections.abc import Iterable, Iterator

from amends_engine.actions import Action, Choose, Step, parts_of, tables_in
from amends_engine.conditions import AllOf, AnyOf, Condition, Is, Not, tests_in
from amends_engine.rules import Rule
from amends_engine.saying.clauses import clause
from amends_engine.saying.lexicon import Lexicon, name_words, quoted
from amends_engine.saying.sentences import Part, Sentence, bullets, sentence


def say_words(rules: Iterable[Rule], words: Lexicon) -> tuple[Sentence, ...]:
    """What the definitions and fields of these rules mean, each once, in reading order."""
    rules = tuple(rules)
    said = (*_definitions(rules, words), *_fields(rules, words))
    return (Sentence("The words used here:", Part.WORDS), *said) if said else ()


def _definitions(rules: Iterable[Rule], words: Lexicon) -> Iterator[Sentence]:
    used = {each.name: each for rule in rules for condition in _conditions(rule) for each in _named(condition)}
    for name, definition in used.items():
        said, known = clause(definition.part, words), words.meanings.get(name)
        keeper = f" (kept by {quoted(known.owner)})" if known else ""
        lead = f"{quoted(name_words(name))}{keeper} applies if {said.text}"
        yield Sentence(sentence(f"{lead}{':' if said.parts else ''}"), Part.WORDS, 0, "-")
        yield from bullets(said.parts, Part.WORDS, 1)


def _fields(rules: Iterable[Rule], words: Lexicon) -> Iterator[Sentence]:
    names = dict.fromkeys(name for rule in rules for name in _field_names(rule))
    for name in names:
        known = words.field(name)
        if known and known.means:
            entity, _, short = name.partition(".")
            label = f"{quoted(name_words(short))} of the {name_words(entity)}"
            yield Sentence(sentence(f"{label}: {known.means}"), Part.WORDS, 0, "-")


def _conditions(rule: Rule) -> Iterator[Condition]:
    """The conditions of a rule and of all its branches."""
    yield rule.condition
    for choose in _chooses(rule.steps):
        yield from (branch.condition for branch in choose.branches)
    yield from (watch.condition for watch in rule.watches())


def _chooses(steps: Iterable[Step]) -> Iterator[Choose]:
    for step in steps:
        if isinstance(step, Choose):
            yield step
        for inner in parts_of(step):
            yield from _chooses(inner)


def _named(condition: Condition) -> Iterator[Is]:
    """Every definition in a condition, those inside others after them."""
    match condition:
        case Is(_, part):
            yield condition
            yield from _named(part)
        case Not(part):
            yield from _named(part)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _named(part)


def _field_names(rule: Rule) -> Iterator[str]:
    """The fields that its conditions ask and its tables choose by."""
    for condition in _conditions(rule):
        yield from (test.field for test in tests_in(condition))
    for action in rule.actions():
        yield from _tables(action)


def _tables(action: Action) -> Iterator[str]:
    return (table.field for operand in action.options.values() for table in tables_in(operand))
