"""The database that is killed is a real one: what it acknowledged is there when it is back."""

import os

import psycopg
import pytest
from tests.torture.cluster import MISSING, SETTINGS, Cluster, binaries


@pytest.fixture(scope="module")
def cluster():
    if binaries() is None:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with Cluster() as opened:
        yield opened


@pytest.mark.postgres
def test_what_a_killed_database_acknowledged_is_there_when_it_is_back(cluster):
    with psycopg.connect(cluster.address, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (number int)")
        connection.execute("INSERT INTO kept VALUES (1)")
        cluster.kill()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("INSERT INTO kept VALUES (2)")
    cluster.start()
    with psycopg.connect(cluster.address) as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(1,)]
        shown = {name: connection.execute(f"SHOW {name}").fetchone()[0] for name in ("fsync", "synchronous_commit")}
    assert shown == {name: SETTINGS[name] for name in shown}
