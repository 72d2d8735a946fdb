"""Several machines in small: a Prefect server on PostgreSQL (with Redis where there is one) and two workers."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from redis import Redis
from redis.exceptions import RedisError
from tests.acceptance.test_backup import postgres_database  # noqa: F401  a fixture
from tests.conftest import Desk, event
from tests.store.conftest import postgres  # noqa: F401  a fixture

from amends.bootstrap import opened_store
from amends.settings import read_settings
from amends_flows.compiled import SYSTEM_FLOWS
from amends_flows.environment import server_environment

_WHERE_IT_IS_WANTED = pytest.mark.skipif(
    os.environ.get("CI") != "true" and "AMENDS_TEST_CLUSTER" not in os.environ,
    reason="a server and two workers take a minute of two cores: set AMENDS_TEST_CLUSTER=1",
)
pytestmark = [
    pytest.mark.prefect, pytest.mark.postgres, pytest.mark.torture, pytest.mark.timeout(600), _WHERE_IT_IS_WANTED,
    pytest.mark.xdist_group("prefect"),
]  # fmt: skip

_REDIS = "127.0.0.1", 6379
_REDIS_DATABASE = 9  # ours
_MAIN = "from amends.cli import main; main()"


@pytest.fixture
def redis() -> Iterator[Redis | None]:
    """An empty database of the Redis of this machine, where it has one."""
    with Redis(*_REDIS, db=_REDIS_DATABASE, socket_connect_timeout=1) as client:
        try:
            client.flushdb()
        except RedisError:
            yield None
            return
        yield client
        client.flushdb()


def _redis_settings() -> dict[str, str]:
    """What docs/growing.md says of Redis."""
    return {
        "PREFECT_MESSAGING_BROKER": "prefect_redis.messaging",
        "PREFECT_MESSAGING_CACHE": "prefect_redis.messaging",
        "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "prefect_redis.ordering",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect_redis.lease_storage",
        "PREFECT_REDIS_MESSAGING_HOST": _REDIS[0],
        "PREFECT_REDIS_MESSAGING_PORT": str(_REDIS[1]),
        "PREFECT_REDIS_MESSAGING_DB": str(_REDIS_DATABASE),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _process(*words: str, env: dict[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with (
        log.open("ab") as written,
        subprocess.Popen(
            [sys.executable, *words], env=env, stdin=subprocess.DEVNULL, stdout=written, stderr=written, cwd=log.parent
        ) as begun,
    ):
        try:
            yield begun
        finally:
            begun.terminate()
            try:
                begun.wait(20)
            except subprocess.TimeoutExpired:
                begun.kill()


@pytest.fixture
def prefect_api(
    postgres_database: str,  # noqa: F811
    postgres: str,  # noqa: F811
    redis: Redis | None,
    tmp_path: Path,
) -> Iterator[str]:
    """A Prefect server on a PostgreSQL database of its own."""
    name = f"{postgres_database.rpartition('/')[2]}_prefect"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        port = _free_port()
        address = f"{postgres.rpartition('/')[0]}/{name}".replace("postgresql://", "postgresql+asyncpg://")
        environment = server_environment(tmp_path / "server", os.environ, port)
        environment |= {"PREFECT_API_DATABASE_CONNECTION_URL": address, **(_redis_settings() if redis else {})}
        words = ("-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui")
        try:
            with _process(*words, env=environment, log=tmp_path / "server.log") as server:
                _wait_for(f"http://127.0.0.1:{port}/api/health", server, tmp_path / "server.log")
                yield f"http://127.0.0.1:{port}/api"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _wait_for(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 300
    while True:
        assert server.poll() is None, log.read_text()[-2000:]
        assert time.monotonic() < deadline
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            time.sleep(0.3)
        else:
            return


def test_two_workers_share_the_work_and_issue_exactly_the_cap(
    desk: Desk,
    prefect_api: str,
    postgres_database: str,  # noqa: F811
    redis: Redis | None,
    tmp_path: Path,
) -> None:
    desk.change("definitions.yaml", "limit: 4000 EUR per week", "limit: 1250 EUR per week")
    settings = {
        **desk.settings,
        "AMENDS_DATABASE_URL": postgres_database,
        "PREFECT_API_URL": prefect_api,
        "AMENDS_WORK_POOL": "crew",
    }
    environment = {**os.environ, **settings}

    def amends(*words: str) -> tuple[str, int]:
        """What it said, and its process id."""
        command, pipe = [sys.executable, "-c", _MAIN, *words], subprocess.PIPE
        with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True, cwd=tmp_path) as process:
            out, err = process.communicate()
        assert process.returncode == 0, err + out
        return out, process.pid

    deployed, _ = amends("deploy", "--work-pool", "crew")
    assert "premium-detractor/northwind-" in deployed
    assert all(f"{name}/northwind" in deployed for name in SYSTEM_FLOWS)
    file = desk.events(*(event(number) for number in range(200)))
    with ExitStack() as stack:
        for number in (1, 2):
            words = ("-c", _MAIN, "worker", "--work-pool", "crew", "--limit", "1")
            stack.enter_context(_process(*words, env=environment, log=tmp_path / f"worker{number}.log"))
        summary, dispatcher = amends("run", str(file))
    logs = "".join(path.read_text() for path in tmp_path.glob("worker*.log"))
    with opened_store(read_settings(settings, tmp_path)) as store:
        states = Counter({(one.kind, one.state.value): one.count for one in store.counts().effects
                          if one.mode.value == "live"})  # fmt: skip
        workers = _workers(store)
    assert states == {
        ("voucher", "succeeded"): 50,
        ("voucher", "capped"): 150,
        ("email", "previewed"): 200,
        ("slack", "previewed"): 200,
    }, summary + logs
    assert len([name for name in desk.outbox if name.endswith(".eml")]) == 200
    assert workers
    assert f"{socket.gethostname()}:{dispatcher}" not in workers, "what was for the pool was done by who handed it out"
    assert redis is None or redis.dbsize() > 0, "Prefect's server said nothing to Redis"


def _workers(store: Any) -> set[str]:
    with store._database.reading() as connection:
        return set(connection.exec_driver_sql("SELECT DISTINCT worker FROM attempts").scalars())
