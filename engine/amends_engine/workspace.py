"""A workspace: every file of a company's rules, read and checked together. Bytes in, values and findings out."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from amends_engine.calendar_reading import read_calendars
from amends_engine.calendars import Calendar
from amends_engine.condition_reading import read_definition
from amends_engine.definitions import Budget, Dictionary, read_dictionary
from amends_engine.documents import Node, load
from amends_engine.field_reading import read_fields
from amends_engine.fields import Fields
from amends_engine.findings import Finding, Place, has_errors, in_reading_order
from amends_engine.plans import Json
from amends_engine.reading import Reading
from amends_engine.references import check_references
from amends_engine.rule_tests import RuleTest, check_test, read_test
from amends_engine.rules import Rule, read_rule, read_version
from amends_engine.shapes import RULE_FILE, WORKSPACE, check_shape
from amends_engine.sources import Source, read_source
from amends_engine.staff import Staff
from amends_engine.staff_reading import read_staff
from amends_engine.steps import StepKind
from amends_engine.templates import Templates, read_templates

_NAMED = ("workspace.yaml", "fields.yaml", "definitions.yaml")
_PLAIN = frozenset({"company", "currency", "language", "mail_from"})
_NOT_RULES = frozenset({"sources", "templates", "data"})


@dataclass(frozen=True)
class Profile:
    """workspace.yaml: who the company is and how it writes."""

    company: str = ""
    currency: str = "EUR"
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    language: str = "en"
    mail_from: str = ""
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    staff: Staff = field(default_factory=Staff)


@dataclass(frozen=True)
class Workspace:
    """Everything a company wrote, typed. Rules in file order; templates by name and language."""

    profile: Profile
    fields: Fields
    budgets: Mapping[str, Budget]
    templates: Templates
    sources: Mapping[str, Source]
    rules: tuple[Rule, ...]
    tests: tuple[RuleTest, ...]

    def rule(self, rule_id: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.id == rule_id), None)


@dataclass(frozen=True)
class Manuscript:
    """A workspace without errors beside the files it was read from: bytes, trees, definitions as nodes."""

    workspace: Workspace
    kinds: Mapping[str, StepKind]
    files: Mapping[str, bytes]
    roots: Mapping[str, Node | None]
    definitions: Mapping[str, Node]


Review: TypeAlias = Callable[[Manuscript], Iterable[Finding]]
"""What looks at a workspace once it is read without errors: linting.lint."""


def read_workspace(
    files: Mapping[str, bytes], kinds: Mapping[str, StepKind], review: Review | None = None
) -> tuple[Workspace | None, list[Finding]]:
    """Read all files (by path below the workspace); the workspace is None if any finding is an error.

    review: linting.lint where warnings are wanted; a program that only runs the rules does without.
    """
    findings = [_missing(name) for name in _NAMED[:2] if name not in files]
    # whoever looks them through needs all trees at once, which are ten times as large as what is read from them
    roots = {name: _load(files[name], name, findings) for name in _yaml_files(files) if review or not _has_rules(name)}
    profile = _read_profile(roots.get("workspace.yaml"), findings)
    known = roots.get("fields.yaml")
    fields = read_fields(known, findings, profile.language) if known else Fields()
    dictionary = _read_definitions(roots.get("definitions.yaml"), findings)
    templates, wrong = read_templates(_below(files, "templates"), fields, profile.language)
    findings.extend(wrong)
    if known is None:  # without fields every rule would only repeat that they are missing
        return None, in_reading_order(findings)
    sources = _read_sources(roots, fields, findings)
    reading = Reading(
        fields,
        kinds,
        dictionary.definitions,
        dictionary.budgets,
        _template_names(templates),
        calendars=profile.calendars,
        staff=profile.staff,
        language=profile.language,
        timezone=profile.timezone,
        findings=findings,
    )
    findings.extend(check_references(dictionary.definitions))
    for name, node in dictionary.definitions.items():
        read_definition(name, node, reading)
    named = (name for name in _yaml_files(files) if _has_rules(name))
    trees = (roots[name] if name in roots else _load(files[name], name, findings) for name in named)
    rules, tests = _read_rules(filter(None, trees), reading)
    workspace = Workspace(profile, fields, dictionary.budgets, templates, sources, rules, tests)
    if has_errors(findings):
        return None, in_reading_order(findings)
    if review:
        findings.extend(review(Manuscript(workspace, kinds, files, roots, dictionary.definitions)))
    return workspace, in_reading_order(findings)


def read_stored_rule(body: Json, workspace: Workspace, kinds: Mapping[str, StepKind]) -> Rule | None:
    """A rule of an earlier version; None if something that it names is gone."""
    templates = _template_names(workspace.templates)
    reading = Reading(
        workspace.fields,
        kinds,
        {},
        workspace.budgets,
        templates,
        calendars=workspace.profile.calendars,
        staff=workspace.profile.staff,
        language=workspace.profile.language,
        timezone=workspace.profile.timezone,
    )
    return read_version(body, reading)


def _missing(name: str) -> Finding:
    return Finding(
        "missing-file",
        f"{name} is not there",
        Place(name),
        f"write {name}; `amends init DIR` makes a workspace with one",
    )


def _yaml_files(files: Mapping[str, bytes]) -> Iterator[str]:
    return (
        name for name in sorted(files) if name.endswith((".yaml", ".yml")) and not _is_in(name, "templates", "data")
    )


def _is_in(name: str, *folders: str) -> bool:
    return PurePosixPath(name).parts[0] in folders


def _below(files: Mapping[str, bytes], folder: str) -> dict[str, bytes]:
    return {name: raw for name, raw in files.items() if _is_in(name, folder) and name.endswith(".md")}


def _load(raw: bytes, name: str, findings: list[Finding]) -> Node | None:
    node, wrong = load(raw, name)
    findings.extend(wrong)
    if node and not node.is_mapping:
        findings.append(
            Finding("wrong-type", "The file does not hold a mapping", node.place, "begin with `version: 1`")
        )
        return None
    return node


def _read_profile(root: Node | None, findings: list[Finding]) -> Profile:
    if root is None or not check_shape(root, WORKSPACE, "workspace.yaml", findings):
        return Profile()
    given = {name: node.text for name, node in root.fields.items() if name in _PLAIN}
    zone = _read_zone(root.get("timezone"), findings)
    calendars = read_calendars(root.get("calendars"), zone, _read_zone, findings)
    return Profile(**given, timezone=zone, calendars=calendars, staff=read_staff(root, calendars, findings))


def _read_zone(node: Node | None, findings: list[Finding]) -> ZoneInfo:
    try:
        return ZoneInfo(node.text if node else "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        place = node.place if node else Place("workspace.yaml")
        message = f"{node.text if node else ''} is not a time zone"
        findings.append(Finding("unknown-value", message, place, "write for example Europe/Berlin"))
        return ZoneInfo("UTC")


def _read_definitions(root: Node | None, findings: list[Finding]) -> Dictionary:
    return read_dictionary(root, findings) if root else Dictionary()


def _read_sources(roots: Mapping[str, Node | None], fields: Fields, findings: list[Finding]) -> dict[str, Source]:
    sources = {}
    for name, root in roots.items():
        if root and _is_in(name, "sources"):
            source, wrong = read_source(root, PurePosixPath(name).stem, fields)
            findings.extend(wrong)
            if source:
                sources[source.name] = source
    return sources


def _template_names(templates: Templates) -> dict[str, frozenset[str]]:
    return {kind: frozenset(templates.names(kind)) for kind in ("email", "card")}


def _has_rules(name: str) -> bool:
    return name not in _NAMED and not _is_in(name, *_NOT_RULES)


def _read_rules(roots: Iterable[Node], reading: Reading) -> tuple[tuple[Rule, ...], tuple[RuleTest, ...]]:
    places: dict[str, Place] = {}
    rules: list[Rule] = []
    tests: list[RuleTest] = []
    for root in roots:
        if not check_shape(root, RULE_FILE, "a rule file", reading.findings):
            continue
        rules.extend(_rules_of(root, places, reading))
        tests.extend(_tests_of(root, reading))
    for rule in rules:
        for other in rule.overlaps:
            if other not in places:
                reading.report_unknown("unknown-rule", "The rule", other, places, rule.place)
            elif other == rule.id:
                message = f"The rule {rule.id} names itself in overlaps"
                reading.report("unknown-rule", message, rule.place, "name the rule that it may overlap")
    for test in tests:
        check_test(test, places, reading)
    return tuple(rules), tuple(tests)


def _rules_of(root: Node, places: dict[str, Place], reading: Reading) -> Iterator[Rule]:
    node = root.get("rules")
    for item in node.items if node else ():
        rule_id = item.get("id")
        if rule_id and rule_id.text in places:
            message = f"The rule {rule_id.text} is also in {places[rule_id.text]}"
            reading.report("doubled-name", message, rule_id.place, "give one of the two another id")
            continue
        if rule_id:
            places[rule_id.text] = rule_id.place
        if rule := read_rule(item, reading):
            yield rule


def _tests_of(root: Node, reading: Reading) -> Iterator[RuleTest]:
    node = root.get("tests")
    for item in node.items if node else ():
        if test := read_test(item, reading):
            yield test
