"""The filters of templates, `{{ customer.name|upper }}`: a table of what each takes, gives and does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from amends_engine.fields import Kind
from amends_engine.writing import clean, cut

_WORDS = frozenset({Kind.TEXT, Kind.CHOICE})


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter; takes: kinds of value; argument: the type of its one argument, None without; gives text."""

    means: str
    takes: frozenset[Kind]
    apply: Callable[..., str]
    argument: type | None = None


def _first_word(text: str) -> str:
    return clean(text).partition(" ")[0]


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]


def _shorten(text: str, limit: int) -> str:
    return cut(clean(text), max(limit, 1))


@pass_context
def _date(context: Context, moment: Any) -> str:
    return str(context["look"].date(moment))


@pass_context
def _time(context: Context, moment: Any) -> str:
    return str(context["look"].time(moment))


FILTERS: Mapping[str, Filter] = {
    "upper": Filter("all capitals", _WORDS, lambda text: str(text).upper()),
    "lower": Filter("no capitals", _WORDS, lambda text: str(text).lower()),
    "capitalize": Filter("the first letter as a capital, the rest as it is", _WORDS, _capitalize),
    "first_word": Filter("the text up to the first space", _WORDS, _first_word),
    "shorten": Filter("at most so many characters", _WORDS, _shorten, int),
    "date": Filter("the day of a time", frozenset({Kind.TIME}), _date),
    "time": Filter("the time of day of a time", frozenset({Kind.TIME}), _time),
}
