"""What operators do: decide about effects, pause and resume, release, restore. Every act is in the audit chain."""

from collections.abc import Collection
from datetime import datetime

from amends_engine.plans import Timer
from amends_engine.states import EffectState
from amends_store import audit as chain
from amends_store import circuits, operating, plannings, rule_moving, rule_record, switches
from amends_store.audit import Act
from amends_store.doubt import begin_doubt, end_doubt
from amends_store.transactions.part import Part
from amends_store.types import RuleVersion


class Operating(Part):
    def decide(self, effect_id: str, verb: operating.Verb, by: str, reason: str) -> EffectState:
        """The state that the effect has from now on. Raises NotThere, IllegalMove."""
        with self._database.writing() as connection:
            return operating.decide(connection, effect_id, verb, by, reason, self._clock())

    def pause(self, scope: switches.Scope, by: str, reason: str) -> bool:
        """Nothing of it is sent from now on, by any process; whether it was not paused already."""
        with self._database.writing() as connection:
            return switches.pause(connection, scope, by, reason, self._clock())

    def resume(self, scope: switches.Scope, by: str, reason: str) -> None:
        """What it held goes on with the next sweep. Raises NotThere."""
        with self._database.writing() as connection:
            switches.resume(connection, scope, by, reason, self._clock())
            if scope == switches.Scope():
                end_doubt(connection, self._clock())

    def rule_versions(self, rule_id: str) -> list[str]:
        """Every version of the rule that was ever used, the first one first."""
        with self._database.reading() as connection:
            return rule_record.versions_of(connection, rule_id)

    def waiting_elsewhere(self, rule_id: str, version: str) -> list[Timer]:
        """Waits of decisions of the rule by other versions than this one, the first to end first."""
        with self._database.reading() as connection:
            return rule_moving.waiting_elsewhere(connection, rule_id, version)

    def move_rule(self, to: RuleVersion, timer_ids: Collection[str], by: str, reason: str) -> int:
        """How many decisions go on by that version now. Raises IllegalMove if others wait by now than these."""
        act = Act(by, "move", f"rule {to.rule_id}", reason, {"to": to.version, "waits": len(timer_ids)})
        with self._database.writing() as connection:
            return rule_moving.move_rule(connection, to, timer_ids, act, self._clock())

    def pauses(self) -> list[switches.Pause]:
        """What is paused, the oldest first."""
        with self._database.reading() as connection:
            return switches.pauses_in(connection)

    def quarantined_events(self, limit: int = 100) -> list[plannings.QuarantinedEvent]:
        """Events that no worker survived, the oldest first."""
        with self._database.reading() as connection:
            return plannings.quarantined_in(connection, limit)

    def release_event(self, event_id: str, by: str, reason: str) -> None:
        """Lets a quarantined event be planned again. Raises NotThere."""
        with self._database.writing() as connection:
            plannings.release(connection, event_id, by, reason, self._clock())

    def trip(self, circuit: circuits.Circuit) -> bool:
        """Opens the circuit of a channel for every process; whether it was closed until now."""
        with self._database.writing() as connection:
            return circuits.trip(connection, self._secret, circuit)

    def take_probe(self, channel: str, until: datetime) -> bool:
        """Whether this caller may try an open channel with one effect; nobody else may before until."""
        with self._database.writing() as connection:
            return circuits.take_probe(connection, channel, self._clock(), until)

    def close_circuit(self, channel: str) -> bool:
        """Whether it was open."""
        with self._database.writing() as connection:
            return circuits.close(connection, channel, self._clock())

    def circuits(self) -> dict[str, circuits.Circuit]:
        """By channel, those that are open."""
        with self._database.reading() as connection:
            return circuits.circuits_in(connection)

    def audit(self, limit: int = 100) -> list[chain.AuditEntry]:
        """The newest first."""
        with self._database.reading() as connection:
            return chain.entries(connection, limit)

    def verify_audit(self) -> chain.Verified:
        """Whether the audit chain is as it was written; reads all of it, and its head, as of one moment."""
        with self._database.reading(is_snapshot=True) as connection:
            return chain.verify(connection)

    def begin_doubt(self, by: str, file: str) -> int:
        """After a restore: nothing is sent until resumed, and what may have been sent since is unknown; how many."""
        with self._database.writing() as connection:
            return begin_doubt(connection, by, file, self._clock())
