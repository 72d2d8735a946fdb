"""amends rule move: decisions that wait go on by the version of the rule that is in its file."""

import pytest
from tests.conftest import Answer, Desk, event

pytestmark = pytest.mark.usefixtures("without_prefect")
WHY = ("--reason", "the second letter was wrong", "--by", "ana")
RULE = """version: 1
rules:
  - id: slow
    why: Because
    owner: cx
    status: live
    when: {event: feedback.received}
    then:
      - wait: {for: 2d}
      - FOLLOWS
"""
TASK, MAIL = "task: {title: Look, to: cx}", "email: {template: apology-general}"


def written(desk: Desk, follows: str, wait: str = "for: 2d") -> None:
    desk.write("slow.yaml", RULE.replace("FOLLOWS", follows).replace("for: 2d", wait))


@pytest.fixture(name="waiting")
def waiting_fixture(desk: Desk) -> Desk:
    """Two customers for whom the rule waits, as it was."""
    written(desk, TASK)
    today = [event(number) for number in (1, 2)]
    for one in today:
        del one["time"]
    desk.amends("run", desk.events(*today))
    return desk


def moved(desk: Desk, *words: str) -> Answer:
    return desk.amends("rule", "move", "slow", *words)


def test_what_waits_is_told_and_stays_with_a_dry_run(waiting: Desk) -> None:
    written(waiting, MAIL)
    lines = moved(waiting, "--dry-run").out.splitlines()
    assert lines[0].startswith("Of slow 2 decisions wait by another version than ")
    assert lines[1].startswith("    2 at then[0].wait by ")
    assert moved(waiting, "--dry-run").out.splitlines() == lines


def test_what_was_moved_waits_by_the_version_of_the_file_and_the_audit_chain_says_who_did_it(waiting: Desk) -> None:
    written(waiting, MAIL)
    assert "Moved: 2 decisions go on by version " in moved(waiting, *WHY).out
    assert moved(waiting, *WHY).out.startswith("Nothing of slow waits by another version than ")
    audit = waiting.amends("audit").out
    assert "rule slow" in audit
    assert "the second letter was wrong" in audit
    with waiting.store() as store:
        [(_, version)] = store.waiting_versions()
    assert version in moved(waiting, "--dry-run").out


@pytest.mark.parametrize(
    ("follows", "wait"), [(TASK, "for: 3d"), ("wait: {for: 2d}", "until: next 08:00"), (TASK, "until: next 08:00")]
)
def test_where_the_file_does_not_wait_for_the_same_nothing_is_moved(waiting: Desk, follows: str, wait: str) -> None:
    written(waiting, follows, wait)
    answer = moved(waiting, *WHY)
    assert answer.code == 2
    assert "does not wait at then[0].wait for the same; nothing was moved" in answer.err
    assert "rule slow" not in waiting.amends("audit").out


@pytest.mark.parametrize(
    ("words", "sentence"), [((), "the reason is empty"), (("--reason", " "), "the reason is empty")]
)
def test_it_needs_a_reason(waiting: Desk, words: tuple[str, ...], sentence: str) -> None:
    written(waiting, MAIL)
    answer = moved(waiting, *words)
    assert (answer.code, sentence in answer.err) == (2, True)


def test_what_was_moved_can_go_back_to_a_version_that_was_used(waiting: Desk) -> None:
    with waiting.store() as store:
        [(_, first)] = store.waiting_versions()
    written(waiting, MAIL)
    moved(waiting, *WHY)
    answer = moved(waiting, "--to", first[:8], *WHY)
    assert f"Moved: 2 decisions go on by version {first} now." in answer.out
    with waiting.store() as store:
        assert store.waiting_versions() == [("slow", first)]
        assert len(store.rule_versions("slow")) == 2


def test_a_rule_that_has_no_file_any_more_still_has_its_versions(waiting: Desk) -> None:
    (waiting.workspace / "slow.yaml").unlink()
    with waiting.store() as store:
        [(_, first)] = store.waiting_versions()
    assert moved(waiting, "--to", first, "--dry-run").out.startswith("Nothing of slow waits by another version than ")


def test_versions_that_were_never_used_are_refused_with_those_that_were(waiting: Desk) -> None:
    with waiting.store() as store:
        [(_, first)] = store.waiting_versions()
    answer = moved(waiting, "--to", "nonsense", *WHY)
    assert (answer.code, f"slow was never nonsense; it was {first}" in answer.err) == (2, True)


def test_a_version_that_fits_the_fields_of_today_no_more_is_refused(waiting: Desk) -> None:
    with waiting.store() as store:
        [(_, first)] = store.waiting_versions()
    written(waiting, TASK.replace("Look", "Look again"))
    waiting.change("fields.yaml", "  feedback.received:", "  feedback.given:")
    for file in waiting.workspace.glob("**/*.yaml"):
        file.write_text(file.read_text().replace("feedback.received", "feedback.given"))
    answer = moved(waiting, "--to", first, *WHY)
    assert (answer.code, "does not fit the fields and templates of today any more" in answer.err) == (2, True)


def test_a_rule_that_is_not_there_is_named(waiting: Desk) -> None:
    answer = waiting.amends("rule", "move", "slwo", *WHY)
    assert (answer.code, "there is no rule slwo; did you mean slow?" in answer.err) == (2, True)
