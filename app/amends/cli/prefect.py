"""amends prefect: Prefect's own pages, to look at the flow runs."""

import sys
import time

import typer

from amends.cli.guard import guarded
from amends.errors import AmendsError
from amends.settings import from_here


def register(app: typer.Typer) -> None:
    app.command()(prefect)


@guarded
def prefect() -> None:
    """Start Prefect's server (or find the one that runs) and keep it until Ctrl-C."""
    from amends.cli.progress import watch_for
    from amends_flows.server import ServerFailed, embedded_server

    settings = from_here()
    settings.make_home()
    try:
        with embedded_server(settings.prefect_home, settings.prefect_api_url, watch_for(sys.stderr).say) as server:
            server.wait_ready()
            typer.echo(f"Flow runs: {server.ui_url}/runs    Flows: {server.ui_url}/flows    (Ctrl-C ends it)")
            while True:
                time.sleep(3600)
    except ServerFailed as error:
        raise AmendsError(str(error)) from error
