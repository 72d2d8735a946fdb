"""Typed fields: what events and customers can say, and the strict reading of every value."""

from amends_engine.fields.built_in import (
    ASK_ANSWERED,
    ATTRIBUTE_CHANGED,
    BRIEF_ANSWERED,
    BUILT_IN,
    BUILT_IN_EVENTS,
    CASE_CLOSED,
    CASE_REOPENED,
    GIVEN_BY_STEPS,
    NEVER_AWAITED,
    PROBLEM_CLOSED,
    PROBLEM_OPENED,
    SCHEDULE_DUE,
)
from amends_engine.fields.catalogue import Fields
from amends_engine.fields.declared import Derivation, Derived, Entity, EventType, Field
from amends_engine.fields.kinds import MAX_TEXT, FieldType, Kind, to_json

__all__ = [
    "ASK_ANSWERED",
    "ATTRIBUTE_CHANGED",
    "BRIEF_ANSWERED",
    "BUILT_IN",
    "BUILT_IN_EVENTS",
    "CASE_CLOSED",
    "CASE_REOPENED",
    "GIVEN_BY_STEPS",
    "MAX_TEXT",
    "NEVER_AWAITED",
    "PROBLEM_CLOSED",
    "PROBLEM_OPENED",
    "SCHEDULE_DUE",
    "Derivation",
    "Derived",
    "Entity",
    "EventType",
    "Field",
    "FieldType",
    "Fields",
    "Kind",
    "to_json",
]
