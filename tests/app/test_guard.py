"""What goes wrong is one sentence on stderr and an exit code; where it went wrong is shown to whoever asks."""

import sys

import pytest
import typer
from tests.conftest import Desk, event

from amends import cli
from amends.cli.guard import guarded
from amends.errors import AmendsError, FindingsError, UsageError
from amends_engine.findings import Finding, Place


def run(error: BaseException | None) -> int:
    """The exit code of a guarded command that raises this."""

    @guarded
    def command() -> None:
        if error:
            raise error

    try:
        command()
    except typer.Exit as ended:
        return ended.exit_code
    return 0


def test_a_command_that_ends_well_is_left_alone() -> None:
    assert run(None) == 0


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (AmendsError("the server is gone; start it"), 1, "amends: the server is gone; start it\n"),
        (UsageError("no such source; name another"), 2, "amends: no such source; name another\n"),
        (KeyboardInterrupt(), 130, "amends: interrupted; everything accepted is kept and goes on next time\n"),
    ],
)
def test_an_error_is_a_sentence_and_an_exit_code(
    error: BaseException, code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(error) == code
    assert capsys.readouterr() == ("", sentence)


def test_findings_are_shown_with_their_lines(capsys: pytest.CaptureFixture[str]) -> None:
    finding = Finding("alias", "No aliases", Place("a.yaml", 1, 4), "write it out")
    assert run(FindingsError([finding], {"a.yaml": b"a: *b\n"})) == 1
    shown = "a.yaml:1:4: error: No aliases [alias]\n    a: *b\n       ^\n    → write it out\n"
    assert capsys.readouterr() == ("", shown)


def test_what_nobody_foresaw_is_one_sentence(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "make_app", lambda _commands: broken)
    monkeypatch.setattr(sys, "argv", ["amends", "run"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert capsys.readouterr() == (
        "",
        "amends stopped: ValueError: two lines; run it again with --debug to see where\n",
    )


def test_with_debug_it_is_shown_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "make_app", lambda _commands: broken)
    monkeypatch.setattr(sys, "argv", ["amends", "--debug", "run"])
    with pytest.raises(ValueError, match="two"):
        cli.main()
    assert sys.argv == ["amends", "run"]


def broken() -> None:
    raise ValueError("two\n  lines")


@pytest.mark.parametrize("words", [(), ("--help",)])
def test_help_names_every_command(words: tuple[str, ...], desk: Desk) -> None:
    answer = desk.amends(*words)
    assert all(f" {name} " in answer.out for name in cli.COMMANDS)


@pytest.mark.parametrize("words", [("rnu",), ("import", "x.csv"), ("run", "x.jsonl", "--dry")])
def test_wrong_use_is_exit_code_2_and_says_what_is_wrong(words: tuple[str, ...], desk: Desk) -> None:
    answer = desk.amends(*words)
    assert (answer.code, answer.out) == (2, "")
    assert "Usage: " in answer.err


def test_an_import_of_what_the_workspace_does_not_know_names_what_it_does(desk: Desk) -> None:
    answer = desk.amends("import", "x.csv", "--as", "cats")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.endswith("write one of customers, events\n")


@pytest.mark.parametrize("words", [("run",), ("run", "--dry-run"), ("import", "--as", "events"), ("why",), ("test",)])
def test_nothing_runs_while_the_workspace_has_errors(words: tuple[str, ...], desk: Desk) -> None:
    desk.change("rules.yaml", "status: shadow", "status: maybe")
    files = [] if words == ("test",) else [desk.events(event())]
    answer = desk.amends(words[0], *files, *words[1:])
    assert (answer.code, answer.out) == (1, "")
    assert "northwind/rules.yaml:21:13: error: 'maybe' is not a value of status [wrong-type]" in answer.err
    assert not desk.home.exists()


@pytest.mark.parametrize("words", [("run",), ("run", "--dry-run"), ("import", "--as", "events"), ("why",), ("test",)])
def test_without_a_workspace_every_command_names_the_remedy(words: tuple[str, ...], desk: Desk) -> None:
    files = [] if words == ("test",) else [desk.events(event())]
    answer = desk.amends(words[0], *files, *words[1:], AMENDS_WORKSPACE="")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "amends: there is no workspace here; name one with --workspace DIR or AMENDS_WORKSPACE\n"
    assert not desk.home.exists()
