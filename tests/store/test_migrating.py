"""The tables of the migrations are the tables of the models, on both databases, down to the last constraint."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from amends_store.errors import NewerSchema
from amends_store.migrating import HEAD, migrate
from amends_store.opening import open_database
from amends_store.store import open_store
from amends_store.tables import Row

_SQLITE = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
_POSTGRES = """
SELECT 'column', table_name, column_name, concat(data_type, is_nullable, column_default, character_maximum_length)
FROM information_schema.columns WHERE table_schema = current_schema()
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
UNION ALL
SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()
"""


def _catalogue(connection: Connection) -> set[tuple[str, ...]]:
    """Everything that the database knows about its tables, in words of its own, without schema names and layout."""
    query = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRES
    schema = "" if connection.dialect.name == "sqlite" else f"{connection.scalar(text('SELECT current_schema()'))}."
    rows = {
        tuple(" ".join(str(part).replace(schema, "").split()) for part in row)
        for row in connection.execute(text(query))
    }
    return {_in_any_order(row) for row in rows if "alembic_version" not in str(row)}


def _in_any_order(row: tuple[str, ...]) -> tuple[str, ...]:
    """The lines of a CREATE TABLE sorted: constraints mean the same in every order."""
    if not row[-1].startswith("CREATE TABLE"):
        return row
    head, _, body = row[-1].partition("(")
    return (*row[:-1], head.replace('"', ""), *sorted(part.strip(" )") for part in body.split(", ")))


def test_migrations_and_models_agree(database_url: str) -> None:
    database = open_database(database_url)
    with database.writing() as connection:
        migrate(connection)
        assert compare_metadata(MigrationContext.configure(connection), Row.metadata) == []
        migrated = _catalogue(connection)
    with database.writing() as connection:
        Row.metadata.drop_all(connection)
        Row.metadata.create_all(connection)
        modelled = _catalogue(connection)
    database.close()
    assert migrated == modelled
    assert len(migrated) >= 30


def test_the_newest_migration_is_the_one_that_the_program_names() -> None:
    folder = Path(sys.modules[migrate.__module__].__file__ or "").parent / "migrations"
    script = ScriptDirectory(str(folder))
    assert script.get_heads() == [HEAD]
    assert len(list(script.walk_revisions())) == len(list(folder.glob("versions/v*.py")))


def test_opening_again_changes_nothing(world: Any) -> None:
    world.accept(world.event())
    assert len(world.another().unplanned(10)) == 1


def test_tables_of_a_newer_program_are_refused_in_one_sentence(world: Any, database_url: str) -> None:
    world.url = database_url
    world.accept(world.event())
    with world.store._database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerSchema) as caught:
        world.another()
    assert str(caught.value) == (
        f"The database was written by a newer Amends (tables 9999, this one knows {HEAD}); install that version"
    )
    assert len(world.store.unplanned(10)) == 1


def test_programs_that_start_at_once_migrate_once(database_url: str) -> None:
    with ThreadPoolExecutor(4) as programs:
        stores = list(programs.map(lambda _: open_store(database_url, clock=lambda: None), range(4)))
    assert len({store._secret for store in stores}) == 1
    for store in stores:
        store.close()


def test_a_migrated_database_opens_without_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'amends.db'}"
    open_store(url, clock=lambda: None).close()
    program = f"""
import sys
from amends_store.store import open_store
open_store({url!r}, clock=lambda: None).close()
sys.exit("alembic" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
