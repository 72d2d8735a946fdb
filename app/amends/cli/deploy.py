"""amends deploy: every rule that runs as a Prefect deployment."""

import os
import sys
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from amends.cli.guard import WorkspaceOption, guarded
from amends.errors import AmendsError
from amends.files import load_workspace
from amends.settings import from_here

if TYPE_CHECKING:
    from amends.bootstrap import Parts

PoolOption: TypeAlias = Annotated[
    str, typer.Option("--work-pool", help="The Prefect work pool; made if it is not there.", show_default=False)
]


def register(app: typer.Typer) -> None:
    app.command()(deploy)


@guarded
def deploy(
    work_pool: PoolOption,
    pool_type: Annotated[
        str, typer.Option("--type", help="The type of a pool that is made: process, docker, kubernetes …")
    ] = "process",
    workspace: WorkspaceOption = None,
) -> None:
    """Register every live rule version, and those that something waits for, so that Prefect workers can run them."""
    from amends.bootstrap import parts

    settings = from_here(workspace)
    settings.make_home()
    with parts(settings, load_workspace(settings)) as made:
        _deploy(made, work_pool, pool_type)


def _deploy(made: "Parts", pool: str, pool_type: str) -> None:
    from amends.cli.progress import watch_for
    from amends_flows.environment import client_environment, without_proxy
    from amends_flows.server import ServerFailed, embedded_server

    settings = made.settings
    try:
        with embedded_server(settings.prefect_home, settings.prefect_api_url, watch_for(sys.stderr).say) as server:
            server.wait_ready()
            os.environ.update(client_environment(settings.prefect_home, server.api_url) | without_proxy(os.environ))
            from amends_flows.deploying import deploy_all

            done = deploy_all(made.runtime, server.api_url, pool, pool_type)
    except ServerFailed as error:
        raise AmendsError(str(error)) from error
    for name in done.names:
        typer.echo(name)
    removed = f", {done.removed} removed that nothing runs by any more" if done.removed else ""
    typer.echo(f"{len(done.names)} deployments in the work pool {pool}{removed}. "
               f"Next, on every machine: amends worker --work-pool {pool}")  # fmt: skip
