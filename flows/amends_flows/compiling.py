"""Compiles a rule into a Prefect flow: one task for each step, over a batch of decisions.

This module imports Prefect, which takes seconds: import it only where a flow is about to run.
"""

from collections.abc import Sequence

from prefect import Flow, Task, flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.context import TagsContext
from prefect.runtime import flow_run

from amends_engine.actions import Action
from amends_engine.rules import Rule
from amends_flows.compiled import SYSTEM_FLOWS
from amends_flows.executing import run_action
from amends_flows.planner import Planner
from amends_flows.reconciling import reconcile
from amends_flows.reports import BatchReport, StepFailed, StepReport, as_rows
from amends_flows.runtime import Runtime, current
from amends_flows.sweeping import sweep

MODULE = "amends_flows.compiled"


def compile_rule(rule: Rule, workspace_name: str) -> Flow[[list[str]], BatchReport]:
    """The flow of one rule version; workspace_name appears in its artifacts, and see tags_of for its runs.

    The engine has the effects of a batch in our own ledger, so Prefect neither retries nor caches nor keeps results.
    """
    steps = [_compile_step(action, rule.version) for action in rule.actions()]

    def run(decision_ids: list[str]) -> BatchReport:
        report = BatchReport(rule.id, len(decision_ids), _run_steps(steps, decision_ids))
        _leave_artifact(rule, workspace_name, report)
        return report

    run.__module__, run.__qualname__ = MODULE, rule.id  # the entrypoint that a deployment names
    compiled = flow(
        name=rule.id,
        version=rule.version,
        description=rule.why,
        flow_run_name=_run_name,
        retries=0,
        persist_result=False,
    )
    return compiled(run)


def compile_system(name: str) -> Flow[[], dict[str, int]]:
    """What every dispatcher does by itself again and again, as a flow that says how much it was."""
    act = _SYSTEM[name]

    def run() -> dict[str, int]:
        runtime = current()
        if runtime.planner is None:
            raise StepFailed("this runtime plans nothing")
        return act(runtime, runtime.planner)

    run.__module__, run.__qualname__ = MODULE, name
    return flow(name=name, description=act.__doc__, retries=0, persist_result=False)(run)


def _sweep(runtime: Runtime, planner: Planner) -> dict[str, int]:
    """Ends leases and waits that are over, looks up what is in doubt, and plans."""
    swept = sweep(runtime, planner)
    return {"planned": swept.planned, "released": swept.released.planned, "unknown": swept.released.unknown}


def _plan(_runtime: Runtime, planner: Planner) -> dict[str, int]:
    """Decides on what has come, rings timers and begins the slots of schedules."""
    return {"planned": planner.plan_all()}


def _reconcile(runtime: Runtime, _planner: Planner) -> dict[str, int]:
    """Asks providers about effects that may have happened; what nobody can tell goes to a person."""
    return {state.value: count for state, count in reconcile(runtime).items()}


_SYSTEM = dict(zip(SYSTEM_FLOWS, (_sweep, _plan, _reconcile), strict=True))


def tags_of(rule: Rule, workspace_name: str) -> list[str]:
    """Prefect 3 has no tags on the decorator of a flow: they go to its runs, its deployment and its row."""
    return [rule.owner, workspace_name]


def _run_name() -> str:
    """What the list of runs shows behind the rule's name; Prefect would invent an adjective and an animal."""
    count = len(flow_run.parameters["decision_ids"])
    return f"{count} decision" if count == 1 else f"{count} decisions"


def _compile_step(action: Action, version: str) -> Task[[list[str]], StepReport]:
    def run(decision_ids: list[str]) -> StepReport:
        try:
            return run_action(current(), decision_ids, action)
        except Exception as error:
            raise StepFailed(f"{action.name}: {type(error).__name__}") from error

    run.__module__, run.__qualname__ = MODULE, action.name
    compiled = task(
        name=action.name,
        version=version,
        description=f"The step {action.path} for a batch of decisions",
        retries=0,
        cache_policy=NO_CACHE,
        persist_result=False,
    )
    return compiled(run)


def _run_steps(steps: Sequence[Task[[list[str]], StepReport]], decision_ids: list[str]) -> tuple[StepReport, ...]:
    """In order, each after the one before: a message may quote what an earlier step gave."""
    reports: list[StepReport] = []
    with TagsContext(current_tags=set()):  # each tag of a task run costs a request for its concurrency limit
        for step in steps:
            reports.append(step(decision_ids, wait_for=reports[-1:]))
    return tuple(reports)


def _leave_artifact(rule: Rule, workspace_name: str, report: BatchReport) -> None:
    """The table that the run's page shows; its key is unique for the rule, so the newest is found by it."""
    create_table_artifact(
        as_rows(report.steps),
        key=_key(rule.id),
        description=f"{workspace_name}: {rule.why}. {report.decisions} decisions.",
    )


def _key(rule_id: str) -> str:
    # Prefect allows lower-case letters, digits and dashes
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in rule_id.lower())
