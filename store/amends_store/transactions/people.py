"""What concerns one person: everything that is stored of them, and its end."""

from collections.abc import Sequence
from typing import Any

from amends_store import erasing, exporting, people, traces
from amends_store.crash_points import CrashPoint, reach
from amends_store.transactions.part import Part


class People(Part):
    def find_people(self, name: str) -> list[str]:
        """The customers that an id, an address or a number means."""
        with self._database.reading() as connection:
            return people.find(connection, name)

    def person(self, customer_id: str) -> people.Person:
        with self._database.reading() as connection:
            return people.person_of(connection, customer_id)

    def erasure_of(self, name: str) -> people.Erasure | None:
        """When a person of that name was erased."""
        with self._database.reading() as connection:
            return people.erasure_of(connection, self._secret, name)

    def erasures(self) -> list[people.Erasure]:
        with self._database.reading() as connection:
            return people.erasures_in(connection)

    def everything_of(self, person: people.Person) -> dict[str, Any]:
        """Every row about the person, by table, ready for JSON."""
        with self._database.reading() as connection:
            return exporting.everything_of(connection, person)

    def named_by_others(self, person: people.Person) -> int:
        """In how many rows that are not the person's the names stand."""
        with self._database.reading() as connection:
            found = traces.find(connection, traces.Words(person.names))
            own = {*erasing.ids_of(connection, person.customer_id), *erasing.strays(found)}
            return sum(not one.is_of(person.customer_id, own) for one in found)

    def traces_of(self, names: Sequence[str]) -> list[traces.Trace]:
        """Rows in whose texts the names stand; reads every table."""
        with self._database.reading() as connection:
            return traces.find(connection, traces.Words(names))

    def standing_of(self, customer_id: str) -> erasing.Standing:
        """What there is of a customer."""
        with self._database.reading() as connection:
            return erasing.standing_of(connection, customer_id)

    def effects_done_for(self, customer_id: str) -> tuple[str, ...]:
        with self._database.reading() as connection:
            return erasing.effects_of(connection, customer_id)

    def effects_of_erased(self, customer_hash: str) -> tuple[str, ...]:
        """What was done for a customer who is erased by now."""
        with self._database.reading() as connection:
            return erasing.effects_of(connection, people.PREFIX + customer_hash)

    def erase(self, order: erasing.Order) -> erasing.Erased:
        """Stops what is open and, unless something is on the wire, erases the person. Raises Busy."""
        with self._database.writing() as connection:
            done = erasing.erase(connection, order, self._secret, self._clock())
            reach(CrashPoint.ERASING)
        reach(CrashPoint.ERASED)
        return done

    def heed(self, erasures: Sequence[people.Erasure]) -> list[str]:
        """Keeps what is known of erasures from elsewhere; the customers who stand here and were erased since."""
        with self._database.writing() as connection:
            return erasing.heed(connection, erasures, self._secret)
