"""amends serve: events in over HTTP, and everything that follows, until told to stop."""

import gc
from typing import Annotated

import typer

from amends.cli.guard import WorkspaceOption, guarded
from amends.files import load_workspace
from amends.settings import from_here

HOST, PORT = "127.0.0.1", 8080


def register(app: typer.Typer) -> None:
    app.command()(serve)


@guarded
def serve(
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = HOST,
    port: Annotated[int, typer.Option("--port", help="The port; 0 takes any that is free.", min=0, max=65535)] = PORT,
    workspace: WorkspaceOption = None,
) -> None:
    """Take events over HTTP, decide and carry out, with Prefect beside; SIGTERM or Ctrl-C stops in order."""
    gc.disable()  # what is made while starting stays
    from amends.api.keys import read_keys
    from amends.bootstrap import parts
    from amends.serving import journal
    from amends.serving.process_lock import only_server
    from amends.serving.server import Server
    from amends_connectors.preview_index import write_index

    settings = from_here(workspace)
    keys = read_keys(settings.environment)
    loaded = load_workspace(settings)
    settings.make_home()
    journal.open_journal()
    with only_server(settings.database_url), parts(settings, loaded) as made:
        gc.freeze()
        gc.enable()
        Server(made, keys, host, port).run()
        write_index(settings.outbox)
