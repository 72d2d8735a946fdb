"""A connector that only remembers, for tests and for rules in shadow mode."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from amends_connectors.contract import Declaration, Delivery, Found, Receipt


@dataclass(frozen=True, slots=True)
class Turn:
    """What happens to one delivery. has_acted: the provider did what was asked, whatever the answer says."""

    answer: Receipt | Exception
    has_acted: bool = False


class RecordingConnector:
    """Remembers deliveries and answers as it is told to; with nothing left to say it succeeds.

    deliveries: every call of send, the newest `keep` of them; acted: ids of the effects that took place.
    """

    def __init__(self, declaration: Declaration, turns: Iterable[Turn] = (), *, keep: int | None = None) -> None:
        self._declaration = declaration
        self._turns = deque(turns)
        self.deliveries: deque[Delivery] = deque(maxlen=keep)
        self.acted: set[str] = set()
        self.is_closed = False

    @property
    def declaration(self) -> Declaration:
        return self._declaration

    def then(self, answer: Receipt | Exception, *, has_acted: bool = False) -> "RecordingConnector":
        """Add one more turn: an error to raise or a receipt to return."""
        self._turns.append(Turn(answer, has_acted))
        return self

    def forget(self) -> None:
        """Nothing is left to say."""
        self._turns.clear()

    def send(self, delivery: Delivery) -> Receipt:
        self.deliveries.append(delivery)
        turn = self._turns.popleft() if self._turns else Turn(Receipt(f"recorded:{delivery.effect_id}"))
        if turn.has_acted or isinstance(turn.answer, Receipt):
            self.acted.add(delivery.effect_id)
        if isinstance(turn.answer, Receipt):
            return turn.answer
        raise turn.answer

    def look_up(self, delivery: Delivery) -> Found:
        return Found.PRESENT if delivery.effect_id in self.acted else Found.ABSENT

    def close(self) -> None:
        self.is_closed = True
