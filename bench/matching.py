"""Which rules does one event match? Ours and other engines on one workload, each in a process of its own.

Times are CPU microseconds for one event, the best of several passes over the same events, with each event made in the
form that the engine takes before the clock starts. Every engine must give the same matches as the evaluator, or the
benchmark fails.
"""

import gc
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import mean
from typing import Any

import ours
import peers
from workload import Conditions, Event, Match, make_events, make_rules

SIZES = (10, 100, 1_000, 10_000, 100_000)
EVENTS = 100
PATIENCE = 2.0
_TICKS = 0.0005
_RESULT = "measured: "


@dataclass(frozen=True, slots=True)
class Engine:
    """load: rules to a match function; most: as many rules as it is given without and with --full."""

    title: str
    load: Callable[[Sequence[Conditions]], Match]
    most: tuple[int, int]
    module: str
    prepare: Callable[[Event], Any] = dict
    numbers: Callable[[Iterable[Any]], Iterable[int]] = sorted


OURS, ANSWERS, EVALUATOR, TUNED = "ours", "answers", "evaluator", "clips-tuned"
_HERE = ("amends_engine", ours.facts_of, ours.numbers_of)


def _parsing(module: str, title: str) -> Engine:
    load = partial(ours.load_parsing, module)
    return Engine(
        f"Amends, and JSON parsing, {title}", load, (100_000,) * 2, module, ours.text_and_facts, ours.numbers_of
    )


OWN = {
    OURS: Engine("**Amends**", ours.load_index, (100_000, 100_000), *_HERE),
    "json": _parsing("json", "standard library"),
    "msgspec": _parsing("msgspec", "msgspec"),
    ANSWERS: Engine("Amends, the unknown rules too", ours.load_answers, (100_000, 100_000), *_HERE),
    EVALUATOR: Engine("Amends, each rule asked", ours.load_evaluator, (10_000, 100_000), *_HERE),
}
PEERS = {
    "clips": Engine("CLIPS (clipspy)", peers.load_clips, (10_000, 100_000), "clips"),
    TUNED: Engine("CLIPS, tuned by hand", peers.load_clips_tuned, (10_000, 100_000), "clips"),
    "zen": Engine("ZEN (zen-engine)", peers.load_zen, (10_000, 100_000), "zen"),
    "cel": Engine("CEL in Rust (common-expression-language)", peers.load_cel, (10_000, 100_000), "cel"),
    "business-rules": Engine("business-rules", peers.load_business_rules, (1_000, 10_000), "business_rules"),
    "rule-engine": Engine("rule-engine", peers.load_rule_engine, (1_000, 10_000), "rule_engine"),
}
ENGINES = {**OWN, **PEERS}


@dataclass(frozen=True, slots=True)
class Measured:
    """micros for one event; matches: of the first events, as many as there was patience for."""

    micros: float
    load_seconds: float
    megabytes: float
    matches: list[list[int]]


def main(is_full: bool) -> None:
    print(_page(is_full))


def _page(is_full: bool) -> str:
    results = {name: _all_sizes(name, is_full) for name, engine in ENGINES.items() if _is_there(engine)}
    _check(results)
    sizes = [size for size in SIZES if size in results[OURS]]
    tables = (_times(results, sizes), _ratios(results, sizes), _loads(results), _words(), _changes())
    return "\n\n".join((_INTRODUCTION.format(command=_command(is_full), machine=_machine()), *tables))


def _is_there(engine: Engine) -> bool:
    if find_spec(engine.module):
        return True
    _say(f"{engine.title} is not installed and is left out; the dependency group bench has it")
    return False


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _all_sizes(name: str, is_full: bool) -> dict[int, Measured]:
    found = {size: _in_a_process(name, size) for size in SIZES if size <= ENGINES[name].most[is_full]}
    return {size: measured for size, measured in found.items() if measured}


def _in_a_process(name: str, size: int) -> Measured | None:
    words = [sys.executable, __file__, name, str(size)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        _say(f"{name} with {size:,} rules failed: {done.stderr.strip().splitlines()[-1:]}")
        return None
    # CLIPS has something to say to stdout when it goes
    [line] = (line for line in done.stdout.splitlines() if line.startswith(_RESULT))
    measured = Measured(*json.loads(line.removeprefix(_RESULT)))
    _say(f"{name} {size:,} rules: {measured.micros:,.1f} µs, load {measured.load_seconds:.2f} s")
    return measured


def _measure(name: str, size: int) -> Measured:
    engine, rules = ENGINES[name], make_rules(size)
    events = [engine.prepare(event) for event in make_events(EVENTS)]
    gc.collect()
    before, start = _resident(), time.process_time()
    match = engine.load(rules)
    load_seconds = time.process_time() - start
    gc.collect()
    megabytes = (_resident() - before) / 1e6
    matches = [sorted(set(engine.numbers(found))) for found in _patiently(match, events)]
    return Measured(_micros(match, events[: len(matches)]), load_seconds, megabytes, matches)


def _resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _patiently(match: Match, events: Sequence[Any]) -> Iterable[Iterable[Any]]:
    """The matches of at least three events, and of more while there is time."""
    start = time.process_time()
    for place, event in enumerate(events):
        if place >= 3 and time.process_time() - start > PATIENCE:
            return
        yield match(event)


def _micros(match: Match, events: Sequence[Any]) -> float:
    """CPU microseconds for one event: the best of several passes, each long enough for the clock."""
    best, started, rounds = float("inf"), time.process_time(), 1
    while time.process_time() - started < PATIENCE or best == float("inf"):
        took = _pass(match, events, rounds)
        if took < _TICKS:
            rounds *= 2
        else:
            best = min(best, took / rounds)
    return best / len(events) * 1e6


def _pass(match: Match, events: Sequence[Any], rounds: int) -> float:
    start = time.process_time()
    for _ in range(rounds):
        for event in events:
            match(event)
    return time.process_time() - start


def _check(results: dict[str, dict[int, Measured]]) -> None:
    """Every engine gives the matches of ours; ours those of the evaluator, which is one of them."""
    for name, sizes in results.items():
        for size, measured in sizes.items():
            if measured.matches != results[OURS][size].matches[: len(measured.matches)]:
                sys.exit(f"{name} does not give the same matches with {size:,} rules")


def _command(is_full: bool) -> str:
    return "python bench/run.py matching --full" if is_full else "make bench"


def _machine() -> str:
    """In plain words; the benchmark keeps to one of the cores."""
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


_INTRODUCTION = """\
# How fast rules are matched

Made by `{command}` on a machine with {machine}; one core is used.
Absolute times differ from machine to machine, and on a shared one from minute to minute; ratios of one run hold.

How the index works is told where it lives, in `engine/amends_engine/matching/`.

The workload is seeded (`bench/workload.py`): events of about 520 bytes and 26 fields, some missing at times; rules of 2
to 5 conditions in any order: equality, lists, thresholds, ranges, members of lists, words in a text, whether a value is
there, alternatives, negations. One condition of each rule is about a field with many values (route, station, product,
country, reason, campaign). All rules wait for the same event type, the worst case for us.

The clock starts with an event as a Python mapping, and stops when the list of the rules that match is there. Every
engine must find the same ones, or the benchmark fails. What is counted is the CPU time of the process, Python's garbage
collection included, and for an engine that keeps the event inside, putting it there and taking it out again: for CLIPS
about 35 microseconds at any number of rules. Types are made before the clock starts: ours gets money and times as such,
the others cents and seconds, which they can compare.

Every engine is given the same rules in the form that suits it: ZEN one decision table, CEL a context made once for each
event, CLIPS a fact whose activations are read from the agenda and not run, for running them adds nothing but time.
Conditions stay in the order in which they were written, as for ours. A Rete network depends on that order, and clipspy
prints each activation before it gives its name; so CLIPS is there once more, *tuned by hand*: the most selective
condition of each rule first, and the names read from the library below clipspy. Peers are installed by the dependency
group `bench`; one that is not installed is left out. Where a figure is missing, an event takes too long to wait for."""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (head, *rows)]
    return "\n".join((lines[0], "|---|" + "--:|" * (len(head) - 1), *lines[1:]))


def _times(results: dict[str, dict[int, Measured]], sizes: Sequence[int]) -> str:
    rows = [
        [f"JSON parsing alone, {name}: the lower bound", *[f"{micros:.1f}"] * len(sizes)] for name, micros in _parsers()
    ]
    for name, measured in results.items():
        rows.append([ENGINES[name].title, *(_figure(measured, size) for size in sizes)])
    matches = [mean(map(len, results[OURS][size].matches)) for size in sizes]
    rows.append(["rules that match an event, on average", *(f"{count:,.1f}" for count in matches)])
    return "## CPU microseconds for one event\n\n" + _table(("rules", *(f"{size:,}" for size in sizes)), rows)


def _figure(measured: dict[int, Measured], size: int) -> str:
    if size not in measured:
        return ""
    micros = measured[size].micros
    return f"{micros:,.1f}" if micros < 100 else f"{micros:,.0f}"


def _parsers() -> Iterable[tuple[str, float]]:
    texts = [json.dumps(event).encode() for event in make_events(EVENTS)]
    for module, parser in ours.PARSERS.items():
        if find_spec(module):
            yield "standard library" if module == "json" else module, _micros(parser(), texts)


def _ratios(results: dict[str, dict[int, Measured]], sizes: Sequence[int]) -> str:
    rows = []
    for name in (EVALUATOR, *PEERS):
        measured = results.get(name, {})
        shown = (measured[size].micros / results[OURS][size].micros if size in measured else None for size in sizes)
        rows.append([ENGINES[name].title, *("" if ratio is None else f"{ratio:,.0f}×" for ratio in shown)])
    as_written = [name for name in PEERS if name != TUNED]
    rows.append(["**the fastest peer**", *(_fastest(results, as_written, size) for size in sizes)])
    rows.append(["**the fastest peer, tuned by hand**", *(_fastest(results, [*PEERS], size) for size in sizes)])
    head = ("rules", *(f"{size:,}" for size in sizes))
    return "## Times as long as Amends\n\n" + _table(head, [row for row in rows if any(row[1:])])


def _fastest(results: dict[str, dict[int, Measured]], names: Iterable[str], size: int) -> str:
    found = [results[name][size].micros for name in names if size in results.get(name, {})]
    return f"**{min(found) / results[OURS][size].micros:,.0f}×**" if found else ""


def _loads(results: dict[str, dict[int, Measured]]) -> str:
    size = 10_000
    found = {
        name: measured[size]
        for name, measured in results.items()
        if size in measured and name in (OURS, EVALUATOR, *PEERS)
    }
    rows = [[ENGINES[name].title, f"{one.load_seconds:.2f}", f"{one.megabytes:.0f}"] for name, one in found.items()]
    head = (f"{size:,} rules", "seconds to load", "megabytes")
    text = "Ours holds the rules themselves too, with every condition as written, to explain them."
    return f"## Loading\n\n{text}\n\n{_table(head, rows)}"


def _words() -> str:
    """Rules that each look for a word of their own in a text of 40 words, two of which are looked for."""
    plain = " ".join(f"plain{number}" for number in range(38))
    facts = {"feedback.comment": f"{plain} word3 word7"}
    sizes = (10, 100, 1_000, 10_000)
    rows = []
    for is_indexed, title in ((True, "**Amends**"), (False, "Amends, each rule asked")):
        micros = [_micros(ours.load_mentions(size, is_indexed=is_indexed), [facts]) for size in sizes]
        rows.append([title, *(f"{one:,.1f}" for one in micros)])
    text = "Each rule looks for a word of its own; the text has 40 words. CPU microseconds for one event."
    return f"## Many different words\n\n{text}\n\n" + _table(("rules", *(f"{size:,}" for size in sizes)), rows)


def _changes() -> str:
    rules = ours.rules_of(make_rules(10_000))
    rows = [(what, f"{_micros(act, [index]) / 1e3:,.1f}") for what, act, index in ours.changes(rules)]
    head = ("10,000 rules", "milliseconds")
    return f"## When one rule changes\n\n{_table(head, rows)}"


if __name__ == "__main__":
    one = _measure(sys.argv[1], int(sys.argv[2]))
    print(_RESULT + json.dumps([one.micros, one.load_seconds, one.megabytes, one.matches]))
