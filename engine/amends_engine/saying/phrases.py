"""Actions as predicates: "sends the customer the message “apology”". A step without an entry speaks for itself."""

import re
from collections.abc import Callable, Mapping

from amends_engine.actions import Action, Datum, FieldNames, Literal, Operand, Table, Texts
from amends_engine.placeholders import Text
from amends_engine.plans import Json
from amends_engine.saying.amounts import listed, say_length, say_value
from amends_engine.saying.lexicon import Lexicon, field_words, name_words, quoted
from amends_engine.steps import OptionType
from amends_engine.values import parse_money
from amends_engine.writing import clean

PHRASES: Mapping[str, str] = {
    "email": "sends the customer the message {template} by e-mail[, as a {purpose} message]",
    "slack": "posts the card {card} to {to} in Slack",
    "voucher": "gives the customer a voucher worth {value}, out of the budget {from}[, valid for {valid}]",
    "case": "opens a case of the type {open}[, with {priority} priority][, to be closed within {due}]"
    "[, or joins the one that is open for the same {one_per}]",
    "task": "asks {to} to do this[ within {due}]: {title}",
    "set": "writes {to} as {field} of the customer",
    "emit": "makes a {event} event[ with {fields}]",
    "webhook": "tells our system {to}[ this: {body}]",
}
"""By step; [ ] goes when an option in it is not given. Options that a phrase leaves out follow in brackets."""

_PIECE = re.compile(r"\[([^\]]*)\]|([^\[]+)")
_BLANK = re.compile(r"\{(\w+)\}")


def say_action(action: Action, words: Lexicon) -> str:
    """What it does, with all of its options, beginning with a verb and without a full stop."""
    said = {name: _option(action.kind, name, operand, words) for name, operand in action.options.items()}
    phrase = PHRASES.get(action.kind) or _own_words(action.kind, words)
    pieces = [(piece[1] or piece[2], bool(piece[1])) for piece in _PIECE.finditer(phrase)]
    kept = "".join(text for text, may_go in pieces if not may_go or set(_BLANK.findall(text)) <= set(said))
    filled = _BLANK.sub(lambda blank: said.get(blank[1], "…"), kept)
    rest = [f"{name_words(name)}: {text}" for name, text in said.items() if f"{{{name}}}" not in kept]
    return f"{filled} ({'; '.join(rest)})" if rest else filled


def _own_words(kind: str, words: Lexicon) -> str:
    known = words.kinds.get(kind)
    means = re.sub(r"[\[\]{}]", "", clean(known.means)).rstrip(".") if known else f"does {kind}"
    return f"{means[:1].lower()}{means[1:]}"


def _option(kind: str, name: str, operand: Operand, words: Lexicon) -> str:
    known = words.kinds.get(kind)
    option = known.option(name) if known else None
    return _operand(operand, option.type if option else OptionType.TEXT, words)


def _operand(operand: Operand, due: OptionType, words: Lexicon) -> str:
    match operand:
        case Literal(value):
            return LITERALS.get(due, quoted)(value if isinstance(value, str) else _plain(value))
        case Text():
            return quoted(say_text(operand))
        case FieldNames(names):
            return listed([field_words(name).removeprefix("the ") for name in names], "and")
        case Texts(texts):
            return listed([f"{name_words(name)} {_operand(text, due, words)}" for name, text in texts.items()], "and")
        case Datum(inner):
            return _datum(inner, words)
        case Table():
            return _table(operand, due, words)


def _datum(inner: Operand, words: Lexicon) -> str:
    is_plain = isinstance(inner, Literal) and not isinstance(inner.value, str)
    return _plain(inner.value) if is_plain and isinstance(inner, Literal) else _operand(inner, OptionType.TEXT, words)


def _plain(value: Json) -> str:
    return say_value(value) if isinstance(value, bool | int | float) else str(value)


def _table(table: Table, due: OptionType, words: Lexicon) -> str:
    subject, rows = field_words(table.field), []
    for row, case in table.cases.items():
        said = _operand(case, due, words)
        rows.append(f"{f'({said})' if isinstance(case, Table) else said} if {subject} is {clean(row)}")
        subject = "it"
    last = _operand(table.otherwise, due, words)
    return f"{', '.join(rows)} and {last} otherwise" if rows else last


def say_text(text: Text) -> str:
    """A text with its blanks as words in square brackets: "Call [the customer's name]"."""
    return "".join(part if isinstance(part, str) else f"[{field_words(part.field)}]" for part in text.parts)


def _money(text: str) -> str:
    return say_value(parse_money(text))


LITERALS: Mapping[OptionType, Callable[[str], str]] = {
    OptionType.MONEY: _money,
    OptionType.DURATION: say_length,
    OptionType.CHOICE: clean,
    OptionType.YES_NO: clean,
}
"""How a plain value is said; names and texts of the company stand in quotes."""
