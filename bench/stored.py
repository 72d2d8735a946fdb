"""amends serve on what has gathered over years: 10,000 rules and 1,000,000 stored events with --full, else a tenth.

How long the start takes, how much memory it needs, and how long each page takes on the server.
"""

import http.client
import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import median

import serve
from authoring import write_company
from load import KEY

from amends.bootstrap import now, opened_store
from amends.settings import Settings
from amends_engine.events import Event
from amends_engine.plans import Decision, Intent, Mode, Outcome, Plan, decision_id, effect_id, event_id
from amends_engine.states import EffectState
from amends_store.store import Store
from amends_store.types import Claimed, Incoming, Result, RuleVersion, Start

BATCH = 500
DECIDED = 10  # every so manieth event has a decision with one effect
FAILED = 1_000  # every so manieth effect failed
CUSTOMERS = 50_000
TIMES = 5  # that each page is asked for
_TIERS = ("basic", "silver", "gold", "platinum")
_COMMENT = "The train was late and nobody told us why. " * 6


def main(is_full: bool) -> None:
    rules, events = (10_000, 1_000_000) if is_full else (1_000, 100_000)
    print(f"# Serving with {rules:,} rules and {events:,} stored events\n")
    print(f"{os.cpu_count()} cores; load average before: {os.getloadavg()[0]:.1f}\n\n| measured | figure |\n|---|--:|")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / "workspace").mkdir()
        write_company(here / "workspace", rules)
        settings = Settings(None, here / "home", f"sqlite:///{here / 'home' / 'amends.db'}", None, {})
        began = time.perf_counter()
        fill(settings, events, rules)
        tell("filling the database", f"{time.perf_counter() - began:,.0f} s")
        tell("size of the database", f"{(here / 'home' / 'amends.db').stat().st_size / 1e6:,.0f} MB")
        measure(here, events, rules)


def tell(what: str, figure: str) -> None:
    print(f"| {what} | {figure} |", flush=True)


def measure(here: Path, events: int, rules: int) -> None:
    with serve.served(here, serve.NOWHERE):
        pass  # the first start writes the rules down
    began = time.perf_counter()
    with serve.served(here, serve.NOWHERE) as server:
        cpu = server.cpu_seconds()
        server.load(0, 0.01, "warm", routes=rules)
        first = time.perf_counter() - began
        tell("warm start to the first acknowledgement; CPU until it listens", f"{first:.1f} s; {cpu:.1f} s")
        tell("memory, as soon as it listens", f"{server.memory():.0f} MiB")
        server.load(100, 10, "at100-", routes=rules)
        tell("acknowledgement at 100/s: p50, p99", f"{server.p(50):.0f} ms, {server.p(99):.0f} ms")
        server.drain()
        for name, path in pages(events):
            times = [ask(server.port, path) for _ in range(TIMES)]
            tell(name, f"{median(times):.0f} ms, the slowest of {TIMES} {max(times):.0f} ms")
        tell("memory, after all that", f"{server.memory():.0f} MiB")


def pages(events: int) -> Iterator[tuple[str, str]]:
    middle = event_id("app", f"answer-{events // 2 // DECIDED * DECIDED}")
    yield "GET /v1/events/{id}", f"/v1/events/{middle}"
    yield "GET /v1/events/{id}/why", f"/v1/events/{middle}/why"
    yield "GET /v1/effects", "/v1/effects"
    for state in ("succeeded", "failed", "review"):
        yield f"GET /v1/effects?state={state}", f"/v1/effects?state={state}"
    yield "GET /v1/cases", "/v1/cases"
    yield "GET /v1/customers/{id}", "/v1/customers/c1"
    yield "GET /v1/customers/{id}/timeline", "/v1/customers/c1/timeline"
    yield "GET /v1/rules", "/v1/rules"
    yield "GET /readyz", "/readyz"
    yield "GET /metrics", "/metrics"


def ask(port: int, path: str) -> float:
    """Milliseconds."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    began = time.perf_counter()
    link.request("GET", path, headers={"X-Api-Key": KEY})
    answer = link.getresponse()
    answer.read()
    if answer.status != 200:
        raise AssertionError(f"{path} answered {answer.status}")
    link.close()
    return (time.perf_counter() - began) * 1000


def fill(settings: Settings, events: int, rules: int) -> None:
    """Events over two years, planned, and the effects of a tenth of them carried out."""
    source = random.Random(1)
    settings.make_home()
    with opened_store(settings) as store:
        for start in range(0, events, BATCH):
            made = list(incoming(range(start, start + BATCH), rules, source))
            store.accept(made)
            plan(store, [one.event for one in made])


def incoming(numbers: range, rules: int, source: random.Random) -> Iterator[Incoming]:
    for number in numbers:
        key, at = f"answer-{number}", now() - timedelta(minutes=number)
        customer = f"c{number % CUSTOMERS}"
        fields = {"nps": number % 11, "comment": _COMMENT, "route": f"R{source.randrange(rules)}"}
        said = {"tier": _TIERS[number % 4], "name": f"Ana {customer}"}
        event = Event(event_id("app", key), "app", key, "feedback.received", at, customer, fields, said)
        yield Incoming(event, f'{{"id": "{key}", "data": "{_COMMENT}"}}'.encode(), "POST /v1/events", at)


def plan(store: Store, events: Sequence[Event]) -> None:
    decisions = [decided(event) for place, event in enumerate(events) if place % DECIDED == 0]
    plans = [(Plan(one.event_id, (one,)), {"customer.tier": "gold"}) for one in decisions]
    rest = [(Plan(event.id, ()), {}) for place, event in enumerate(events) if place % DECIDED]
    versions = {one.rule_id: RuleVersion(one.rule_id, "v1", "because", "cx") for one in decisions}
    store.save_plans(plans + rest, versions)
    claimed = store.claim([one.id for one in decisions], "slack", "bench", BATCH)
    until = now() + timedelta(seconds=30)
    store.begin([Start(one.effect_id, one.token, {"text": _COMMENT}, "bench", until) for one in claimed])
    store.record([result(one) for one in claimed])


def decided(event: Event) -> Decision:
    rule_id = f"rule-{event.fields['route'][1:]}"
    identity = decision_id(event.id, rule_id, Mode.LIVE)
    intent = Intent(effect_id(identity, "slack", "#cx"), "slack", "slack", "#cx", 0, {"template": "alert"})
    made = Decision(identity, event.id, rule_id, "v1", Mode.LIVE, Outcome.ACTED, event.customer_id, event.occurred_at)
    return replace(made, intents=(intent,))


def result(claimed: Claimed) -> Result:
    has_failed = int(claimed.effect_id[:8], 16) % FAILED == 0
    return Result(claimed.effect_id, claimed.token, EffectState.FAILED if has_failed else EffectState.SUCCEEDED)
