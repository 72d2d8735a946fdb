"""The command line: one file per command. Slow libraries are imported by the command that needs them."""

import importlib
import sys

import typer

from amends.cli.guard import report

app = typer.Typer(
    name="amends",
    help="Closes the loop with customers: feedback events in, YAML rules decide, amends made on every channel.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

COMMANDS = ("init", "check", "test", "why", "run", "import_", "prefect")

for _name in COMMANDS:
    importlib.import_module(f"amends.cli.{_name}").register(app)


def main() -> None:
    """Run the command line; what nobody foresaw becomes one sentence, or a trace with --debug."""
    is_debug = "--debug" in sys.argv
    sys.argv = [word for word in sys.argv if word != "--debug"]
    try:
        app()
    except Exception as error:
        if is_debug:
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        report(f"amends stopped: {reason}; run it again with --debug to see where")
        sys.exit(2)
