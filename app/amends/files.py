"""The files of a workspace on disk: read all at once, as bytes, by path below the folder."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from amends.errors import FindingsError, UsageError
from amends.settings import Settings, workspace_of
from amends_connectors.registry import kinds
from amends_engine.documents import MAX_BYTES
from amends_engine.findings import Finding
from amends_engine.workspace import Workspace, read_workspace

_PATTERNS = ("*.yaml", "*.yml", "sources/*.yaml", "sources/*.yml", "templates/*.md")


def file_names(folder: Path) -> list[str]:
    """The files that make up a workspace; a link that leads nowhere is one of them."""
    paths = {path for pattern in _PATTERNS for path in folder.glob(pattern) if path.is_file() or not path.exists()}
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def read_files(folder: Path) -> dict[str, bytes]:
    """Raises UsageError for a file that cannot be opened."""
    return {name: _read(folder / name) for name in file_names(folder)}


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)  # enough to see that it is too large
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def load_workspace(settings: Settings, *, has_tests: bool = False) -> Workspace:
    """The workspace; raises FindingsError if it has errors, so that nothing runs.

    has_tests: whether its tests are kept once they are read, which are as large as its rules.
    """
    files = read_files(workspace_of(settings))
    workspace, findings = read_workspace(files, kinds())
    if workspace is None:
        errors = [finding for finding in findings if finding.is_error]
        raise FindingsError(*as_seen_from_here(workspace_of(settings), errors, files))
    return workspace if has_tests else replace(workspace, tests=())


def as_seen_from_here(
    folder: Path, findings: Iterable[Finding], files: Mapping[str, bytes]
) -> tuple[list[Finding], dict[str, bytes]]:
    """The same findings and files under paths that lead to them from the current folder."""
    whole = folder.absolute()
    way = whole.relative_to(Path.cwd()) if whole.is_relative_to(Path.cwd()) else folder
    found = [replace(one, place=replace(one.place, file=(way / one.place.file).as_posix())) for one in findings]
    return found, {(way / name).as_posix(): raw for name, raw in files.items()}
