"""amends rule: what an operator decides about the decisions of a rule that wait."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from amends.bootstrap import opened_store
from amends.cli.deciding import ByOption, refusals, require_reason, whoever
from amends.cli.guard import guarded
from amends.errors import UsageError
from amends.files import load_workspace
from amends.settings import from_here
from amends_connectors.registry import kinds
from amends_engine.moving import fits
from amends_engine.plans import JOIN, Timer
from amends_engine.rules import Rule
from amends_engine.spelling import closest
from amends_engine.workspace import Workspace, read_stored_rule
from amends_flows.ringing import version_of
from amends_flows.versions import Versions
from amends_store.store import Store

RuleId = Annotated[str, typer.Argument(metavar="RULE", help="The rule, by its id.", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", help="Why, for whoever asks later.", show_default=False)]
ToOption = Annotated[
    str, typer.Option("--to", metavar="VERSION", help="Another version that was used; its beginning is enough.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what waits; move nothing.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="A rule whose decisions wait: move them to another version of it.", no_args_is_help=True)
    group.callback()(_about_one_rule)
    group.command()(move)
    app.add_typer(group, name="rule")


def _about_one_rule() -> None:
    """A rule whose decisions wait: move them to another version of it."""


@guarded
def move(rule_id: RuleId, reason: Reason = "", by: ByOption = None, is_dry: DryRun = False, to: ToOption = "") -> None:
    """Let decisions that wait go on by the version of the rule that is in its file now, or by another one."""
    settings = from_here()
    workspace = load_workspace(settings)
    with opened_store(settings) as store:
        rule = _recorded(rule_id, to, store, workspace) if to else _find(rule_id, workspace)
        waiting = store.waiting_elsewhere(rule.id, rule.version)
        for line in _lines(rule, waiting):
            typer.echo(line)
        _require_fitting(rule, waiting, _versions(rule, store, workspace))
        if is_dry or not waiting:
            return
        with refusals():
            ids = [timer.id for timer in waiting]
            count = store.move_rule(version_of(rule), ids, whoever(by), require_reason(reason))
    typer.echo(f"Moved: {_decisions(count)} by version {rule.version} now.")


def _find(rule_id: str, workspace: Workspace) -> Rule:
    rule = workspace.rule(rule_id)
    if rule is None:
        near = closest(rule_id, [one.id for one in workspace.rules])
        raise UsageError(f"there is no rule {rule_id}; {f'did you mean {near}?' if near else 'see `amends say`'}")
    return rule


def _recorded(rule_id: str, begins: str, store: Store, workspace: Workspace) -> Rule:
    """The one version that was used and begins so."""
    known = store.rule_versions(rule_id)
    found = [version for version in known if version.startswith(begins)]
    if len(found) != 1:
        many = f"{len(found)} versions of {rule_id} begin with {begins}" if found else f"{rule_id} was never {begins}"
        raise UsageError(f"{many}; {'it was ' + ', '.join(known) if known else 'nothing of it is recorded'}")
    rule = _versions(workspace.rule(rule_id), store, workspace).find(rule_id, found[0])
    if rule is None:
        raise UsageError(f"the version {found[0]} of {rule_id} does not fit the fields and templates of today any more")
    return rule


def _versions(known: Rule | None, store: Store, workspace: Workspace) -> Versions:
    current = {known.id: known} if known else {}
    return Versions(store, current, lambda body: read_stored_rule(body, workspace, kinds()))


def _lines(rule: Rule, waiting: Sequence[Timer]) -> Iterator[str]:
    own = [timer for timer in waiting if timer.watch != JOIN]
    if not own:
        yield f"Nothing of {rule.id} waits by another version than {rule.version}."
        return
    yield f"Of {rule.id} {_wait(len(own))} by another version than {rule.version}:"
    for (path, version), count in sorted(Counter((timer.path, timer.rule_version) for timer in own).items()):
        first = min(timer.due_at for timer in own if (timer.path, timer.rule_version) == (path, version))
        yield f"    {count} at {path} by {version}, until {first:%Y-%m-%d %H:%MZ} at the earliest"


def _wait(count: int) -> str:
    return "1 decision waits" if count == 1 else f"{count} decisions wait"


def _decisions(count: int) -> str:
    return "1 decision goes on" if count == 1 else f"{count} decisions go on"


def _require_fitting(rule: Rule, waiting: Sequence[Timer], versions: Versions) -> None:
    """Raises UsageError where this version does not wait at the same step for the same."""
    wrong = [one for one in waiting if not fits(one, versions.find(one.rule_id, one.rule_version), rule)]
    if wrong:
        paths = ", ".join(sorted({timer.path for timer in wrong}))
        raise UsageError(
            f"the version {rule.version} of {rule.id} does not wait at {paths} for the same; nothing was moved, and "
            "what waits goes on as it began"
        )
