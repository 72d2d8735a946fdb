"""What every command shares: the workspace option, and the turning of errors into one sentence and an exit code."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, ParamSpec, TypeVar

import typer

from amends.errors import AmendsError, FindingsError, UsageError
from amends_store.errors import StoreError

P = ParamSpec("P")
R = TypeVar("R")

INTERRUPTED = 130

WorkspaceOption = Annotated[
    Path | None,
    typer.Option("--workspace", "-w", help="The workspace folder.", file_okay=False, show_default=False),
]


def report(sentence: str) -> None:
    """One sentence to stderr."""
    typer.echo(sentence, err=True)


def counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def guarded(command: Callable[P, R]) -> Callable[P, R]:
    """Let a command raise AmendsError; the person sees a sentence and the shell an exit code."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except FindingsError as error:
            from amends.findings_text import as_text

            report(as_text(error.findings, error.files, is_coloured=sys.stderr.isatty()))
            raise typer.Exit(error.exit_code) from None
        except AmendsError as error:
            report(f"amends: {error}")
            raise typer.Exit(error.exit_code) from None
        except StoreError as error:
            report(f"amends: {error}")
            raise typer.Exit(UsageError.exit_code) from None
        except KeyboardInterrupt:
            report("amends: interrupted; everything accepted is kept and goes on next time")
            raise typer.Exit(INTERRUPTED) from None

    return wrapped
