"""amends fmt: which files it touches, what it says, and that it writes all or nothing."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import Answer, Desk

from amends import atomic
from amends.errors import UsageError
from amends_engine.formatting import document

MESSY = "version:   1\nrules: []   # none yet\n"
TIDY = "version: 1\nrules: []   # none yet\n"


def test_a_workspace_in_order_stays_as_it_is(desk: Desk) -> None:
    before = {path: path.read_bytes() for path in desk.workspace.rglob("*.yaml")}
    assert desk.amends("fmt") == Answer(0, f"{len(before)} files, 0 formatted\n", "")
    assert {path: path.read_bytes() for path in before} == before


def test_every_yaml_file_of_a_workspace_is_formatted(desk: Desk) -> None:
    names = ("rules.yaml", "fields.yaml", "definitions.yaml", "workspace.yaml", "sources/survey.yaml")
    for name in names:
        desk.write(name, MESSY)
    letter = desk.write("templates/apology-general.en.md", "---\nkind:   email\n---\nx\n")
    answer = desk.amends("fmt")
    assert answer.code == 0
    assert {(desk.workspace / name).read_text() for name in names} == {TIDY}
    assert "kind:   email" in letter.read_text()
    assert sorted(answer.out.splitlines()[:-1]) == sorted(f"{desk.workspace / name}: formatted" for name in names)


def test_only_the_named_file_is_formatted(desk: Desk) -> None:
    rules, fields = desk.write("rules.yaml", MESSY), desk.write("fields.yaml", MESSY)
    assert desk.amends("fmt", rules).out == f"{rules}: formatted\n1 file, 1 formatted\n"
    assert (rules.read_text(), fields.read_text()) == (TIDY, MESSY)


def test_check_changes_nothing_and_lists_what_would_change(desk: Desk) -> None:
    rules = desk.write("rules.yaml", MESSY)
    answer = desk.amends("fmt", "--check")
    assert (answer.code, answer.out.splitlines()[0]) == (1, f"{rules}: to format")
    assert rules.read_text() == MESSY
    desk.amends("fmt")
    assert desk.amends("fmt", "--check").code == 0


def test_a_broken_file_is_left_alone_and_the_others_are_formatted(desk: Desk) -> None:
    broken = desk.write("broken.yaml", "version:   1\nversion:   2\n")
    rules = desk.write("rules.yaml", MESSY)
    answer = desk.amends("fmt")
    assert answer.code == 1
    assert f"{broken}:2:1: error: The key version stands twice, here and in line 1" in answer.err
    assert answer.out.splitlines()[-1].endswith("1 formatted, 1 left as they are")
    assert (broken.read_text(), rules.read_text()) == ("version:   1\nversion:   2\n", TIDY)


def test_a_file_that_would_mean_something_else_is_left_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "laid_out", lambda text: text.replace("'1'", "1"))
    rules = desk.write("rules.yaml", "version: '1'\n")
    answer = desk.amends("fmt", rules)
    assert answer.code == 1
    assert answer.err == (
        f"{rules} would not mean the same afterwards; this is a mistake of the formatter; it is left as it is\n"
    )
    assert rules.read_text() == "version: '1'\n"


def test_a_lost_comment_is_a_reason_to_leave_the_file_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "laid_out", lambda text: text.replace("# why", ""))
    rules = desk.write("rules.yaml", "version: 1  # why\n")
    assert desk.amends("fmt", rules).code == 1
    assert rules.read_text() == "version: 1  # why\n"


def test_what_is_not_yaml_is_refused(desk: Desk) -> None:
    answer = desk.amends("fmt", desk.workspace / "templates" / "apology-general.en.md")
    assert (answer.code, answer.out) == (2, "")
    assert "is not YAML; there is nothing to format" in answer.err


def test_permissions_stay_and_a_link_is_followed(desk: Desk) -> None:
    rules = desk.write("rules.yaml", MESSY)
    rules.chmod(0o640)
    link = desk.workspace / "linked.yaml"
    link.symlink_to(rules)
    assert desk.amends("fmt", link).code == 0
    assert link.is_symlink()
    assert (rules.read_text(), stat.S_IMODE(rules.stat().st_mode)) == (TIDY, 0o640)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(UsageError, match=r"rules\.yaml cannot be written: No space left on device"):
        atomic.write_atomically(file, b"new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("rules.yaml", "old")]


def test_a_new_file_is_made_with_its_folder_and_the_usual_permissions(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b.json"
    atomic.write_atomically(file, b"new")
    (tmp_path / "usual").touch()
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("command", ["fmt", "schema"])
def test_the_command_imports_neither_prefect_nor_sql(command: str, desk: Desk) -> None:
    program = (
        "import sys, typer; from amends.cli import fmt, schema\n"
        "app = typer.Typer(); fmt.register(app); schema.register(app)\n"
        f"app([{command!r}], standalone_mode=False)\n"
        "print(sorted({'prefect', 'sqlmodel', 'sqlalchemy', 'fastapi', 'httpx'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **desk.settings}, text=True, capture_output=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
