"""Jinja as templates use it: an immutable sandbox with our filters, in which a missing value is never written."""

from functools import cache
from typing import Any

from jinja2 import StrictUndefined, pass_context
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from amends_engine.messages import MissingValue
from amends_engine.templates.escaping import Sink, web_address, write_into
from amends_engine.templates.filters import FILTERS
from amends_engine.writing import has_value


class Missing(StrictUndefined):
    """A value that is not there: it equals nothing, is neither more nor less than anything, and cannot be written."""

    __slots__ = ()

    def _no(self, _other: object) -> bool:
        return False

    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = _no  # type: ignore[assignment]

    def __ne__(self, _other: object) -> bool:  # type: ignore[override]
        return True

    __hash__ = None  # type: ignore[assignment]


@cache
def sandbox() -> ImmutableSandboxedEnvironment:
    """The one environment of all templates; the name of a compiled template is the sink it writes into."""
    environment = ImmutableSandboxedEnvironment(
        undefined=Missing,
        autoescape=lambda name: name == Sink.HTML,
        finalize=_write,
        keep_trailing_newline=True,
        optimized=False,
    )
    environment.globals.clear()
    environment.tests.clear()
    environment.filters = {name: known.apply for name, known in FILTERS.items()}
    environment.filters |= {"filled": _filled, "is_there": _is_there, "has_value": _has_value, "address": web_address}
    return environment


@pass_context
def _write(context: Context, value: Any) -> Any:
    """Every value on its way out: written for people, then made safe for where it goes."""
    if isinstance(value, Markup):
        return value
    return write_into(Sink(str(context.name)), context["look"].write(value))


def _filled(value: Any, name: str, fallback: str | None) -> Any:
    is_missing = isinstance(value, Undefined)
    if not is_missing and (fallback is None or has_value(value)):
        return value
    if fallback is None:
        raise MissingValue(name)
    return fallback


def _has_value(value: Any) -> bool:
    return not isinstance(value, Undefined) and has_value(value)


def _is_there(value: Any) -> bool:
    return _has_value(value) and value is not False
