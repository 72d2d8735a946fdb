"""The lints: what is allowed and probably not meant. Each has one entry here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from amends_engine.findings import Finding
from amends_engine.linting.branches import unreachable_branches
from amends_engine.linting.constants import constants
from amends_engine.linting.loops import event_loops
from amends_engine.linting.made_names import names_never_made
from amends_engine.linting.overlaps import overlapping_rules, tied_rules
from amends_engine.linting.promises import undeclared_promises
from amends_engine.linting.slots import slots_about_nobody
from amends_engine.linting.stops import steps_behind_stops
from amends_engine.linting.template_fields import fields_never_shown, templates_not_for_event, vouchers_too_late
from amends_engine.linting.unused import unused_budgets, unused_definitions, unused_sources, unused_templates
from amends_engine.linting.upkeep import lonely_groups, resting_rules_in_tests, untested_rules
from amends_engine.linting.view import View
from amends_engine.workspace import Manuscript


@dataclass(frozen=True, slots=True)
class Lint:
    """name: what it looks for, for people who read this table; find: gives findings of the codes of findings.py."""

    name: str
    find: Callable[[View], Iterable[Finding]]


LINTS: tuple[Lint, ...] = (
    Lint("conditions with only one answer", constants),
    Lint("cases, endings and problems that no rule makes", names_never_made),
    Lint("branches that are never taken", unreachable_branches),
    Lint("steps behind a stop", steps_behind_stops),
    Lint("slots that ask about nobody", slots_about_nobody),
    Lint("rules that start each other in a circle", event_loops),
    Lint("rules that do the same to the same customer", overlapping_rules),
    Lint("rules of a group that tie", tied_rules),
    Lint("definitions that no rule uses", unused_definitions),
    Lint("budgets that no rule uses", unused_budgets),
    Lint("e-mails and cards that no rule uses", unused_templates),
    Lint("sources whose events no rule waits for", unused_sources),
    Lint("templates that fail for a rule's event", templates_not_for_event),
    Lint("templates with fields that are never there", fields_never_shown),
    Lint("messages about a voucher that comes after them", vouchers_too_late),
    Lint("promises that are not declared", undeclared_promises),
    Lint("live rules without a test", untested_rules),
    Lint("tests that rely on a rule that does not run", resting_rules_in_tests),
    Lint("groups of one rule", lonely_groups),
)


def lint(manuscript: Manuscript) -> list[Finding]:
    """All findings of all lints; they are warnings, so the workspace runs all the same."""
    view = View(manuscript)
    return [finding for each in LINTS for finding in each.find(view)]
