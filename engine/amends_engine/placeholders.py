"""`<customer.name>` in the texts of rules: plain substitution, and nothing else."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from amends_engine.messages import MissingValue
from amends_engine.values import Value
from amends_engine.writing import has_value

_PLACEHOLDER = re.compile(r"<([A-Za-z][A-Za-z0-9_-]{0,79}(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,79}){1,3})>")


@dataclass(frozen=True, slots=True)
class Blank:
    """A place in a text where the value of a field belongs."""

    field: str


@dataclass(frozen=True, slots=True)
class Text:
    """A text with blanks; a text without any is the same thing with one literal part."""

    parts: tuple[str | Blank, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of its fields, each once, in the order of the text."""
        return tuple(dict.fromkeys(part.field for part in self.parts if isinstance(part, Blank)))

    def renamed(self, names: Mapping[str, str]) -> "Text":
        """The same text with other names for its fields: `event.nps` as `feedback.nps`."""
        return Text(tuple(p if isinstance(p, str) else Blank(names.get(p.field, p.field)) for p in self.parts))

    def fill(
        self,
        facts: Mapping[str, Value],
        fallback: Callable[[str], str | None],
        write: Callable[[Value], str],
    ) -> str:
        """Put values in; what they say is never read as a placeholder again.

        fallback: the text for a field without a value, or None; raises MissingValue if there is neither.
        """
        return "".join(
            part if isinstance(part, str) else fill_blank(part.field, facts, fallback, write) for part in self.parts
        )


def parse_text(text: str) -> Text:
    """Find the `<entity.field>` in a text; everything that does not look like one stays as it is."""
    parts: list[str | Blank] = []
    end = 0
    for found in _PLACEHOLDER.finditer(text):
        parts += [text[end : found.start()], Blank(found[1])]
        end = found.end()
    return Text(tuple(part for part in (*parts, text[end:]) if part))


def fill_blank(
    field: str,
    facts: Mapping[str, Value],
    fallback: Callable[[str], str | None],
    write: Callable[[Value], str],
) -> str:
    """The value of one field, or its fallback; an empty text without a fallback stays empty."""
    value = facts.get(field)
    instead = None if has_value(value) else fallback(field)
    if instead is not None:
        return instead
    if value is None:
        raise MissingValue(field)
    return write(value)
