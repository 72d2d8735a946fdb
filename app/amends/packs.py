"""The ready-made workspaces that come with the product."""

from pathlib import Path

HERE = Path(__file__).parent


def packs_folder() -> Path:
    """In an installed wheel they are beside this file; in a checkout they are rules/ of the repository."""
    installed = HERE / "packs"
    return installed if installed.is_dir() else HERE.parents[1] / "rules"


def packs() -> dict[str, Path]:
    """Folders of workspaces by name."""
    return {path.name: path for path in sorted(packs_folder().iterdir()) if (path / "workspace.yaml").is_file()}
