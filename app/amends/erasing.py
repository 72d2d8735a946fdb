"""One person leaves: rows, previews, bytes in files, and a note for restores. Every step can be taken again."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from amends.atomic import write_atomically
from amends.bootstrap import now, opened_store
from amends.errors import AmendsError, UsageError
from amends.files import load_workspace
from amends.settings import Settings
from amends_connectors.preview import file_name
from amends_connectors.preview_index import write_index
from amends_engine.fields import Fields
from amends_store.backing_up import put_aside
from amends_store.compacting import compact
from amends_store.erasing import Erased, Order, Standing
from amends_store.errors import StoreError
from amends_store.people import Erasure, Person, is_contact
from amends_store.store import Store, open_store
from amends_store.traces import Words

TOMBSTONES = "erased.jsonl"
_ON_THE_WIRE = timedelta(seconds=40)
_AT_ONCE = 4 * 1024 * 1024


class Unknown(AmendsError):
    """Nobody of that name; exit 1."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a command was asked to do."""

    name: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """erased_at: of one who was erased before; elsewhere: rows of others that named the person.

    troubles: where something of the person is still, each with the remedy.
    """

    before: Standing | None
    elsewhere: int = 0
    previews: int = 0
    erased_at: datetime | None = None
    troubles: tuple[str, ...] = ()


def whom(store: Store, name: str) -> Person | None:
    """None if nobody has that name now; raises UsageError if several have it."""
    found = store.find_people(name)
    if len(found) > 1:
        listed = ", ".join(found[:10]) + (", …" if len(found) > 10 else "")
        raise UsageError(f"{name} means {len(found)} customers: {listed}; name one of them by the id")
    return store.person(found[0]) if found else None


def foresee(settings: Settings, name: str) -> Report:
    """What an erasure would do; raises Unknown."""
    with opened_store(settings) as store:
        person = whom(store, name)
        if person is None:
            return Report(None, erased_at=_erased_before(store, name).erased_at)
        others = store.named_by_others(person)
        effects = set(store.effects_done_for(person.customer_id))
        return Report(store.standing_of(person.customer_id), others, len(previews_of(settings, effects)))


def erase(settings: Settings, wish: Wish) -> Report:
    """Raises Unknown, and AmendsError while something is on the wire."""
    with opened_store(settings) as store:
        person = whom(store, wish.name)
        if person is None:
            known = _erased_before(store, wish.name)
            names, effects = _names_alone(wish.name), set(store.effects_of_erased(known.customer_hash))
            report = Report(None, erased_at=known.erased_at)
        else:
            _refuse_to_name(person, wish)
            names = person.names
            done = _erase_in(store, person, wish, _fields(settings))
            report, effects = Report(done.before, done.others), set(done.effect_ids)
        previews = _clear_outbox(settings, effects, Words(names))
        _write_tombstones(settings, store.erasures())
    aside = _erase_aside(settings, person, wish) if person else []
    left = list(_left(settings, names))
    return replace(report, previews=previews, troubles=(*aside, *left))


def heed_tombstones(settings: Settings, by: str) -> int:
    """After a restore: erases again those who were erased since the backup; how many of them it had."""
    told = _read_tombstones(settings)
    for address in put_aside(settings.database_url):
        with suppress(StoreError), _opened(address) as old:
            told += old.erasures()
    with opened_store(settings) as store:
        ids = store.heed(told)
        for customer_id in ids:
            wish = Wish(customer_id, by, "erased before the restore")
            done = _erase_in(store, store.person(customer_id), wish, _fields(settings))
            _clear_outbox(settings, set(done.effect_ids), Words(()))
        _write_tombstones(settings, store.erasures())
    if ids:
        compact(settings.database_url)
    return len(ids)


def _erased_before(store: Store, name: str) -> Erasure:
    known = store.erasure_of(name)
    if known is None:
        raise Unknown(f"nobody here is known as {name}; name a customer by the id, an e-mail address or a number")
    return known


def _refuse_to_name(person: Person, wish: Wish) -> None:
    if Words((*person.names, person.customer_id, *_names_alone(wish.name))).are_in(wish.reason):
        raise UsageError("the reason names the person and would stay in the audit chain; write it without")


def _names_alone(name: str) -> tuple[str, ...]:
    return (name.strip(),) if is_contact(name.strip()) else ()


def _fields(settings: Settings) -> Fields | None:
    """None where the workspace cannot be read: that must not keep anybody from being erased."""
    try:
        return load_workspace(settings).fields
    except AmendsError:
        return None


def _erase_in(store: Store, person: Person, wish: Wish, fields: Fields | None) -> Erased:
    """Waits for what is on the wire."""
    until = time.monotonic() + _ON_THE_WIRE.total_seconds()
    first: Standing | None = None
    while True:
        order = Order(person, wish.by, wish.reason, store.traces_of(person.names), fields)
        done = store.erase(order)
        first = first or done.before
        if done.on_the_wire_until is None:
            return replace(done, before=first)
        if time.monotonic() > until:
            raise AmendsError(
                "something is being sent to the person at this moment; all else is stopped, nothing is erased yet: "
                f"erase again after {done.on_the_wire_until:%H:%M:%S} UTC"
            )
        time.sleep(0.5)


def _erase_aside(settings: Settings, person: Person, wish: Wish) -> list[str]:
    """In the databases that restores have put aside; what went wrong."""
    troubles: list[str] = []
    for address in put_aside(settings.database_url):
        try:
            with _opened(address) as store:
                if store.find_people(person.customer_id) == [person.customer_id]:
                    _erase_in(store, store.person(person.customer_id), wish, _fields(settings))
            compact(address)
        except (StoreError, AmendsError) as error:
            troubles.append(f"what a restore put aside could not be erased in, delete it: {_end_of(address)} ({error})")
    return troubles


def _end_of(address: str) -> str:
    return address.rpartition("=" if "search_path" in address else "/")[2]


class _opened:  # noqa: N801 - reads as a word
    """A store that is closed at the end of the block."""

    def __init__(self, address: str) -> None:
        self._store = open_store(address, clock=now)

    def __enter__(self) -> Store:
        return self._store

    def __exit__(self, *_: object) -> None:
        self._store.close()


def previews_of(settings: Settings, effects: set[str]) -> list[Path]:
    """Files of these effects, drafts of a program that was killed among them."""
    names = {file_name(effect) for effect in effects}
    return [file for file in _files(settings.outbox) if file.name.lstrip(".").partition(".")[0] in names]


def _files(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted(folder.rglob("*")) if path.is_file())


def _clear_outbox(settings: Settings, effects: set[str], words: Words) -> int:
    """How many files went; previews for others are kept without the names."""
    if not settings.outbox.is_dir():
        return 0
    gone = previews_of(settings, effects)
    for file in gone:
        file.unlink(missing_ok=True)
    for file in _files(settings.outbox):
        content = file.read_bytes()
        changed = words.without(content, "erased")
        if file.parent != settings.outbox and isinstance(changed, bytes) and changed != content:
            file.write_bytes(changed)
    write_index(settings.outbox)
    return len(gone)


def _write_tombstones(settings: Settings, known: list[Erasure]) -> None:
    """Beside the database and not in it: a backup from before an erasure does not know of it."""
    newest: dict[str, Erasure] = {}
    for one in sorted([*_read_tombstones(settings), *known], key=lambda each: each.erased_at):
        newest[one.name_hash] = one
    lines = [
        json.dumps({"name": one.name_hash, "customer": one.customer_hash, "erased_at": one.erased_at.isoformat()})
        for one in newest.values()
    ]
    if lines:
        write_atomically(settings.home / TOMBSTONES, "".join(f"{line}\n" for line in lines).encode())


def _read_tombstones(settings: Settings) -> list[Erasure]:
    file = settings.home / TOMBSTONES
    if not file.is_file():
        return []
    try:
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        return [Erasure(row["name"], row["customer"], datetime.fromisoformat(row["erased_at"])) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{file} cannot be read ({type(error).__name__}); put back a copy of it") from error


def _left(settings: Settings, names: tuple[str, ...]) -> Iterator[str]:
    """Writes the database anew, and looks whether anything is left of the person."""
    if trouble := compact(settings.database_url).trouble:
        yield f"bytes may be left in the database: {trouble}; erase again"
    words = Words(names)
    with opened_store(settings) as store:
        rows = [f"{one.table} {', '.join(map(str, one.key.values()))}" for one in store.traces_of(names)]
    if rows:
        yield f"rows that were written meanwhile name the person: {'; '.join(rows[:5])}; erase again"
    for file in _files(settings.home):
        if not file.name.startswith("amends.db") and _holds(file, words):
            yield f"{file} names the person; delete it, or take the person out of it"


def _holds(file: Path, words: Words) -> bool:
    """Whether the bytes of a name are in the file, whatever stands around them."""
    needles = [needle.encode() for needle in words.needles]
    keep = max(map(len, needles), default=1)
    before = b""
    with suppress(OSError), file.open("rb") as stream:
        while chunk := stream.read(_AT_ONCE):
            text = before + chunk.lower()
            if any(needle in text for needle in needles):
                return True
            before = text[-keep:]
    return False
