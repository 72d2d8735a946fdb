"""Progress: bars for people, lines for logs, and never on stdout."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from amends.cli.progress import InLines, OnTerminal, watch_for


@pytest.fixture
def terminal() -> Console:
    return Console(file=StringIO(), force_terminal=True, width=80)


def shown(terminal: Console) -> str:
    assert isinstance(terminal.file, StringIO)
    return terminal.file.getvalue()


def test_a_log_gets_lines_without_colour() -> None:
    log = StringIO()
    watch = watch_for(log)
    watch.say("Prefect's server starts")
    with watch.reading(Path("e.jsonl")) as advance:
        advance(100)
    with watch.sending() as sent:
        sent(3)
    assert isinstance(watch, InLines)
    assert log.getvalue() == "Prefect's server starts\n"


def test_a_terminal_gets_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert isinstance(watch_for(StringIO()), OnTerminal)


def test_the_bar_of_a_file_moves_with_its_bytes(terminal: Console, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"x" * 200)
    with OnTerminal(terminal).reading(file) as advance:
        advance(100)
    assert "reading events.jsonl" in shown(terminal)
    assert "50 %" in shown(terminal)


def test_something_without_a_length_has_a_bar_too(terminal: Console, tmp_path: Path) -> None:
    with OnTerminal(terminal).reading(tmp_path / "gone") as advance:
        advance(100)
    assert "reading gone" in shown(terminal)


def test_effects_are_counted_as_they_happen(terminal: Console) -> None:
    with OnTerminal(terminal).sending() as sent:
        sent(1000)
        sent(234)
    assert "1,234 effects" in shown(terminal)


def test_brackets_in_a_name_are_no_markup(terminal: Console, tmp_path: Path) -> None:
    with OnTerminal(terminal).reading(tmp_path / "[bold]answers.csv"):
        pass
    assert "[bold]answers.csv" in shown(terminal)


def test_a_sentence_is_shown_as_it_stands(terminal: Console) -> None:
    OnTerminal(terminal).say("look into /tmp/[x]/server.log")
    assert "look into /tmp/[x]/server.log" in shown(terminal)
