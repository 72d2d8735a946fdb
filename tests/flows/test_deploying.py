"""Deployments of several workspaces in one pool, on a real Prefect server."""

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

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
