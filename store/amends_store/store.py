"""The store as the rest of the program sees it: every method is one transaction, and none waits for a network."""

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager

from amends_store.migrating import migrate
from amends_store.opening import open_database
from amends_store.secret import installation_secret
from amends_store.transactions.answers import Answers
from amends_store.transactions.deciding import Deciding
from amends_store.transactions.effects import Effects
from amends_store.transactions.intake import Intake
from amends_store.transactions.operating import Operating
from amends_store.transactions.part import Clock
from amends_store.transactions.people import People
from amends_store.transactions.questions import Questions
from amends_store.transactions.schedules import Schedules
from amends_store.transactions.waiting import Waiting


def open_store(url: str, *, clock: Clock, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> "Store":
    """url: sqlite:///FILE or postgresql://…; makes or migrates the tables. Raises StoreError with one sentence."""
    database = open_database(url)
    try:
        with database.writing() as connection:
            migrate(connection)
            secret = installation_secret(connection, random_bytes)
    except BaseException:
        database.close()
        raise
    return Store(database, secret, clock)


class Store(Intake, Deciding, Waiting, Schedules, Effects, Operating, Answers, Questions, People):
    """Threads may share it. Made by open_store; what it can do stands in transactions/, by subject."""

    def close(self) -> None:
        self._database.close()

    def as_one(self) -> AbstractContextManager[None]:
        """Within the block all that this thread asks of the store is one transaction."""
        return self._database.as_one()

    def sign(self, *parts: str) -> str:
        """A seal that only this installation can make: the same for the same parts."""
        return self._secret.hash("signed", *parts)
