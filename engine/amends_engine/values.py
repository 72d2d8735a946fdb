"""Amounts with units: money in minor units, lengths of time, and what a field can hold."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TypeAlias, TypeVar

from babel.core import get_global


class BadValue(ValueError):
    """A value cannot be read; the text is a clause that completes "… " with the remedy."""


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An exact amount: minor units (cents for EUR, yen for JPY) and an ISO 4217 code."""

    minor: int
    currency: str

    @property
    def amount(self) -> Decimal:
        return Decimal(self.minor).scaleb(-minor_digits(self.currency))

    def __str__(self) -> str:
        amount = self.amount
        whole = amount == amount.to_integral_value()
        return f"{amount.to_integral_value() if whole else amount} {self.currency}"


Value: TypeAlias = bool | int | float | str | Money | datetime | date | timedelta | tuple[str, ...]
"""What a field of an event or a customer can hold; a missing value is no key at all."""

_Moment = TypeVar("_Moment", bound=date)  # a time is a date too

_MONEY = re.compile(r"(?P<amount>-?\d{1,15}(\.\d{1,4})?)\s?(?P<currency>[A-Z]{3})\Z")
_DURATION = re.compile(r"(?:(\d{1,6})w)?\s?(?:(\d{1,6})d)?\s?(?:(\d{1,6})h)?\s?(?:(\d{1,6})m)?\s?(?:(\d{1,6})s)?\Z")
_FIRST_YEAR, _LAST_YEAR = 1900, 2199  # beyond, a deadline some weeks away may fall off the calendar
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_END = datetime(9999, 1, 1, tzinfo=UTC)  # so early in the year that it can be told in any time zone
_UNITS = ("weeks", "days", "hours", "minutes", "seconds")


def minor_digits(currency: str) -> int:
    """How many decimals a currency has, by CLDR: 2 for EUR, 0 for JPY, 3 for KWD."""
    fractions: dict[str, tuple[int, ...]] = get_global("currency_fractions")  # type: ignore[assignment]
    return fractions.get(currency, fractions["DEFAULT"])[0]


def parse_money(text: str) -> Money:
    """Read "75 EUR" or "19.90 EUR"; raises BadValue on anything else, no rounding."""
    found = _MONEY.match(text.strip())
    if not found:
        raise BadValue(f"{text!r} is not an amount of money; write for example 75 EUR")
    currency = found["currency"]
    if currency not in get_global("all_currencies"):
        raise BadValue(f"{currency} is not a currency; write a code of ISO 4217 such as EUR or USD")
    try:
        minor = Decimal(found["amount"]).scaleb(minor_digits(currency))
    except InvalidOperation as error:
        raise BadValue(f"{text!r} is not an amount of money; write for example 75 EUR") from error
    if minor != minor.to_integral_value():
        raise BadValue(f"{text!r} has more decimals than {currency} knows")
    return Money(int(minor), currency)


def parse_duration(text: str) -> timedelta:
    """Read "72h", "90d", "30m", "1d 12h"; m is minutes and there are no months; raises BadValue."""
    found = _DURATION.match(text.strip())
    if not found or not text.strip():
        raise BadValue(f"{text!r} is not a length of time; write for example 30m, 72h, 90d or 2w")
    return timedelta(**{unit: int(n) for unit, n in zip(_UNITS, found.groups(), strict=True) if n})


def so_long_before(moment: datetime, length: timedelta) -> datetime:
    """The earlier moment, or the first one of the calendar, which knows no year 0."""
    return so_long_after(moment, -length)


def so_long_after(moment: datetime, length: timedelta) -> datetime:
    """The later moment (a negative length: the earlier), or the end of the calendar on that side."""
    try:
        return moment + length
    except OverflowError:
        return _END if length > timedelta(0) else _BEGINNING


def describe_duration(length: timedelta) -> str:
    """Write a duration the way the language does: 72h as 3d, 90 minutes as 1h 30m."""
    seconds = int(length.total_seconds())
    parts = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0s"


def parse_time(text: str) -> datetime:
    """Read an ISO 8601 time with its offset; a time without one is refused, raises BadValue."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadValue(f"{text!r} is not a time; write for example 2026-03-01T09:30:00+01:00") from None
    if moment.tzinfo is None:
        raise BadValue(f"{text!r} has no time zone; write for example 2026-03-01T09:30:00+01:00")
    return plausible(moment)


def plausible(moment: _Moment) -> _Moment:
    """The same time or date, unless its year is one that no event has; raises BadValue."""
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise BadValue(f"{moment.isoformat()} does not lie between the years {_FIRST_YEAR} and {_LAST_YEAR}")
    return moment


def parse_date(text: str) -> date:
    """Read an ISO 8601 date; 9999-12-31, by which other programs say "never", is refused; raises BadValue."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadValue(f"{text!r} is not a date; write for example 2026-03-01") from None
    return plausible(day)
