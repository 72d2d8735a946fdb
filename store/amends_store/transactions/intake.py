"""What comes in: events, what sources say about customers, lines that cannot be read."""

from collections.abc import Sequence
from datetime import datetime

from amends_engine.events import EntityProfile, Profile
from amends_store import entities, intake, profiles, submissions
from amends_store.crash_points import CrashPoint, reach
from amends_store.quarantine import quarantine
from amends_store.transactions.part import Part
from amends_store.types import Acceptance, Incoming, ProfileCounts, Quarantined, Submission, Submitted


class Intake(Part):
    def accept(self, batch: Sequence[Incoming]) -> list[Acceptance]:
        """Keeps every event once, committed on return; one answer each, in order."""
        with self._database.writing() as connection:
            answers = intake.accept(connection, batch, self._secret)
        reach(CrashPoint.ACCEPTED)
        return answers

    def submit(self, group: Sequence[Submission]) -> list[Submitted]:
        """Keeps the events of several requests in one commit; one answer each, in order.

        No two of them may have the same key. Raises CannotCommit if the database takes nothing at the moment.
        """
        with self._database.committing() as connection:
            answers = submissions.submit(connection, group, self._secret, self._clock())
        reach(CrashPoint.ACCEPTED)
        return answers

    def forget_submissions(self, before: datetime) -> int:
        """Drops the answers to requests that nobody repeats any more; how many."""
        with self._database.writing() as connection:
            return submissions.forget(connection, before)

    def probe(self) -> None:
        """Raises CannotCommit if the database takes nothing at the moment."""
        with self._database.committing():
            pass

    def quarantine(self, rows: Sequence[Quarantined]) -> int:
        """Keeps lines that cannot be read; the number of those that are new."""
        with self._database.writing() as connection:
            return quarantine(connection, rows, self._secret, self._clock())

    def put_profiles(self, rows: Sequence[Profile]) -> ProfileCounts:
        """Takes what a source says about customers; of each attribute and source the newer value wins."""
        with self._database.writing() as connection:
            return profiles.put_profiles(connection, rows, self._secret, self._clock())

    def put_entity_profiles(self, rows: Sequence[EntityProfile]) -> ProfileCounts:
        """Takes what a source says about flights, or whatever else events are about; likewise."""
        with self._database.writing() as connection:
            return entities.put_entity_profiles(connection, rows)
