"""Standard input is read like a file."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import Desk, event

from amends.errors import UsageError
from amends.files import load_workspace
from amends.settings import read_settings
from amends.standard_input import with_standard_input
from amends_engine.workspace import Workspace


@pytest.fixture
def workspace(desk: Desk) -> Workspace:
    return load_workspace(read_settings({}, desk.here, desk.workspace))


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_it_is_kept_as_json_lines_beside_the_other_files(name: str, workspace: Workspace) -> None:
    with with_standard_input([Path("a.jsonl"), Path(name)], workspace, None, io.BytesIO(b"{}\n")) as files:
        assert [path.name for path in files] == ["a.jsonl", "stdin.jsonl"]
        assert files[1].read_bytes() == b"{}\n"
    assert not files[1].exists()


def test_without_it_the_files_are_the_same(workspace: Workspace) -> None:
    with with_standard_input([Path("a.csv")], workspace, None) as files:
        assert files == [Path("a.csv")]


def test_it_cannot_be_read_twice(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="once"), with_standard_input([Path("-"), Path("-")], workspace, None):
        pass


def test_a_rehearsal_reads_what_another_program_writes(desk: Desk) -> None:
    events = desk.events(event(1), event(2)).read_bytes()
    program = "from amends.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "run", "-", "--dry-run"],
        input=events, env={**os.environ, **desk.settings}, cwd=desk.here, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"2 events read, 2 would be new")
