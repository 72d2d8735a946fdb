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
from amends_store.errors import IllegalMove, NotThere
from amends_store.operating import Verb
from amends_store.releasing import MOST_CRASHES
from amends_store.store import Store
from amends_store.switches import Scope
from amends_store.types import Released, Result, Settle, Start

_S = EffectState
_ANY = st.sampled_from(list(EffectState))
_NUMBERS = count()
_AFTER_ATTEMPT = {
    *(_S.SUCCEEDED, _S.PREVIEWED, _S.FAILED, _S.PLANNED, _S.HELD, _S.UNKNOWN),
    *(_S.REVIEW,),
}
_HELD_BY_WORKERS = {_S.CLAIMED, _S.IN_FLIGHT, _S.RECONCILING}
_MAY_DECIDE = {
    Verb.RESEND: {_S.REVIEW, _S.HELD},
    Verb.MARK_SENT: {_S.REVIEW, _S.UNKNOWN},
    Verb.DROP: {_S.REVIEW, _S.HELD, _S.PLANNED},
}
_OF_THE_RULE = Scope(rule_id="premium-detractor")
_AFTER_CLAIM = {_S.PLANNED, _S.HELD, _S.CAPPED, _S.SUPPRESSED, _S.FAILED, _S.STALE}


class AnEffect(RuleBasedStateMachine):
    """One effect with its model: state, attempts, crashes, the switch, the lease, claims in hand and lost."""

    world: ClassVar[Any]

    def __init__(self) -> None:
        super().__init__()
        self.store: Store = self.world.store
        self.decision = self.world.plan(self.world.event(f"e{next(_NUMBERS)}", customer=None), ("email", {}))
        self.effect_id = self.decision.intents[0].id
        self.state = _S.PLANNED
        self.attempts = 0
        self.lease_until = self.world.clock()
        self.crashes = 0
        self.is_paused = False
        self.waits_for = ""  # of a held effect: time, the switch, or a person
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
        assert begun == ({self.effect_id} if may and not self.is_paused else set())
        if may and self.is_paused:
            self.become(_S.HELD)
            self.waits_for = "switch"
            self.lose()
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
            self.waits_for = "nothing"
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
            self.waits_for = "time"
            self.lose()
            self.world.clock.move(seconds=60)

    @rule()
    def pause(self) -> None:
        assert self.store.pause(_OF_THE_RULE, "ana", "a drill") is not self.is_paused
        self.is_paused = True

    @rule()
    def resume(self) -> None:
        if self.is_paused:
            self.store.resume(_OF_THE_RULE, "ana", "it is over")
        else:
            with pytest.raises(NotThere):
                self.store.resume(_OF_THE_RULE, "ana", "it is over")
        self.is_paused = False

    @rule(verb=st.sampled_from(list(Verb)))
    def decide(self, verb: Verb) -> None:
        acts = len(self.store.audit(10_000))
        if self.state not in _MAY_DECIDE[verb]:
            with pytest.raises(IllegalMove):
                self.store.decide(self.effect_id, verb, "ana", "a drill")
            assert len(self.store.audit(10_000)) == acts
            return
        self.become(self.store.decide(self.effect_id, verb, "ana", "a drill"))
        assert len(self.store.audit(10_000)) == acts + 1
        self.crashes = 0
        self.lose()

    @rule(seconds=st.sampled_from([1, 60, 120]))
    def sweep(self, seconds: int) -> None:
        self.world.clock.move(seconds=seconds)
        released = self.store.release_expired(self.world.clock())
        if self.state in _HELD_BY_WORKERS and self.lease_until <= self.world.clock():
            self.crash(released)
        elif self.state is _S.HELD and self.waits_for in {"time", "switch"} and not self.is_paused:
            self.become(_S.PLANNED)
            assert released == Released(planned=1)
        else:
            assert released == Released()

    def crash(self, released: Released) -> None:
        self.crashes += 1
        to = {_S.CLAIMED: _S.PLANNED}.get(self.state, _S.UNKNOWN)
        if self.crashes >= MOST_CRASHES:
            to = {_S.CLAIMED: _S.HELD, _S.RECONCILING: _S.REVIEW}.get(self.state, to)
        self.become(to)
        self.waits_for = "person"
        self.lose()
        kind = {_S.PLANNED: "planned", _S.UNKNOWN: "unknown"}.get(to, "quarantined")
        assert released == Released(**{kind: 1})

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
        assert not (self.state is _S.SUCCEEDED and self.attempts == 0)
        if self.state in FINAL and history.receipts:
            assert history.receipts[-1].state is self.state

    def teardown(self) -> None:
        # the next example sweeps too, and must find nothing of this one
        if self.is_paused:
            self.store.resume(_OF_THE_RULE, "ana", "it is over")
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
