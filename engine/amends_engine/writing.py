"""How values look to people: money, times and numbers in their language, text without surprises."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

from babel.core import Locale, UnknownLocaleError

from amends_engine.values import Money, Value

MAX_VALUE = 2_000

_YES_NO: Mapping[str, tuple[str, str]] = {
    "cs": ("ano", "ne"),
    "da": ("ja", "nej"),
    "de": ("ja", "nein"),
    "el": ("ναι", "όχι"),
    "en": ("yes", "no"),
    "es": ("sí", "no"),
    "fi": ("kyllä", "ei"),
    "fr": ("oui", "non"),
    "hu": ("igen", "nem"),
    "it": ("sì", "no"),
    "ja": ("はい", "いいえ"),
    "nb": ("ja", "nei"),
    "nl": ("ja", "nee"),
    "no": ("ja", "nei"),
    "pl": ("tak", "nie"),
    "pt": ("sim", "não"),
    "ro": ("da", "nu"),
    "ru": ("да", "нет"),
    "sv": ("ja", "nej"),
    "tr": ("evet", "hayır"),
    "uk": ("так", "ні"),
    "zh": ("是", "否"),
}

# Controls, the marks that turn the reading direction of the text after them, the byte order mark,
# halves of characters, non-characters, and the private characters that marks of this package use.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\ue000-\ue00f]"
)
_CODE_BEFORE_DIGIT = re.compile(r"(?<=[A-Za-z])(?=[0-9])")  # "KWD1.500", which has no sign of its own
_SPACES = re.compile(r"\s+")
_NO_LARGER_UNIT = 1e9
_Unit = Literal["week", "day", "hour", "minute", "second"]
_UNITS: tuple[tuple[int, _Unit], ...] = (
    (604800, "week"),
    (86400, "day"),
    (3600, "hour"),
    (60, "minute"),
    (1, "second"),
)


@dataclass(frozen=True, slots=True)
class Look:
    """How values are written: a language such as "de-AT" and the zone in which times are told."""

    language: str
    timezone: ZoneInfo

    def write(self, value: Value) -> str:
        """Any value as a person would write it, on one line."""
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, bool):
            return _yes_no(value, self.language)
        return self._write_figure(value)

    def _write_figure(self, value: int | float | Money | datetime | date | timedelta | tuple[str, ...]) -> str:
        if isinstance(value, Money):
            return _money(value, locale_of(self.language))
        if isinstance(value, datetime):
            return f"{self.date(value)}, {self.time(value)}"
        if isinstance(value, date):
            return self.date(value)
        if isinstance(value, timedelta):
            return _duration(value, locale_of(self.language))
        if isinstance(value, tuple):
            return _list(value, locale_of(self.language))
        return _number(value, locale_of(self.language))

    def date(self, moment: date) -> str:
        """The day of a time in the zone of this look, or a date: "1 March 2026"."""
        from babel.dates import format_date

        day = moment.astimezone(self.timezone) if isinstance(moment, datetime) else moment
        return format_date(day, "long", locale=locale_of(self.language))

    def time(self, moment: datetime) -> str:
        """The time of day in the zone of this look: "09:30"."""
        from babel.dates import format_time

        text = format_time(moment.astimezone(self.timezone), "short", locale=locale_of(self.language))
        return text.replace("\u202f", "\u00a0")  # many mail programs have no narrow space


def has_value(value: object) -> bool:
    """Whether there is anything to show: no value, text without a visible character and an empty list are nothing."""
    if isinstance(value, str):
        return any(unicodedata.category(mark)[0] not in "CZ" for mark in value[: 4 * MAX_VALUE])
    return value is not None and value != ()


def is_language(tag: str) -> bool:
    """Whether CLDR knows this tag, such as "de" or "pt-BR"."""
    try:
        Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return False
    return True


@cache
def locale_of(language: str) -> Locale:
    """The nearest locale that CLDR has; English for a language it does not know."""
    return Locale.parse(language, sep="-") if is_language(language) else Locale("en")


def is_right_to_left(language: str) -> bool:
    return locale_of(language).character_order == "right-to-left"


def clean(text: str) -> str:
    """One line of visible text: no control characters, no runs of spaces, at most 2,000 characters."""
    return cut(_SPACES.sub(" ", _UNWANTED.sub("", text[: 4 * MAX_VALUE])).strip(), MAX_VALUE)


def cut(text: str, limit: int) -> str:
    """Shorten to limit characters, the last of them "…", without leaving half of a visible character."""
    if len(text) <= limit:
        return text
    end = limit - 1
    while end > 0 and (_joins(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    return text[:end].rstrip() + "…"


def _joins(mark: str) -> bool:
    """Whether it belongs to the character before it: accents, joiners, colours of skin, second half of a flag."""
    is_flag = "\U0001f1e6" <= mark <= "\U0001f1ff"
    return is_flag or mark == "\u200d" or "\U0001f3fb" <= mark <= "\U0001f3ff" or unicodedata.category(mark)[0] == "M"


def _yes_no(value: bool, language: str) -> str:
    words = _YES_NO.get(language.partition("-")[0].lower(), _YES_NO["en"])
    return words[0] if value else words[1]


def _money(value: Money, locale: Locale) -> str:
    """Without decimals when there are none: "€75", "75,50 €"."""
    from babel.numbers import format_currency

    amount, currency = value.amount, value.currency
    pattern = locale.currency_formats["standard"].pattern
    if amount == amount.to_integral_value():
        whole = re.sub(r"\.0+", "", pattern)
        text = format_currency(amount, currency, whole, locale=locale, currency_digits=False)
    else:
        text = format_currency(amount, currency, pattern, locale=locale)
    return _CODE_BEFORE_DIGIT.sub("\u00a0", text)


def _number(value: float, locale: Locale) -> str:
    from babel.numbers import format_decimal

    return format_decimal(value, locale=locale)


def _duration(value: timedelta, locale: Locale) -> str:
    """The two largest units in words: "3 days", "1 hour and 30 minutes"."""
    # Babel's lists of units have gaps in some languages (es, pt, it); single units and plain lists have none
    from babel.dates import format_timedelta
    from babel.lists import format_list

    seconds, parts = abs(int(value.total_seconds())), []
    for size, unit in _UNITS[1:] if seconds % 604800 else _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            length = timedelta(seconds=count * size)
            parts.append(format_timedelta(length, granularity=unit, threshold=_NO_LARGER_UNIT, locale=locale))
    zero = format_timedelta(timedelta(0), granularity="minute", locale=locale)
    return format_list(parts[:2] or [zero], locale=locale)


def _list(values: tuple[str, ...], locale: Locale) -> str:
    from babel.lists import format_list

    return clean(format_list([clean(value) for value in values], locale=locale)) if values else ""
