"""From files to the store: each record is accepted or quarantined, in batches, so that memory stays flat."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from amends.errors import FindingsError, UsageError
from amends.reading import BadFile, Result, format_of, read_mapped, read_native
from amends.records import Record
from amends_engine.events import Broken, EntityProfile, Event, Profile
from amends_engine.sources import Source
from amends_engine.sources.parts import Format, Gives
from amends_engine.workspace import Workspace

if TYPE_CHECKING:
    from amends_store.store import Store

BATCH = 500
SHOWN = 10

Records: TypeAlias = Sequence[Record[Result]]
Advance: TypeAlias = Callable[[int], None]
"""Told how many bytes of the current file have been read."""


@dataclass(frozen=True, slots=True)
class BrokenLine:
    file: str
    line: int
    reason: str


@dataclass
class IntakeCounts:
    """What became of the records of some files.

    broken: the first ten that could not be read; conflicts: the first ten that say something else under a known id;
    empty: files without a record; erased: of people who were erased since.
    """

    read: int = 0
    accepted: int = 0
    duplicate: int = 0
    conflict: int = 0
    quarantined: int = 0
    erased: int = 0
    broken: list[BrokenLine] = field(default_factory=list)
    conflicts: list[BrokenLine] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)

    def count_broken(self, file: str, line: int, reason: str) -> None:
        self.quarantined += 1
        if len(self.broken) < SHOWN:
            self.broken.append(BrokenLine(file, line, reason))

    def count_conflict(self, file: str, line: int, key: str) -> None:
        self.conflict += 1
        if len(self.conflicts) < SHOWN:
            reason = f"the event {key} is known already and said something else then; the first one counts"
            self.conflicts.append(BrokenLine(file, line, reason))


class Sink(Protocol):
    """Where the records of a file go, a batch at a time."""

    def take(self, file: str, batch: Records, counts: IntakeCounts) -> None: ...


def source_for(path: Path, workspace: Workspace, name: str | None, gives: Gives, entity: str = "") -> Source | None:
    """The mapping to read a file with; None reads it as native events. Raises UsageError if it is not clear.

    entity: of which one, where the rows are profiles of entities.
    """
    if not path.exists():
        raise UsageError(f"{path} is not there")
    if not _is_text(path.name):
        raise UsageError(f"the name of {path.name!a} is not UTF-8, so it cannot be kept; rename the file")
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name the files in it")
    form = format_of(path)
    if name:
        return _named(workspace, name, form, entity or gives.value)
    if form is None:
        raise UsageError(f"{path} does not say what it is; end its name in .csv, .json or .jsonl, or add --source NAME")
    if gives is Gives.EVENT and form in {Format.JSON, Format.JSONL}:
        return None
    wanted = entity or gives.value
    fitting = [one for one in workspace.sources.values() if given_by(one) == wanted and one.format is form]
    if len(fitting) != 1:
        names = ", ".join(sorted(one.name for one in fitting)) or "none"
        raise UsageError(f"{path} needs a mapping: add --source NAME (fitting in this workspace: {names})")
    return fitting[0]


def _is_text(name: str) -> bool:
    return name == name.encode("utf-8", "replace").decode()


def given_by(source: Source) -> str:
    """event, customer, or the name of an entity."""
    return source.entity or source.gives.value


def _named(workspace: Workspace, name: str, form: Format | None, wanted: str) -> Source:
    source = workspace.sources.get(name)
    if source is None:
        known = ", ".join(sorted(workspace.sources)) or "none"
        raise UsageError(f"there is no source {name}; this workspace has {known}")
    if given_by(source) != wanted:
        raise UsageError(f"the source {name} gives {given_by(source)}s, not {wanted}s")
    if form not in {None, source.format}:
        raise UsageError(f"the source {name} reads {source.format.value}, and the file is named .{form}")
    return source


def read_records(path: Path, workspace: Workspace, source: Source | None, now: datetime) -> Iterator[Record[Result]]:
    """The records of one file; raises UsageError or FindingsError when it cannot be read at all."""
    try:
        if source:
            yield from read_mapped(path, source, now)
        else:
            yield from read_native(path, workspace.fields, now)
    except BadFile as error:
        raise FindingsError(error.findings, {}) from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error


def take_file(file: str, records: Iterable[Record[Result]], sink: Sink, counts: IntakeCounts, advance: Advance) -> None:
    """Hand every record of a file to the sink."""
    stream = iter(records)
    before = counts.read
    while batch := list(islice(stream, BATCH)):
        counts.read += len(batch)
        sink.take(file, batch, counts)
        advance(batch[-1].end)
    if counts.read == before:
        counts.empty.append(file)


@dataclass(frozen=True)
class EventSink:
    """Commits events, and keeps what is broken with its reason."""

    store: "Store"
    source: str
    now: datetime

    def take(self, file: str, batch: Records, counts: IntakeCounts) -> None:
        from amends_store.types import Incoming

        events = [(record, record.value) for record in batch if isinstance(record.value, Event)]
        incoming = [Incoming(event, record.raw, f"{file}:{record.line}", self.now) for record, event in events]
        for (record, event), acceptance in zip(events, self.store.accept(incoming), strict=True):
            if acceptance.kind.value == "conflict":
                counts.count_conflict(file, record.line, event.key)
            else:
                _count(counts, acceptance.kind.value)
        quarantine(self.store, self.source, file, batch, counts)


def _count(counts: IntakeCounts, reception: str) -> None:
    if reception == "new":
        counts.accepted += 1
    elif reception == "erased":
        counts.erased += 1
    else:
        counts.duplicate += 1


@dataclass(frozen=True)
class ProfileSink:
    """Stores what a source says about customers. accepted counts new and changed customers."""

    store: "Store"
    source: str

    def take(self, file: str, batch: Records, counts: IntakeCounts) -> None:
        found = self.store.put_profiles([one.value for one in batch if isinstance(one.value, Profile)])
        counts.accepted += found.new + found.changed
        counts.duplicate += found.unchanged
        counts.erased += found.erased
        quarantine(self.store, self.source, file, batch, counts)


@dataclass(frozen=True)
class EntitySink:
    """The same for flights, or whatever else events are about."""

    store: "Store"
    source: str

    def take(self, file: str, batch: Records, counts: IntakeCounts) -> None:
        found = self.store.put_entity_profiles([one.value for one in batch if isinstance(one.value, EntityProfile)])
        counts.accepted += found.new + found.changed
        counts.duplicate += found.unchanged
        quarantine(self.store, self.source, file, batch, counts)


@dataclass(frozen=True)
class CountingSink:
    """Counts without storing, for rehearsals; events are also handed to collect."""

    collect: Callable[[Event], object] = lambda _event: None

    def take(self, file: str, batch: Records, counts: IntakeCounts) -> None:
        for record in batch:
            if isinstance(record.value, Broken):
                counts.count_broken(file, record.line, record.value.reason)
            else:
                counts.accepted += 1
                if isinstance(record.value, Event):
                    self.collect(record.value)


def quarantine(store: "Store", source: str, file: str, batch: Records, counts: IntakeCounts) -> None:
    from amends_store.types import Quarantined

    broken = [(record, record.value.reason) for record in batch if isinstance(record.value, Broken)]
    for record, reason in broken:
        counts.count_broken(file, record.line, reason)
    store.quarantine([Quarantined(source, file, record.line, reason, record.raw) for record, reason in broken])
