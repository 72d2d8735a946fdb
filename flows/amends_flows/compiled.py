"""Every rule as a Prefect entrypoint: `amends_flows.compiled:<rule id>` is the compiled flow of that rule.

A Prefect worker imports it by that name; nothing is generated and nothing imports Prefect before a flow is asked for.
"""

from typing import TYPE_CHECKING

from amends_flows.runtime import current

if TYPE_CHECKING:
    from prefect import Flow

    from amends_flows.reports import BatchReport


def __getattr__(name: str) -> "Flow[[list[str]], BatchReport]":
    if name.startswith("__"):
        raise AttributeError(name)
    runtime = current()
    rule = runtime.rules.get(name)
    if rule is None:
        raise AttributeError(f"the workspace {runtime.workspace_name} has no rule {name}")
    from amends_flows.compiling import compile_rule

    return compile_rule(rule, runtime.workspace_name)
