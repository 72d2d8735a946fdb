"""Requests that come at once share one commit: an answer is given after the disk has what it promises."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from amends.serving import journal
from amends_store.errors import CannotCommit
from amends_store.types import Reception, Submission, Submitted

MOST_EVENTS = 10_000
MOST_BYTES = 64 * 1024 * 1024
LARGEST_GROUP = 1_000  # events: some tenths of a second of work


class Full(Exception):
    """More waits than the disk can take soon; the sender comes again."""


class SubmissionStore(Protocol):
    def submit(self, group: Sequence[Submission]) -> list[Submitted]: ...


@dataclass(frozen=True, slots=True)
class _Waiting:
    submission: Submission
    size: int
    answer: "asyncio.Future[Submitted]"


class GroupCommit:
    """One thread writes what any number of requests wait for. While it writes, the next group gathers.

    offer belongs to the event loop, run to the thread. arrived: called after a commit with something new;
    committed: told the size of each group.
    """

    def __init__(
        self,
        store: SubmissionStore,
        arrived: Callable[[], None],
        committed: Callable[[int], None] = lambda _events: None,
    ) -> None:
        self._store = store
        self._arrived = arrived
        self._committed = committed
        self._queue: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._events = self._bytes = 0
        self._is_closed = False
        self.is_able = True  # whether the last commit could be made

    @property
    def waiting(self) -> int:
        """Events that no commit holds yet."""
        return self._events

    def offer(self, submission: Submission, size: int) -> "asyncio.Future[Submitted]":
        """The answer, when it is on the disk; raises Full. The future raises CannotCommit."""
        waiting = _Waiting(submission, size, asyncio.get_running_loop().create_future())
        with self._changed:
            if self._is_closed or self._events >= MOST_EVENTS or self._bytes >= MOST_BYTES:
                raise Full
            self._queue.append(waiting)
            self._events += len(submission.incoming)
            self._bytes += size
            self._changed.notify()
        return waiting.answer

    def close(self) -> None:
        """What waits is still written; nothing more is taken."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    def run(self) -> None:
        """Write groups until closed and empty."""
        while group := self._next():
            self._write(group)

    def _next(self) -> list[_Waiting]:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._is_closed)
            group: list[_Waiting] = []
            events = 0
            while self._queue and events < LARGEST_GROUP:
                group.append(self._queue.popleft())
                events += len(group[-1].submission.incoming)
            return group

    def _write(self, group: Sequence[_Waiting]) -> None:
        answers = self._commit([one.submission for one in group])
        with self._changed:
            self._events -= sum(len(one.submission.incoming) for one in group)
            self._bytes -= sum(one.size for one in group)
        loop = group[0].answer.get_loop()
        loop.call_soon_threadsafe(_hand_out, [one.answer for one in group], answers)
        if any(_is_news(answer) for answer in answers):
            self._arrived()

    def _commit(self, group: Sequence[Submission]) -> Sequence[Submitted | Exception]:
        try:
            answers: Sequence[Submitted | Exception] = self._store.submit(group)
            self.is_able = True
            self._committed(sum(len(one.incoming) for one in group))
        except CannotCommit as error:
            self.is_able = False
            journal.warn("nothing can be committed", error, requests=len(group))
            return [error] * len(group)
        except Exception as error:  # noqa: BLE001  one request that cannot be written must not fail the others
            journal.warn("a group of requests could not be written", error, requests=len(group))
            if len(group) == 1:
                return [error]
            return [self._commit([one])[0] for one in group]
        return answers


def _is_news(answer: Submitted | Exception) -> bool:
    if isinstance(answer, Exception) or answer.is_repeat:
        return False
    return any(one.kind is Reception.NEW for one in answer.acceptances)


def _hand_out(futures: Sequence["asyncio.Future[Submitted]"], answers: Sequence[Submitted | Exception]) -> None:
    for future, answer in zip(futures, answers, strict=True):
        if future.done():  # the sender has gone
            continue
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
