"""What a lint looks at: a workspace that has been read without errors, and the files it was read from."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from amends_engine.actions import conditions_in
from amends_engine.conditions import Condition
from amends_engine.documents import Node
from amends_engine.fields import EventType
from amends_engine.findings import Place
from amends_engine.linting.model import Model
from amends_engine.linting.places import locate
from amends_engine.rules import Rule, Status
from amends_engine.steps import OptionType
from amends_engine.workspace import Manuscript, Workspace


@dataclass(frozen=True)
class View:
    manuscript: Manuscript

    @property
    def workspace(self) -> Workspace:
        return self.manuscript.workspace

    @property
    def rules(self) -> tuple[Rule, ...]:
        return self.workspace.rules

    @cached_property
    def live(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.status is Status.LIVE)

    @cached_property
    def model(self) -> Model:
        return Model(self.workspace.fields, tuple(conditions_of(self.rules)))

    @cached_property
    def rule_nodes(self) -> dict[str, Node]:
        """The tree of each rule, by its id."""
        lists = (root.get("rules") for root in self.manuscript.roots.values() if root)
        items = (item for node in lists if node for item in node.items)
        return {item.fields["id"].text: item for item in items if "id" in item.fields}

    def event_type(self, rule: Rule) -> EventType:
        return self.workspace.fields.events[rule.event_type]

    def options_of(self, kind: str, *types: OptionType) -> list[str]:
        """The names of a step's options of these types."""
        known = self.manuscript.kinds.get(kind)
        return [option.name for option in known.options if option.type in types] if known else []

    def place(self, rule: Rule, path: str = "") -> Place:
        """Of a condition or a step of a rule; one in a definition stands in definitions.yaml."""
        if path.startswith("definitions."):
            return self.definition_place(path)
        node = self.rule_nodes.get(rule.id)
        return locate(node, path) if node else rule.place

    def key_place(self, rule: Rule, *keys: str) -> Place:
        """Of the first of these keys that the rule has."""
        node = self.rule_nodes.get(rule.id)
        return next((node.key_place(key) for key in keys if node and key in node.fields), rule.place)

    def definition_place(self, path: str) -> Place:
        """Of `definitions.NAME` or `budgets.NAME`, or of something below it."""
        root = self.manuscript.roots.get("definitions.yaml")
        return locate(root, path) if root else Place("definitions.yaml")


def conditions_of(rules: Iterable[Rule]) -> Iterator[Condition]:
    for rule in rules:
        yield rule.condition
        yield from conditions_in(rule.steps)
