"""Triggers as phrases behind "every": each kind of trigger has one entry here."""

from collections.abc import Callable, Mapping
from typing import Any

from amends_engine.conditions import AllOf, Condition, Test
from amends_engine.events import Origin
from amends_engine.operators import OPERATORS, Operand
from amends_engine.saying.amounts import how_often, listed, say_value
from amends_engine.saying.clauses import Clause, clause
from amends_engine.saying.lexicon import Lexicon, field_words, name_words, quoted
from amends_engine.triggers.change import OnChange
from amends_engine.triggers.counting import AtLeast
from amends_engine.triggers.events import OnEvent
from amends_engine.triggers.kinds import Trigger
from amends_engine.triggers.missing import Missing
from amends_engine.triggers.order import InOrder
from amends_engine.triggers.schedule import About, Missed, OnSchedule
from amends_engine.triggers.watches import Watch


def say_on(trigger: Trigger, words: Lexicon) -> str:
    """What it waits for: "“feedback received” event: Somebody answered the survey"."""
    return TRIGGERS[type(trigger)](trigger, words)


def _event(trigger: OnEvent, words: Lexicon) -> str:
    known = words.fields.events.get(trigger.event_types[0]) if len(trigger.event_types) == 1 else None
    means = f": {known.means}" if known and known.means else ""
    own = " that a rule made" if trigger.origins == (Origin.SELF,) else ""
    return f"{listed([quoted(name_words(name)) for name in trigger.event_types], 'or')} event{own}{means}"


def _missing(trigger: Missing, words: Lexicon) -> str:
    first, awaited = say_watch(trigger.first, words), say_watch(trigger.awaited, words)
    return f"time {first} is not followed by {awaited} within {say_value(trigger.within)}{_same(trigger.first)}"


def _order(trigger: InOrder, words: Lexicon) -> str:
    first, second = say_watch(trigger.first, words), say_watch(trigger.second, words)
    return f"time {first} is followed by {second} within {say_value(trigger.within)}{_same(trigger.first)}"


def _count(trigger: AtLeast, words: Lexicon) -> str:
    what = say_watch(trigger.of, words)
    different = f", counting each {_field(trigger.of.distinct)} once," if trigger.of.distinct else ""
    again = f", but not again for {say_value(trigger.again_after)}" if trigger.again_after else ""
    within = say_value(trigger.within)
    return f"time {what} happens at least {trigger.count} times{different} within {within}{_same(trigger.of)}{again}"


def _schedule(trigger: OnSchedule, _words: Lexicon) -> str:
    words, zone = (str(text).replace("_", " ") for text in (trigger.schedule.words, trigger.schedule.zone))
    when = f"time of the schedule {quoted(words)} ({zone})"
    return f"{when}{_ABOUT[trigger.about]}{_MISSED[trigger.missed]}"


def _change(trigger: OnChange, _words: Lexicon) -> str:
    wanted = " ".join(f"{_CHANGED[test.operator]} {_operand(test)}" for test in trigger.tests)
    own = " that a rule made" if trigger.origins == (Origin.SELF,) else ""
    return f"change of {field_words(trigger.field.name)}{own}{f' {wanted}' if wanted else ''}"


_CHANGED: Mapping[str, str] = {
    "changed_from": "from",
    "changed_to": "to",
    "fell_by": "down by at least",
    "rose_by": "up by at least",
    "fell_in_a_row": "down in a row at least",
    "rose_in_a_row": "up in a row at least",
}


def _operand(test: Test) -> str:
    if OPERATORS[test.operator].operand is Operand.TIMES:
        return how_often(test.operand)
    values = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    return listed([say_value(value) for value in values], "or")


_ABOUT: Mapping[About, str] = {
    About.NOBODY: "",
    About.CUSTOMERS: ", once for each customer",
    About.CASES: ", once for each open case",
}
_MISSED: Mapping[Missed, str] = {
    Missed.RUN_ALL: "; times that were missed are made up for, all of them",
    Missed.RUN_LAST: "; of times that were missed only the last is made up for",
    Missed.SKIP: "; times that were missed are left out",
}
TRIGGERS: Mapping[type, Callable[[Any, Lexicon], str]] = {
    OnEvent: _event,
    Missing: _missing,
    InOrder: _order,
    AtLeast: _count,
    OnSchedule: _schedule,
    OnChange: _change,
}


def say_watch(watch: Watch, words: Lexicon) -> str:
    """One event with its conditions: "a “feedback received” event where …"."""
    names = listed([quoted(name_words(name)) for name in watch.types], "or")
    conditions = [_flat(clause(each, words)) for each in _parts(watch.condition)]
    return f"a {names} event" + (f" where {' and '.join(conditions)}" if conditions else "")


def _parts(condition: Condition) -> list[Condition]:
    if isinstance(condition, AllOf):
        return [inner for part in condition.parts for inner in _parts(part)]
    return [condition]


def _flat(said: Clause) -> str:
    return f"{said.text} ({'; '.join(_flat(part) for part in said.parts)})" if said.parts else said.text


def _same(watch: Watch) -> str:
    fields = [field for _, field in watch.same if field]
    return f", for the same {_field(fields[0])}" if fields else ""


def _field(name: str) -> str:
    return field_words(name).removeprefix("the ")
