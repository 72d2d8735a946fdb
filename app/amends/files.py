"""The files of a workspace on disk: read all at once, as bytes, by path below the folder."""

from pathlib import Path

from amends.errors import FindingsError, UsageError
from amends.settings import Settings, workspace_of
from amends_connectors.registry import kinds
from amends_engine.documents import MAX_BYTES
from amends_engine.workspace import Workspace, read_workspace

_PATTERNS = ("*.yaml", "*.yml", "sources/*.yaml", "sources/*.yml", "templates/*.md")


def read_files(folder: Path) -> dict[str, bytes]:
    """Raises UsageError for a file that cannot be opened."""
    paths = sorted({path for pattern in _PATTERNS for path in folder.glob(pattern) if path.is_file()})
    return {path.relative_to(folder).as_posix(): _read(path) for path in paths}


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)  # enough to see that it is too large
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def load_workspace(settings: Settings) -> Workspace:
    """The workspace; raises FindingsError if it has errors, so that nothing runs."""
    files = read_files(workspace_of(settings))
    workspace, findings = read_workspace(files, kinds())
    if workspace is None:
        raise FindingsError([finding for finding in findings if finding.is_error], files)
    return workspace
