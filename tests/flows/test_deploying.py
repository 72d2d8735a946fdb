"""Deployments of several workspaces in one pool, on a real Prefect server."""

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from amends_flows import deploying
from amends_flows.compiled import SYSTEM_FLOWS
from amends_flows.deploying import Deployments
from amends_flows.server import PrefectServer

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]


def test_a_workspace_leaves_those_alone_whose_names_begin_with_its_own(running_prefect: PrefectServer) -> None:
    with temporary_settings({PREFECT_API_URL: running_prefect.api_url}), get_client(sync_client=True) as client:
        air, test = Deployments(client, "air", "crew"), Deployments(client, "air-test", "crew")
        air.make_pool()
        for one in (air, test):
            assert one.register_system_flows() == list(SYSTEM_FLOWS)
        assert air.remove_others([]) == 0
        assert test.remove_others([]) == 0


def test_what_nothing_runs_by_goes_however_many_pages_there_are(
    running_prefect: PrefectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deploying, "_PAGE", 1)
    with temporary_settings({PREFECT_API_URL: running_prefect.api_url}), get_client(sync_client=True) as client:
        full = Deployments(client, "paged", "a-pool-of-its-own")
        full.make_pool()
        full.register_system_flows()
        flow_id = client.create_flow_from_name("a-rule-of-old")
        for version in ("0123456789ab", "123456789abc", "23456789abcd"):
            client.create_deployment(flow_id=flow_id, name=f"paged-{version}", work_pool_name="a-pool-of-its-own")
        assert full.remove_others([]) == 3
        assert full.remove_others([]) == 0
