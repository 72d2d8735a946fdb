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
    for line in _notes(outcome):
        console.print(line, markup=False)
    if outcome.decided or outcome.unknown:
        console.print(_decisions(outcome, workspace))
        if legend := _legend(outcome):
            console.print(legend, markup=False, style="dim")
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
    parts += [f"{intake.erased:,} of people who were erased since, kept empty"] if intake.erased else []
    stages = [f"{stage} {seconds:.1f}" for stage, seconds in outcome.stages.items() if seconds >= 0.1]
    seconds = f"{outcome.seconds:.1f} s" + (f": {', '.join(stages)}" if stages else "")
    return f"{', '.join(parts)} ({seconds})"


def _notes(outcome: RunOutcome) -> Iterator[str]:
    """Files without events, and the lines that somebody has to look at."""
    intake = outcome.intake
    for file in intake.empty:
        yield f"  {file} holds no events"
    for lines, count in ((intake.broken, intake.quarantined), (intake.conflicts, intake.conflict)):
        for one in lines:
            yield f"  {one.file}:{one.line}: {one.reason}"
        if more := count - len(lines):
            yield f"  … and {more:,} more"


_WORDS = {
    Outcome.ACTED: "acted: did its steps",
    Outcome.OUTRANKED: "outranked: another rule of its group came first",
    Outcome.LIMITED: "limited: has acted for the customer often enough, or what happened is too old",
    Outcome.UNDECIDED: "undecided: its values cannot be compared",
}


def _legend(outcome: RunOutcome) -> str:
    """What the columns mean that are not plain."""
    seen = {decided for _, decided in outcome.decided} - {Outcome.ACTED}
    words = [text for decided, text in _WORDS.items() if decided in seen]
    words += ["unknown: a value it asks for is missing"] if outcome.unknown else []
    return "; ".join(words)


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
        yield f"In doubt: {outcome.in_doubt:,} effects may have happened; see amends effects --state review"
    if outcome.late:
        yield f"Late: {outcome.late:,} effects were not done in time; they are done all the same"
    for pause in outcome.paused:
        yield f"Paused by {pause.by}: {pause.scope} ({pause.reason}); amends resume goes on"
    for line in outcome.budgets:
        yield f"Budget {line.name}: {line.left} of {line.limit} left {line.window}"
    yield from _next(outcome, workspace)
    if outcome.shadow:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(outcome.shadow.items()))
        yield f"Shadow rules would have done: {kinds}"
    for trouble, count in outcome.troubles.items():
        yield f"Trouble ({count:,}): {trouble}"
    if outcome.outbox and outcome.effect_totals()["previewed"]:
        yield f"Nothing above marked preview reached anybody; look at it in {outcome.outbox / 'index.html'}"


def _next(outcome: RunOutcome, workspace: Workspace) -> Iterator[str]:
    """When it is worth running again, and what was left out for want of a clock."""
    if outcome.waits_until:
        until = outcome.waits_until.astimezone(workspace.profile.timezone)
        wait = "1 decision waits" if outcome.waiting == 1 else f"{outcome.waiting:,} decisions wait, the first"
        yield f"{wait} until {until:%Y-%m-%d %H:%M} ({workspace.profile.timezone.key}); run again then"
    if slot := outcome.next_slot:
        at = slot.at.astimezone(workspace.profile.timezone)
        yield f"The clock starts {slot.rule} at {at:%Y-%m-%d %H:%M} ({workspace.profile.timezone.key}); run again then"
    if outcome.without_slots:
        yield f"Not counted: what the clock starts ({', '.join(outcome.without_slots)}); a rehearsal is about events"
