"""Single values as JSON Schema for editors: of a field, behind an operator, behind the option of a step.

Patterns are written so that Python and ECMAScript read them alike. errorMessage and enumDescriptions are words that
the YAML and JSON language servers know beside JSON Schema; validators pass over them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from amends_engine.condition_reading import closed
from amends_engine.definitions import WINDOWS
from amends_engine.earlier import is_comparable
from amends_engine.editor_schema.vocabulary import Vocabulary
from amends_engine.fields import MAX_TEXT, Field, FieldType, Kind
from amends_engine.operand_reading import MOST_TIMES
from amends_engine.operators import OPERATORS, Operand, Operator
from amends_engine.patterns import MAX_PATTERN
from amends_engine.shapes import ASK_OVER, IF_LATE, TO_POST, TO_ROLE, TO_TEAM, Schema
from amends_engine.steps import Option, OptionType
from amends_engine.triggers.change import OPERATOR_OF

_LENGTH = r"\s*(?=[0-9])([0-9]{1,6}w)?\s?([0-9]{1,6}d)?\s?([0-9]{1,6}h)?\s?([0-9]{1,6}m)?\s?([0-9]{1,6}s)?\s*"
_AMOUNT = r"\s*-?[0-9]{1,15}(\.[0-9]{1,4})?\s?[A-Z]{3}\s*"
DURATION_PATTERN = rf"^{_LENGTH}$"
_BUSINESS = r"\s*[1-9][0-9]{0,2} business (hour|day)s?"
MONEY_PATTERN = rf"^{_AMOUNT}$"
PRICE_PATTERN = MONEY_PATTERN.replace("-?", "(?=[0-9.]*[1-9])")
LIMIT_PATTERN = rf"^[1-9][0-9]{{0,3}} per {_LENGTH}$"
BUDGET_PATTERN = rf"^{_AMOUNT} per ({'|'.join(WINDOWS)}|{_LENGTH})$"
SHARE_PATTERN = rf"^{_AMOUNT} per {_LENGTH}$"
_DAY = r"^[0-9]{4}-?([0-9]{2}-?[0-9]{2}|W[0-9]{2}(-?[0-9])?)"
DATE_PATTERN = rf"{_DAY}$"
TIME_PATTERN = rf"{_DAY}.[0-9]{{2}}[0-9:.,]*(Z|[+-][0-9]{{2}}(:?[0-9]{{2}}(:?[0-9]{{2}}([.,][0-9]+)?)?)?)$"
MOMENT_PATTERN = rf"^(now|({_LENGTH} (before|after) )?[a-z0-9_]+(\.[a-z0-9_]+)+)$"
WORD_PATTERN = r"^[^\x00-\x20!-,./:-@\[-^`{-~]+$"

SCALAR: Schema = {"type": ["string", "number", "boolean"]}
GIVEN: Schema = {"type": ["string", "number", "boolean", "array", "object"]}


def ref(name: str) -> Schema:
    """A reference to one of the schema's definitions."""
    return {"$ref": f"#/definitions/{name}"}


def either(*alternatives: Schema) -> Schema:
    """One of these; the first is the one whose sentence an editor shows if none fits."""
    first, *others = alternatives
    return {"anyOf": [_with_own_words(first), *others]}


def _with_own_words(schema: Schema) -> Schema:
    # the YAML language server writes "Incorrect type" over the errorMessage of a type that is not in a list
    return {**schema, "type": [schema["type"]]} if isinstance(schema.get("type"), str) else schema


def list_of(items: Schema) -> Schema:
    return {"type": "array", "items": items, "minItems": 1}


def one_of(choices: Mapping[str, str], what: str) -> Schema:
    """One of these names, each with its meaning. what: "an event type of fields.yaml"."""
    if not choices:  # draft-07 knows no empty enum
        return {"type": "string", "not": {}, "errorMessage": f"write {what}; there is none yet"}
    schema: Schema = {"type": "string", "enum": list(choices), "errorMessage": f"write {what}: {', '.join(choices)}"}
    return {**schema, "enumDescriptions": list(choices.values())} if any(choices.values()) else schema


def one_word_of(choices: Sequence[str]) -> Schema:
    return one_of(dict.fromkeys(choices, ""), "one of")


def text(pattern: str, due: str) -> Schema:
    return {"type": "string", "pattern": pattern, "errorMessage": f"write {due}"}


WRITTEN: Schema = text(r"\S", "text; put quotes around it if it looks like something else")
DURATION: Schema = text(DURATION_PATTERN, "a length of time such as 30m, 72h, 90d or 2w; m is minutes")
DAY: Schema = text(
    f"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$|{TIME_PATTERN}", "a date such as 2026-03-01, or a time with its offset"
)
PATTERN: Schema = {"type": "string", "minLength": 1, "maxLength": MAX_PATTERN, "errorMessage": "write a pattern of RE2"}
BOOLEAN: Schema = {"type": "boolean", "errorMessage": "write true or false, without quotes"}


def value_of(wanted: FieldType) -> Schema:
    """What a field of this type can hold."""
    return _OF_KIND[wanted.kind](wanted)


def _number(wanted: FieldType) -> Schema:
    bounds = {"minimum": wanted.low, "maximum": wanted.high}
    return {
        "type": "integer" if wanted.kind is Kind.WHOLE else "number",
        "errorMessage": f"write a {wanted.describe()}",
        **{key: _plain(bound) for key, bound in bounds.items() if bound is not None},
    }


def _plain(number: float) -> float:
    return int(number) if number == int(number) else number


def _any_text(_wanted: FieldType) -> Schema:
    return {"type": "string", "maxLength": MAX_TEXT, "errorMessage": WRITTEN["errorMessage"]}


_OF_KIND: dict[Kind, Callable[[FieldType], Schema]] = {
    Kind.TEXT: _any_text,
    Kind.WHOLE: _number,
    Kind.NUMBER: _number,
    Kind.YES_NO: lambda _wanted: BOOLEAN,
    Kind.MONEY: lambda _wanted: text(MONEY_PATTERN, "an amount such as 75 EUR or 19.90 EUR"),
    Kind.TIME: lambda _wanted: text(TIME_PATTERN, "a time with its offset such as 2026-03-01T09:30:00+01:00"),
    Kind.DATE: lambda _wanted: text(DATE_PATTERN, "a date such as 2026-03-01"),
    Kind.DURATION: lambda _wanted: DURATION,
    Kind.CHOICE: lambda wanted: one_word_of(wanted.choices),
    Kind.TEXTS: lambda wanted: {"type": "array", "items": _any_text(wanted)},
}


def rows_of(wanted: FieldType) -> Schema | None:
    """What the rows of a table by a field of this type can be called; None for whatever you like."""
    if wanted.kind is Kind.TEXTS:
        return {"properties": {"by": {"not": {}, "errorMessage": "write a field with one value"}}}
    if wanted.choices:
        rows = {"by": {}, "otherwise": {}, **dict.fromkeys(wanted.choices, GIVEN)}
        return {"properties": rows, "additionalProperties": False}
    pattern = _few(wanted) or _ROWS.get(wanted.kind)
    return {"propertyNames": {"pattern": f"^(by|otherwise)$|{pattern}"}} if pattern else None


_FEW = 100
_ROWS: dict[Kind, str] = {
    Kind.WHOLE: "^-?[0-9]{1,16}$",
    Kind.NUMBER: r"^-?[0-9]{1,16}(\.[0-9]{1,16})?$",
    Kind.YES_NO: "^(true|false|yes|no)$",
    Kind.MONEY: MONEY_PATTERN,
    Kind.TIME: TIME_PATTERN,
    Kind.DATE: DATE_PATTERN,
    Kind.DURATION: DURATION_PATTERN,
}


def _few(wanted: FieldType) -> str:
    """All whole numbers of a short scale that begins at nothing or above."""
    low, high = wanted.low, wanted.high
    if wanted.kind is not Kind.WHOLE or low is None or high is None or not 0 <= low <= high <= _FEW:
        return ""
    return f"^0*({'|'.join(str(number) for number in range(int(low), int(high) + 1))})$"


def condition_on(field: Field, words: Vocabulary) -> Schema:
    """What may stand behind a field in a condition: a value, a list of values, or operators."""
    kind = closed(field, words.fields.events, words.templates.get("card", ())).type
    one = value_of(replace(kind, kind=Kind.TEXT) if kind.kind is Kind.TEXTS else kind)
    fitting = [each for each in OPERATORS.values() if _fits(field, each, words)]
    names = ", ".join(operator.name for operator in fitting)
    bare = {
        **one,
        "errorMessage": f"{one['errorMessage']}; or a list of such values; or an operator: {names}",
        "defaultSnippets": [_snippet(operator) for operator in fitting if operator.name not in _BARE],
    }
    about = {"title": field.name, "description": describe_field(field)}
    return {**about, **either(bare, list_of(one), {**_operators(fitting, one, words), **about})}


def _fits(field: Field, operator: Operator, words: Vocabulary) -> bool:
    return field.type.kind in operator.kinds and is_comparable(field, operator, words.fields)


def change_values(field: Field, words: Vocabulary) -> Schema:
    """What may stand beside `change: customer.tier`; nothing that does not fit the type of the field."""
    one, fitting = value_of(field.type), {name for name, each in OPERATORS.items() if _fits(field, each, words)}
    never = {"not": {}, "errorMessage": f"{field.name} is {field.type.describe()}, which has no such change"}
    operators = {key: OPERATORS[name] for key, name in OPERATOR_OF.items()}
    return {
        key: _OPERANDS[each.operand](one, words) if each.name in fitting else never for key, each in operators.items()
    }


def history_condition(words: Vocabulary) -> Schema:
    """What may stand behind history.complaint.received."""
    one = value_of(FieldType(Kind.WHOLE, 0))
    fitting = [
        each for each in OPERATORS.values() if Kind.WHOLE in each.kinds and each.name != "exists" and not each.beside
    ]
    given = {each.name: {**_OPERANDS[each.operand](one, words), "description": _means(each)} for each in fitting}
    compared = {"type": "object", "properties": given, "additionalProperties": False, "minProperties": 1}
    properties = {
        "count": {
            "description": "How many there were before. Example: {at_least: 2}",
            **either(one, list_of(one), compared),
        },
        "exists": {"description": "Whether there was one before", **BOOLEAN},
        "within": {"description": "Only so long before the event. Example: 90d", **DURATION},
        "last_within": {"description": "Whether there was one so shortly before the event. Example: 7d", **DURATION},
    }
    alone = {"required": ["last_within"], "not": {"required": ["within"]}}
    asked = [{"required": ["count"]}, {"required": ["exists"]}, alone]
    return {
        "description": "How often this happened to the customer before. Example: {count: {at_least: 2}, within: 90d}",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "oneOf": asked,
    }


_BARE = frozenset({"equals", "one_of"})  # written without the operator: a value, a list


def _snippet(operator: Operator) -> Schema:
    """Offers the operator where a value is due."""
    return {
        "label": f"{{{operator.name}: …}}",
        "description": _means(operator),
        "bodyText": f"{{{operator.name}: {_SNIPPETS[operator.operand]}}}",
    }


_SNIPPETS: dict[Operand, str] = {
    Operand.SAME: "$1",
    Operand.LIST: "[$1]",
    Operand.SAME_OR_LIST: "$1",
    Operand.PAIR: "[$1, $2]",
    Operand.WORDS: "[$1]",
    Operand.YES_NO: "${1:true}",
    Operand.DURATION: "${1:30d}",
    Operand.PHRASES: "[$1]",
    Operand.PATTERN: "'$1'",
    Operand.DAY: "${1:2026-03-01}",
    Operand.CALENDAR: "$1",
    Operand.AMOUNT: "$1",
    Operand.TIMES: "${1:2}",
}


def _operators(fitting: list[Operator], one: Schema, words: Vocabulary) -> Schema:
    given = {each.name: {**_OPERANDS[each.operand](one, words), "description": _means(each)} for each in fitting}
    instead = {**BOOLEAN, "description": "The answer when the value is missing; without it the condition is unknown"}
    return {
        "type": "object",
        "properties": {**given, "if_missing": instead},
        "additionalProperties": False,
        "minProperties": 1,
        "if": {"required": ["if_missing"]},
        "then": {"minProperties": 2},
    }


def _means(operator: Operator) -> str:
    return f"… {operator.words} …: takes {operator.operand.value}. Example: {operator.example}"


_WORDS = {**SCALAR, "pattern": r"\S", "errorMessage": "write a word, a phrase or a list of them"}

_OPERANDS: dict[Operand, Callable[[Schema, Vocabulary], Schema]] = {
    Operand.SAME: lambda one, _w: one,
    Operand.LIST: lambda one, _w: list_of(one),
    Operand.SAME_OR_LIST: lambda one, _w: either(one, list_of(one)),
    Operand.PAIR: lambda one, _w: {**list_of(one), "minItems": 2, "maxItems": 2},
    Operand.WORDS: lambda _one, _w: either(_WORDS, list_of(_WORDS)),
    Operand.PHRASES: lambda _one, _w: either(_WORDS, list_of(_WORDS)),
    Operand.PATTERN: lambda _one, _w: PATTERN,
    Operand.YES_NO: lambda _one, _w: BOOLEAN,
    Operand.DURATION: lambda _one, _w: DURATION,
    Operand.AMOUNT: lambda one, _w: _amount(one),
    Operand.TIMES: lambda _one, _w: value_of(FieldType(Kind.WHOLE, 1, MOST_TIMES)),
    Operand.DAY: lambda one, _w: one if one.get("pattern") == DATE_PATTERN else DAY,
    Operand.CALENDAR: lambda _one, words: one_of(dict.fromkeys(words.calendars, ""), "a calendar of workspace.yaml"),
}


def _amount(one: Schema) -> Schema:
    """More than 0, however far the bounds of the field itself are."""
    if "pattern" in one:
        return text(PRICE_PATTERN, "an amount of more than 0, such as 75 EUR")
    return {"type": one.get("type", "number"), "exclusiveMinimum": 0, "errorMessage": "write a number of more than 0"}


def describe_field(field: Field) -> str:
    """Meaning, type and where it comes from, in one line."""
    notes = [field.means, field.type.describe()]
    notes += ["personal"] if field.is_personal else []
    notes += [f"from {', then '.join(field.sources)}"] if field.sources else []
    notes += [f"written as “{field.fallback}” if it is missing"] if field.fallback else []
    return ". ".join(note[0].upper() + note[1:] for note in notes if note)


def option_value(option: Option, words: Vocabulary) -> Schema:
    """What may stand behind an option; field names are the schema's definition "field"."""
    return _OF_OPTION[option.type](option, words)


def _written(option: Option, _words: Vocabulary) -> Schema:
    return {**WRITTEN, "maxLength": option.max_length} if option.max_length else WRITTEN


def _length(words: Vocabulary) -> Schema:
    """A length of time, and where there are calendars one of business time."""
    if not words.calendars:
        return DURATION
    names = "|".join(re.escape(name) for name in words.calendars)
    pattern = rf"^({_LENGTH}|{_BUSINESS}( of ({names}))?\s*)$"
    return text(pattern, "a length of time such as 72h, 90d, 4 business hours or 2 business days")


def _parts(shape: Schema, values: Mapping[str, Schema]) -> Schema:
    """The same shape with more exact values."""
    return {
        **shape,
        "properties": {key: {**given, **values.get(key, {})} for key, given in shape["properties"].items()},
    }


def _role(words: Vocabulary) -> Schema:
    names = {**words.staff.roles, **dict.fromkeys(words.staff.teams, "a team")}
    return one_of(names, "a role of workspace.yaml") if names else WRITTEN


def _team(words: Vocabulary) -> Schema:
    return one_of(dict.fromkeys(words.staff.teams, ""), "a team of workspace.yaml")


_NAME: Schema = {**SCALAR, "pattern": WORD_PATTERN, "errorMessage": "write a name of letters, digits, - and _"}


_OF_OPTION: dict[OptionType, Callable[[Option, Vocabulary], Schema]] = {
    OptionType.TEXT: _written,
    OptionType.WORD: lambda _o, _w: _NAME,
    OptionType.MONEY: lambda _o, _w: text(PRICE_PATTERN, "an amount such as 75 EUR or 19.90 EUR"),
    OptionType.DURATION: lambda _o, words: _length(words),
    OptionType.TEMPLATE: lambda _o, words: one_of(words.templates["email"], "a message of templates/"),
    OptionType.CARD: lambda _o, words: one_of(words.templates["card"], "a card of templates/"),
    OptionType.BUDGET: lambda _o, words: one_of(words.budgets, "a budget of definitions.yaml"),
    OptionType.CHOICE: lambda option, _w: one_word_of(option.choices),
    OptionType.FIELDS: lambda _o, _w: list_of(ref("field")),
    OptionType.TEXTS: lambda option, words: {"type": "object", "additionalProperties": _written(option, words)},
    OptionType.YES_NO: lambda _o, _w: BOOLEAN,
    OptionType.ATTRIBUTE: lambda _o, words: one_of(
        {known.name: describe_field(known) for known in words.fields.customer.values()}, "an attribute of the customer"
    ),
    OptionType.EVENT: lambda _o, words: one_of(
        {name: kind.means for name, kind in words.fields.events.items()}, "an event type of fields.yaml"
    ),
    OptionType.VALUE: lambda _o, _w: SCALAR,
    OptionType.VALUES: lambda _o, _w: {"type": "object", "additionalProperties": SCALAR},
    OptionType.ASSIGNEE: lambda option, words: either(
        _written(option, words),
        _parts(TO_ROLE, {"role": _role(words)}),
        _parts(TO_TEAM, {"team": _team(words), "pick": one_word_of(["least_busy"])}),
    ),
    OptionType.POST: lambda option, words: either(
        _written(option, words), _parts(TO_POST, {"role": _role(words), "at": ref("field")})
    ),
    OptionType.IF_LATE: lambda _o, words: _parts(IF_LATE, {"tell": _role(words), "repeat": DURATION}),
    OptionType.ASK: lambda _o, words: _parts(
        ASK_OVER,
        {
            "role": _role(words),
            "over": text(PRICE_PATTERN, "an amount such as 100 EUR"),
            "answer_within": DURATION,
            "no_answer": text(rf"^give (nothing|{_AMOUNT})$", "give 100 EUR, or give nothing"),
        },
    ),
    OptionType.MOMENT: lambda _o, _w: text(MOMENT_PATTERN, "now, flight.lands_at or 15m before flight.lands_at"),
    OptionType.WORDS: lambda option, _w: list_of(one_word_of(option.choices) if option.choices else _NAME),
    OptionType.FIELD: lambda _o, _w: ref("field"),
}
