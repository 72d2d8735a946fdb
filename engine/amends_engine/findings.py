"""What is wrong with a file: findings are values, with a stable code, a place and a remedy."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error stops a workspace from running; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a file; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding: its meaning is the heading of its documentation."""

    name: str
    means: str
    severity: Severity = Severity.ERROR


CODES: dict[str, Code] = {
    code.name: code
    for code in (
        # the text of a file
        Code("not-utf8", "The file is not UTF-8 text"),
        Code("empty-file", "The file holds nothing"),
        Code("too-large", "The file is larger than 256 KiB"),
        Code("too-deep", "The file is nested more than 20 levels deep"),
        Code("too-many-nodes", "The file has more than 10,000 nodes"),
        Code("bad-yaml", "The file is not YAML"),
        Code("many-documents", "The file holds more than one YAML document"),
        Code("doubled-key", "A key stands twice in one mapping"),
        Code("alias", "Anchors, aliases and merge keys are not part of the language"),
        Code("tag", "YAML tags are not part of the language"),
        Code("key-not-text", "A key of a mapping is not plain text"),
        Code("hash-in-text", "Text after ' #' is read as a comment", Severity.WARNING),
        Code("braces-in-text", "A text of a rule holds the braces of a template", Severity.WARNING),
        # the shape of a file
        Code("missing-file", "A file that every workspace needs is not there"),
        Code("missing-key", "A required key is missing"),
        Code("unknown-key", "A key is not part of the language"),
        Code("wrong-type", "A value is not of the type that is due here"),
        Code("wrong-version", "The file's version is not one this program reads"),
        Code("doubled-name", "Two things in the workspace have the same name"),
        # the shape of a file of events or profiles
        Code("bad-header", "The header of a table cannot be read"),
        Code("doubled-column", "Two columns of a table have the same name"),
        Code("missing-column", "A column that the mapping reads is not in the table"),
        Code("unused-column", "A column of the table is neither read nor ignored by the mapping"),
        # what a file refers to
        Code("unknown-field", "A field is not declared in fields.yaml"),
        Code("field-not-here", "The rule's event does not carry this field"),
        Code("ambiguous-field", "A field could be that of several event types"),
        Code("unknown-event", "An event type is not declared in fields.yaml"),
        Code("unknown-operator", "A condition uses an operator that does not exist"),
        Code("operator-not-for-type", "The operator does not fit the type of the field"),
        Code("unknown-value", "A value can never be the value of this field"),
        Code("unknown-definition", "A definition is not in definitions.yaml"),
        Code("definition-cycle", "Definitions refer to each other in a circle"),
        Code("definition-too-large", "A definition is too large with all it refers to"),
        Code("unknown-step", "A step does not exist"),
        Code("unknown-template", "A template file is not there"),
        Code("unknown-budget", "A budget is not in definitions.yaml"),
        Code("unknown-calendar", "A calendar is not in workspace.yaml"),
        Code("unknown-role", "A role or team is not in workspace.yaml"),
        Code("unknown-rule", "A test names a rule that is not there"),
        Code("bad-script", "A test does not say who answers what and when"),
        Code("unit-missing", "A bare number stands where a unit is due"),
        Code("same-event", "A rule waits for one event to follow itself"),
        Code("bad-moment", "A wait names no moment that can be found"),
        Code("wait-without-end", "A wait may never end"),
        Code("no-way-out", "A step that waits for somebody does not say what happens if nobody comes"),
        Code("bad-duration", "A length of time cannot be read"),
        Code("bad-schedule", "A schedule cannot be read"),
        Code("bad-hours", "Opening hours or closed days of a calendar cannot be read"),
        Code("bad-pattern", "A pattern is not one of RE2, which looks neither ahead nor back"),
        Code("wrong-currency", "An amount and the budget that pays it are in different currencies"),
        Code("bad-money", "An amount of money cannot be read"),
        Code("template-syntax", "A template cannot be read"),
        Code("fallback-missing", "A placeholder may be empty and has no fallback text"),
        Code("too-long", "A text is longer than its channel takes"),
        # what is allowed and probably not meant
        *(
            Code(name, means, Severity.WARNING)
            for name, means in (
                ("never-true", "A condition can never be true"),
                ("always-true", "A condition is true whatever happens, so it decides nothing"),
                ("never-made", "A condition asks for a case, an ending or a problem that no rule makes"),
                ("unreachable-branch", "A branch of a choose is never taken"),
                ("unreachable-step", "A step stands behind a stop, so it is never done"),
                ("about-nobody", "A rule of the clock without for_each asks about a customer or a case"),
                ("event-loop", "Rules start each other in a circle by the events that they make"),
                ("overlapping-rules", "Two live rules do the same to the same customer for one event"),
                ("tied-priority", "Two rules of one group have the same priority, so the id decides"),
                ("lonely-group", "A group has one rule, so it ranks nothing"),
                ("unused-definition", "No rule uses a definition"),
                ("unused-budget", "No rule gives anything from a budget"),
                ("unused-template", "No rule uses an e-mail or a card"),
                ("unused-source", "No rule waits for the events of a source"),
                ("template-not-for-event", "A template needs a field that the rule's event does not carry"),
                ("never-shown", "A template shows a field that no rule using it can give"),
                ("voucher-too-late", "A message tells of a voucher that is given after it"),
                ("undeclared-promise", "An e-mail promises something in a time it does not declare"),
                ("untested-rule", "A live rule has no test"),
                ("resting-rule-in-test", "A test expects a rule that does not run to outrank another"),
            )
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend: what, where, and what to do about it.

    message: one sentence without a full stop; remedy: an instruction, empty if the message says it.
    """

    code: str
    message: str
    place: Place
    remedy: str = ""

    @property
    def severity(self) -> Severity:
        return CODES[self.code].severity

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR


def has_errors(findings: Iterable[Finding]) -> bool:
    return any(finding.is_error for finding in findings)


def in_reading_order(findings: Iterable[Finding]) -> list[Finding]:
    """Sort by file, line and column, the same finding once."""
    return sorted(dict.fromkeys(findings), key=lambda finding: (finding.place, finding.code))
