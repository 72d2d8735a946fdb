"""A test as YAML: what a person would write, in the layout of the formatter."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from amends_engine.events import Event
from amends_engine.fields import SCHEDULE_DUE, to_json
from amends_engine.formatting import format_document
from amends_engine.plans import Json
from amends_engine.rule_testing.expecting import Expectation
from amends_engine.rule_testing.happenings import Happening
from amends_engine.rule_testing.people import Person
from amends_engine.rule_tests import TEST_TIME, RuleTest
from amends_engine.values import Value, describe_duration

HEADING = """\
# Grown by `amends test --grow`: what the rules do today at the boundaries of their conditions. Nobody has said that it
# is meant: read each line, and mend the rule or the test. Nothing here is ever rewritten; new tests are added below.
version: 1
tests:
"""
_WIDTH = 118
_PLAIN = re.compile(
    r"([A-Za-z][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*"  # words
    r"|[0-9]+(\.[0-9]+)? [A-Z]{3}|[0-9]+[dhms]( [0-9]+[hms])*)\Z"  # money, lengths of time
)
_NOT_PLAIN = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def with_tests(before: bytes | None, tests: Iterable[RuleTest], file: str) -> bytes:
    """The file with these tests behind those that are there; before: None for a new file. Raises Unformatted."""
    text = before.decode("utf-8-sig") if before else HEADING
    return format_document((text.rstrip("\n") + "\n" + "".join(map(_test, tests))).encode(), file)


def _test(test: RuleTest) -> str:
    parts: list[tuple[str, Json]] = [("name", test.name), *_parts(test), ("expect", _expect(test.expect))]
    lines = [line for name, value in parts for line in _lines(name, value)]
    return "\n".join([f"  - {lines[0]}", *(f"    {line}" for line in lines[1:])]) + "\n"


def _lines(name: str, value: Json) -> Iterator[str]:
    """One line in brackets, or one for each item where that is too long."""
    line = f"{name}: {_flow(value)}"
    if len(line) + 4 <= _WIDTH or not isinstance(value, dict | list) or not value:
        yield line
        return
    yield f"{name}:"
    if isinstance(value, dict):
        yield from (f"  {key}: {_flow(item)}" for key, item in value.items())
    else:
        yield from (f"  - {_flow(item)}" for item in value)


def _parts(test: RuleTest) -> Iterator[tuple[str, Json]]:
    """Keys in the order of the documentation; what is empty is left out."""
    found: tuple[tuple[str, Json], ...] = (
        ("customer", _customer(test.event)),
        ("people", {name: _plain(values) for name, values in test.people.items()}),
        ("before", _plain(test.before)),
        ("case", _plain(test.case)),
        *_known(test),
        *_beginning(test),
        ("history", [_past(one, test.event) for one in test.history]),
        ("humans", [_person(one) for one in test.humans]),
        ("later", [_happening(one, test.event) for one in test.later]),
        ("until", describe_duration(test.until - test.event.occurred_at) if test.until else None),
    )
    return ((name, value) for name, value in found if value)


def _beginning(test: RuleTest) -> list[tuple[str, Json]]:
    """The event; for a rule that the clock starts what it shows, and nothing for one that a change starts."""
    if test.event.type != SCHEDULE_DUE:
        return [("event", _event(test.event, TEST_TIME))]
    return [] if test.before else [("at", test.event.occurred_at.isoformat())]


def _known(test: RuleTest) -> list[tuple[str, Json]]:
    """What is known of a flight, or whatever else the event is about."""
    return [
        (name, {"id": identity, **_plain({one.name: one.value for one in said})})
        for (name, identity), said in test.entities.items()
    ]


def _customer(event: Event) -> dict[str, Json]:
    known: dict[str, Json] = {"id": event.customer_id} if event.customer_id is not None else {}
    return {**known, **_plain(event.attributes)}


def _plain(values: Mapping[str, Value]) -> dict[str, Json]:
    return {name: to_json(value) for name, value in values.items()}


def _event(event: Event, usual: datetime | None) -> dict[str, Json]:
    at: dict[str, Json] = {"at": event.occurred_at.isoformat()} if usual and event.occurred_at != usual else {}
    origin: dict[str, Json] = {"origin": "self"} if event.depth else {}
    return {"type": event.type, **at, **origin, **_plain(event.fields)}


def _past(event: Event, first: Event) -> dict[str, Json]:
    other: dict[str, Json] = {"customer": event.customer_id} if event.customer_id != first.customer_id else {}
    ago = describe_duration(first.occurred_at - event.occurred_at)
    return {"type": event.type, "ago": ago, **other, **_plain(event.fields)}


def _person(person: Person) -> Json:
    if not person.answer:
        return f"{person.role} never answers"
    verb = "approves" if person.answer == "yes" else "refuses"
    return f"{person.role} {verb} after {describe_duration(person.after)}"


def _happening(what: Happening, first: Event) -> dict[str, Json]:
    after: dict[str, Json] = {"after": describe_duration(what.at - first.occurred_at)}
    if what.answer:
        return {**after, "answer": what.answer}
    if what.entity:
        name, identity = what.entity
        return {**after, name: {"id": identity, **_plain(what.attributes)}}
    if what.event is None:
        return {**after, "customer": _plain(what.attributes)}
    known = _customer(what.event)
    is_other = what.event.customer_id != first.customer_id or len(known) > 1
    return {**after, "event": _event(what.event, None), **({"customer": known} if is_other else {})}


def _expect(expect: Expectation) -> dict[str, Json]:
    found: dict[str, Json] = {"rule": expect.rule_id}
    if expect.result != "acted":
        found["result"] = expect.result
    if expect.because:
        found["because"] = expect.because
    if expect.does is not None:
        found["does"] = list(expect.does)
    for kind, wanted in (expect.wanted or {}).items():
        found[kind] = [{name: str(due) for name, due in one.due.items()} for one in wanted]
    return found


def _flow(value: Json) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, str):
        is_plain = _PLAIN.match(value) and value.casefold() not in _NOT_PLAIN
        return value if is_plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)
