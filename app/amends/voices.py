"""How placeholders in rules are written: in the workspace's language and time zone."""

from amends_engine.actions import Voice
from amends_engine.planning import RuleSet, rule_set
from amends_engine.workspace import Workspace
from amends_engine.writing import Look


def voice_of(workspace: Workspace) -> Voice:
    look = Look(workspace.profile.language, workspace.profile.timezone)

    def fallback(name: str) -> str | None:
        known = workspace.fields.find(name)
        return known.fallback if known else None

    return Voice(fallback, look.write)


def rules_of(workspace: Workspace) -> RuleSet:
    """The running rules, ready for plan()."""
    return rule_set(workspace.rules, voice_of(workspace), workspace.profile.timezone)
