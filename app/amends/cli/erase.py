"""amends erase: everything that is stored of one person goes; what money and promises need stays without them."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from amends.cli.deciding import ByOption, JsonOption, ReasonOption, require_reason, whoever
from amends.cli.guard import WorkspaceOption, guarded
from amends.settings import Settings, from_here

if TYPE_CHECKING:
    from amends.erasing import Report

PersonArgument = Annotated[
    str, typer.Argument(metavar="PERSON", help="Customer id, e-mail address or telephone number.", show_default=False)
]


def register(app: typer.Typer) -> None:
    app.command()(erase)


@guarded
def erase(
    person: PersonArgument,
    reason: ReasonOption,
    by: ByOption = None,
    is_dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")] = False,
    is_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Erase one person: profile, events, messages, previews. What is due to them is stopped first. This is for good."""
    from amends.erasing import Wish, foresee
    from amends.erasing import erase as erase_person

    settings, wish = from_here(workspace), Wish(person, whoever(by), require_reason(reason))
    report = foresee(settings, person) if is_dry_run else erase_person(settings, wish)
    if is_json:
        typer.echo(json.dumps(_document(report, is_dry_run=is_dry_run), ensure_ascii=False, indent=2))
    else:
        for line in _lines(report, settings, is_dry_run=is_dry_run):
            typer.echo(line)
    if report.troubles:
        raise typer.Exit(1)


def _document(report: "Report", *, is_dry_run: bool) -> dict[str, object]:
    before = report.before
    return {
        "dry_run": is_dry_run,
        "already_erased_at": report.erased_at.isoformat() if report.erased_at else None,
        "rows": before.rows if before else {},
        "stopped": before.open if before else 0,
        "rows_of_others": report.elsewhere,
        "previews": report.previews,
        "with_providers": before.sent if before else {},
        "left": list(report.troubles),
    }


def _lines(report: "Report", settings: Settings, *, is_dry_run: bool) -> Iterator[str]:
    if report.before is None:
        at = f"{report.erased_at:%Y-%m-%d %H:%M} UTC"
        yield f"Already erased, on {at}." + (
            f" {_counted(report.previews, 'previews')} more went." * bool(report.previews)
        )
    else:
        rows = [_counted(number, table.replace("_", " ")) for table, number in sorted(report.before.rows.items())]
        rows += [_counted(report.previews, "previews")] if report.previews else []
        yield f"{'Would erase' if is_dry_run else 'Erased'}: {', '.join(rows) or 'a customer without anything else'}."
        if report.before.open:
            yield f"{_counted(report.before.open, 'effects')} still open: stopped, nothing more goes out."
        if report.elsewhere:
            yield f"{_counted(report.elsewhere, 'rows')} of others named the person: only the name went."
        yield from _not_here(report, settings)
    for trouble in report.troubles:
        yield f"Still here: {trouble}"


def _not_here(report: "Report", settings: Settings) -> Iterator[str]:
    from amends.erasing import TOMBSTONES

    sent = report.before.sent if report.before else {}
    if sent:
        listed = ", ".join(f"{channel} {number:,}" for channel, number in sent.items())
        yield f"Not here, so not erased: what was sent is with its providers ({listed})."
    yield ("Backups from before still hold the person: `amends restore` erases again, by "
           f"{settings.home / TOMBSTONES}; keep a copy of that file with your backups.")  # fmt: skip
    if settings.database_url.startswith("postgres"):
        yield ("PostgreSQL's own log (WAL), its archive and its replicas keep old pages until they are overwritten or "
               "expire: `SELECT pg_switch_wal(); CHECKPOINT` and your archive's limit decide when.")  # fmt: skip


def _counted(number: int, many: str) -> str:
    return f"{number:,} {many.removesuffix('s') if number == 1 else many}"
