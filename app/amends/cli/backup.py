"""amends backup: everything in one file, while the programs work."""

from pathlib import Path
from typing import Annotated

import typer

from amends.cli.guard import guarded
from amends.errors import UsageError
from amends.settings import from_here


def register(app: typer.Typer) -> None:
    app.command()(backup)


@guarded
def backup(file: Annotated[Path, typer.Argument(help="The new file.", show_default=False)]) -> None:
    """Write the whole database into one file, of one moment, while everything goes on. It holds personal data."""
    from amends_store.backing_up import back_up
    from amends_store.errors import StoreError

    try:
        back_up(from_here().database_url, file)
    except StoreError as error:
        raise UsageError(str(error)) from error
    typer.echo(f"{file}: {file.stat().st_size:,} bytes. Keep it as safe as the database; `amends restore` takes it.")
