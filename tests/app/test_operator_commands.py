"""amends effects, effect, pause, resume and audit, as an operator types them."""

import sqlite3

import pytest
from tests.conftest import Desk, event

from amends_engine.states import EffectState
from amends_store.types import Result, Start

pytestmark = pytest.mark.usefixtures("without_prefect")
_WHY = ("--reason", "wrong template", "--by", "ana")


def _states(desk: Desk) -> dict[str, str]:
    return {one["channel"]: one["state"] for one in desk.amends("effects", "--json").json()}


def _in_review(desk: Desk) -> str:
    """An e-mail of which nobody knows whether it arrived."""
    desk.amends("pause", "--channel", "email", *_WHY)
    desk.amends("run", desk.events(event(1)))
    desk.amends("resume", "--channel", "email", *_WHY)
    with desk.store() as store:
        store.release_expired(store._clock())
        [effect] = store.effects(EffectState.PLANNED, rule_id="premium-detractor")
        [claimed] = store.claim([effect.decision_id], effect.action, "w1", 1)
        store.begin([Start(claimed.effect_id, claimed.token, {"to": "ana"}, "w1", store._clock())])
        store.record([Result(claimed.effect_id, claimed.token, EffectState.UNKNOWN, "the answer was lost")])
        [found] = store.claim_unknown("sweeper", 1)
        store.record([Result(found.effect_id, found.token, EffectState.REVIEW, "nobody knows whether it arrived")])
    return found.effect_id


def test_a_paused_channel_is_held_and_the_run_says_so(desk: Desk) -> None:
    assert desk.amends("pause", "--channel", "email", *_WHY).out == "Paused: channel email. What is due is held.\n"
    answer = desk.amends("run", desk.events(event(1)))
    assert "Paused by ana: channel email (wrong template); amends resume goes on" in answer.out
    assert _states(desk) == {"voucher": "succeeded", "email": "held", "slack": "previewed"}
    answer = desk.amends("resume", "--channel", "email", *_WHY)
    assert answer.out == "Resumed: channel email. Still paused: nothing.\n"
    desk.amends("run")
    assert _states(desk)["email"] == "previewed"


def test_pause_alone_stops_everything_money_too(desk: Desk) -> None:
    desk.amends("pause", *_WHY)
    document = desk.amends("run", desk.events(event(1)), "--json").json()
    assert document["paused"] == ["everything"]
    assert set(_states(desk).values()) <= {"held", "planned"}
    assert desk.outbox == []


def test_a_rule_that_has_errors_does_not_keep_anybody_from_the_switch(desk: Desk) -> None:
    desk.change("rules.yaml", "version: 1", "version: 99")
    assert desk.amends("pause", "--rule", "premium-detractor", *_WHY).code == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("pause", "--channel", "mail", *_WHY), "amends: there is no channel mail; there are email, slack"),
        (("pause", "--rule", "premium-detracter", *_WHY), "amends: there is no rule premium-detracter; did you mean"),
        (("resume", *_WHY), "amends: everything is not paused; paused is: nothing"),
        (("pause", "--reason", " "), "amends: the reason is empty"),
        (("effect", "drop", "4711", *_WHY), "amends: there is no effect 4711; `amends effects` lists them"),
        (("effect", "show", "4711"), "amends: there is no effect 4711"),
        (("effects", "--state", "sent"), "amends: there is no state sent; there are planned"),
    ],
)
def test_a_slip_is_one_sentence(desk: Desk, words: tuple[str, ...], sentence: str) -> None:
    answer = desk.amends(*words)
    assert answer.code == 2
    assert answer.err.startswith(sentence)
    assert answer.err.count("\n") == 1


def test_what_is_in_doubt_is_found_looked_at_and_decided(desk: Desk) -> None:
    effect_id = _in_review(desk)
    [listed] = desk.amends("effects", "--state", "review", "--rule", "premium-detractor", "--json").json()
    assert (listed["id"], listed["attempts"]) == (effect_id, 1)
    assert "attempt 1 by w1" in desk.amends("effect", "show", effect_id).out
    answer = desk.amends("effect", "resend", effect_id, *_WHY)
    assert answer.out == f"The effect {effect_id} is planned now.\n"
    desk.amends("run")
    assert _states(desk)["email"] == "previewed"


def test_what_was_done_cannot_be_dropped(desk: Desk) -> None:
    desk.amends("run", desk.events(event(1)))
    effect_id = desk.amends("effects", "--channel", "voucher", "--json").json()[0]["id"]
    answer = desk.amends("effect", "drop", effect_id, *_WHY)
    assert answer.code == 2
    assert f"the effect {effect_id} is succeeded; drop is for one that is held or planned or review" in answer.err


def test_the_record_of_decisions_is_listed_and_verified(desk: Desk) -> None:
    effect_id = _in_review(desk)
    desk.amends("effect", "mark-sent", effect_id, "--reason", "in the provider's log", "--by", "ben")
    newest = desk.amends("audit").out.splitlines()[0]
    assert newest.startswith("3  ")
    assert newest.endswith(f"ben: mark-sent effect {effect_id}: in the provider's log")
    assert desk.amends("audit", "--verify").out.startswith("3 rows, none changed and none missing.")


def test_tampering_with_the_record_is_named_by_row(desk: Desk) -> None:
    _in_review(desk)
    with sqlite3.connect(desk.home / "amends.db") as connection:
        connection.execute("UPDATE audit SET reason = 'nothing' WHERE number = 1")
    connection.close()
    answer = desk.amends("audit", "--verify")
    assert (answer.code, answer.err) == (1, "audit row 1: the row is not as it was written\n")


def test_who_decides_is_the_account_unless_somebody_else_is_named(desk: Desk) -> None:
    desk.amends("pause", "--reason", "a drill", LOGNAME="carla")
    assert "carla: pause everything: a drill" in desk.amends("audit").out


def test_a_quarantined_event_is_listed_and_let_go(desk: Desk) -> None:
    assert desk.amends("event", "quarantined").out == "No event is quarantined.\n"
    desk.amends("import", desk.events(event(1)), "--as", "events")
    with desk.store() as store:
        [waiting] = store.unplanned(10)
        store.quarantine_events([waiting.id], "planning it failed with KeyError")
    assert "feedback.received from app: planning it failed with KeyError" in desk.amends("event", "quarantined").out
    assert desk.amends("run", "--json").json()["decisions"]["total"] == 0
    desk.amends("event", "release", waiting.id, *_WHY)
    assert desk.amends("event", "quarantined", "--json").json() == []
    assert desk.amends("run", "--json").json()["decisions"]["total"] == 2
    again = desk.amends("event", "release", waiting.id, *_WHY)
    assert (again.code, again.err.count("\n")) == (2, 1)
