"""Questions over HTTP: what came in, what became of it, and why."""

import pytest
from tests.app.api.conftest import Door
from tests.conftest import event

from amends_flows.backends import InProcess
from amends_flows.dispatching import dispatch
from amends_store.errors import CannotOpen


@pytest.fixture
def answered(door: Door) -> str:
    """The id of an event that has been carried out."""
    answer = door.post([event(1), event(2), event(3, nps=9)])
    door.made.planner.plan_all()
    dispatch(door.made.runtime, InProcess(door.made.runtime), lambda _progress: None)
    return str(answer.json()["events"][0]["id"])


def test_an_event_comes_with_its_decisions_and_effects(door: Door, answered: str) -> None:
    found = door.get(f"/v1/events/{answered}").json()
    assert (found["key"], found["type"], found["data"]["nps"]) == ("e1", "feedback.received", 3)
    acted = next(one for one in found["decisions"] if one["rule"] == "premium-detractor")
    assert [(one["channel"], one["state"]) for one in acted["effects"]] == [
        ("voucher", "succeeded"),
        ("email", "previewed"),
        ("slack", "previewed"),
    ]


def test_why_says_what_each_rule_made_of_it(door: Door, answered: str) -> None:
    found = door.get(f"/v1/events/{answered}/why").json()
    results = {one["rule"]: one["result"] for one in found["rules"]}
    assert results["premium-detractor"] == "acted"
    assert found["rules"][0]["conditions"]["answer"] is True


def test_a_customer_and_its_timeline(door: Door, answered: str) -> None:
    found = door.get("/v1/customers/c1").json()
    assert {one["name"]: one["value"] for one in found["attributes"]}["tier"] == "gold"
    kinds = [line["kind"] for line in door.get("/v1/customers/c1/timeline").json()["timeline"]]
    assert {"event received", "decision"} <= set(kinds)


def test_effects_come_page_by_page(door: Door, answered: str) -> None:
    seen: list[str] = []
    query = "/v1/effects?limit=3&state=previewed"
    page = door.get(query).json()
    while True:
        seen += [one["id"] for one in page["effects"]]
        if page["next"] is None:
            break
        page = door.get(f"{query}&after={page['next']}").json()
    assert len(seen) == len(set(seen)) == len(door.get("/v1/effects?state=previewed").json()["effects"])
    assert door.get(f"/v1/effects/{seen[0]}").json()["receipts"]


def test_cases_and_rules_are_lists(door: Door, answered: str) -> None:
    assert door.get("/v1/cases?status=open").json() == {"cases": [], "next": None}
    assert door.get("/v1/rules").json()["rules"][0]["id"] == "premium-detractor"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/events/x", "not-found"),
        ("/v1/events/x/why", "not-found"),
        ("/v1/customers/x", "not-found"),
        ("/v1/customers/x/timeline", "not-found"),
        ("/v1/effects/x", "not-found"),
        ("/v1/elsewhere", "not-found"),
        ("/v1/effects?state=sent", "bad-query"),
        ("/v1/effects?limit=0", "bad-query"),
        ("/v1/effects?after=x", "bad-query"),
        ("/v1/cases?after=W10=", "bad-query"),
        ("/v1/events", "not-found"),
    ],
)
def test_a_wrong_question_is_a_problem(door: Door, path: str, code: str) -> None:
    answer = door.get(path)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code


def test_questions_need_a_key_and_machines_do_not(door: Door) -> None:
    assert door.get("/v1/rules", key="").json()["code"] == "unauthorized"
    assert door.get("/healthz", key="").json() == {"alive": True}


def test_what_the_database_cannot_answer_now_is_a_problem(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise CannotOpen("the server is gone")

    monkeypatch.setattr(type(door.made.store), "event", fail)
    answer = door.get("/v1/events/e1")
    assert (answer.status_code, answer.json()["code"]) == (503, "cannot-commit")
    assert answer.headers["retry-after"] == "10"


def test_what_nobody_foresaw_is_a_problem_that_quotes_nothing(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("ana@example.com")

    monkeypatch.setattr(type(door.made.store), "event", fail)
    answer = door.get("/v1/events/e1")
    assert (answer.status_code, answer.json()["code"]) == (500, "failed")
    assert "ana" not in answer.text


def test_no_id_holds_a_nul(door: Door) -> None:
    assert door.get("/v1/customers/c%001").json()["code"] == "not-found"


def test_every_address_is_in_openapi(door: Door) -> None:
    paths = door.get("/v1/openapi.json", key="").json()["paths"]
    assert set(paths) >= {"/v1/events", "/v1/events/{event_id}", "/v1/events/{event_id}/why", "/v1/effects"}
    assert "422" in paths["/v1/events"]["post"]["responses"]
