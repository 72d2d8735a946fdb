"""amends init: a workspace of one's own, from a ready-made one."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from amends.cli.guard import guarded
from amends.errors import UsageError
from amends.packs import packs


def register(app: typer.Typer) -> None:
    app.command()(init)


@guarded
def init(
    folder: Annotated[Path, typer.Argument(help="The new folder.", show_default=False)],
    pack: Annotated[str, typer.Option("--pack", help="Which ready-made workspace to start from.")] = "starter",
) -> None:
    """Make a workspace from a ready-made one: starter, airline, retail or telecom."""
    known = packs()
    if pack not in known:
        raise UsageError(f"there is no pack {pack}; there are {', '.join(known)}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty; name a new folder")
    try:
        shutil.copytree(known[pack], folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror or error}") from error
    typer.echo(f"{folder} is made from {pack}. Next: amends check {folder}")
