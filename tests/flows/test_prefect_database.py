import sqlite3
from contextlib import closing
from importlib.metadata import version

import pytest

from amends_flows import prefect_database
from amends_flows.prefect_database import plant_migrated


def test_a_database_made_before_is_copied(tmp_path, monkeypatch):
    monkeypatch.delattr(prefect_database, "_migrate_into")
    (tmp_path / f"prefect-{version('prefect')}.db").write_bytes(b"made before")
    plant_migrated(tmp_path, tmp_path / "home")
    assert (tmp_path / "home" / "prefect.db").read_bytes() == b"made before"


@pytest.mark.prefect
def test_the_copy_holds_prefects_tables_and_no_run(prefect_cache, tmp_path):
    plant_migrated(prefect_cache, tmp_path)
    with closing(sqlite3.connect(tmp_path / "prefect.db")) as database:
        assert database.execute("SELECT count(*) FROM flow_run").fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
