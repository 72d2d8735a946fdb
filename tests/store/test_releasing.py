"""What a closed channel holds waits, however many customers it is for; what may go on goes on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from amends_engine.states import EffectState
from amends_store.circuits import Circuit
from amends_store.switches import Scope
from amends_store.types import Settle

_S = EffectState
_REST = timedelta(minutes=1)


def _hold(world: Any, kind: str, targets: Sequence[str]) -> dict[str, str]:
    """Effects for these targets, an event each, that a closed channel put aside; by target their ids."""
    held = {}
    for target in targets:
        event = world.event(target, customer=target)
        world.accept(event)
        decision = world.decision(event, (kind, {}))
        [intent] = decision.intents
        decision = replace(decision, intents=(replace(intent, target=target),))
        world.save(decision)
        [claimed] = world.claim(decision, action=f"{kind}.0")
        until = world.clock() + _REST
        world.store.settle([Settle(claimed.effect_id, claimed.token, _S.HELD, "nobody answers", until)])
        held[target] = claimed.effect_id
    return held


def _close(world: Any, channel: str, rest: timedelta) -> None:
    world.store.trip(Circuit(channel, "nobody answers", world.clock(), world.clock() + rest))


def _released(world: Any) -> int:
    planned: int = world.store.release_expired(world.clock()).planned
    return planned


@pytest.fixture
def mail(world: Any) -> dict[str, str]:
    """Letters to twelve customers, held for a minute."""
    return _hold(world, "email", [f"c{number}" for number in range(12)])


def test_a_closed_channel_is_left_alone_until_it_is_to_be_tried(world: Any, mail: dict[str, str]) -> None:
    _close(world, "email", 5 * _REST)
    world.clock.move(minutes=2)
    assert _released(world) == 0


def test_one_letter_tries_a_closed_channel_and_not_one_for_each_customer(world: Any, mail: dict[str, str]) -> None:
    _close(world, "email", _REST)
    world.clock.move(minutes=2)
    assert _released(world) == 1


def test_once_the_channel_is_open_all_go_on(world: Any, mail: dict[str, str]) -> None:
    world.clock.move(minutes=2)
    assert _released(world) == len(mail)


def test_nothing_goes_on_before_its_time(world: Any, mail: dict[str, str]) -> None:
    world.clock.move(seconds=59)
    assert _released(world) == 0


def test_an_endpoint_that_is_closed_holds_no_other(world: Any) -> None:
    held = _hold(world, "webhook", ["crm", "erp", "shop"])
    _close(world, "webhook crm", 5 * _REST)
    world.clock.move(minutes=2)
    assert _released(world) == 2
    assert world.state(held["crm"]) is _S.HELD
    world.clock.move(minutes=10)
    assert _released(world) == 1


def test_a_paused_rule_holds_no_other_step(world: Any, mail: dict[str, str]) -> None:
    held = _hold(world, "webhook", ["crm"])
    world.store.pause(Scope("email"), "ana", "wrong template")
    world.clock.move(minutes=2)
    assert _released(world) == 1
    assert world.state(held["crm"]) is _S.PLANNED
