"""Rules as they were when they decided: a decision that waits goes on by the version that made it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from amends_engine.plans import Json
from amends_engine.rules import Rule

ReadVersion: TypeAlias = Callable[[Json], Rule | None]
"""A stored rule with today's fields, templates and budgets; None if these do not fit it any more."""


class VersionStore(Protocol):
    def rule_body(self, rule_id: str, version: str) -> Json: ...


@dataclass(frozen=True)
class Versions:
    """Finds rules by id and version; current: every rule of the workspace by id."""

    store: VersionStore
    current: Mapping[str, Rule]
    read: ReadVersion
    known: dict[tuple[str, str], Rule | None] = field(default_factory=dict)

    def find(self, rule_id: str, version: str) -> Rule | None:
        """None if the version was not kept, or cannot be read any more."""
        rule = self.current.get(rule_id)
        if rule is not None and rule.version == version:
            return rule
        key = rule_id, version
        if key not in self.known:
            self.known[key] = self.read(self.store.rule_body(rule_id, version))
        return self.known[key]
