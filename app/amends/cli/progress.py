"""Progress on a terminal: a bar for each file and one for the effects; plain lines elsewhere."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from amends.intake import Advance
from amends.running import Watch

_STOPPING = "stopping; what is being sent is waited for, up to half a minute\n"


def watch_for(stream: TextIO) -> Watch:
    """Bars on a terminal, sentences elsewhere, both on the given stream."""
    console = Console(file=stream)
    return OnTerminal(console) if console.is_terminal else InLines(stream)


class InLines:
    """For logs: what takes long is said in a line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def say(self, sentence: str) -> None:
        print(sentence, file=self._stream, flush=True)

    @contextmanager
    def reading(self, _path: Path) -> Iterator[Advance]:
        yield lambda _end: None

    @contextmanager
    def sending(self) -> Iterator[Callable[[int], None]]:
        yield lambda _count: None

    def stopping(self) -> None:
        _write(self._stream, _STOPPING)


class OnTerminal:
    """For people."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, sentence: str) -> None:
        self._console.print(sentence, style="dim", highlight=False, markup=False)

    @contextmanager
    def reading(self, path: Path) -> Iterator[Advance]:
        size = path.stat().st_size if path.is_file() else None
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        with Progress(*columns, console=self._console, transient=True) as bar:
            task = bar.add_task(f"reading {path.name}", total=size)
            yield lambda end: bar.update(task, completed=end)

    @contextmanager
    def sending(self) -> Iterator[Callable[[int], None]]:
        columns = (SpinnerColumn(), TextColumn("carrying out: {task.completed:,.0f} effects"), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True) as bar:
            task = bar.add_task("effects", total=None)
            yield lambda count: bar.advance(task, count)

    def stopping(self) -> None:
        _write(self._console.file, f"\n{_STOPPING}")


def _write(stream: IO[str], text: str) -> None:
    """Past the buffer, since a signal may come while somebody else writes to it."""
    os.write(stream.fileno(), text.encode())
