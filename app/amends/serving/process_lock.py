"""Two servers on one SQLite file would do the same work side by side: the second is turned away."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from amends.errors import UsageError

_SQLITE = "sqlite:///"


@contextmanager
def only_server(database_url: str) -> Iterator[None]:
    """Held for the length of the block; raises UsageError if another process holds it. PostgreSQL needs none."""
    if not database_url.startswith(_SQLITE):
        yield
        return
    database = Path(database_url.removeprefix(_SQLITE))
    with _opened(Path(f"{database}.serve.lock")) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise UsageError(
                f"amends serve runs already on {database} (process {lock.read().strip() or 'unknown'}); "
                "stop it, or name another state folder with AMENDS_HOME"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _opened(path: Path) -> TextIO:
    try:
        return path.open("a+")
    except OSError as error:
        reason = f"{path.parent} cannot hold the database: {error.strerror}"
        raise UsageError(f"{reason}; name a folder to write to with AMENDS_HOME or AMENDS_DATABASE_URL") from error
