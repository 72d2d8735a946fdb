"""Every name that the rules of a workspace can use, with what it means; read without the rules themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from amends_engine.calendar_reading import read_calendars
from amends_engine.calendars import Calendar
from amends_engine.condition_reading import Scope, find_field, read_conditions
from amends_engine.definitions import read_dictionary
from amends_engine.documents import Node, load
from amends_engine.field_reading import read_fields
from amends_engine.fields import Field, Fields
from amends_engine.findings import Finding, Place
from amends_engine.reading import Reading
from amends_engine.staff import Staff
from amends_engine.staff_reading import read_staff
from amends_engine.steps import StepKind
from amends_engine.templates import Templates, read_templates


@dataclass(frozen=True)
class Vocabulary:
    """templates: meanings by name, by kind ("email", "card"); budgets: meanings by name; definitions as they stand."""

    fields: Fields
    kinds: Mapping[str, StepKind]
    definitions: Mapping[str, Node]
    budgets: Mapping[str, str]
    templates: Mapping[str, Mapping[str, str]]
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    staff: Staff = field(default_factory=Staff)

    def readable(self, event_type: str | None) -> dict[str, Field]:
        """The names a condition on such an event can begin with: those that the parser finds. None: of any event."""
        kind = self.fields.events.get(event_type or "")
        names = self.fields.names(event_type)
        own = f"{kind.prefix}." if kind else "event."
        aliases = [f"event.{name.removeprefix(own)}" for name in names if name.startswith(own)]
        scope, nowhere = self._scope(event_type), Place("")
        found = {name: find_field(name, nowhere, scope) for name in [*names, *aliases]}
        return {**({} if kind else self._aliases()), **{name: known for name, known in found.items() if known}}

    def _aliases(self) -> dict[str, Field]:
        """`event.nps` where the event is not known: of whichever carries it."""
        fields = (known for kind in self.fields.events.values() for known in kind.fields.values())
        return {f"event.{known.short_name}": known for known in fields}

    def usable(self, event_type: str | None) -> dict[str, str]:
        """The definitions whose fields such an event carries, with what they mean."""
        return {name: _describe(node) for name, node in self.definitions.items() if self._fits(name, event_type)}

    def _fits(self, name: str, event_type: str | None) -> bool:
        scope = self._scope(event_type, name)
        read_conditions(self.definitions[name].get("if"), scope, "if")
        return all(finding.code != "field-not-here" for finding in scope.reading.findings)

    def _scope(self, event_type: str | None, *inside: str) -> Scope:
        return Scope(Reading(self.fields, self.kinds, self.definitions), (event_type,) if event_type else (), inside)


def read_vocabulary(
    files: Mapping[str, bytes], kinds: Mapping[str, StepKind]
) -> tuple[Vocabulary | None, list[Finding]]:
    """From the files of a workspace; None if fields.yaml or definitions.yaml cannot be read. Rules may be broken."""
    findings: list[Finding] = []
    known, dictionary = (_mapping(files, name, findings) for name in ("fields.yaml", "definitions.yaml"))
    fields = read_fields(known, findings) if known else Fields()
    if dictionary:
        read_dictionary(dictionary, findings)
    if any(finding.is_error for finding in findings):
        return None, findings
    calendars = _calendars(files)
    texts = {name: raw for name, raw in files.items() if name.startswith("templates/")}
    templates, _ = read_templates(texts, fields, "en")
    return (
        Vocabulary(
            fields,
            kinds,
            _members(dictionary, "definitions"),
            {name: _describe_budget(node) for name, node in _members(dictionary, "budgets").items()},
            {kind: _describe_templates(templates, kind) for kind in ("email", "card")},
            calendars,
            _staff(files, calendars),
        ),
        findings,
    )


def _mapping(files: Mapping[str, bytes], name: str, findings: list[Finding]) -> Node | None:
    if name not in files:
        if name == "fields.yaml":
            findings.append(Finding("missing-file", f"{name} is not there", Place(name), f"write {name}"))
        return None
    node, wrong = load(files[name], name)
    findings.extend(wrong)
    return node


def _calendars(files: Mapping[str, bytes]) -> dict[str, Calendar]:
    """What is wrong in workspace.yaml is no hindrance, and zones do not matter here."""
    root, _ = load(files.get("workspace.yaml", b""), "workspace.yaml")
    return read_calendars(root.get("calendars") if root else None, _UTC, lambda _node, _findings: _UTC, [])


def _staff(files: Mapping[str, bytes], calendars: Mapping[str, Calendar]) -> Staff:
    root, _ = load(files.get("workspace.yaml", b""), "workspace.yaml")
    return read_staff(root, calendars, []) if root else Staff()


_UTC = ZoneInfo("UTC")


def _members(root: Node | None, name: str) -> Mapping[str, Node]:
    node = root.get(name) if root else None
    return node.fields if node else {}


def _describe(node: Node) -> str:
    owner = node.get("owner")
    return _text(node, "means") + (f" (owner: {owner.text})" if owner else "")


def _describe_budget(node: Node) -> str:
    parts = (_text(node, "means"), _text(node, "limit"), _text(node, "per_customer"))
    return "; ".join(f"{part} for one customer" if part is parts[2] else part for part in parts if part)


def _text(node: Node, name: str) -> str:
    given = node.get(name)
    return given.text if given else ""


def _describe_templates(templates: Templates, kind: str) -> dict[str, str]:
    return {name: f"in {', '.join(sorted(templates.by_name.get(name, {})))}" for name in templates.names(kind)}
