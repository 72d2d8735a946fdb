"""amends worker: one more process that works, by itself or as a Prefect worker with this installation's settings."""

import os
import sys
from typing import Annotated

import typer

from amends.cli.guard import WorkspaceOption, guarded
from amends.errors import UsageError
from amends.files import load_workspace
from amends.settings import Settings, from_here, workspace_of

AT_ONCE = 2


def register(app: typer.Typer) -> None:
    app.command()(worker)


@guarded
def worker(
    work_pool: Annotated[
        str | None,
        typer.Option(
            "--work-pool",
            help="The Prefect work pool; without it the worker takes its work from the database and stays warm.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", help="With a pool: how many batches at once; each is a process.", min=1)
    ] = AT_ONCE,
    workspace: WorkspaceOption = None,
) -> None:
    """Plan and carry out what there is to do, until Ctrl-C. Start as many as you like, on any machine."""
    settings = from_here(workspace)
    if work_pool is None:
        _work(settings)
    else:
        _join_pool(settings, work_pool, limit)


def _work(settings: Settings) -> None:
    from amends.bootstrap import parts
    from amends.serving import journal
    from amends.serving.worker import Worker
    from amends_connectors.preview_index import write_index

    loaded = load_workspace(settings)
    journal.open_journal()
    with parts(settings, loaded) as made:
        Worker(made).run()
        write_index(settings.outbox)


def _join_pool(settings: Settings, work_pool: str, limit: int) -> None:
    if settings.prefect_api_url is None:
        raise UsageError("a worker of a pool needs the address of the Prefect server: set PREFECT_API_URL")
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
