"""Standard input as a file: kept on disk for the length of a command, since files are looked at more than once."""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from amends.errors import UsageError
from amends_engine.sources.parts import Format
from amends_engine.workspace import Workspace

NAMES = frozenset({"-", "/dev/stdin"})


@contextmanager
def with_standard_input(
    files: Sequence[Path], workspace: Workspace, source: str | None, stream: BinaryIO | None = None
) -> Iterator[list[Path]]:
    """The same files, with standard input as one of its own; it holds what its source reads, or JSON Lines."""
    named = [path for path in files if str(path) in NAMES]
    if len(named) > 1:
        raise UsageError("standard input can be read once; name it once")
    if not named:
        yield list(files)
        return
    mapping = workspace.sources.get(source or "")
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / f"stdin.{(mapping.format if mapping else Format.JSONL).value}"
        with kept.open("wb") as file:
            shutil.copyfileobj(stream or sys.stdin.buffer, file)
        yield [kept if path in named else path for path in files]
