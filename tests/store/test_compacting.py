"""Files are written anew without what was deleted, or it is said what stands in the way."""

import psycopg
import pytest
from tests.store.conftest import Hands

from amends_store import compacting
from amends_store.compacting import compact
from amends_store.store import open_store

pytestmark = pytest.mark.postgres


def test_a_transaction_in_another_database_of_the_server_keeps_deleted_rows(
    postgres: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store(postgres_url, clock=Hands()).close()
    with psycopg.connect(postgres, dbname="postgres") as elsewhere:
        elsewhere.execute("SELECT pg_current_xact_id()")  # from now on it may write
        with monkeypatch.context() as impatient:
            impatient.setattr(compacting, "_PATIENCE", 0.1)
            assert "may still read the old rows" in compact(postgres_url).trouble
        elsewhere.rollback()
        assert compact(postgres_url).trouble == ""
