"""Rows go in and are changed many at a time, on both databases, whatever letters their texts hold."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from tests.store.conftest import Hands

from amends_store.statements import LostRace, change_each, insert_all, insert_new, insert_returning, select_in
from amends_store.store import open_store
from amends_store.tables import customer_attributes, customers, meta

ODD = ["", "NULL", "null", "{}", '{"a",b}', 'say "sorry"', "C:\\new\\", "a,b", " padded ", "zwölf €\n", "'; --"]


def _rows() -> list[dict[str, Any]]:
    return [{"name": f"odd {place}", "value": text} for place, text in enumerate(ODD)]


def _stored(connection: Any) -> dict[str, str]:
    return {row.name: row.value for row in connection.execute(meta.select()) if row.name.startswith("odd")}


def test_every_text_comes_back_as_it_went_in(world: Any) -> None:
    with world.store._database.writing() as connection:
        insert_all(connection, meta, _rows())
        assert _stored(connection) == {f"odd {place}": text for place, text in enumerate(ODD)}


def test_every_text_can_be_what_a_row_is_changed_to_and_found_by(world: Any) -> None:
    with world.store._database.writing() as connection:
        insert_all(connection, meta, [{"name": f"odd {text}", "value": "x"} for text in ODD])
        change_each(connection, meta, [{"was_name": f"odd {text}", "value": text} for text in ODD])
        assert _stored(connection) == {f"odd {text}": text for text in ODD}


def test_rows_are_found_by_whatever_their_keys_hold(world: Any) -> None:
    with world.store._database.writing() as connection:
        insert_all(connection, meta, [{"name": f"odd {text}", "value": text} for text in ODD])
        found = select_in(connection, select(meta), meta.c.name, [f"odd {text}" for text in ODD])
        assert sorted(row.value for row in found) == sorted(ODD)
        assert select_in(connection, select(meta), meta.c.name, []) == []


@pytest.mark.postgres
def test_postgres_refuses_a_text_with_a_nul_and_takes_its_neighbours_for_no_part_of_it(postgres_url: str) -> None:
    store = open_store(postgres_url, clock=Hands())
    rows = [{"name": "odd 1", "value": "a\0,b"}, {"name": "odd 2", "value": "\0-"}]
    try:
        for row in rows:
            with pytest.raises(DBAPIError, match="NUL"), store._database.writing() as connection:
                insert_all(connection, meta, [row, {"name": "odd 3", "value": ""}])
    finally:
        store.close()


def test_typed_values_and_times_keep_their_types(world: Any) -> None:
    at = world.clock()
    values: list[Any] = [True, 7, 7.5, "7", ("a", "b")]
    rows = [
        {"customer_id": "c1", "source": "crm", "name": f"n{place}", "value": value, "seen_at": at}
        for place, value in enumerate(values)
    ]
    with world.store._database.writing() as connection:
        insert_all(connection, customers, [{"id": "c1", "first_seen_at": at}])
        insert_all(connection, customer_attributes, rows)
        kept = connection.execute(customer_attributes.select().order_by(customer_attributes.c.name)).all()
    assert [(row.value, row.seen_at) for row in kept] == [(value, at) for value in values]


def test_only_new_rows_are_added_and_named(world: Any) -> None:
    with world.store._database.writing() as connection:
        insert_new(connection, meta, _rows()[:2])
        added = insert_returning(connection, meta, [*_rows()[:3], _rows()[2]], meta.c.name)
        assert added == {"odd 2"}


def test_an_update_that_finds_one_row_too_few_is_refused(world: Any) -> None:
    with world.store._database.writing() as connection:
        insert_all(connection, meta, _rows()[:2])
        changes = [{"was_name": name, "value": "x"} for name in ("odd 0", "odd 1", "odd 2")]
        with pytest.raises(LostRace):
            change_each(connection, meta, changes)
