"""amends worker: a Prefect worker with the settings of this installation."""

import os
import sys
from typing import Annotated

import typer

from amends.cli.deploy import PoolOption
from amends.cli.guard import WorkspaceOption, guarded
from amends.errors import UsageError
from amends.settings import Settings, from_here, workspace_of

AT_ONCE = 2


def register(app: typer.Typer) -> None:
    app.command()(worker)


@guarded
def worker(
    work_pool: PoolOption,
    limit: Annotated[
        int, typer.Option("--limit", help="How many batches at once; each is a process.", min=1)
    ] = AT_ONCE,
    workspace: WorkspaceOption = None,
) -> None:
    """Carry out what is handed to a Prefect work pool, until Ctrl-C. Start as many as you like, on any machine."""
    settings = from_here(workspace)
    if settings.prefect_api_url is None:
        raise UsageError("a worker needs the address of the Prefect server: set PREFECT_API_URL")
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", work_pool, "--type", "process",
               "--limit", str(limit)]  # fmt: skip
    os.execve(sys.executable, command, environment_of(settings))  # noqa: S606  our own interpreter, no shell


def environment_of(settings: Settings) -> dict[str, str]:
    """Everything a flow run needs to find this installation from whatever folder Prefect starts it in."""
    from amends_flows.environment import client_environment, without_proxy

    return {
        **os.environ,
        **client_environment(settings.prefect_home, settings.prefect_api_url or ""),
        **without_proxy(os.environ),
        "AMENDS_HOME": str(settings.home),
        "AMENDS_WORKSPACE": str(workspace_of(settings).resolve()),
        "AMENDS_DATABASE_URL": settings.database_url,
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",
    }
