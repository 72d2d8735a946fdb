"""What is asked for often is found once a second, and nobody waits for whoever finds it."""

import threading
from collections.abc import Callable

from amends.serving.kept import Kept


def counting(clock: Callable[[], float]) -> tuple[Kept[int], list[int]]:
    found: list[int] = []

    def find() -> int:
        found.append(len(found) + 1)
        return found[-1]

    return Kept(find, clock), found


def test_an_answer_holds_for_a_second() -> None:
    at = 0.0
    kept, _ = counting(lambda: at)
    assert (kept(), kept()) == (1, 1)
    at = 1.0
    assert (kept(), kept()) == (2, 2)


def test_while_one_finds_the_next_answer_others_get_the_last() -> None:
    at, begun, go = 0.0, threading.Event(), threading.Event()
    answers: list[str] = []

    def find() -> str:
        if answers:
            begun.set()
            assert go.wait(30)
        answers.append(f"answer {len(answers)}")
        return answers[-1]

    kept = Kept(find, lambda: at)
    assert kept() == "answer 0"
    at = 5.0
    slow = threading.Thread(target=kept)
    slow.start()
    assert begun.wait(30)
    assert kept() == "answer 0"
    go.set()
    slow.join(30)
    assert kept() == "answer 1"
