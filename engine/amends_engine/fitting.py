"""Whether a document surely fits a schema: a quick yes for files without errors, which are nearly all of them."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

_IGNORED = frozenset({"description", "type"})


def surely_fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """True only if JSON Schema says so too; where this is false, ask JSON Schema."""
    kind = schema.get("type")
    if kind is not None and not _is_of_type(value, kind):
        return False
    return all(
        key in _IGNORED or (key in _KEYWORDS and _KEYWORDS[key](value, wanted, schema))
        for key, wanted in schema.items()
    )


def _is_of_type(value: Any, kind: Any) -> bool:
    kinds = [kind] if isinstance(kind, str) else kind
    return any(type(value) is _TYPES.get(each) for each in kinds)


_TYPES: Mapping[str, type] = MappingProxyType(
    {"string": str, "object": dict, "array": list, "integer": int, "boolean": bool}
)


def _properties(value: Any, wanted: Any, _schema: Any) -> bool:
    return type(value) is dict and all(surely_fits(value[key], wanted[key]) for key in value if key in wanted)


def _others(value: Any, wanted: Any, schema: Any) -> bool:
    others = [each for key, each in value.items() if key not in schema.get("properties", ())]
    return not others or (wanted is not False and all(surely_fits(each, wanted) for each in others))


def _is_among(value: Any, wanted: Any, _schema: Any) -> bool:
    return any(value == each and isinstance(value, bool) is isinstance(each, bool) for each in wanted)


def _has_pattern(value: Any, wanted: str, _schema: Any) -> bool:
    return type(value) is str and re.search(wanted, value) is not None


_KEYWORDS: Mapping[str, Callable[[Any, Any, Any], bool]] = MappingProxyType(
    {
        "properties": _properties,
        "required": lambda value, wanted, _: all(key in value for key in wanted),
        "additionalProperties": lambda value, wanted, schema: type(value) is dict and _others(value, wanted, schema),
        "propertyNames": lambda value, wanted, _: all(surely_fits(key, wanted) for key in value),
        "minProperties": lambda value, wanted, _: len(value) >= wanted,
        "items": lambda value, wanted, _: type(value) is list and all(surely_fits(each, wanted) for each in value),
        "minItems": lambda value, wanted, _: type(value) is list and len(value) >= wanted,
        "minLength": lambda value, wanted, _: type(value) is str and len(value) >= wanted,
        "pattern": _has_pattern,
        "const": lambda value, wanted, _: _is_among(value, [wanted], None),
        "enum": _is_among,
        "minimum": lambda value, wanted, _: type(value) is int and value >= wanted,
        "maximum": lambda value, wanted, _: type(value) is int and value <= wanted,
    }
)
"""What is not listed here is left to JSON Schema."""
