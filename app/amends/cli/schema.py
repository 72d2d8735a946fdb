"""amends schema: the JSON Schema of a workspace's rule files, for editors."""

import json
from pathlib import Path
from typing import Annotated

import typer

from amends.atomic import write_atomically
from amends.cli.guard import WorkspaceOption, guarded
from amends.errors import FindingsError
from amends.files import as_seen_from_here, read_files
from amends.settings import from_here, workspace_of
from amends_connectors.registry import kinds
from amends_engine.editor_schema import editor_schema, read_vocabulary


def register(app: typer.Typer) -> None:
    app.command()(schema)


@guarded
def schema(
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write; default: stdout.", show_default=False)
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write the JSON Schema that lets an editor complete and mark rule files; see docs/editors.md."""
    folder = workspace_of(from_here(workspace))
    files = read_files(folder)
    words, findings = read_vocabulary(files, kinds())
    if words is None:
        raise FindingsError(*as_seen_from_here(folder, [one for one in findings if one.is_error], files))
    text = json.dumps(editor_schema(words), ensure_ascii=False, indent=1)
    if out is None:
        typer.echo(text)
        return
    write_atomically(out, f"{text}\n".encode())
