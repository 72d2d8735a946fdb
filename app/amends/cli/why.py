"""amends why: what each rule made of an event, recomputed; or how often a rule was stopped, and by what."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from amends.cli.guard import WorkspaceOption, guarded
from amends.errors import UsageError
from amends.explained import account_of
from amends.files import load_workspace
from amends.intake import read_records, source_for
from amends.memory import Memory, memory
from amends.settings import Settings, from_here
from amends.why_json import account_json, counts_json
from amends.why_text import counts_of, lines_of
from amends_engine.events import Broken, Event
from amends_engine.plans import Json
from amends_engine.sources.parts import Gives
from amends_engine.workspace import Workspace


def register(app: typer.Typer) -> None:
    app.command()(why)


@guarded
def why(
    event: Annotated[
        str | None, typer.Argument(help="A file with one event, or the id of a stored event.", show_default=False)
    ] = None,
    rule: Annotated[
        str | None, typer.Option("--rule", help="Only this rule, with every condition; without an event its counts.")
    ] = None,
    at: Annotated[str | None, typer.Option("--at", help="With the rules and the data of that time.")] = None,
    is_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show for each rule what it saw, what stopped it, and what it did."""
    settings = from_here(workspace)
    loaded = load_workspace(settings)
    if rule and not loaded.rule(rule):
        raise UsageError(f"there is no rule {rule}; this workspace has {', '.join(one.id for one in loaded.rules)}")
    if event is not None:
        _explain(event, rule, at, loaded, settings, is_json=is_json)
    elif rule and at is None:
        _count(rule, loaded, settings, is_json=is_json)
    else:
        raise UsageError("name an event: a file or an id; or a rule with --rule for what stopped it so far")


def _explain(
    name: str, rule: str | None, at: str | None, loaded: Workspace, settings: Settings, *, is_json: bool
) -> None:
    moment = _moment(at, loaded) if at is not None else None
    with memory(settings, loaded.fields) as known:
        account = account_of(_find(name, loaded, known), loaded, known, moment, datetime.now(UTC))
    if is_json:
        _print_json(account_json(account, rule))
    else:
        for line in lines_of(account, rule):
            typer.echo(line)


def _count(rule_id: str, loaded: Workspace, settings: Settings, *, is_json: bool) -> None:
    rule = loaded.rule(rule_id)
    version = rule.version if rule else ""
    with memory(settings, loaded.fields) as known:
        counts = known.past.counts(rule_id) if known.past else []
    if is_json:
        _print_json(counts_json(rule_id, counts, version))
    else:
        for line in counts_of(rule_id, counts, version):
            typer.echo(line)


def _print_json(document: dict[str, Json]) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def _moment(text: str, workspace: Workspace) -> datetime:
    """A time without an offset is meant in the company's time zone; a date is its first moment."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=workspace.profile.timezone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"{text!r} is not a time; write for example 2026-03-01T09:30 or 2026-03-01") from None


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
    if known.is_erased(stored.id):
        raise UsageError(f"the event {name} was erased with its person; what rules saw of it is gone")
    return stored
