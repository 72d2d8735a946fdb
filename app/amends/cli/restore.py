"""amends restore: a backup becomes the database, and nothing is sent until somebody says so."""

from pathlib import Path
from typing import Annotated

import typer

from amends.cli.deciding import ByOption, whoever
from amends.cli.guard import counted, guarded
from amends.errors import UsageError
from amends.settings import Settings, from_here


def register(app: typer.Typer) -> None:
    app.command()(restore)


@guarded
def restore(
    file: Annotated[Path, typer.Argument(help="What `amends backup` wrote.", show_default=False)],
    may_replace: Annotated[
        bool, typer.Option("--replace", help="Put the data that is there aside; it is kept.")
    ] = False,
    by: ByOption = None,
) -> None:
    """Put a backup back. Nothing is sent before `amends resume`; what may have been sent since is looked up first."""
    from amends.erasing import heed_tombstones

    settings, name = from_here(), whoever(by)
    kept, in_doubt = _restore(settings, file, name, may_replace=may_replace)
    erased = heed_tombstones(settings, name)
    typer.echo(f"Restored {file}." + (f" What was there is kept: {kept}." if kept else ""))
    if erased:
        typer.echo(f"{counted(erased, 'customer')} erased since the backup: erased again.")
    typer.echo("Nothing is sent until `amends resume --reason TEXT`. Before that, let events come in again since the "
               "backup: `amends run FILE`, or your senders; those that are known are not taken twice.")  # fmt: skip
    typer.echo(f"{in_doubt:,} effects may have been sent since the backup: `amends effects --state unknown`.")


def _restore(settings: Settings, file: Path, by: str, *, may_replace: bool) -> tuple[str, int]:
    from amends.bootstrap import now, opened_store
    from amends_store.backing_up import put_back
    from amends_store.errors import StoreError

    settings.make_home()
    try:
        kept = put_back(settings.database_url, file, now(), may_replace=may_replace)
    except (StoreError, OSError) as error:
        raise UsageError(str(error)) from error
    with opened_store(settings) as store:
        return kept, store.begin_doubt(by, file.name)
