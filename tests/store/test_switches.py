"""What is paused is sent by nobody, at no moment; resumed, it goes on."""

from typing import Any

import pytest

from amends_engine.states import EffectState
from amends_store.errors import NotThere
from amends_store.switches import PAUSED, Scope
from amends_store.types import Released, Settle

_S = EffectState
_MATCHING = [Scope(), Scope("email"), Scope(rule_id="premium-detractor"), Scope("email", "premium-detractor")]
_OTHERS = [Scope("slack"), Scope(rule_id="another"), Scope("email", "another"), Scope("slack", "premium-detractor")]


def _pause(world: Any, scope: Scope = Scope()) -> bool:  # noqa: B008 - frozen
    paused: bool = world.store.pause(scope, "ana", "wrong template")
    return paused


def _resume(world: Any, scope: Scope = Scope()) -> None:  # noqa: B008 - frozen
    world.store.resume(scope, "ana", "mended")


@pytest.mark.parametrize("scope", _MATCHING, ids=str)
def test_between_claim_and_send_it_stops_the_effect(world: Any, scope: Scope) -> None:
    decision = world.plan(world.event(), ("email", {}))
    [claimed] = world.claim(decision)
    _pause(world, scope)
    assert world.begin(claimed) == set()
    effect = world.store.effect(claimed.effect_id).effect
    assert (effect.state, effect.reason, effect.attempts) == (_S.HELD, PAUSED, 0)


@pytest.mark.parametrize("scope", _OTHERS, ids=str)
def test_other_channels_and_rules_go_on(world: Any, scope: Scope) -> None:
    [claimed] = world.claim(world.plan(world.event(), ("email", {})))
    _pause(world, scope)
    assert world.begin(claimed) == {claimed.effect_id}


def test_who_pauses_email_pauses_the_surveys_that_it_carries(world: Any) -> None:
    [survey] = world.claim(world.plan(world.event(), ("survey", {})), action="survey.0")
    _pause(world, Scope("email"))
    assert world.begin(survey) == set()
    assert world.state(survey.effect_id) is _S.HELD
    assert world.store.release_expired(world.clock()) == Released()
    _resume(world, Scope("email"))
    assert world.store.release_expired(world.clock()) == Released(planned=1)


def test_who_pauses_surveys_lets_other_mail_out(world: Any) -> None:
    decision = world.plan(world.event(), ("email", {}), ("survey", {}))
    [mail], [survey] = world.claim(decision), world.claim(decision, action="survey.1")
    _pause(world, Scope("survey"))
    assert world.begin(mail, survey) == {mail.effect_id}


def test_money_is_not_given_either(world: Any, recovery: Any) -> None:
    voucher = ("voucher", {"value": "25 EUR", "from": "recovery"})
    claims = world.claim(world.plan(world.event(), voucher), action="voucher.0")
    _pause(world, Scope("voucher"))
    assert world.perform(claims, recovery) == {}
    assert world.state(claims[0].effect_id) is _S.HELD
    assert world.store.vouchers() == []


def test_it_outlives_the_program_and_the_sweep(world: Any) -> None:
    [claimed] = world.claim(world.plan(world.event(), ("email", {})))
    _pause(world)
    world.begin(claimed)
    world.close()
    assert world.store.release_expired(world.clock.move(days=400)) == Released()
    assert [str(one.scope) for one in world.store.pauses()] == ["everything"]


def test_what_waits_for_a_time_is_not_touched_again_and_again_while_it_is_paused(world: Any) -> None:
    [claimed] = world.claim(world.plan(world.event(), ("email", {})))
    until = world.clock.move(seconds=60)
    world.store.settle([Settle(claimed.effect_id, claimed.token, _S.HELD, "the channel rests", until)])
    _pause(world)
    assert world.store.release_expired(world.clock.move(hours=1)) == Released()
    _resume(world)
    assert world.store.release_expired(world.clock()) == Released(planned=1)


def test_resumed_the_next_sweep_plans_what_was_held(world: Any) -> None:
    [claimed] = world.claim(world.plan(world.event(), ("email", {})))
    _pause(world)
    _pause(world, Scope("email"))
    world.begin(claimed)
    _resume(world)
    assert world.store.release_expired(world.clock()) == Released()
    _resume(world, Scope("email"))
    assert world.store.release_expired(world.clock()) == Released(planned=1)
    assert world.state(claimed.effect_id) is _S.PLANNED


def test_the_second_pause_of_the_same_says_so_and_leaves_one_row(world: Any) -> None:
    assert _pause(world)
    assert not _pause(world)
    assert [one.act.action for one in world.store.audit()] == ["pause"]


def test_what_is_not_paused_cannot_be_resumed(world: Any) -> None:
    _pause(world, Scope("email"))
    with pytest.raises(NotThere, match="everything is not paused; paused is: channel email"):
        _resume(world)
