"""How long authors wait: whole processes of check, test, why and a dry run, on ready-made rules and on 500."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

RULES = 500
_IN_A_FILE = 50
_ROUNDS = 5
_PACKS = Path(__file__).parents[1] / "rules"
_COMPLAINT = {
    "id": "e1",
    "type": "complaint.received",
    "customer": {"id": "c1", "tier": "basic"},
    "source": "app",
    "time": "2026-03-01T12:00:00Z",
    "data": {"flight_id": "NW118-2026-03-02", "flight": "NW 118", "comment": "Nobody told us anything at the gate."},
}
_TIERS = ("basic", "silver", "gold", "platinum")
_STEPS = ("email: {template: apology}", 'slack: {to: "#cx", card: alert}', "voucher: {value: 25 EUR, from: recovery}")

_COMPANY = {
    "workspace.yaml": "version: 1\ncompany: Northwind\ncurrency: EUR\ntimezone: Europe/Berlin\nlanguage: en\n",
    "fields.yaml": """version: 1
entities:
  customer:
    fields:
      name: {type: text, personal: true, fallback: there}
      email: {type: text, personal: true}
      language: text
      tier: one of [basic, silver, gold, platinum]
      spend_365d: money
events:
  feedback.received:
    means: Somebody said what they think
    fields:
      nps: whole number from 0 to 10
      comment: text
      route: text
""",
    "definitions.yaml": """version: 1
definitions:
  detractor:
    means: Gave us 0 to 6
    owner: cx
    if:
      - feedback.nps: {at_most: 6}
budgets:
  recovery: {limit: 400000 EUR per week}
""",
    "templates/apology.en.md": "---\nkind: email\nsubject: Sorry\npurpose: service\n---\nDear {{ customer.name }}\n",
    "templates/alert.en.md": "---\nkind: card\ntitle: Look at this\n---\n{{ rule.why }}\n",
}


def write_company(folder: Path, count: int) -> None:
    """A workspace of so many live rules, each with one test, in files of fifty rules."""
    for name, text in _COMPANY.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for start in range(0, count, _IN_A_FILE):
        numbers = range(start, min(start + _IN_A_FILE, count))
        parts = ["version: 1\nrules:\n", *map(_rule, numbers), "tests:\n", *map(_test, numbers)]
        (folder / f"rules-{start:04}.yaml").write_text("".join(parts))


def _rule(number: int) -> str:
    return f"""  - id: rule-{number}
    why: The customers of route {number} are looked after
    owner: cx
    status: live
    when: {{event: feedback.received}}
    if:
      - is: detractor
      - feedback.route: R{number}
      - any:
          - customer.tier: {_TIERS[number % 4]}
          - customer.spend_365d: {{more_than: {number + 1} EUR}}
    then:
      - {_STEPS[number % 3]}
    limits: {{per_customer: 1 per 30d}}
    group: group-{number % 100}
    priority: {number % 1000}
"""


def _test(number: int) -> str:
    return f"""  - name: route {number}
    customer: {{id: c{number}, tier: {_TIERS[number % 4]}}}
    event: {{type: feedback.received, nps: {number % 7}, route: R{number}}}
    expect: {{rule: rule-{number}}}
"""


def main(is_full: bool) -> None:
    print(f"## What authors wait for: whole processes, the best of {_ROUNDS}\n")
    print("| command | seconds | seconds of CPU |\n|---|--:|--:|")
    with tempfile.TemporaryDirectory() as name:
        for title, words in _commands(Path(name), 10 * RULES if is_full else RULES):
            walls, cpus = zip(*(_timed(words) for _ in range(_ROUNDS)), strict=True)
            print(f"| `amends {words[0]}` {title} | {min(walls):.2f} | {min(cpus):.2f} |", flush=True)


def _commands(folder: Path, count: int) -> Iterator[tuple[str, list[str]]]:
    """Each with what it works on."""
    large, airline, retail = (folder / name for name in ("large", "airline", "retail"))
    write_company(large, count)
    copytree(_PACKS / "airline", airline)
    copytree(_PACKS / "retail", retail)
    event = folder / "event.jsonl"
    event.write_text(json.dumps(_COMPLAINT))
    reviews = retail / "data" / "clothing_reviews_1000.csv"
    yield "on the airline", ["check", "-w", str(airline)]
    yield "on the airline", ["test", "-w", str(airline)]
    yield "for an event of the airline in a file", ["why", str(event), "-w", str(airline)]
    dry = ["run", str(reviews), "--source", "shop-reviews", "--dry-run", "-w", str(retail)]
    yield "`--dry-run` on the 1,000 reviews", dry
    yield f"on {count} rules", ["check", "-w", str(large)]
    yield f"on {count} rules with a test each", ["test", "-w", str(large)]


def _timed(words: list[str]) -> tuple[float, float]:
    """Wall time and CPU time of one process."""
    command = [str(Path(sys.executable).with_name("amends")), *words]
    before, began = os.times(), time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    after = os.times()
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.monotonic() - began, cpu
