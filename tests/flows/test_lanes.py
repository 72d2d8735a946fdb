import threading
import time
from concurrent.futures import wait
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from amends_connectors.contract import (
    Audience,
    Declaration,
    Delivery,
    DuplicateClass,
    RateLimited,
    Receipt,
    Rejected,
    Uncertain,
)
from amends_connectors.kit import RecordingConnector
from amends_engine.steps import StepKind
from amends_flows.lanes import SOON, Lane, Leave, _Pace
from amends_flows.outcomes import CLOSED_FOR, NotSent
from amends_store.leases import LEASE

DECLARATION = Declaration(StepKind("email", "writes", ()), DuplicateClass.LOOK_UP, Audience.CUSTOMER)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self):
        self.at = NOON

    def __call__(self):
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lane_of(clock):
    opened = []

    def open_lane(connector):
        opened.append(Lane("email", connector, clock=clock))
        return opened[-1]

    yield open_lane
    for lane in opened:
        lane.close()


def deliver(lane, count=1, lease=LEASE, stop=None):
    stop = stop or threading.Event()
    deliveries = [Delivery(f"effect-{number}", 1, "email", "customer", {}) for number in range(count)]
    futures = [lane.submit(delivery, Leave(NOON + lease, stop)) for delivery in deliveries]
    wait(futures, timeout=10)
    return [future.result(timeout=0) for future in futures]


def test_a_delivery_comes_back_with_its_receipt(lane_of):
    [receipt] = deliver(lane_of(RecordingConnector(DECLARATION)))
    assert receipt == Receipt("recorded:effect-0")


def test_an_exception_that_no_contract_names_counts_as_perhaps_sent(lane_of):
    connector = RecordingConnector(DECLARATION).then(ValueError("anna@example.com"))
    [outcome] = deliver(lane_of(connector))
    assert isinstance(outcome, Uncertain)
    assert "anna" not in str(outcome)


def test_nothing_is_sent_when_the_lease_could_end_before_the_answer(lane_of):
    connector = RecordingConnector(DECLARATION)
    [outcome] = deliver(lane_of(connector), lease=DECLARATION.send_timeout + timedelta(seconds=14))
    assert isinstance(outcome, NotSent)
    assert not connector.deliveries


def test_a_connector_slower_than_a_lease_is_refused_at_once(clock):
    slow = replace(DECLARATION, send_timeout=timedelta(seconds=105))
    with pytest.raises(ValueError, match="send_timeout of email"):
        Lane("email", RecordingConnector(slow), clock=clock)


def test_refused_credentials_close_the_lane_for_everyone_until_some_time_has_passed(lane_of, clock):
    connector = RecordingConnector(replace(DECLARATION, parallel=1)).then(Rejected("invalid_auth", is_access=True))
    lane = lane_of(connector)
    first, *others = deliver(lane, 3)
    assert isinstance(first, Rejected)
    assert {(other.is_held, other.wait) for other in others} == {(True, CLOSED_FOR)}
    assert len(connector.deliveries) == 1
    assert "email refuses our credentials" in lane.closed().reason

    clock.at += CLOSED_FOR
    assert lane.closed() is None
    assert isinstance(deliver(lane)[0], Receipt)


def test_after_a_rate_limit_nobody_sends_before_the_time_the_provider_named(lane_of):
    limited = RateLimited("slow down", retry_after=timedelta(milliseconds=200))
    lane = lane_of(RecordingConnector(replace(DECLARATION, parallel=1)).then(limited))
    began = time.monotonic()
    first, second = deliver(lane, 2)
    assert first is limited
    assert isinstance(second, Receipt)
    assert time.monotonic() - began >= 0.2


def test_a_rest_longer_than_the_lease_sends_the_others_back_to_wait_for_it(lane_of):
    limited = RateLimited("slow down", retry_after=timedelta(minutes=10))
    first, second = deliver(lane_of(RecordingConnector(replace(DECLARATION, parallel=1)).then(limited)), 2)
    assert first is limited
    assert timedelta(minutes=9) < second.wait <= timedelta(minutes=10)


def test_a_pace_gives_one_turn_in_each_gap():
    pace = _Pace(per_second=2)
    assert pace.take(100.0) == 0
    assert pace.take(100.1) == pytest.approx(0.4)
    assert pace.take(100.5) == 0
    assert pace.take(100.5) == pytest.approx(0.5)


def test_without_a_limit_there_is_no_pace():
    pace = _Pace(None)
    assert [pace.take(100.0) for _ in range(3)] == [0, 0, 0]


def test_once_told_to_stop_nothing_more_is_sent(lane_of):
    connector = RecordingConnector(DECLARATION)
    stop = threading.Event()
    stop.set()
    assert all(isinstance(outcome, NotSent) for outcome in deliver(lane_of(connector), 3, stop=stop))
    assert not connector.deliveries


class Unreadable:
    """Circuits that cannot be read or kept, as when the disk is full or the database is away."""

    def circuits(self, *_):
        raise OSError("disk full")

    trip = take_probe = close_circuit = circuits


class Forgetful(Unreadable):
    """Says that all is open, and then cannot keep what was learned."""

    def circuits(self):
        return {}


def lane_with(circuits, connector, clock):
    return Lane("email", connector, clock=clock, circuits=circuits)


def test_what_cannot_be_allowed_because_the_store_is_away_has_not_been_sent(clock):
    connector = RecordingConnector(DECLARATION)
    lane = lane_with(Unreadable(), connector, clock)
    [outcome] = deliver(lane)
    lane.close()
    assert outcome == NotSent("whether it may be sent could not be read: OSError", SOON)
    assert not connector.deliveries


def test_what_was_answered_is_kept_though_the_circuit_cannot_be_written(clock, caplog):
    refused = Rejected("invalid_auth", is_access=True)
    lane = lane_with(Forgetful(), RecordingConnector(DECLARATION).then(refused), clock)
    assert deliver(lane) == [refused]
    lane.close()
    assert [(one.levelname, one.facts) for one in caplog.records] == [
        ("WARNING", {"channel": "email", "error": "OSError"})
    ]


class Crowded(RecordingConnector):
    """Answers only when three are inside at once, and counts how many there ever are."""

    def __init__(self, declaration):
        super().__init__(declaration)
        self.most, self.inside = 0, 0
        self.lock, self.door = threading.Lock(), threading.Barrier(3, timeout=60)

    def send(self, delivery):
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.door.wait()
        with self.lock:
            self.inside -= 1
        return super().send(delivery)


def test_as_many_sends_run_at_once_as_the_connector_declares_and_no_more(lane_of):
    connector = Crowded(replace(DECLARATION, parallel=3))
    assert all(isinstance(outcome, Receipt) for outcome in deliver(lane_of(connector), 12))
    assert connector.most == 3


def test_groups_grow_while_sending_is_fast_and_shrink_when_it_is_slow(lane_of):
    lane = lane_of(RecordingConnector(DECLARATION))
    first = lane.size
    lane.learn(0.1, lane.size)
    grown = lane.size
    assert first < grown <= 8 * first
    lane.learn(3.0, lane.size)
    assert lane.size == grown // 2


def test_a_group_that_was_not_full_says_nothing_about_a_larger_one(lane_of):
    lane = lane_of(RecordingConnector(DECLARATION))
    first = lane.size
    lane.learn(0.1, first - 1)
    assert lane.size == first


def test_a_provider_that_limits_the_pace_gets_small_groups(lane_of):
    lane = lane_of(RecordingConnector(replace(DECLARATION, per_second=1.0)))
    for _ in range(20):
        lane.learn(0.0, lane.size)
    assert lane.size == 10
