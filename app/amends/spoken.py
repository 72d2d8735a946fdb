"""What `say` and `graph` begin with: a workspace, and the words in which its rules are put."""

from dataclasses import dataclass

from amends.errors import UsageError
from amends.files import load_workspace, read_files
from amends.settings import Settings, workspace_of
from amends_connectors.registry import kinds
from amends_engine.definitions import read_dictionary
from amends_engine.documents import load
from amends_engine.rules import Rule
from amends_engine.saying import Lexicon, Meaning, meanings_of
from amends_engine.spelling import closest
from amends_engine.workspace import Workspace

_DEFINITIONS = "definitions.yaml"


@dataclass(frozen=True)
class Spoken:
    """A workspace without errors and its words."""

    workspace: Workspace
    lexicon: Lexicon

    def rule(self, rule_id: str) -> Rule:
        """Raises UsageError with the nearest id that exists, or a few that do."""
        found = self.workspace.rule(rule_id)
        if found:
            return found
        ids = [rule.id for rule in self.workspace.rules]
        near = closest(rule_id, ids)
        listed = (
            f"this workspace has {', '.join(ids[:8])}{' and more' if len(ids) > 8 else ''}" if ids else "there is none"
        )
        raise UsageError(f"there is no rule {rule_id}; {f'did you mean {near}?' if near else listed}")


def load_spoken(settings: Settings) -> Spoken:
    """Raises FindingsError for a workspace with errors, UsageError where there is none."""
    workspace = load_workspace(settings)
    raw = read_files(workspace_of(settings)).get(_DEFINITIONS)
    return Spoken(workspace, Lexicon(workspace.fields, kinds(), _meanings(raw) if raw else {}))


def _meanings(raw: bytes) -> dict[str, Meaning]:
    root, _ = load(raw, _DEFINITIONS)
    return meanings_of(read_dictionary(root, []).definitions) if root else {}
