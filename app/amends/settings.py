"""Settings from the environment: read once, frozen, passed on."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from amends.errors import UsageError


@dataclass(frozen=True)
class Settings:
    """Where things are. workspace may be None until a command needs one; environment is what connectors read."""

    workspace: Path | None
    home: Path
    database_url: str
    prefect_api_url: str | None
    environment: Mapping[str, str]

    @property
    def outbox(self) -> Path:
        return self.home / "outbox"

    @property
    def prefect_home(self) -> Path:
        return self.home / "prefect"

    @property
    def work_pool(self) -> str | None:
        """The pool whose Prefect workers carry batches out; None carries them out here."""
        return self.environment.get("AMENDS_WORK_POOL") or None

    def make_home(self) -> None:
        """Raises UsageError if there can be no folder."""
        try:
            self.home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = f"{self.home} cannot hold the state: {error.strerror}"
            raise UsageError(f"{reason}; name a folder to write to with AMENDS_HOME") from error


def read_settings(environment: Mapping[str, str], here: Path, workspace: Path | None = None) -> Settings:
    """workspace: what the command line says, ahead of AMENDS_WORKSPACE, this folder and ./rules."""
    home = Path(environment.get("AMENDS_HOME") or here / ".amends").expanduser().absolute()
    if odd := sorted(set(str(home)) & set("?#%")):
        raise UsageError(
            f"the state folder {home} has {odd[0]} in its path, which database addresses cannot hold; "
            "name another with AMENDS_HOME"
        )
    return Settings(
        workspace=workspace.expanduser() if workspace else _workspace(environment, here),
        home=home,
        database_url=environment.get("AMENDS_DATABASE_URL") or f"sqlite:///{home / 'amends.db'}",
        prefect_api_url=environment.get("PREFECT_API_URL") or None,
        environment=environment,
    )


def _workspace(environment: Mapping[str, str], here: Path) -> Path | None:
    named = environment.get("AMENDS_WORKSPACE")
    if named:
        return Path(named).expanduser()
    return next((place for place in (here, here / "rules") if (place / "workspace.yaml").is_file()), None)


def workspace_of(settings: Settings) -> Path:
    """The workspace folder; raises UsageError with the remedy if there is none."""
    if settings.workspace is None:
        raise UsageError("there is no workspace here; name one with --workspace DIR or AMENDS_WORKSPACE")
    if not (settings.workspace / "workspace.yaml").is_file():
        raise UsageError(f"{settings.workspace} is not a workspace: it has no workspace.yaml")
    return settings.workspace


def from_here(workspace: Path | None = None) -> Settings:
    return read_settings(os.environ, Path.cwd(), workspace)
