"""The summary of a run, as a person reads it: what came in, what was decided, what went out, what is left."""

from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.table import Table

from amends.outcome import COLUMNS, RunOutcome
from amends_engine.plans import Outcome
from amends_engine.workspace import Workspace

_WIDE = 500
_TITLES = {"previewed": "preview only", "succeeded": "done"}
_DRY_TITLES = {"waiting": "would be done"}


def print_summary(outcome: RunOutcome, workspace: Workspace, *, is_dry: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = _WIDE  # a log has no margin at which a table would have to be cut
    console.print(_headline(outcome, is_dry=is_dry))
    for line in _broken(outcome):
        console.print(line, markup=False)
    if outcome.decided or outcome.unknown:
        console.print(_decisions(outcome, workspace))
    if outcome.effects:
        console.print(_effects(outcome, _DRY_TITLES if is_dry else _TITLES))
    for line in _remarks(outcome, workspace):
        console.print(line, markup=False)


def _headline(outcome: RunOutcome, *, is_dry: bool) -> str:
    intake = outcome.intake
    plural = "" if intake.read == 1 else "s"
    parts = [f"{intake.read:,} event{plural} read", f"{intake.accepted:,} {'would be new' if is_dry else 'new'}"]
    parts += [f"{intake.duplicate:,} known already"] if intake.duplicate else []
    parts += [f"{intake.conflict:,} in conflict with an earlier one"] if intake.conflict else []
    parts += [f"{intake.quarantined:,} quarantined"] if intake.quarantined else []
    stages = [f"{stage} {seconds:.1f}" for stage, seconds in outcome.stages.items() if seconds >= 0.1]
    seconds = f"{outcome.seconds:.1f} s" + (f": {', '.join(stages)}" if stages else "")
    return f"{', '.join(parts)} ({seconds})"


def _broken(outcome: RunOutcome) -> Iterator[str]:
    for one in outcome.intake.broken:
        yield f"  {one.file}:{one.line}: {one.reason}"
    more = outcome.intake.quarantined - len(outcome.intake.broken)
    if more:
        yield f"  … and {more:,} more"


def _decisions(outcome: RunOutcome, workspace: Workspace) -> Table:
    table = Table(title="Decisions", title_justify="left", box=None, pad_edge=False)
    table.add_column("rule", overflow="fold")
    columns = [one for one in Outcome if any(decided is one for _, decided in outcome.decided)]
    for column in columns:
        table.add_column(column.value, justify="right")
    if outcome.unknown:
        table.add_column("unknown", justify="right")
    seen = {rule for rule, _ in outcome.decided} | set(outcome.unknown)
    for rule in workspace.rules:
        if rule.id in seen:
            cells = [_number(outcome.decided[rule.id, column]) for column in columns]
            cells += [_number(outcome.unknown[rule.id])] if outcome.unknown else []
            shadow = " (shadow)" if rule.status.value == "shadow" else ""
            table.add_row(rule.id + shadow, *cells)
    return table


def _effects(outcome: RunOutcome, titles: Mapping[str, str]) -> Table:
    totals = outcome.effect_totals()
    columns = [column for column in COLUMNS if totals[column]]
    table = Table(title="Effects", title_justify="left", box=None, pad_edge=False, show_footer=True)
    table.add_column("channel", footer="all")
    for column in columns:
        table.add_column(titles.get(column, column), justify="right", footer=_number(totals[column]))
    for kind in sorted({kind for kind, _ in outcome.effects}):
        of_kind = outcome.effect_totals(kind)
        table.add_row(kind, *(_number(of_kind[column]) for column in columns))
    return table


def _number(count: int) -> str:
    return f"{count:,}" if count else "·"


def _remarks(outcome: RunOutcome, workspace: Workspace) -> Iterator[str]:
    for (kind, state, reason), count in outcome.reasons.most_common():
        yield f"{count:,} {kind} {state.value}: {reason}"
    if outcome.in_doubt:
        yield f"In doubt: {outcome.in_doubt:,} effects may have happened; they are not repeated"
    for line in outcome.budgets:
        yield f"Budget {line.name}: {line.left} of {line.limit} left {line.window}"
    if outcome.waits_until:
        until = outcome.waits_until.astimezone(workspace.profile.timezone)
        wait = "1 decision waits" if outcome.waiting == 1 else f"{outcome.waiting:,} decisions wait, the first"
        yield f"{wait} until {until:%Y-%m-%d %H:%M} ({workspace.profile.timezone.key}); run again then"
    if outcome.shadow:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(outcome.shadow.items()))
        yield f"Shadow rules would have done: {kinds}"
    for trouble, count in outcome.troubles.items():
        yield f"Trouble ({count:,}): {trouble}"
    if outcome.outbox and outcome.effect_totals()["previewed"]:
        yield f"Nothing above marked preview reached anybody; look at it in {outcome.outbox / 'index.html'}"
