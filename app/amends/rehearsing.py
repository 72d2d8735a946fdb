"""A run that changes nothing: what would be decided, from the files and what is known. No Prefect, no writing."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from amends.intake import CountingSink, read_records, source_for, take_file
from amends.memory import memory
from amends.outcome import RunOutcome
from amends.settings import Settings
from amends.voices import rules_of
from amends_engine.events import Event
from amends_engine.planning import plan, remember
from amends_engine.sources.parts import Gives
from amends_engine.triggers.schedule import OnSchedule
from amends_engine.workspace import Workspace


def rehearse(settings: Settings, workspace: Workspace, files: Sequence[Path], source: str | None) -> RunOutcome:
    """Plan every new event of the files in the order in which they happened.

    An event that follows another of the same customer does not see the case that the first would open.
    """
    began = datetime.now(UTC)
    outcome = RunOutcome()
    events: dict[str, Event] = {}

    def collect(event: Event) -> None:
        if event.id in events:
            outcome.intake.accepted -= 1
            outcome.intake.duplicate += 1
        events.setdefault(event.id, event)

    for path in files:
        mapping = source_for(path, workspace, source, Gives.EVENT)
        records = read_records(path, workspace, mapping, began)
        take_file(path.name, records, CountingSink(collect), outcome.intake, lambda _end: None)
    _plan(settings, workspace, list(events.values()), outcome, began)
    outcome.seconds = (datetime.now(UTC) - began).total_seconds()
    return outcome


def _plan(settings: Settings, workspace: Workspace, events: list[Event], outcome: RunOutcome, now: datetime) -> None:
    rules = rules_of(workspace)
    outcome.without_slots = tuple(rule.id for rule in rules.by_id.values() if isinstance(rule.trigger, OnSchedule))
    with memory(settings, workspace.fields) as known:
        stored = known.known([event.id for event in events])
        new = sorted((e for e in events if e.id not in stored), key=lambda event: (event.occurred_at, event.id))
        facts = known.with_history(new, known.facts(new), rules)
        acted = known.acted(new, rules, facts.values())
    outcome.intake.accepted -= len(stored)
    outcome.intake.duplicate += len(stored)
    for event in new:
        made = plan(rules, event, facts[event.id], acted, now)
        remember(made, acted)
        outcome.add_plans([made])
