"""A migrated Prefect database to copy: the migrations take longer than everything else a first start does."""

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from amends_flows.environment import server_environment


def plant_migrated(cache: Path, home: Path) -> None:
    """Put a migrated, empty database into home, a Prefect folder without one; the first call on a machine makes it.

    cache: a folder shared by every process of the machine; one file for each version of Prefect.
    """
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(migrated_database(cache), home / "prefect.db")


def migrated_database(cache: Path) -> Path:
    """The path of a migrated, empty SQLite database for the installed Prefect."""
    cache.mkdir(parents=True, exist_ok=True)
    made = cache / f"prefect-{version('prefect')}.db"
    with (cache / "prefect.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _migrate_into(made)
    return made


def _migrate_into(made: Path) -> None:
    with tempfile.TemporaryDirectory(dir=made.parent) as folder:
        home = Path(folder)
        command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "--yes"]
        # settings of Prefect from outside could name another database
        outside = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        subprocess.run(command, check=True, env=server_environment(home, outside), capture_output=True)  # noqa: S603
        whole = home / "whole.db"
        with closing(sqlite3.connect(home / "prefect.db")) as database:
            database.execute("VACUUM INTO ?", (str(whole),))
        whole.replace(made)
