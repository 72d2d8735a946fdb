"""amends why: what each rule made of an event, recomputed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from amends.cli.guard import WorkspaceOption, guarded
from amends.errors import UsageError
from amends.files import load_workspace
from amends.intake import read_records, source_for
from amends.memory import Memory, memory
from amends.settings import from_here
from amends.voices import rules_of
from amends_engine.conditions import Trace
from amends_engine.events import Broken, Event
from amends_engine.explaining import Explanation, explain
from amends_engine.fields import to_json
from amends_engine.sources.parts import Gives
from amends_engine.workspace import Workspace

_SIGN = {True: "✓", False: "✗", None: "?"}


def register(app: typer.Typer) -> None:
    app.command()(why)


@guarded
def why(
    event: Annotated[str, typer.Argument(help="A file with one event, or the id of a stored event.")],
    rule: Annotated[str | None, typer.Option("--rule", help="Only this rule, with every condition.")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Show for each rule what it saw, what stopped it, and what it did."""
    settings = from_here(workspace)
    loaded = load_workspace(settings)
    if rule and not loaded.rule(rule):
        raise UsageError(f"there is no rule {rule}; this workspace has {', '.join(one.id for one in loaded.rules)}")
    rules = rules_of(loaded)
    with memory(settings, loaded.fields) as known:
        asked = _find(event, loaded, known)
        facts = known.with_history([asked], {asked.id: known.facts_then(asked)}, rules)[asked.id]
        acted = known.acted([asked], rules, but_for=asked.id)
    typer.echo(f"{asked.type} of {asked.customer_id or 'nobody known'} at {asked.occurred_at.isoformat()} ({asked.id})")
    for explanation in explain(rules, asked, facts, acted):
        if rule in {None, explanation.rule.id}:
            for line in _lines(explanation, is_whole=rule is not None):
                typer.echo(line)


def _find(name: str, workspace: Workspace, known: Memory) -> Event:
    path = Path(name)
    if not path.is_file():
        return _stored(name, known)
    mapping = source_for(path, workspace, None, Gives.EVENT)
    found = next(read_records(path, workspace, mapping, datetime.now(UTC)), None)
    if found is None:
        raise UsageError(f"there is no event in {path}")
    if isinstance(found.value, Event):
        return found.value
    raise UsageError(f"{path}:{found.line}: {found.value.reason if isinstance(found.value, Broken) else 'no event'}")


def _stored(name: str, known: Memory) -> Event:
    """By our id, or by the sender's own where only one sender has it."""
    ids = known.ids_of_key(name)
    if len(ids) > 1:
        raise UsageError(f"several senders have an event {name}; name one of {', '.join(ids)}")
    stored = known.event(ids[0] if ids else name)
    if stored is None:
        raise UsageError(f"{name} is neither a file nor the id of a stored event")
    return stored


def _lines(explanation: Explanation, *, is_whole: bool) -> Iterator[str]:
    reason = f": {explanation.reason}" if explanation.reason else ""
    status = "" if explanation.rule.status.value == "live" else f" ({explanation.rule.status.value})"
    yield f"{explanation.rule.id}{status}: {explanation.result}{reason}"
    if explanation.decision:
        for intent in explanation.decision.intents:
            yield f"    → {intent.action} to {intent.target}"
    if explanation.tree and (is_whole or explanation.result in {"no", "unknown"}):
        yield from _tree(explanation.tree, "    ", is_whole)
    if explanation.nearest_miss:
        yield f"    would have fired if {explanation.nearest_miss}"


def _tree(trace: Trace, indent: str, is_whole: bool) -> Iterator[str]:
    for part in trace.parts:
        if is_whole or part.truth is not True:
            saw = (
                "" if not part.field else f" (it is {to_json(part.value)})" if part.value is not None else " (missing)"
            )
            yield f"{indent}{_SIGN[part.truth]} {part.text}{saw}"
            yield from _tree(part, indent + "  ", is_whole)
