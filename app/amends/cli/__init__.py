"""The command line: one file per command, imported when it is asked for."""

import gc
import importlib
import signal
import sys
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from types import FrameType
from typing import NoReturn

import typer

from amends.cli.guard import report

COMMANDS: Mapping[str, str] = {
    "init": "init",
    "check": "check",
    "fmt": "fmt",
    "schema": "schema",
    "test": "test",
    "why": "why",
    "say": "say",
    "graph": "graph",
    "run": "run",
    "import": "import_",
    "effects": "effects",
    "effect": "effect",
    "event": "event",
    "tasks": "tasks",
    "task": "task",
    "brief": "brief",
    "rule": "rule",
    "pause": "pause",
    "resume": "resume",
    "audit": "audit",
    "serve": "serve",
    "deploy": "deploy",
    "worker": "worker",
    "backup": "backup",
    "restore": "restore",
    "export": "export",
    "erase": "erase",
    "prefect": "prefect",
}
"""Commands and their modules, in the order in which help lists them."""


_GARBAGE_AFTER = 10_000
"""New objects until Python looks for garbage. What is read lives to the end, so looking after every 700 finds none."""


def make_app(commands: Sequence[str]) -> typer.Typer:
    """The command line with these commands."""
    app = typer.Typer(
        name="amends",
        help="Closes the loop with customers: feedback events in, YAML rules decide, amends made on every channel.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_no_options_of_its_own)  # keeps Typer from making a lone command the whole program
    for name in commands:
        importlib.import_module(f"amends.cli.{COMMANDS[name]}").register(app)
    return app


def app_for(words: Sequence[str]) -> typer.Typer:
    """The command line that these words need: one command's, or all where none is named."""
    return make_app([word for word in words[:1] if word in COMMANDS] or [*COMMANDS])


def _no_options_of_its_own() -> None:
    """Closes the loop with customers: feedback events in, YAML rules decide, amends made on every channel."""


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    """End as Ctrl-C does, so that what was begun is recorded and a server that was started is stopped."""
    sys.exit(128 + signal.SIGTERM)


def main() -> None:
    """Run the command line; what nobody foresaw becomes one sentence, or a trace with --debug."""
    gc.set_threshold(_GARBAGE_AFTER)
    _let_odd_letters_pass()
    is_debug = "--debug" in sys.argv
    sys.argv = [word for word in sys.argv if word != "--debug"]
    signal.signal(signal.SIGTERM, _end)
    try:
        app_for(sys.argv[1:])()
    except Exception as error:
        if is_debug:
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        report(f"amends stopped: {reason}; run it again with --debug to see where")
        sys.exit(2)
    finally:
        gc.freeze()  # else Python looks through everything for garbage before it ends, for a sixth of a check's time


def _let_odd_letters_pass() -> None:
    """A terminal that cannot show a letter gets its code: what was done is not to be lost over a tick mark."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
