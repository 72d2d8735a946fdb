"""An effect driven at random by good, late and confused workers, beside a model that only knows NEXT."""

from dataclasses import replace
from datetime import UTC, timedelta
from itertools import count
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from amends_engine.states import FINAL, NEXT, EffectState
from amends_store.errors import IllegalMove
from amends_store.store import Store
from amends_store.types import Released, Result, Settle, Start

_S = EffectState
_ANY = st.sampled_from(list(EffectState))
_NUMBERS = count()
_AFTER_ATTEMPT = {
    *(_S.SUCCEEDED, _S.PREVIEWED, _S.FAILED, _S.PLANNED, _S.HELD, _S.UNKNOWN),
    *(_S.REVIEW,),
}
_AFTER_CLAIM = {_S.PLANNED, _S.HELD, _S.CAPPED, _S.SUPPRESSED, _S.FAILED}


class AnEffect(RuleBasedStateMachine):
    """One effect with its model: state, number of attempts, end of the lease, the claim in hand, and lost ones."""

    world: ClassVar[Any]

    def __init__(self) -> None:
        super().__init__()
        self.store: Store = self.world.store
        self.decision = self.world.plan(self.world.event(f"e{next(_NUMBERS)}", customer=None), ("email", {}))
        self.effect_id = self.decision.intents[0].id
        self.state = _S.PLANNED
        self.attempts = 0
        self.lease_until = self.world.clock()
        self.held: Any = None
        self.lost: list[Any] = []

    def become(self, state: EffectState) -> None:
        assert state in NEXT[self.state], f"{self.state} became {state}"
        self.state = state

    def lose(self) -> None:
        if self.held:
            self.lost.append(self.held)
        self.held = None

    @rule()
    def claim(self) -> None:
        claims = self.store.claim([self.decision.id], "email.0", "w", 10)
        assert len(claims) == (self.state is _S.PLANNED)
        if claims:
            self.become(_S.CLAIMED)
            [self.held] = claims
            self.lease_until = self.world.clock() + timedelta(seconds=120)

    @rule()
    def claim_to_look_up(self) -> None:
        claims = [claim for claim in self.store.claim_unknown("sweeper", 1_000) if claim.effect_id == self.effect_id]
        assert len(claims) == (self.state is _S.UNKNOWN)
        if claims:
            self.become(_S.RECONCILING)
            [self.held] = claims
            self.lease_until = self.world.clock() + timedelta(seconds=120)

    @precondition(lambda self: self.held)
    @rule(seconds=st.sampled_from([10, 30, 200]))
    def begin(self, seconds: int) -> None:
        deadline = self.world.clock() + timedelta(seconds=seconds)
        begun = self.store.begin([Start(self.effect_id, self.held.token, {"to": "a"}, "w", deadline)])
        may = self.state is _S.CLAIMED and deadline + timedelta(seconds=15) <= self.lease_until
        assert begun == ({self.effect_id} if may else set())
        if begun:
            self.become(_S.IN_FLIGHT)
            self.attempts += 1

    @precondition(lambda self: self.held)
    @rule(state=_ANY)
    def record(self, state: EffectState) -> None:
        result = Result(self.effect_id, self.held.token, state)
        if state not in _AFTER_ATTEMPT:
            with pytest.raises(IllegalMove):
                self.store.record([result])
            return
        is_due = self.state in {_S.IN_FLIGHT, _S.RECONCILING} and state in NEXT[self.state]
        assert self.store.record([result]) == is_due
        if is_due:
            self.become(state)
            self.lose()

    @precondition(lambda self: self.held)
    @rule(state=_ANY)
    def settle(self, state: EffectState) -> None:
        settlement = Settle(self.effect_id, self.held.token, state, "", self.world.clock() + timedelta(seconds=60))
        if state not in _AFTER_CLAIM:
            with pytest.raises(IllegalMove):
                self.store.settle([settlement])
            return
        is_due = self.state is _S.CLAIMED
        assert self.store.settle([settlement]) == is_due
        if is_due:
            self.become(state)
            self.lose()
            self.world.clock.move(seconds=60)

    @rule(seconds=st.sampled_from([1, 60, 120]))
    def sweep(self, seconds: int) -> None:
        self.world.clock.move(seconds=seconds)
        released = self.store.release_expired(self.world.clock())
        is_over = self.lease_until <= self.world.clock()
        if self.state is _S.CLAIMED and is_over:
            self.become(_S.PLANNED)
            self.lose()
            assert released == Released(planned=1)
        elif self.state in {_S.IN_FLIGHT, _S.RECONCILING} and is_over:
            self.become(_S.UNKNOWN)
            self.lose()
            assert released == Released(unknown=1)
        elif self.state is _S.HELD and released.planned:
            self.become(_S.PLANNED)
        else:
            assert released == Released()

    @precondition(lambda self: self.lost)
    @rule(choice=st.integers(0, 50), state=st.sampled_from(sorted(_AFTER_ATTEMPT)))
    def a_worker_with_an_old_token(self, choice: int, state: EffectState) -> None:
        old = self.lost[choice % len(self.lost)]
        deadline = self.world.clock() + timedelta(seconds=1)
        assert self.store.begin([Start(self.effect_id, old.token, {"to": "a"}, "late", deadline)]) == set()
        assert self.store.record([Result(self.effect_id, old.token, state)]) == 0
        assert self.store.settle([Settle(self.effect_id, old.token, _S.FAILED, "")]) == 0
        assert self.store.perform([replace(old, kind="task")], {}, UTC) == {}

    @invariant()
    def the_ledger_says_what_the_model_says(self) -> None:
        history = self.store.effect(self.effect_id)
        assert history is not None
        assert history.effect.state is self.state
        assert [one.number for one in history.attempts] == list(range(1, self.attempts + 1))
        if self.state in FINAL and history.receipts:
            assert history.receipts[-1].state is self.state

    def teardown(self) -> None:
        # the next example sweeps too, and must find nothing of this one
        self.world.clock.move(days=1)
        while self.store.release_expired(self.world.clock()) != Released():
            pass
        for claim in self.store.claim_unknown("sweeper", 1_000):
            self.store.record([Result(claim.effect_id, claim.token, _S.SUCCEEDED)])


def test_an_effect_only_ever_moves_as_its_states_allow(world: Any) -> None:
    run_state_machine_as_test(
        type("Driven", (AnEffect,), {"world": world}),
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
