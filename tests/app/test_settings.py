"""Where things are: the command line before the environment, the environment before the current folder."""

import os
from pathlib import Path

import pytest
from tests.conftest import Desk, event

from amends.errors import UsageError
from amends.settings import read_settings, workspace_of


def workspace_in(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "workspace.yaml").write_text("version: 1\n")
    return folder


def test_the_command_line_comes_before_the_environment_and_both_before_this_folder(tmp_path: Path) -> None:
    here, named, told = (workspace_in(tmp_path / name) for name in ("here", "named", "told"))
    environment = {"AMENDS_WORKSPACE": str(named)}
    assert read_settings(environment, here, told).workspace == told
    assert read_settings(environment, here).workspace == named
    assert read_settings({}, here).workspace == here


def test_this_folder_comes_before_its_rules_folder(tmp_path: Path) -> None:
    rules = workspace_in(tmp_path / "rules")
    assert read_settings({}, tmp_path).workspace == rules
    workspace_in(tmp_path)
    assert read_settings({}, tmp_path).workspace == tmp_path


def test_a_workspace_that_was_named_but_is_none_is_not_replaced_by_another(tmp_path: Path) -> None:
    workspace_in(tmp_path)
    settings = read_settings({"AMENDS_WORKSPACE": str(tmp_path / "typo")}, tmp_path)
    with pytest.raises(UsageError, match="typo is not a workspace"):
        workspace_of(settings)


def test_state_lies_in_amends_home_or_beside_the_caller(tmp_path: Path) -> None:
    assert read_settings({}, tmp_path).home == tmp_path / ".amends"
    settings = read_settings({"AMENDS_HOME": str(tmp_path / "state")}, tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path}/state/amends.db"
    assert (settings.outbox, settings.prefect_home) == (tmp_path / "state/outbox", tmp_path / "state/prefect")


def test_a_relative_home_is_the_one_below_the_folder_of_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_settings({"AMENDS_HOME": "state"}, Path.cwd()).home == tmp_path / "state"


def test_an_empty_setting_is_no_setting(tmp_path: Path) -> None:
    empty = dict.fromkeys(("AMENDS_HOME", "AMENDS_WORKSPACE", "AMENDS_DATABASE_URL", "PREFECT_API_URL"), "")
    settings, without = read_settings(empty, tmp_path), read_settings({}, tmp_path)
    assert (settings.home, settings.database_url) == (without.home, without.database_url)
    assert (settings.workspace, settings.prefect_api_url) == (None, None)


def test_the_database_may_be_somewhere_else(tmp_path: Path) -> None:
    url = "postgresql+psycopg://amends@db/amends"
    assert read_settings({"AMENDS_DATABASE_URL": url}, tmp_path).database_url == url


def test_state_is_made_where_amends_home_says(desk: Desk, without_prefect: None) -> None:
    file = desk.events(event())
    assert desk.amends("run", file, AMENDS_HOME=f"{desk.here}/deep/state").code == 0
    assert (desk.here / "deep/state/amends.db").is_file()
    assert not desk.home.exists()


def test_the_database_holds_personal_data_so_only_its_owner_reads_it(desk: Desk, without_prefect: None) -> None:
    desk.amends("run", desk.events(event()))
    assert (desk.home / "amends.db").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "words",
    [
        ["run", "events.jsonl"],
        ["import", "events.jsonl", "--as", "events"],
        ["serve"],
        ["prefect"],
        ["deploy", "--work-pool", "crew"],
        ["worker"],
    ],
    ids=lambda words: words[0],
)
def test_a_home_that_is_a_file_is_one_sentence(words: list[str], desk: Desk) -> None:
    desk.home.write_text("")
    desk.events(event())
    answer = desk.amends(*words, AMENDS_API_KEYS="k" * 20)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        f"amends: {desk.home} cannot hold the state: File exists; name a folder to write to with AMENDS_HOME\n"
    )


def test_a_database_in_a_folder_that_is_not_there_is_one_sentence(desk: Desk) -> None:
    settings = {"AMENDS_API_KEYS": "k" * 20, "AMENDS_DATABASE_URL": f"sqlite:///{desk.here}/gone/amends.db"}
    answer = desk.amends("serve", **settings)
    assert answer.code == 2
    assert answer.err == (
        f"amends: {desk.here}/gone cannot hold the database: No such file or directory; "
        "name a folder to write to with AMENDS_HOME or AMENDS_DATABASE_URL\n"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_cannot_be_written_is_one_sentence(desk: Desk) -> None:
    (desk.here / "locked").mkdir(mode=0o500)
    answer = desk.amends("run", desk.events(event()), AMENDS_HOME=f"{desk.here}/locked/home")
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert "Permission denied" in answer.err


@pytest.mark.parametrize("words", [("run",), ("run", "--dry-run"), ("why",), ("import", "--as", "events")])
def test_a_database_that_is_none_is_one_sentence(words: tuple[str, ...], desk: Desk) -> None:
    desk.home.mkdir()
    (desk.home / "amends.db").write_text("Dear diary, this is not a database at all\n" * 100)
    answer = desk.amends(words[0], desk.events(event()), *words[1:])
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("amends: ")
    assert "file is not a database" in answer.err
    assert "AMENDS_HOME" in answer.err
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize("words", [("run",), ("run", "--dry-run"), ("why",)])
@pytest.mark.parametrize("url", ["mysql://root@127.0.0.1/x", "postgresql+psycopg://u:hush@127.0.0.1:1/x", "nonsense"])
def test_a_database_that_cannot_be_reached_is_one_sentence_without_its_password(
    url: str, words: tuple[str, ...], desk: Desk
) -> None:
    answer = desk.amends(words[0], desk.events(event()), *words[1:], AMENDS_DATABASE_URL=url)
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert "AMENDS_DATABASE_URL" in answer.err
    assert "hush" not in answer.err


def test_a_secret_may_stand_in_a_file(desk: Desk) -> None:
    (desk.here / "token").write_text("")
    answer = desk.amends("run", desk.events(event()), SLACK_BOT_TOKEN_FILE=f"{desk.here}/token")
    assert answer.code == 2
    assert (
        answer.err
        == f"amends: SLACK_BOT_TOKEN_FILE names {desk.here}/token, which is empty; write the secret into it\n"
    )


def test_a_secret_given_twice_is_refused_and_never_shown(desk: Desk) -> None:
    answer = desk.amends("run", desk.events(event()), SENDGRID_API_KEY="hush", SENDGRID_API_KEY_FILE=f"{desk.here}/key")
    assert answer.code == 2
    assert "SENDGRID_API_KEY and SENDGRID_API_KEY_FILE are both set" in answer.err
    assert "hush" not in answer.err


def test_a_setting_that_cannot_be_used_is_found_before_anything_is_taken_in(desk: Desk) -> None:
    answer = desk.amends("run", desk.events(event()), SMTP_URL="http://mail")
    assert answer.code == 2
    assert answer.err.startswith("amends: SMTP_URL begins with neither smtp:// nor smtps://")
    with desk.store() as store:
        assert store.unplanned(10) == []


def test_a_sender_of_the_settings_that_is_none_is_refused(desk: Desk) -> None:
    answer = desk.amends("run", desk.events(event()), AMENDS_MAIL_FROM="nobody")
    assert answer.code == 2
    assert "AMENDS_MAIL_FROM is 'nobody'" in answer.err


@pytest.mark.parametrize(("part", "holds"), [("outbox", "previews"), ("prefect", "Prefect's state")])
def test_a_part_of_the_home_that_is_a_file_is_one_sentence(part: str, holds: str, desk: Desk) -> None:
    desk.home.mkdir()
    (desk.home / part).write_text("")
    answer = desk.amends("run", desk.events(event()))
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == f"amends: {desk.home / part} cannot hold {holds}: File exists; move it away\n"
