"""What a command is pointed at: whole workspaces, or single files of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from amends.errors import UsageError
from amends.files import file_names
from amends.settings import from_here, workspace_of


@dataclass(frozen=True, slots=True)
class Target:
    """A workspace; files: those of it to speak of, by their paths below it; none means all."""

    folder: Path
    files: frozenset[str] = frozenset()

    def includes(self, file: str) -> bool:
        return not self.files or file in self.files


def targets(paths: Sequence[Path], workspace: Path | None) -> list[Target]:
    """Without paths the workspace here; raises UsageError for a path that is not there or in no workspace."""
    if not paths:
        return [Target(workspace_of(from_here(workspace)))]
    named = [_locate(path, workspace) for path in paths]
    return [_merge(folder, named) for folder in dict.fromkeys(target.folder for target in named)]


def _merge(folder: Path, named: Sequence[Target]) -> Target:
    of_it = [target for target in named if target.folder == folder]
    is_whole = any(not target.files for target in of_it)
    return Target(folder, frozenset() if is_whole else frozenset().union(*(target.files for target in of_it)))


def _locate(path: Path, workspace: Path | None) -> Target:
    if not path.exists():
        raise UsageError(f"{path} is not there")
    if path.is_dir():
        return Target(workspace_of(from_here(path)))
    folder = workspace_of(from_here(workspace or _holder(path)))
    name = _name_in(folder, path)
    if name not in file_names(folder):
        raise UsageError(f"{path} is not a file of {folder} that is read as rules, templates or mappings")
    return Target(folder, frozenset({name}))


def _holder(path: Path) -> Path | None:
    parents = (*path.parents, *path.absolute().parents)
    return next((parent for parent in parents if (parent / "workspace.yaml").is_file()), None)


def _name_in(folder: Path, path: Path) -> str:
    whole = path.parent.resolve() / path.name
    return whole.relative_to(folder.resolve()).as_posix() if whole.is_relative_to(folder.resolve()) else ""
