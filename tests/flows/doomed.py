"""Lives a short life of Amends in a process of its own that is meant to die on the way.

Reads one job a line from stdin as JSON, forks for each so that imports are paid once, and answers with how the child
ended: 0, or the signal that killed it as a negative number.
"""

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from amends_connectors.registry import build, channels
from amends_engine.actions import Action, Literal, Voice
from amends_engine.conditions import AllOf
from amends_engine.definitions import Budget
from amends_engine.events import Event
from amends_engine.fields import Fields
from amends_engine.findings import Place
from amends_engine.planning import rule_set
from amends_engine.plans import event_id
from amends_engine.rules import Rule, Status
from amends_engine.triggers.events import OnEvent
from amends_engine.values import Money
from amends_flows.backends import InProcess
from amends_flows.dispatching import dispatch
from amends_flows.lanes import open_lanes
from amends_flows.planner import Planner
from amends_flows.runtime import Runtime
from amends_flows.sweeping import sweep
from amends_flows.versions import Versions
from amends_store.crash_points import VARIABLE
from amends_store.store import open_store
from amends_store.types import Incoming

OPTIONS = {
    "email": {"template": "apology"},
    "voucher": {"value": "25 EUR", "from": "recovery"},
    "slack": {"to": "#cx", "card": "detractor"},
    "case": {"open": "complaint"},
    "task": {"title": "Call back", "to": "crew"},
    "webhook": {"to": "crm"},
}
BUDGET = Budget("recovery", limit=Money(100_00, "EUR"), window="week")


def live(job):
    """Accept the one event, sweep, plan and carry out what is due, as far as the job lets it."""
    os.environ[VARIABLE] = job["point"]

    def clock():
        return datetime.now(UTC) + timedelta(seconds=job["ahead"])

    store = open_store(job["url"], clock=clock)
    kind = job["kind"]
    is_outside = channels()[kind].connect is not None
    connectors = {kind: build(kind, job["settings"], Path(job["outbox"]), clock)} if is_outside else {}
    lanes = open_lanes(connectors, clock, store)
    rule = rule_of(kind)
    versions = Versions(store, {rule.id: rule}, lambda _body: None)
    planner = Planner(store, rule_set([rule], Voice({}.get, str)), Fields(), frozenset({"case"}), versions)
    runtime = Runtime(
        "northwind", {rule.id: rule}, store, lanes, render, {"recovery": BUDGET}, ZoneInfo("UTC"), clock,
        f"worker:{os.getpid()}", chance=lambda: 0.5,
    )  # fmt: skip
    sweep(runtime, planner)
    store.accept([Incoming(the_event(), b"{}", "test", clock())])
    planner.plan_all()
    dispatch(runtime, InProcess(runtime), lambda _progress: None)
    for lane in lanes.values():
        lane.close()
    store.close()


def the_event():
    at = datetime.now(UTC).replace(microsecond=0)
    return Event(event_id("app", "e1"), "app", "e1", "feedback.received", at, "c1", {}, {})


def rule_of(kind):
    step = Action(kind, kind, "then[0]", 0, "customer", {name: Literal(text) for name, text in OPTIONS[kind].items()})
    when = OnEvent(("feedback.received",))
    return Rule("makes-good", "because", "cx", Status.LIVE, when, AllOf(()), (step,), "v1", Place("rules.yaml"))


def render(claim, _given):
    if claim.kind == "webhook":
        return {"endpoint": "crm", "body": {"customer": "c1"}}
    if claim.kind == "slack":
        return {"channel": "#cx", "title": "Ana", "body": "unhappy", "text": "Ana"}
    return {"to": "ana@example.com", "from": "care@northwind-air.example", "subject": "Sorry", "text": "We are sorry"}


def warm():
    """Import what the first job would import, so that every child has it."""
    import amends_connectors.email_sendgrid
    import amends_connectors.email_smtp
    import amends_connectors.slack_client
    import amends_connectors.webhook_client  # noqa: F401


def main():
    warm()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                live(json.loads(line))
            except BaseException:  # noqa: BLE001  a child must not go on as its parent
                sys.excepthook(*sys.exc_info())
                sys.stderr.flush()
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
