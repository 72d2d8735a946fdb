"""Rules to say and to draw: those of tests/rules/valid and of the ready-made workspaces, each with its words."""

from functools import cache
from pathlib import Path

from tests.engine.conftest import FILES, KINDS, read

from amends_connectors.registry import kinds
from amends_engine.definitions import read_dictionary
from amends_engine.documents import load
from amends_engine.rules import Rule
from amends_engine.saying import Lexicon, Meaning, meanings_of
from amends_engine.workspace import read_workspace

ROOT = Path(__file__).parents[2]
VALID = ROOT / "tests" / "rules" / "valid"
PACKS = ("airline", "retail", "telecom")
Spoken = tuple[Rule, Lexicon]

SHOWN = (
    "premium-detractor",
    "every-condition",
    "downgrade-opens-case",
    "downgrade-complaint",
    "complaint-repeated",
    "refund-requested",
)
"""The rules whose sentences and pictures stand in tests/rules/said and tests/rules/drawn."""


def meanings(definitions: bytes) -> dict[str, Meaning]:
    root, _ = load(definitions, "definitions.yaml")
    assert root
    return meanings_of(read_dictionary(root, []).definitions)


def spoken(rules: str | bytes, **files: str) -> Spoken:
    """The first rule of a file in the company of conftest.py."""
    return spoken_rules(rules, **files)[0]


def spoken_rules(rules: str | bytes, **files: str) -> list[Spoken]:
    workspace, findings = read(rules, **files)
    assert workspace, findings
    written = files.get("definitions", FILES["definitions.yaml"])
    lexicon = Lexicon(workspace.fields, KINDS, meanings(written.encode()))
    return [(rule, lexicon) for rule in workspace.rules]


def one_rule(conditions: str = "", then: str = "- email: {template: apology}", event: str = "feedback.received") -> str:
    """A rule file: conditions and steps as the lists that stand behind `if:` and `then:`."""
    lines = [
        "version: 1", "rules:", "  - id: a-rule", "    why: Because", "    owner: cx", f"    when: {{event: {event}}}",
        *(["    if:", *(f"      {line}" for line in conditions.splitlines())] if conditions else []),
        "    then:", *(f"      {line}" for line in then.splitlines()),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


@cache
def pack_rules() -> tuple[Spoken, ...]:
    return tuple(pair for pack in PACKS for pair in _pack(pack))


def _pack(name: str) -> list[Spoken]:
    folder = ROOT / "rules" / name
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*")}
    workspace, findings = read_workspace(
        {name: raw for name, raw in files.items() if name.endswith((".yaml", ".md"))}, kinds()
    )
    assert workspace, findings
    lexicon = Lexicon(workspace.fields, kinds(), meanings(files["definitions.yaml"]))
    return [(rule, lexicon) for rule in workspace.rules]


@cache
def all_rules() -> dict[str, Spoken]:
    """By id; a rule of tests/rules/valid goes before one of a workspace."""
    valid = [pair for path in sorted(VALID.glob("*.yaml")) for pair in spoken_rules(path.read_bytes())]
    return {rule.id: (rule, lexicon) for rule, lexicon in (*pack_rules(), *valid)}
