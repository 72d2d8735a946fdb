"""Rule versions as Prefect deployments, so that any Prefect worker can run them. Imports Prefect, which takes seconds.

A deployment is named after its version: a batch runs by the rule as it was when it decided, also on another machine
that has a newer workspace.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import WorkPoolFilter, WorkPoolFilterName
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.settings import PREFECT_API_URL, temporary_settings

from amends_engine.rules import Rule, Status
from amends_flows.compiled import SYSTEM_FLOWS, attribute_of
from amends_flows.compiling import MODULE, tags_of
from amends_flows.runtime import Runtime

POOL_TYPE = "process"
_SHOWN = 12  # digits of a version
_PAGE = 200  # deployments; the server gives no more at once


class Deployments:
    """What is registered in one work pool for one workspace."""

    def __init__(self, client: SyncPrefectClient, workspace_name: str, pool: str) -> None:
        self._client = client
        self._workspace_name = workspace_name
        self._pool = pool
        # a workspace may be named as the beginning of another one in the same pool
        self._own_name = re.compile(rf"{re.escape(workspace_name)}(-[0-9a-f]{{{_SHOWN}}})?")

    def make_pool(self, pool_type: str = POOL_TYPE) -> bool:
        """Whether it is new; one that is there stays as it is, whatever its type."""
        try:
            self._client.read_work_pool(self._pool)
        except ObjectNotFound:
            try:
                self._client.create_work_pool(WorkPoolCreate(name=self._pool, type=pool_type))
            except ObjectAlreadyExists:
                return False
            return True
        return False

    def register(self, rule: Rule) -> UUID:
        """The deployment of this rule version, new or as it was."""
        return self._client.create_deployment(
            flow_id=self._client.create_flow_from_name(rule.id),
            name=self.name_of(rule),
            version=rule.version,
            description=rule.why,
            tags=tags_of(rule, self._workspace_name),
            entrypoint=f"{MODULE}.{attribute_of(rule)}",
            work_pool_name=self._pool,
        )

    def register_system_flows(self) -> list[str]:
        """What our own dispatchers do by themselves, for whoever wants to start it from Prefect; without a schedule."""
        for name in SYSTEM_FLOWS:
            self._client.create_deployment(
                flow_id=self._client.create_flow_from_name(name),
                name=self._workspace_name,
                tags=[self._workspace_name],
                entrypoint=f"{MODULE}.{name}",
                work_pool_name=self._pool,
            )
        return list(SYSTEM_FLOWS)

    def remove_others(self, kept: Iterable[Rule]) -> int:
        """Deployments of versions by which nothing runs any more; how many there were."""
        names = {(rule.id, self.name_of(rule)) for rule in kept} | {(n, self._workspace_name) for n in SYSTEM_FLOWS}
        count = 0
        for found in self._in_pool():
            is_ours = self._own_name.fullmatch(found.name)
            flow = self._client.read_flow(found.flow_id)
            if is_ours and (flow.name, found.name) not in names:
                self._client.delete_deployment(found.id)
                count += 1
        return count

    def _in_pool(self) -> list[DeploymentResponse]:
        """All of them, which the server gives page by page."""
        pool = WorkPoolFilter(name=WorkPoolFilterName(any_=[self._pool]))
        found: list[DeploymentResponse] = []
        while page := self._client.read_deployments(work_pool_filter=pool, limit=_PAGE, offset=len(found)):
            found += page
        return found

    def name_of(self, rule: Rule) -> str:
        return f"{self._workspace_name}-{rule.version[:_SHOWN]}"


@dataclass(frozen=True, slots=True)
class Deployed:
    """names: "flow/deployment"; removed: how many old ones went."""

    names: tuple[str, ...]
    removed: int


def deploy_all(runtime: Runtime, api_url: str, pool: str, pool_type: str = POOL_TYPE) -> Deployed:
    """Every live rule version and every version that something waits for; what nothing runs by any more goes."""
    rules = [rule for rule in runtime.rules.values() if rule.status in {Status.LIVE, Status.SHADOW}]
    versions = runtime.store.waiting_versions() if runtime.versions else []
    found = [runtime.versions.find(*version) for version in versions] if runtime.versions else []
    older = [rule for rule in found if rule is not None]
    with temporary_settings({PREFECT_API_URL: api_url}), get_client(sync_client=True) as client:
        deployments = Deployments(client, runtime.workspace_name, pool)
        deployments.make_pool(pool_type)
        kept = {(rule.id, rule.version): rule for rule in (*rules, *older)}
        for rule in kept.values():
            deployments.register(rule)
        system = deployments.register_system_flows()
        names = [f"{rule.id}/{deployments.name_of(rule)}" for rule in kept.values()]
        names += [f"{name}/{runtime.workspace_name}" for name in system]
        return Deployed(tuple(sorted(names)), deployments.remove_others(kept.values()))
