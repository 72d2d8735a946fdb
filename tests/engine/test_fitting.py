"""The quick yes about a shape is never given where JSON Schema says no, and right files need no more than it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from amends_engine import shapes
from amends_engine.fitting import surely_fits

SHAPES = {name: value for name, value in vars(shapes).items() if name.isupper() and isinstance(value, dict)}
PLAIN = st.none() | st.booleans() | st.integers(-2, 1001) | st.floats(allow_nan=False) | st.text("ab9:%. ", max_size=4)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=2), inner)
)


def shaped(schema: Any) -> st.SearchStrategy[Any]:
    """Mappings with the keys of the schema, and now and then another one; otherwise anything."""
    inner = {key: shaped(each) | VALUES for key, each in schema.get("properties", {}).items()}
    right = st.sampled_from(list(schema["enum"])) if "enum" in schema else VALUES
    return st.fixed_dictionaries({}, optional=inner | {"odd": PLAIN}) if inner else right


@given(data=st.data())
def test_what_surely_fits_is_right_to_json_schema(data: st.DataObject) -> None:
    schema = data.draw(st.sampled_from(list(SHAPES.values())))
    value = data.draw(shaped(schema))
    assert not surely_fits(value, schema) or Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (True, {"const": 1}),
        (1, {"enum": [True]}),
        (True, {"type": "integer"}),
        (2, {"type": "integer", "maximum": 1}),
        ("a", {"anyOf": []}),
        ({"b": 1}, {"type": "object", "properties": {"a": {}}, "additionalProperties": False}),
        ({}, {"type": "object", "required": ["a"]}),
        ([], {"type": "array", "minItems": 1}),
    ],
)
def test_in_doubt_it_does_not_say_yes(value: Any, schema: Any) -> None:
    assert not surely_fits(value, schema)
