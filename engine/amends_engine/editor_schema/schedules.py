"""Schedules in words as one pattern, which Python and ECMAScript read alike."""

from zoneinfo import available_timezones

from amends_engine.editor_schema.values import one_word_of, text
from amends_engine.schedules.words import EXAMPLES, MONTHS, ORDINALS, WEEKDAYS
from amends_engine.shapes import Schema


def _word(name: str) -> str:
    """Upper or lower case at its beginning; patterns of JSON Schema know no flags."""
    return f"[{name[0].upper()}{name[0]}]{name[1:]}"


def _one_of(*choices: str) -> str:
    return f"({'|'.join(choices)})"


def _list_of(item: str) -> str:
    return rf"{item}((\s*,\s*(and\s+)?|\s+and\s+){item})*"


_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
_BUSINESS = "business days?( of [a-z0-9][a-z0-9_.-]*)?"
_SET = "(day|weekday|weekend day)s?"
_WEEKDAY = rf"{_one_of(*map(_word, WEEKDAYS))}s?"
_OF_WEEK = rf"({_word('every')} )?{_one_of(_BUSINESS, _SET, _list_of(_WEEKDAY))}"
_MONTHS = _one_of("(the|a|every|each) month", rf"(every )?{_list_of(_one_of(*map(_word, MONTHS)))}")
_NUMBERS = rf"{_word('day')}s? {_list_of('[0-9]{1,2}')}"
_NTH = rf"{_one_of(*map(_word, ORDINALS))} {_one_of(_BUSINESS, _SET, _WEEKDAY)}"
_OF_MONTH = rf"({_word('the')} |{_word('every')} )?{_one_of(_NUMBERS, _NTH)} of {_MONTHS}"
_AT = rf"{_one_of(_OF_MONTH, _OF_WEEK)} at {_list_of(_CLOCK)}"
_INTERVAL = rf"{_word('every')} ([0-9]{{1,3}} )?(minute|hour)s?( on {_OF_WEEK})?( from {_CLOCK} to {_CLOCK})?"

SCHEDULE: Schema = {
    **text(rf"^\s*{_one_of(_AT, _INTERVAL)}\s*$", f"a schedule such as {EXAMPLES[2]}"),
    "examples": list(EXAMPLES),
}


def timezone() -> Schema:
    return one_word_of(sorted(available_timezones()))
