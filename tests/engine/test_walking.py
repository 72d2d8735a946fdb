"""Lines of a rule: whatever is nested in whatever, each step is done once and no two stages have one generation."""

from collections import Counter
from datetime import UTC, datetime

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.engine.conftest import read
from tests.engine.test_planning import VOICE

from amends_engine.clockwork import Clockwork
from amends_engine.events import Event
from amends_engine.planning import RuleSet, rule_set
from amends_engine.plans import Decision
from amends_engine.rule_testing.happenings import Happening

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HEAD = """
version: 1
rules:
  - id: nested
    why: w
    owner: o
    status: live
    when: {event: complaint.received}
    then: """
LEAF = st.one_of(
    st.just("{webhook: {to: crm}}"), st.integers(1, 90).map(lambda minutes: f"{{wait: {{for: {minutes}m}}}}")
)


def _steps(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(inner, min_size=1, max_size=3).map(lambda steps: f"[{', '.join(steps)}]")


def _nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    parallel = st.lists(_steps(inner), min_size=2, max_size=3).map(
        lambda branches: f"{{parallel: {{{', '.join(f'b{place}: {steps}' for place, steps in enumerate(branches))}}}}}"
    )
    return parallel | _steps(inner).map(lambda steps: f"{{choose: [{{otherwise: {steps}}}]}}")


RULES = _steps(st.recursive(LEAF, _nested, max_leaves=8))


def played(rules: RuleSet) -> list[Decision]:
    company = Clockwork(rules)
    company.play([Happening(NOW, Event("e", "app", "e", "complaint.received", NOW, "c1"))], None)
    assert company.timers == []
    return company.decisions


@settings(max_examples=60)
@given(RULES)
def test_every_step_of_every_line_is_done_once_in_a_stage_of_its_own(text: str) -> None:
    workspace, findings = read(HEAD + text + "\n")
    assume([finding.code for finding in findings] != ["too-deep"])
    assert workspace is not None, findings
    rules = rule_set(workspace.rules, VOICE)
    decisions = played(rules)
    actions = Counter(intent.action for decision in decisions for intent in decision.intents)
    assert actions == Counter(action.name for action in workspace.rules[0].actions())
    assert len({decision.generation for decision in decisions}) == len(decisions)
    assert len({decision.id for decision in decisions}) == len(decisions)
    assert played(rules) == decisions
