"""The judge itself: a forged history is found out."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from tests.torture.checker import History, Verdict, asked_for, judge, read_history


def whole(events=80):
    """A history in which everything is as it should be, with half of the vouchers that are asked for."""
    numbers = range(1, events + 1)
    done = [{"kind": kind, "about": one, "effect": f"{kind}{one}", "is_done": True}
            for one in numbers for kind in asked_for(one) - {"voucher"}]  # fmt: skip
    vouchers = [one for one in numbers if "voucher" in asked_for(one)]
    cap = len(vouchers) // 2
    states = [(line["about"], line["kind"], "succeeded") for line in done]
    offered = frozenset(numbers)
    return History(offered, offered, tuple(done), dict.fromkeys(numbers, True), tuple(states), (*vouchers[:cap],), cap)


def without(history, kind, number):
    return replace(history, done=tuple(one for one in history.done if (one["kind"], one["about"]) != (kind, number)))


def and_also(history, **line):
    return replace(history, done=(*history.done, {"effect": "x", "is_done": True} | line))


def test_a_whole_history_is_clean():
    assert judge(whole()) == Verdict()


def test_each_event_asks_for_what_the_rules_say():
    asked = {number: asked_for(number) for number in (1, 5, 8, 9, 10, 40)}
    assert asked == {
        1: {"email", "voucher"},
        5: set(),
        8: {"webhook"},
        9: {"webhook"},
        10: {"email", "voucher"},
        40: {"email", "voucher", "slack"},
    }


@pytest.mark.parametrize(("kind", "number"), [("email", 1), ("webhook", 8), ("slack", 40)])
def test_what_did_not_happen_is_lost(kind, number):
    assert judge(without(whole(), kind, number)).lost == [f"{kind} of e{number}"]


@pytest.mark.parametrize(("kind", "number"), [("email", 1), ("webhook", 8), ("slack", 40)])
def test_a_forged_repeat_is_found_under_any_effect(kind, number):
    assert judge(and_also(whole(), kind=kind, about=number)).duplicated == [f"{kind} of e{number}"]


def test_a_request_that_came_to_nothing_is_no_repeat():
    assert judge(and_also(whole(), kind="email", about=1, is_done=False)).is_clean


def test_only_to_colleagues_a_repeat_that_says_so_is_allowed():
    assert judge(and_also(whole(), kind="slack", about=40, is_marked=True)).is_clean
    assert judge(and_also(whole(), kind="email", about=1, is_marked=True)).duplicated == ["email of e1"]


@pytest.mark.parametrize("line", [{"kind": "email", "about": 5}, {"kind": "webhook", "about": 1_008}])
def test_what_nobody_asked_for_is_unexpected(line):
    assert judge(and_also(whole(), **line)).unexpected == [f"{line['kind']} of e{line['about']}"]


def test_an_acknowledged_event_that_is_gone_is_lost():
    history = whole()
    events = {number: True for number in history.events if number != 5}
    assert judge(replace(history, events=events)).lost == ["event e5 was acknowledged and is not there"]


def test_an_event_that_was_never_acknowledged_may_be_there_or_not():
    history = without(whole(), "webhook", 8)
    assert judge(replace(history, acknowledged=history.acknowledged - {8})).is_clean
    assert judge(replace(whole(), acknowledged=history.acknowledged - {8})).is_clean


def test_vouchers_are_counted_against_their_budget():
    history = whole()
    given = history.vouchers
    assert judge(replace(history, vouchers=given[1:])).lost == ["voucher that the budget had"]
    assert judge(replace(history, vouchers=(*given, 71))).unexpected == ["voucher beyond the budget"]
    assert judge(replace(history, vouchers=(*given[1:], given[1]))).duplicated == [f"voucher of e{given[1]}"]
    assert judge(replace(history, vouchers=(*given[1:], 5))).unexpected == ["voucher of e5"]


def test_what_is_open_or_undecided_is_unresolved():
    history = whole()
    states = (*history.states, (3, "email", "review"))
    found = judge(replace(history, states=states, events=history.events | {7: False})).unresolved
    assert found == ["event e7 is not decided on", "email of e3 is review"]


def test_a_history_is_read_from_logs_and_tables(tmp_path):
    client, sink, database = tmp_path / "client", tmp_path / "sink", tmp_path / "amends.db"
    client.write_text('{"offered": 1}\n{"acknowledged": 1}\n')
    line = {"kind": "email", "about": 1, "effect": "x", "is_done": True}
    sink.write_text(json.dumps(line) + "\n")
    with closing(sqlite3.connect(database)) as tables:
        tables.executescript("""
            CREATE TABLE events (id, key, planned_at);
            CREATE TABLE effects (event_id, kind, state);
            CREATE TABLE vouchers (customer_id, mode);
            INSERT INTO events VALUES ('i', 'e1', 'then');
            INSERT INTO effects VALUES ('i', 'email', 'succeeded');
            INSERT INTO vouchers VALUES ('c1', 'live'), ('c2', 'shadow');
        """)
    read = read_history(client, sink, str(database), 1)
    one = frozenset({1})
    assert read == History(one, one, (line,), {1: True}, ((1, "email", "succeeded"),), (1,), 1)
    assert judge(read).is_clean
