"""Waiting for files to change: looks at them again and again, so it needs nothing from the operating system."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from amends.files import file_names

INTERVAL = 0.5

State: TypeAlias = Mapping[Path, tuple[int, int]]
"""Of each file when it was written and how long it is."""


def state_of(folders: Iterable[Path]) -> State:
    """A file that goes away while it is looked at is not there."""
    return {path: seen for folder in folders for name in file_names(folder) if (seen := _seen(path := folder / name))}


def _seen(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def changes(folders: Iterable[Path], wait: Callable[[float], None] = time.sleep) -> Iterator[list[Path]]:
    """The files that were written, added or taken away since the last time; never ends."""
    watched = list(folders)
    before = state_of(watched)
    while True:
        wait(INTERVAL)
        now = state_of(watched)
        if changed := sorted(path for path in {*before, *now} if before.get(path) != now.get(path)):
            yield changed
        before = now
