"""The lines that a server tells its operator."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from amends.serving import journal


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    before = {name: logging.getLogger(name) for name in ("amends", "uvicorn")}
    kept = {name: (log.handlers, log.propagate, log.level) for name, log in before.items()}
    stream = io.StringIO()
    journal.open_journal(stream)
    yield stream
    for name, (handlers, propagate, level) in kept.items():
        before[name].handlers, before[name].propagate = handlers, propagate
        before[name].setLevel(level)


def test_a_line_about_an_error_says_when_and_where(lines: io.StringIO) -> None:
    try:
        int("Ana is unhappy")
    except ValueError as error:
        journal.warn("it broke off", error, rule="sorry")
    told = json.loads(lines.getvalue())
    assert told.pop("at").startswith("20")
    assert told.pop("place").startswith("test_journal.py:")
    assert told == {"level": "warning", "what": "it broke off", "rule": "sorry", "error": "ValueError"}
