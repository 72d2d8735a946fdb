"""Commands that only read answer at once: they import no Prefect, no mapper of tables, no validator of wrong files."""

import os
import subprocess
import sys

import pytest
from tests.conftest import Desk, event

PROGRAM = """
import sys
from amends.cli import main
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
heavy = {"prefect", "sqlmodel", "sqlalchemy", "alembic", "slack_sdk", "sendgrid", "jsonschema"} & sys.modules.keys()
print("imported:", *sorted(heavy), file=sys.stderr)
"""
MAPPERS = {"sqlmodel", "sqlalchemy", "alembic"}


def imported_by(desk: Desk, *words: object) -> set[str]:
    """The heavy libraries that a fresh interpreter has loaded once the command is done."""
    command = [sys.executable, "-c", PROGRAM, *map(str, words)]
    environment = {**os.environ, **desk.settings}
    done = subprocess.run(command, env=environment, cwd=desk.here, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split()[1:])


@pytest.mark.parametrize("words", [("check",), ("test",), ("why", "FILE"), ("run", "FILE", "--dry-run")])
def test_a_command_that_only_reads_imports_neither_prefect_nor_a_mapper(words: tuple[str, ...], desk: Desk) -> None:
    file = desk.events(event(1))
    assert imported_by(desk, *(file if word == "FILE" else word for word in words)) == set()


@pytest.mark.parametrize("words", [("why", "FILE"), ("run", "FILE", "--dry-run")])
def test_not_even_where_there_is_a_database_to_look_at(
    words: tuple[str, ...], desk: Desk, without_prefect: None
) -> None:
    file = desk.events(event(1))
    desk.amends("run", file)
    assert imported_by(desk, *(file if word == "FILE" else word for word in words)) == set()


def test_an_import_writes_to_the_store_without_prefect(desk: Desk) -> None:
    assert imported_by(desk, "import", desk.events(event(1)), "--as", "events") <= MAPPERS


def test_a_wrong_workspace_stops_a_run_before_prefect_or_the_store_are_touched(desk: Desk) -> None:
    desk.change("rules.yaml", "status: shadow", "status: maybe")
    command = [sys.executable, "-c", PROGRAM.replace("assert not ended.code, ended.code", "pass")]
    done = subprocess.run(
        [*command, "run", str(desk.events(event(1)))],
        env={**os.environ, **desk.settings}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr.splitlines()[-1] == "imported: jsonschema"
    assert not desk.home.exists()
