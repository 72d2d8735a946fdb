"""amends graph: a rule as a picture."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from amends.atomic import write_atomically
from amends.cli.guard import WorkspaceOption, guarded
from amends.settings import from_here
from amends.spoken import load_spoken
from amends_engine.drawing import Graph, as_mermaid, as_svg, draw


class Format(StrEnum):
    SVG = "svg"
    MERMAID = "mermaid"


_WRITERS: dict[Format, Callable[[Graph], str]] = {Format.SVG: as_svg, Format.MERMAID: as_mermaid}


def register(app: typer.Typer) -> None:
    app.command()(graph)


@guarded
def graph(
    rule: Annotated[str, typer.Argument(help="The id of a rule.")],
    form: Annotated[Format, typer.Option("--format", help="An SVG file, or Mermaid flowchart text.")] = Format.SVG,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write; default: stdout.", show_default=False)
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Draw a rule: what it waits for, what it asks, and what it does."""
    known = load_spoken(from_here(workspace))
    text = _WRITERS[form](draw(known.rule(rule), known.lexicon))
    if out is None:
        typer.echo(text, nl=False)
        return
    write_atomically(out, text.encode())
