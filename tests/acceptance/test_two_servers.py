"""Two servers on one PostgreSQL: what one of them writes, the other one does not write at the same time."""

from collections.abc import Iterator

import psycopg
import pytest
from tests.acceptance.served import Served, serve, wait_for
from tests.conftest import Start, event
from tests.store.conftest import postgres, postgres_url  # noqa: F401  fixtures

pytestmark = pytest.mark.postgres

NAMED = {"Idempotency_Key": "one"}


@pytest.fixture
def watcher(postgres_url: str) -> Iterator["psycopg.Connection[tuple[int]]"]:  # noqa: F811
    """A connection of the test's own to the database of both servers."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


def test_a_key_under_way_in_one_server_is_known_in_the_other_and_free_when_the_first_dies(
    start: Start,
    postgres_url: str,  # noqa: F811
    watcher: "psycopg.Connection[tuple[int]]",
) -> None:
    first, second = (serve(start, settings={"AMENDS_DATABASE_URL": postgres_url}) for _ in range(2))
    with watcher.transaction():
        watcher.execute("LOCK TABLE events IN EXCLUSIVE MODE")  # the first server holds the key and waits here
        _post_and_forget(first)
        wait_for(lambda: _waiting(watcher))
        status, answer = second.post([event(1)], **NAMED)
        assert (status, answer["code"]) == (409, "running")
        first.process.kill()
        first.process.wait(30)
    wait_for(lambda: second.post([event(1)], **NAMED)[0] != 409)
    status, answer = second.post([event(1)], **NAMED)
    assert (status, answer["new"]) == (200, 1)
    assert second.stop() == 0


def _post_and_forget(served: Served) -> None:
    with served.client() as client:
        client.send([event(1)], **NAMED)


def _waiting(watcher: "psycopg.Connection[tuple[int]]") -> bool:
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'events'::regclass"
    [(count,)] = watcher.execute(query).fetchall()
    return count > 0
