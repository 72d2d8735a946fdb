"""Brings the tables to the form this program knows; tables of a newer program are refused."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from amends_store.errors import NewerSchema

HEAD = "0024"
"""The newest migration; a test holds it to the files."""

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x616D656E6473  # "amends": any number that two programs do not share by accident


def migrate(connection: Connection, to: str = HEAD) -> None:
    """Within the caller's transaction; raises NewerSchema. to: the tables of an earlier program, for its database."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    found = _revision(connection)
    if found != to:
        _upgrade(connection, found, to)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection, found: str | None, to: str) -> None:
    # imported here: it takes a third of a second, and is needed once for each database and version
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise NewerSchema(
            f"The database was written by a newer Amends (tables {found}, this one knows {HEAD}); install that version"
        )
    config.attributes["connection"] = connection
    command.upgrade(config, to)
