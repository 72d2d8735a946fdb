"""From a box to facts: one customer and event that lie in it, so that a finding can show them."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import count

from amends_engine.comparing import Undecidable
from amends_engine.conditions import Condition, evaluate
from amends_engine.fields import Kind, to_json
from amends_engine.linting.axes import Cell
from amends_engine.linting.formulas import MOST_EFFORT, Box, Effort, Formula, Key, TooHard, boxes
from amends_engine.linting.model import FALSE_CELL, NOW, TRUE_CELL, Age, Atom, Model
from amends_engine.operators import OPERATORS
from amends_engine.values import Value

Example = dict[str, Value]

MOST_COMPARED = 10_000


def is_impossible(formula: Formula | None, model: Model, shared: Effort | None = None) -> bool:
    """Whether no facts at all satisfy it; False also if the search is too hard. shared: with other searches."""
    try:
        return not any(_has_texts(box, model) for box in boxes(formula, shared=shared))
    except TooHard:
        return False


def examples(formula: Formula | None, model: Model, most_effort: int = MOST_EFFORT) -> Iterator[Example]:
    """Facts that probably satisfy the formula: a box that needs more than cells can say may be missed."""
    try:
        for box in boxes(formula, most_effort):
            found = _fill(box, model)
            if found is not None:
                yield found
    except TooHard:
        return


def is_true(condition: Condition, facts: Example) -> bool:
    """What the evaluator says itself."""
    try:
        return evaluate(condition, {"event.occurred_at": NOW, **facts}) is True
    except Undecidable:
        return False


def describe(facts: Example) -> str:
    """The facts as a clause that follows "for example with"."""
    shown = [f"{name} {_show(value)}" for name, value in sorted(facts.items(), key=_by_entity)]
    return ", ".join(shown) or "any customer"


def _by_entity(fact: tuple[str, Value]) -> tuple[bool, bool, str]:
    return fact[0].startswith("case."), fact[0].startswith("customer."), fact[0]


def _show(value: Value) -> str:
    if isinstance(value, str):
        return value if value and value.isascii() and len(value.split()) == 1 else f"“{value}”"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    return str(to_json(value))


def _atoms(box: Box, field: str, cell: int) -> list[Atom]:
    """The text tests of a field that must have this answer and can be met by writing a text."""
    return [key for key, mask in box.items() if isinstance(key, Atom) and key.field == field and mask == cell]


def _has_texts(box: Box, model: Model) -> bool:
    """Whether there can be texts that mention all they must and nothing they must not."""
    names = {key.field for key in box if isinstance(key, Atom) and not key.is_free}
    return all(_members(box, name, model) is not None for name in names)


def _members(box: Box, name: str, model: Model) -> list[str] | None:
    """Texts that each give one of a field's tests the answer it must have, and no other test a wrong one.

    None if there are none: then no longer text can do it either, because it would hold one of these.
    Of very many tests nothing is said.
    """
    refused = _atoms(box, name, FALSE_CELL)
    required = [atom for atom in _atoms(box, name, TRUE_CELL) if not atom.is_free]
    if len(refused) * len(required) > MOST_COMPARED:
        return []
    mark = filler(word for atom in (*refused, *required) for word in _words(atom))
    found = []
    for atom in required:
        texts = (word if atom.operator == "one_of" else f"{mark} {word}" for word in _words(atom))
        fitting = (text for text in texts if not any(_is_met(other, text, model) for other in refused))
        chosen = next(fitting, None)
        if chosen is None:
            return None
        found.append(chosen)
    return list(dict.fromkeys(found))


def filler(words: Iterable[str]) -> str:
    """A character that is in none of the words and no letter."""
    taken = set().union(*words)
    return next(mark for mark in map(chr, count(ord("…"))) if mark not in taken and not mark.isalnum())


def _words(atom: Atom) -> tuple[str, ...]:
    return () if atom.is_free else atom.operand


def _is_met(atom: Atom, text: str, model: Model) -> bool:
    if atom.is_free:
        return False
    kind = model.types[atom.field]
    value = (text,) if kind and kind.kind is Kind.TEXTS else text
    return OPERATORS[atom.operator].test(value, atom.operand, {})


def _fill(box: Box, model: Model) -> Example | None:
    if not _has_texts(box, model):
        return None
    names = sorted({name for key in box if (name := _field_of(key))})
    values = {name: _value(box, name, model) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _field_of(key: Key) -> str:
    if isinstance(key, Atom | Age):
        return key.field
    return key if isinstance(key, str) else ""


def _value(box: Box, name: str, model: Model) -> Cell:
    axis, kind = model.axes[name], model.types[name]
    if Age(name) in box:
        moment = model.ages[name].first(box[Age(name)])
        return moment.date() if kind and kind.kind is Kind.DATE and isinstance(moment, datetime) else moment
    cell = axis.first(box.get(name, axis.present))
    members = _members(box, name, model) or []
    if cell is None or not members:
        return cell
    return tuple(members) if kind and kind.kind is Kind.TEXTS else " ".join(members)
