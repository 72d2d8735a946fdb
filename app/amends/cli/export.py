"""amends export: everything that is stored of one person, as one JSON document."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from amends.cli.deciding import JsonOption
from amends.cli.erase import PersonArgument
from amends.cli.guard import guarded
from amends.settings import from_here


def register(app: typer.Typer) -> None:
    app.command()(export)


@guarded
def export(
    person: PersonArgument,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write it to this file, for its owner only.", show_default=False)
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """Print everything that is stored of one person: profile, events as they came, decisions, messages, vouchers."""
    from amends.exporting import export_person

    document = export_person(from_here(), person)
    if out is None:
        typer.echo(_text(document))
        return
    _write(out, _text(document))
    counts = {name: len(rows) for name, rows in document.items() if isinstance(rows, list) and rows}
    if is_json:
        typer.echo(json.dumps({"file": str(out), "rows": counts}, ensure_ascii=False, indent=2))
        return
    listed = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in counts.items())
    typer.echo(f"{out}: {listed}. It is for the person only: keep it as safe as the database.")


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)


def _write(out: Path, text: str) -> None:
    from amends.atomic import write_atomically

    write_atomically(out, f"{text}\n".encode("utf-8", "backslashreplace"))
    out.chmod(0o600)
