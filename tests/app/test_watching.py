"""Checking again whenever a file changes."""

import itertools
from pathlib import Path
from unittest.mock import patch

from tests.conftest import Desk

from amends import watching
from amends.cli import check


def test_what_is_written_added_or_taken_away_is_a_change(tmp_path: Path) -> None:
    rules, other = tmp_path / "rules.yaml", tmp_path / "other.yaml"
    rules.write_text("version: 1\n")
    acts = iter((lambda: None, lambda: rules.write_text("version: 12\n"), lambda: other.write_text(""), rules.unlink))
    found = watching.changes([tmp_path], lambda _seconds: next(acts)())
    assert list(itertools.islice(found, 3)) == [[rules], [other], [rules]]


def test_a_workspace_is_checked_at_once_and_after_each_change_until_ctrl_c(desk: Desk) -> None:
    def waits(_folders: object) -> object:
        yield [desk.change("rules.yaml", "status: shadow", "status: shade") or desk.workspace / "rules.yaml"]
        yield [desk.change("rules.yaml", "status: shade", "status: shadow") or desk.workspace / "rules.yaml"]
        raise KeyboardInterrupt

    with patch.object(check, "changes", waits):
        answer = desk.amends("check", "--watch")
    assert answer.code == 0
    assert answer.out.count("no errors") == 2
    assert answer.err.count("rules.yaml changed") == 2
    assert "did you mean shadow?" in answer.err
