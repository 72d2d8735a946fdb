"""Every rule as a Prefect entrypoint: `amends_flows.compiled:<rule id>` is the compiled flow of that rule.

A Prefect worker imports it by that name; nothing is generated and nothing imports Prefect before a flow is asked for.
`<rule id>@<version>` is the rule as it was; the flows of SYSTEM_FLOWS belong to no rule.
"""

from typing import TYPE_CHECKING, Any

from amends_engine.rules import Rule
from amends_flows.runtime import Runtime, current

if TYPE_CHECKING:
    from prefect import Flow

SYSTEM_FLOWS = ("amends-sweep", "amends-plan", "amends-reconcile")
_AT = "@"


def attribute_of(rule: Rule) -> str:
    """The name under which this module has exactly this version of the rule."""
    return f"{rule.id}{_AT}{rule.version}"


def __getattr__(name: str) -> "Flow[..., Any]":
    if name.startswith("__"):
        raise AttributeError(name)
    from amends_flows.compiling import compile_rule, compile_system

    if name in SYSTEM_FLOWS:
        return compile_system(name)
    runtime = current()
    rule = _rule(runtime, *name.split(_AT, 1))
    if rule is None:
        raise AttributeError(f"the workspace {runtime.workspace_name} has no rule {name}")
    return compile_rule(rule, runtime.workspace_name)


def _rule(runtime: Runtime, rule_id: str, version: str = "") -> Rule | None:
    """As it was in that version; as it is now if none is named, or if that is not known any more."""
    then = runtime.versions.find(rule_id, version) if version and runtime.versions else None
    return then or runtime.rules.get(rule_id)
