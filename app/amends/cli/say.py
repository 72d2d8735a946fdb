"""amends say: rules in plain sentences."""

from typing import Annotated

import typer

from amends.cli.guard import WorkspaceOption, guarded
from amends.settings import from_here
from amends.spoken import load_spoken
from amends_engine.saying import rule_page, workspace_page


def register(app: typer.Typer) -> None:
    app.command()(say)


@guarded
def say(
    rule: Annotated[
        str | None, typer.Argument(help="The id of a rule; default: all rules, as one document.", show_default=False)
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Say a rule in plain sentences, to be read aloud and agreed with."""
    known = load_spoken(from_here(workspace))
    if rule is None:
        whole = known.workspace
        typer.echo(workspace_page(whole.rules, whole.profile.company, known.lexicon), nl=False)
        return
    typer.echo(rule_page(known.rule(rule), known.lexicon), nl=False)
