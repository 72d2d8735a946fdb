"""What every part of the store works on."""

from collections.abc import Callable
from datetime import datetime

from amends_store.opening import Database
from amends_store.secret import Secret

Clock = Callable[[], datetime]


class Part:
    """The database, the secret of this installation and the clock."""

    def __init__(self, database: Database, secret: Secret, clock: Clock) -> None:
        self._database = database
        self._secret = secret
        self._clock = clock
