"""amends audit: who decided what, and whether the record is whole."""

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from amends.bootstrap import opened_store
from amends.cli.deciding import JsonOption
from amends.cli.guard import guarded, report
from amends.settings import from_here
from amends_engine.plans import Json
from amends_store.audit import AuditEntry, Verified


def register(app: typer.Typer) -> None:
    app.command()(audit)


@guarded
def audit(
    is_verifying: Annotated[bool, typer.Option("--verify", help="Check the whole chain instead.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 100,
    is_json: JsonOption = False,
) -> None:
    """List what operators did, the newest first, or check that nobody changed the record."""
    with opened_store(from_here()) as store:
        if is_verifying:
            _tell(store.verify_audit())
            return
        found = store.audit(limit)
    if is_json:
        typer.echo(json.dumps([_as_json(one) for one in found], ensure_ascii=False, indent=2))
    else:
        _print(found)


def _tell(verified: Verified) -> None:
    for broken in verified.broken:
        report(f"audit row {broken.number}: {broken.reason}")
    if verified.broken:
        raise typer.Exit(1)
    typer.echo(f"{verified.length} rows, none changed and none missing. The newest has the hash {verified.head}.")


def _print(found: Sequence[AuditEntry]) -> None:
    for one in found:
        act = one.act
        typer.echo(f"{one.number}  {one.at:%Y-%m-%d %H:%M:%SZ}  {act.by}: {act.action} {act.subject}: {act.reason}")
    if not found:
        typer.echo("Nothing was decided yet.")


def _as_json(one: AuditEntry) -> dict[str, Json]:
    act = one.act
    return {
        "number": one.number,
        "at": one.at.isoformat(),
        "by": act.by,
        "action": act.action,
        "subject": act.subject,
        "reason": act.reason,
        "detail": dict(act.detail) if act.detail is not None else None,
        "hash": one.hash,
    }
