"""Actions as predicates: "sends the customer the message “apology”". A step without an entry speaks for itself."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from amends_engine.actions import Action, Datum, Deadline, FieldNames, Literal, Operand, Table, Texts, When
from amends_engine.moments import AtField
from amends_engine.placeholders import Text
from amends_engine.plans import Json
from amends_engine.saying.amounts import listed, say_length, say_value
from amends_engine.saying.lexicon import Lexicon, field_words, name_words, quoted
from amends_engine.steps import OptionType
from amends_engine.values import parse_money
from amends_engine.writing import clean

PHRASES: Mapping[str, str] = {
    "email": "sends the customer the message {template} by e-mail[, as a {purpose} message]",
    "slack": "posts the card {card} to {to} in Slack[, with {include}][, in the thread of the {thread}]",
    "voucher": "gives the customer a voucher worth {value}, out of the budget {from}[, valid for {valid}]",
    "case": "[opens a case of the type {open}][, with {priority} priority][, to be closed within {due}]"
    "[, or joins the one that is open for the same {one_per}]"
    "[ends the customer's case with the outcome {close}][, and leaves it open for {reopen_for}]",
    "task": "asks {to} to do this[ within {due}][, and if it is late tells {if_late}]: {title}",
    "brief": "shows {to} the card {card}[, {show}][, with the buttons {buttons}]",
    "survey": "sends the customer the survey {template} by e-mail[, {at}]",
    "problem": "[opens the problem {open}, or joins the one that is open][closes the open problem {close}]"
    "[ for the same {per}][, whose root cause is due within {root_cause_due}]",
    "hold": "holds back {messages} messages to {to} for {for}",
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
    whole = f"{filled} ({'; '.join(rest)})" if rest else filled
    return f"{whole}{_say_deadline(action.deadline, words)}" if action.deadline else whole


def _say_deadline(deadline: Deadline, words: Lexicon) -> str:
    limits = [f"within {say_value(deadline.within)}"] if deadline.within else []
    if deadline.before:
        offset = deadline.before.offset
        around = f"{say_value(abs(offset))} {'before' if offset < timedelta() else 'after'} " if offset else ""
        limits.append(f"{'by' if offset else 'before'} {around}{field_words(deadline.before.field)}")
    tells = f"; if that is too late, it also {say_action(deadline.tells, words)}" if deadline.tells else ""
    return f", {' and '.join(limits)}{tells}"


def _own_words(kind: str, words: Lexicon) -> str:
    known = words.kinds.get(kind)
    means = re.sub(r"[\[\]{}]", "", clean(known.means)).rstrip(".") if known else f"does {kind}"
    return f"{means[:1].lower()}{means[1:]}"


def _option(kind: str, name: str, operand: Operand, words: Lexicon) -> str:
    known = words.kinds.get(kind)
    option = known.option(name) if known else None
    return _operand(operand, option.type if option else OptionType.TEXT, words)


def _operand(operand: Operand, due: OptionType, words: Lexicon) -> str:
    return _OPERANDS[type(operand)](operand, due, words)


def _literal(literal: Literal, due: OptionType, _words: Lexicon) -> str:
    if isinstance(literal.value, list):
        return listed([_word(str(name)) for name in literal.value], "and")
    return LITERALS.get(due, quoted)(literal.value if isinstance(literal.value, str) else _plain(literal.value))


def _texts(given: Texts, due: OptionType, words: Lexicon) -> str:
    if due in MAPPINGS:
        return MAPPINGS[due]({name: _operand(text, OptionType.TEXT, words) for name, text in given.texts.items()})
    return listed([f"{name_words(name)} {_operand(text, due, words)}" for name, text in given.texts.items()], "and")


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


def _word(text: str) -> str:
    return quoted(text.replace("_", " "))


def _money(text: str) -> str:
    return say_value(parse_money(text))


def _moment(moment: AtField) -> str:
    side = "before" if moment.offset < timedelta() else "after"
    length = f"{say_value(abs(moment.offset))} {side} " if moment.offset else "at "
    return f"{length}{field_words(moment.field)}"


def _assignee(said: Mapping[str, str]) -> str:
    if "role" in said:
        return f"the role {said['role']}"
    return f"{'whoever has the least to do in ' if 'pick' in said else ''}the team {said['team']}"


def _post(said: Mapping[str, str]) -> str:
    return f"the role {said['role']}" + (f" at {said['at']}" if "at" in said else "")


def _if_late(said: Mapping[str, str]) -> str:
    return f"{said['tell']}" + (f", again every {say_length(said['repeat'].strip('“”'))}" if "repeat" in said else "")


def _ask(said: Mapping[str, str]) -> str:
    plain = {name: text.strip("“”") for name, text in said.items()}
    within = say_length(plain["answer_within"])
    return (
        f"{said['role']} where it is more than {plain['over']}, or {plain['no_answer']} without an answer in {within}"
    )


MAPPINGS: Mapping[OptionType, Callable[[Mapping[str, str]], str]] = {
    OptionType.ASSIGNEE: _assignee,
    OptionType.POST: _post,
    OptionType.IF_LATE: _if_late,
    OptionType.ASK: _ask,
}
"""How an option with parts of its own is said, from what its parts are called."""

_OPERANDS: Mapping[type, Callable[[Any, OptionType, Lexicon], str]] = {
    Literal: _literal,
    Text: lambda text, _due, _words: quoted(say_text(text)),
    FieldNames: lambda fields, _due, _words: listed(
        [field_words(name).removeprefix("the ") for name in fields.names], "and"
    ),
    Texts: _texts,
    Datum: lambda datum, _due, words: _datum(datum.value, words),
    When: lambda when, _due, _words: _moment(when.moment),
    Table: _table,
}

LITERALS: Mapping[OptionType, Callable[[str], str]] = {
    OptionType.MONEY: _money,
    OptionType.DURATION: say_length,
    OptionType.CHOICE: lambda text: clean(text).replace("_", " "),
    OptionType.YES_NO: clean,
    OptionType.MOMENT: clean,
    OptionType.WORD: _word,
}
"""How a plain value is said; names and texts of the company stand in quotes."""
