"""Fields and event types that every workspace has, and the fields that steps give."""

from amends_engine.fields.declared import EventType, Field
from amends_engine.fields.kinds import FieldType, Kind


def _always(name: str, kind: Kind, choices: tuple[str, ...] = ()) -> Field:
    return Field(name, FieldType(kind, choices=choices), is_required=True)


def _maybe(name: str, kind: Kind, choices: tuple[str, ...] = ()) -> Field:
    return Field(name, FieldType(kind, choices=choices))


BUILT_IN: dict[str, Field] = {
    known.name: known
    for known in (
        Field("customer.id", FieldType(Kind.TEXT), fallback="an unknown customer"),
        _always("event.id", Kind.TEXT),
        _always("event.type", Kind.TEXT),
        _always("event.source", Kind.TEXT),
        _always("event.occurred_at", Kind.TIME),
        _maybe("case.id", Kind.TEXT),
        _maybe("case.type", Kind.TEXT),
        _maybe("case.status", Kind.CHOICE, ("open", "closed")),
        _maybe("case.priority", Kind.CHOICE, ("low", "normal", "high")),
        _maybe("case.opened_at", Kind.TIME),
        _always("rule.id", Kind.TEXT),
        _always("rule.why", Kind.TEXT),
        _always("workspace.company", Kind.TEXT),
    )
}

GIVEN_BY_STEPS: dict[str, Field] = {
    known.name: known
    for known in (
        _maybe("voucher.code", Kind.TEXT),
        _maybe("voucher.value", Kind.MONEY),
        _maybe("voucher.valid_until", Kind.TIME),
        _always("survey.key", Kind.TEXT),  # in the template of a survey, the only one that can use it
    )
}


ASK_ANSWERED = "ask.answered"
SCHEDULE_DUE = "schedule.due"
ATTRIBUTE_CHANGED = "attribute.changed"
BRIEF_ANSWERED = "brief.answered"
CASE_CLOSED = "case.closed"
CASE_REOPENED = "case.reopened"
PROBLEM_OPENED = "problem.opened"
PROBLEM_CLOSED = "problem.closed"

_ENDING = {
    "outcome": Field("case.outcome", FieldType(Kind.TEXT), is_required=True),
    "ended_id": Field("case.ended_id", FieldType(Kind.TEXT), is_required=True),
    "ended_type": Field("case.ended_type", FieldType(Kind.TEXT), is_required=True),
}

BUILT_IN_EVENTS: dict[str, EventType] = {
    ASK_ANSWERED: EventType(
        ASK_ANSWERED,
        "Somebody answered what a rule asked",
        {
            "task": Field("ask.task", FieldType(Kind.TEXT), is_required=True),
            "answer": Field("ask.answer", FieldType(Kind.CHOICE, choices=("yes", "no")), is_required=True),
            "by": Field("ask.by", FieldType(Kind.TEXT), fallback="somebody"),
        },
    ),
    BRIEF_ANSWERED: EventType(
        BRIEF_ANSWERED,
        "Somebody pressed a button of a card that a rule showed them",
        {
            "id": Field("brief.id", FieldType(Kind.TEXT), is_required=True),
            "card": Field("brief.card", FieldType(Kind.TEXT), is_required=True),
            "answer": Field("brief.answer", FieldType(Kind.TEXT), is_required=True),
            "by": Field("brief.by", FieldType(Kind.TEXT), fallback="somebody"),
        },
    ),
    CASE_CLOSED: EventType(CASE_CLOSED, "A rule closed a case", _ENDING),
    CASE_REOPENED: EventType(
        CASE_REOPENED,
        "A rule ended a case and left it open for somebody else",
        {**_ENDING, "owner": Field("case.owner", FieldType(Kind.TEXT), is_required=True)},
    ),
    PROBLEM_OPENED: EventType(
        PROBLEM_OPENED,
        "A rule found that something is broken",
        {
            "id": Field("problem.id", FieldType(Kind.TEXT), is_required=True),
            "name": Field("problem.name", FieldType(Kind.TEXT), is_required=True),
            "per": Field("problem.per", FieldType(Kind.TEXT), fallback="everywhere"),
            "due_at": Field("problem.due_at", FieldType(Kind.TIME)),
        },
    ),
    PROBLEM_CLOSED: EventType(
        PROBLEM_CLOSED,
        "What was broken is mended; one event for each customer whom it met",
        {
            "id": Field("problem.id", FieldType(Kind.TEXT), is_required=True),
            "name": Field("problem.name", FieldType(Kind.TEXT), is_required=True),
            "per": Field("problem.per", FieldType(Kind.TEXT), fallback="everywhere"),
            "opened_at": Field("problem.opened_at", FieldType(Kind.TIME), is_required=True),
        },
    ),
    SCHEDULE_DUE: EventType(
        SCHEDULE_DUE,
        "The time has come at which a rule runs",
        {
            "rule": Field("schedule.rule", FieldType(Kind.TEXT), is_required=True),
            "case": Field("schedule.case", FieldType(Kind.TEXT), fallback="no case"),
        },
    ),
    ATTRIBUTE_CHANGED: EventType(
        ATTRIBUTE_CHANGED,
        "An attribute of a customer is another one than before",
        {
            name: Field(f"attribute.{name}", FieldType(Kind.TEXT), is_required=True)
            for name in ("name", "before", "after", "source")
        },
    ),
}

NEVER_AWAITED: dict[str, str] = {
    SCHEDULE_DUE: "when: {schedule: every Monday at 08:00}",
    ATTRIBUTE_CHANGED: "when: {change: customer.tier}",
}
"""Event types that rules do not name, with the trigger that is meant."""
