"""A quick look at the past: what was known at a time, which rules ran then, and what was decided and done."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from amends_engine.facts import Attribute
from amends_engine.plans import Hit, Json, Mode, Outcome
from amends_engine.states import EffectState
from amends_engine.values import Value
from amends_store.codec import read_json, unpack_counter, untag
from amends_store.glance import Glance, read_time


@dataclass(frozen=True, slots=True)
class EffectSeen:
    """One effect and how far it is."""

    effect_id: str
    action: str
    kind: str
    target: str
    state: EffectState
    reason: str
    not_before: datetime | None


@dataclass(frozen=True, slots=True)
class DecisionSeen:
    """A stored decision with its effects in the order of their steps. generation: 0, one more after each wait."""

    rule_id: str
    rule_version: str
    mode: Mode
    generation: int
    outcome: Outcome
    reason: str
    decided_at: datetime
    effects: tuple[EffectSeen, ...]


AFTER_A_WAIT = "after a wait"


@dataclass(frozen=True, slots=True)
class CountSeen:
    """answer: "no" with the first false condition, "unknown" with the missing fields, or an outcome of decisions.

    place: of the condition, or AFTER_A_WAIT.
    """

    rule_version: str
    answer: str
    place: str
    text: str
    times: int


class PastGlance:
    """The questions of amends why; a database of an older Amends has no past."""

    def __init__(self, glance: Glance) -> None:
        self._glance = glance
        self._has_past = glance.has_table("rules_in_force")

    def planned_at(self, event_id: str) -> datetime | None:
        """When the rules looked at the event; None if they have not."""
        for (moment,) in self._glance.rows("SELECT planned_at FROM events WHERE id IN", [event_id]):
            return read_time(moment) if moment is not None else None
        return None

    def attributes_at(
        self, customer_ids: Collection[str], at: datetime, *, is_recorded: bool
    ) -> dict[str, list[Attribute]]:
        """By customer what every source had said by then; is_recorded: what we had heard by then."""
        best: dict[tuple[str, str, str], tuple[datetime, Attribute]] = {}
        for row in self._said(customer_ids):
            since, recorded = read_time(row[4] or row[6]), read_time(row[5] or row[6])
            if (recorded if is_recorded else since) > at:
                continue
            key = row[0], row[1], row[2]
            seen_at = read_time(row[6])
            said = Attribute(row[2], row[1], untag(read_json(row[3])), seen_at if seen_at <= at else since)
            if key not in best or best[key][0] <= since:
                best[key] = since, said
        found: dict[str, list[Attribute]] = {}
        for (customer, _, _), (_, said) in best.items():
            found.setdefault(customer, []).append(said)
        return found

    def _said(self, customer_ids: Collection[str]) -> Iterable[Any]:
        """Former values first: of one moment what is said now counts."""
        ids = list(customer_ids)
        if not self._has_past:
            query = "SELECT customer_id, source, name, value, NULL, NULL, seen_at FROM customer_attributes "
            return self._glance.rows(f"{query}WHERE customer_id IN", ids)
        past = "SELECT customer_id, source, name, value, since_at, recorded_at, since_at FROM past_attributes "
        now = "SELECT customer_id, source, name, value, since_at, recorded_at, seen_at FROM customer_attributes "
        return [
            *self._glance.rows(f"{past}WHERE customer_id IN", ids),
            *self._glance.rows(f"{now}WHERE customer_id IN", ids),
        ]

    def cases_at(self, customer_ids: Collection[str], at: datetime) -> dict[str, dict[str, Value]]:
        """By customer its newest case that was open then, or its newest one, by short names."""
        query = (
            "SELECT customer_id, id, type, status, priority, opened_at, closed_at FROM cases "
            "WHERE mode = 'live' AND opened_at <= @ AND customer_id IN"
        )
        found = [_case(row, at) for row in self._glance.rows(query, list(customer_ids), self._glance.bind(at))]
        found.sort(key=lambda case: (case[1]["status"] == "open", case[1]["opened_at"], case[1]["id"]))
        return dict(found)

    def cases_by_id_at(self, case_ids: Sequence[str], at: datetime) -> dict[str, dict[str, Value]]:
        """Cases that slots of schedules are about, as they were then, by short names."""
        query = "SELECT customer_id, id, type, status, priority, opened_at, closed_at FROM cases WHERE id IN"
        return {row[1]: _case(row, at)[1] for row in self._glance.rows(query, case_ids)}

    def hits(self, groups: Collection[tuple[str, str]]) -> list[Hit]:
        """What stands under these watches and keys, with the customers."""
        query = (
            "SELECT h.watch, h.group_key, h.event_id, h.at, h.member, e.customer_id FROM hits AS h "
            "JOIN events AS e ON e.id = h.event_id WHERE h.watch IN"
        )
        rows = self._glance.rows(query, sorted({watch for watch, _ in groups}))
        return [
            Hit(row[0], row[1], row[2], read_time(row[3]), row[4], customer_id=row[5])
            for row in rows
            if (row[0], row[1]) in groups
        ]

    def decisions(self, event_id: str) -> list[DecisionSeen]:
        """By rule, mode and generation."""
        query = (
            "SELECT id, rule_id, rule_version, mode, generation, outcome, reason, decided_at FROM decisions "
            "WHERE event_id IN"
        )
        rows = sorted(self._glance.rows(query, [event_id]), key=lambda row: (row[1], row[3], row[4]))
        done = self._effects([row[0] for row in rows])
        return [
            DecisionSeen(
                row[1], row[2], Mode(row[3]), row[4], Outcome(row[5]), row[6], read_time(row[7]), done.get(row[0], ())
            )
            for row in rows
        ]

    def _effects(self, decision_ids: Sequence[str]) -> dict[str, tuple[EffectSeen, ...]]:
        query = (
            "SELECT decision_id, position, id, action, kind, target, state, reason, not_before FROM effects "
            "WHERE decision_id IN"
        )
        found: dict[str, tuple[EffectSeen, ...]] = {}
        for row in sorted(self._glance.rows(query, decision_ids), key=lambda row: (row[0], row[1], row[2])):
            not_before = read_time(row[8]) if row[8] is not None else None
            seen = EffectSeen(row[2], row[3], row[4], row[5], EffectState(row[6]), row[7], not_before)
            found[row[0]] = (*found.get(row[0], ()), seen)
        return found

    def in_force(self, at: datetime) -> tuple[datetime | None, dict[str, str]]:
        """The versions of the rules that ran then; before the first record those of the first, with its time."""
        if not self._has_past:
            return None, {}
        query = "SELECT rule_id, since_at, coalesce(version, '') FROM rules_in_force WHERE rule_id <> {}"
        rows = sorted((read_time(since), rule_id, version) for rule_id, since, version in self._glance.ask(query, ""))
        began_at = rows[0][0] if rows else None
        reach = max(at, began_at) if began_at else at
        then = {rule_id: version for since, rule_id, version in rows if since <= reach}
        return began_at, {rule_id: version for rule_id, version in then.items() if version}

    def rule_body(self, rule_id: str, version: str) -> Json:
        """For read_version(); None if it is not known."""
        query = "SELECT body FROM rule_versions WHERE rule_id = @ AND version IN"
        for (body,) in self._glance.rows(query, [version], rule_id):
            found: Json = read_json(body) if body is not None else None
            return found
        return None

    def counts(self, rule_id: str) -> list[CountSeen]:
        """How often the rule did not act and why, and its decisions by outcome; the newest version last."""
        decided = (
            "SELECT rule_version, outcome, generation > 0, count(*) FROM decisions "
            "WHERE rule_id IN ({}) GROUP BY rule_version, outcome, generation > 0"
        )
        rows = self._glance.ask(decided, rule_id)
        found = [
            CountSeen(version, outcome, AFTER_A_WAIT if is_later else "", "", times)
            for version, outcome, is_later, times in rows
        ]
        return [*found, *_summed(self._stopped(rule_id))]

    def _stopped(self, rule_id: str) -> Iterator[CountSeen]:
        """What is added up, and what the latest batches counted: in one query, for one becomes the other."""
        if not self._has_past:
            return
        query = "SELECT rule_version, answer, place, text, count FROM rule_counts WHERE rule_id = {}"
        if self._glance.has_table("counted_batches"):
            query += " UNION ALL SELECT '', '', '', counts, 0 FROM counted_batches"
        for version, answer, place, text, times in self._glance.ask(query, rule_id):
            if answer:
                yield CountSeen(version, answer, place, text, times)
            else:
                counted = (unpack_counter(*counter) for counter in read_json(text).items())
                yield from (CountSeen(*one[1:]) for one in counted if one.rule_id == rule_id)


def _summed(counts: Iterable[CountSeen]) -> list[CountSeen]:
    """Each counter once."""
    found: dict[tuple[str, str, str], CountSeen] = {}
    for one in counts:
        key = one.rule_version, one.answer, one.place
        found[key] = replace(one, times=one.times + found[key].times) if key in found else one
    return list(found.values())


def _case(row: Any, at: datetime) -> tuple[str, dict[str, Value]]:
    is_closed = row[6] is not None and read_time(row[6]) <= at
    case: dict[str, Value] = {"id": row[1], "type": row[2], "status": "closed" if is_closed else "open"}
    return row[0], case | {"priority": row[4], "opened_at": read_time(row[5])}
