"""Of an erased person nothing is left but what money and promises need, and old rows do not bring them back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, select

from amends_engine.definitions import Budget
from amends_engine.events import Profile, said_by
from amends_engine.fields import Entity, EventType, Field, Fields, FieldType, Kind
from amends_engine.plans import Timer
from amends_engine.states import EffectState
from amends_engine.values import Money
from amends_store.erasing import Erased, Order
from amends_store.people import is_contact
from amends_store.tables import attempts, entity_attributes, requests, timers, vouchers
from amends_store.traces import Words
from amends_store.types import Quarantined, Reception
from amends_store.waiting import put_timers

ADDRESS = "Ana.Lopez@example.com"
TEXT = FieldType(Kind.TEXT)


def _know(world: Any, customer: str = "member-1017", address: str = ADDRESS, **also: str) -> None:
    world.store.put_profiles([Profile(customer, "crm", {"email": address, **also}, world.clock())])


def _erase(world: Any, customer: str = "member-1017", fields: Fields | None = None) -> Erased:
    person = world.store.person(customer)
    done: Erased = world.store.erase(Order(person, "dpo", "asked for it", world.store.traces_of(person.names), fields))
    return done


def _left(world: Any, *names: str) -> list[str]:
    return [f"{one.table}.{name}" for one in world.store.traces_of(names) for name in one.columns]


@pytest.mark.parametrize("name", ["member-1017", "MEMBER-1017", ADDRESS, "ana.lopez@EXAMPLE.com", "0049 170 1234-567"])
def test_a_person_is_found_by_id_address_and_number_however_they_are_written(world: Any, name: str) -> None:
    _know(world, phone="+49 (170) 1234567")
    assert world.store.find_people(name) == ["member-1017"]


@pytest.mark.parametrize("name", ["", "Ana", "gold", "member-101", "lopez@example.com", "%", "123"])
def test_a_name_that_many_may_have_means_nobody(world: Any, name: str) -> None:
    _know(world, name="Ana", tier="gold")
    assert world.store.find_people(name) == []


def test_an_address_of_two_customers_means_both_and_an_old_one_counts(world: Any) -> None:
    _know(world)
    _know(world, "member-1018")
    world.clock.move(days=1)
    _know(world, address="new@example.com")
    assert world.store.find_people(ADDRESS.lower()) == ["member-1017", "member-1018"]
    assert world.store.person("member-1017").names == ("member-1017", "new@example.com")


def test_an_id_comes_before_an_address_that_is_spelled_like_it(world: Any) -> None:
    _know(world, "ana@example.com", "other@example.com")
    _know(world, "member-1018", "ana@example.com")
    assert world.store.find_people("ana@example.com") == ["ana@example.com"]


def test_what_they_said_and_were_sent_is_gone_and_the_ledger_stays_whole(world: Any) -> None:
    _know(world)
    event = world.event(customer="member-1017", fields={"comment": f"write to {ADDRESS}"})
    world.accept(event, raw=f'{{"comment": "write to\\n{ADDRESS}"}}'.encode())
    decision = world.decision(event, ("email", {"subject": f"Dear {ADDRESS}"}))
    world.save(decision, facts={"customer.email": ADDRESS})
    [claimed] = world.claim(decision)
    world.begin(claimed, request={"to": ADDRESS})
    world.record(claimed, EffectState.SUCCEEDED)
    done = _erase(world)
    assert _left(world, ADDRESS, "member-1017") == []
    assert (done.before.sent, done.before.open, done.effect_ids) == ({"email": 1}, 0, (claimed.effect_id,))
    assert world.state(claimed.effect_id) is EffectState.SUCCEEDED
    assert [one.number for one in world.store.effect(claimed.effect_id).attempts] == [1]
    assert world.store.customer("member-1017") is None
    assert world.store.timeline("member-1017") == []
    assert world.store.verify_audit().broken == ()
    stored = world.store.event(event.id)
    assert (stored.event.fields, stored.event.key, stored.bodies[0].body) == ({}, "", b"")
    assert stored.event.customer_id.startswith("erased-")


def test_the_same_event_again_is_a_duplicate_and_another_body_leaves_no_trace(world: Any) -> None:
    _know(world)
    event = world.event(customer="member-1017")
    world.accept(event, raw=b"first")
    _erase(world)
    assert [one.kind for one in world.accept(event, raw=b"first")] == [Reception.DUPLICATE]
    assert [one.kind for one in world.accept(event, raw=ADDRESS.encode())] == [Reception.DUPLICATE]
    assert _left(world, ADDRESS) == []
    assert world.store.unplanned(10) == []


def test_an_old_event_that_was_never_here_is_kept_by_its_key_only(world: Any) -> None:
    _know(world)
    _erase(world)
    old = world.event("late", "member-1017", at=world.clock() - timedelta(days=3), attributes={"email": ADDRESS})
    assert [one.kind for one in world.accept(old, raw=ADDRESS.encode())] == [Reception.ERASED]
    assert [one.kind for one in world.accept(old)] == [Reception.DUPLICATE]
    assert world.store.customer("member-1017") is None
    assert _left(world, ADDRESS) == []
    assert world.store.unplanned(10) == []


def test_a_list_that_still_has_them_does_not_bring_them_back_but_a_new_event_does(world: Any) -> None:
    _know(world, tier="gold")
    _erase(world)
    world.clock.move(days=1)
    counts = world.store.put_profiles([Profile("member-1017", "crm", {"email": ADDRESS}, world.clock())])
    assert (counts.new, counts.erased) == (0, 1)
    assert world.store.customer("member-1017") is None
    back = world.event("back", "member-1017", at=world.clock())
    assert [one.kind for one in world.accept(back)] == [Reception.NEW]
    assert world.store.customer("member-1017").attributes == ()
    assert [entry.text for entry in world.store.timeline("member-1017")] == ["feedback.received from app"]
    counts = world.store.put_profiles([Profile("member-1017", "crm", {"email": ADDRESS}, world.clock())])
    assert (counts.changed, counts.erased) == (1, 0)


def test_what_is_open_is_stopped_and_whoever_holds_it_sends_nothing(world: Any) -> None:
    _know(world)
    planned = world.plan(world.event("e1", "member-1017"), ("email", {}))
    [claimed] = world.claim(world.plan(world.event("e2", "member-1017"), ("email", {})))
    unplanned = world.event("e3", "member-1017")
    world.accept(unplanned)
    assert _erase(world).before.open == 2
    assert world.begin(claimed) == set()
    assert world.claim(planned) == []
    assert world.store.due_batches(10) == []
    assert world.store.unplanned(10) == []
    assert world.save(world.decision(unplanned, ("email", {}))) == 0


def test_what_is_on_the_wire_is_waited_for_and_what_may_have_arrived_is_not_asked_after(world: Any) -> None:
    _know(world)
    [claimed] = world.claim(world.plan(world.event("e1", "member-1017"), ("email", {})))
    world.begin(claimed, request={"to": ADDRESS})
    assert _erase(world).on_the_wire_until == world.clock() + timedelta(seconds=120)
    assert world.store.customer("member-1017") is not None
    world.clock.move(seconds=121)  # its worker has died
    assert _erase(world).on_the_wire_until is None
    assert world.state(claimed.effect_id) is EffectState.CANCELLED
    assert world.record(claimed, EffectState.SUCCEEDED) == 0
    assert _left(world, ADDRESS) == []


def test_a_decision_that_waits_does_not_go_on(world: Any) -> None:
    decision = world.plan(world.event("e1", "member-1017"), ("email", {}))
    due = world.clock() + timedelta(days=1)
    timer = Timer("t", decision.rule_id, "v1", decision.mode, decision.event_id, "member-1017", 1, "0", due, due)
    with _database(world) as connection:
        put_timers(connection, [timer], world.clock())
    _erase(world)
    with _database(world) as connection:
        found = connection.execute(select(timers.c.state, timers.c.customer_id)).one()
    assert found.state == "cancelled"
    assert found.customer_id.startswith("erased-")


@contextmanager
def _database(world: Any) -> Iterator[Connection]:
    engine = create_engine(world.url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def test_money_stays_counted_and_the_cap_holds_for_one_who_comes_back(world: Any) -> None:
    budget = Budget("recovery", limit=Money(10_000, "EUR"), window="week", per_customer=Money(4_000, "EUR"))
    options = {"value": "25 EUR", "from": "recovery"}
    first = world.plan(world.event("e1", "member-1017"), ("voucher", options))
    world.perform(world.claim(first, action="voucher.0"), budget)
    _erase(world)
    world.clock.move(days=1)
    again = world.plan(world.event("e2", "member-1017", at=world.clock()), ("voucher", options))
    assert set(world.perform(world.claim(again, action="voucher.0"), budget).values()) == {EffectState.CAPPED}
    with _database(world) as connection:
        [row] = connection.execute(select(vouchers)).all()
    assert (row.value_minor, row.code is not None, row.customer_id.startswith("erased-")) == (2_500, True, True)


def test_others_who_name_them_keep_their_words_without_the_name(world: Any) -> None:
    _know(world)
    _know(world, "member-1018", "joana.lopez@example.com")
    other = world.event("e2", "member-1018", fields={"comment": f"my sister is {ADDRESS.lower()}, not joana"})
    decision = world.plan(other, ("email", {}))
    [claimed] = world.claim(decision)
    world.begin(claimed, request={"to": "joana.lopez@example.com", "text": f"Re: {ADDRESS}"})
    world.record(claimed, EffectState.PLANNED)
    done = _erase(world)
    assert done.others == 2
    stored = world.store.event(other.id).event
    assert stored.fields["comment"].startswith("my sister is erased-")
    assert stored.fields["comment"].endswith(", not joana")
    assert world.store.find_people("joana.lopez@example.com") == ["member-1018"]
    [again] = world.claim(decision)
    assert ADDRESS not in str(again.request)
    assert world.begin(again, request=again.request) == {again.effect_id}


def test_broken_lines_and_events_of_nobody_that_name_them_are_emptied(world: Any) -> None:
    _know(world)
    line = f'{{"email": "{ADDRESS}", "comment": "I was so cross"'.encode()
    kept = [Quarantined("app", "a.jsonl", 3, f"{ADDRESS!r} is no date", line)]
    world.store.quarantine([*kept, Quarantined("app", "a.jsonl", 4, "broken", b"other")])
    stray = world.event("e9", None, fields={"contact": ADDRESS, "comment": "so cross"})
    world.accept(stray)
    _erase(world)
    assert [one.raw for one in world.store.quarantined()] == [b"", b"other"]
    world.store.quarantine(kept)
    assert _left(world, ADDRESS) == []
    assert world.store.event(stray.id).event.fields == {}


def test_personal_fields_of_what_their_events_name_go_and_the_others_stay(world: Any) -> None:
    of_booking = {
        "seat": Field("booking.seat", TEXT),
        "guest": Field("booking.guest", TEXT, is_personal=True),
    }
    booking = Entity("booking", "booking_id", of_booking)
    kind = EventType("booking.made", "", {"booking_id": Field("booking.booking_id", TEXT), **of_booking}, booking)
    fields = Fields(events={kind.name: kind}, entities={"booking": booking})
    said = {"booking_id": "B7", "seat": "12A", "guest": "Ana Lopez"}
    event = world.event(customer="member-1017", type=kind.name, fields=said)
    object.__setattr__(event, "says", said_by(kind, said))
    world.accept(event)
    _erase(world, fields=fields)
    with _database(world) as connection:
        assert list(connection.execute(select(entity_attributes.c.name)).scalars()) == ["seat"]


def test_erased_names_are_known_again_by_hashes_that_need_the_secret(world: Any) -> None:
    _know(world)
    _erase(world)
    assert world.store.erasure_of(ADDRESS.upper()).erased_at == world.clock()
    assert world.store.erasure_of("member-1017") is not None
    assert world.store.erasure_of("member-1018") is None
    assert "lopez" not in str(world.store.erasures()).lower()


def test_an_erasure_of_which_a_backup_does_not_know_is_heeded_once(world: Any) -> None:
    _know(world)
    _erase(world)
    told = world.store.erasures()
    world.clock.move(days=1)
    world.accept(world.event("back", "member-1017", at=world.clock()))
    assert world.store.heed(told) == []  # known here, and they have come back since
    newer = [type(one)(one.name_hash, one.customer_hash, world.clock()) for one in told]
    assert world.store.heed(newer) == ["member-1017"]
    assert world.store.heed(newer) == []


def test_everything_that_names_them_is_exported_and_nothing_of_others(world: Any) -> None:
    _know(world)
    _know(world, "member-1018", "joana.lopez@example.com")
    [claimed] = world.claim(world.plan(world.event("e1", "member-1017"), ("email", {})))
    world.begin(claimed, request={"to": ADDRESS})
    world.accept(world.event("e2", "member-1018", fields={"comment": f"{ADDRESS} and me: our secret"}))
    world.store.quarantine([Quarantined("app", "a.jsonl", 3, "broken", ADDRESS.encode())])
    document = world.store.everything_of(world.store.person("member-1017"))
    shown = {name for name, rows in document.items() if name != "also_known_as" and ADDRESS in str(rows)}
    assert shown == {"customer_attributes", "requests", "quarantined"}
    assert [row["table"] for row in document["named_in_rows_of_others"]] == ["events"]
    assert "secret" not in str(document)


def test_a_second_request_hash_cannot_be_tried_out(world: Any) -> None:
    [claimed] = world.claim(world.plan(world.event("e1", "member-1017"), ("email", {})))
    world.begin(claimed, request={"to": ADDRESS})
    world.record(claimed, EffectState.SUCCEEDED)
    before = _attempt_hash(world)
    _erase(world)
    assert _attempt_hash(world) != before
    with _database(world) as connection:
        assert connection.execute(select(requests)).all() == []


def _attempt_hash(world: Any) -> str:
    with _database(world) as connection:
        found: str = connection.execute(select(attempts.c.request_hash)).scalar_one()
        return found


@pytest.mark.parametrize(
    ("text", "is_named"),
    [
        ("ana@x.org", True),
        ("<ANA@X.ORG>", True),
        ('"a\\nana@x.org"', True),
        ("?to=ana%40x.org&", True),
        ("joana@x.org", False),
        ("ana@x.org.uk", False),
        ("ana@x.org, and more.", True),
        ("mail ana@x.org.", True),
    ],
)
def test_a_name_is_a_whole_word_however_it_is_escaped(text: str, is_named: bool) -> None:
    assert Words(["ana@x.org"]).are_in(text) is is_named
    assert Words(["ana@x.org"]).are_in(text.encode()) is is_named


@pytest.mark.parametrize(("name", "is_one"), [("a@b.co", True), ("+49 170 123", True), ("Ana", False), ("12", False)])
def test_what_can_name_a_person_is_an_address_or_a_number(name: str, is_one: bool) -> None:
    assert is_contact(name) is is_one
