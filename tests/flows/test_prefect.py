"""Against a real Prefect server: what people see there, and that it makes no difference to what happens."""

import json
import subprocess
import sys
import urllib.request
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from amends_connectors.contract import Rejected, Unavailable
from amends_engine.states import EffectState
from amends_flows.backends import InProcess
from amends_flows.dispatching import BatchFailed, dispatch
from amends_flows.environment import client_environment
from amends_flows.runtime import use

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]


class Api:
    """What the server answers, asked without Prefect's client."""

    def __init__(self, api_url):
        self.url = api_url

    def find(self, what, **body):
        content = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/{what}/filter", json.dumps(body).encode(), content)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def runs(self, rule):
        return self.find("flow_runs", flows={"name": {"any_": [rule.id]}}, sort="START_TIME_DESC")

    def tasks(self, run):
        return self.find("task_runs", flow_runs={"id": {"any_": [run["id"]]}}, sort="EXPECTED_START_TIME_ASC")

    def artifacts(self, run):
        return self.find("artifacts", artifacts={"flow_run_id": {"any_": [run["id"]]}})


@pytest.fixture(scope="session")
def prefect(prefect_server, prefect_home):
    """Prefect, imported with the settings of a process that runs flows."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in client_environment(prefect_home, prefect_server.api_url).items():
            patch.setenv(name, value)
        import prefect

        yield prefect


@pytest.fixture
def api(prefect_server):
    return Api(prefect_server.api_url)


@pytest.fixture
def company(company_of, request):
    """Its rule has a name of its own, so that no test sees the runs of another."""
    return company_of(rule_id=request.node.originalname.replace("_", "-")[:60])


@pytest.fixture
def in_prefect(prefect, prefect_server):
    from amends_flows.prefect_backend import InPrefect

    opened = []

    def open_backend(company):
        opened.append(InPrefect(company.runtime, prefect_server.api_url))
        return opened[-1]

    yield open_backend
    for backend in opened:
        backend.close()


@pytest.fixture
def finished(company, in_prefect, api):
    """The run of a batch of twenty, once Prefect knows everything about it."""
    company.plan(20)
    backend = in_prefect(company)
    company.run(backend)
    backend.close()
    [run] = api.runs(company.rule)
    return run


def test_a_batch_is_one_run_under_the_rules_name_with_its_version_and_tags(finished, company, api):
    assert (finished["state_type"], finished["flow_version"]) == ("COMPLETED", company.rule.version)
    assert sorted(finished["tags"]) == ["cx-ops", "northwind"]
    assert finished["name"] == "20 decisions"
    [flow] = api.find("flows", flows={"name": {"any_": [company.rule.id]}})
    assert flow["tags"] == ["cx-ops", "northwind"]


def test_a_run_knows_ids_and_nothing_else(finished):
    assert list(finished["parameters"]) == ["decision_ids"]
    assert len(set(finished["parameters"]["decision_ids"])) == 20


def test_every_step_is_one_task_without_retries_after_the_one_before(finished, api):
    tasks = api.tasks(finished)
    assert [task["name"].rpartition("-")[0] for task in tasks] == ["email", "voucher", "slack"]
    assert {(task["state_type"], task["empirical_policy"]["retries"]) for task in tasks} == {("COMPLETED", 0)}
    before = [[one["id"] for one in task["task_inputs"].get("wait_for", [])] for task in tasks]
    assert before == [[], [tasks[0]["id"]], [tasks[1]["id"]]]


def test_a_table_in_the_run_shows_what_happened_to_how_many(finished, company, api):
    [artifact] = api.artifacts(finished)
    assert artifact["key"] == company.rule.id
    assert json.loads(artifact["data"]) == [
        {"step": "email", "channel": "email", "succeeded": 20},
        {"step": "voucher", "channel": "voucher", "succeeded": 20},
        {"step": "slack", "channel": "slack", "succeeded": 20},
    ]
    assert company.rule.why in artifact["description"]


def test_both_backends_leave_the_same_effects_and_receipts(company_of, in_prefect, request):
    pair = [company_of(rule_id=request.node.name.replace("_", "-")) for _ in range(2)]
    for company in pair:
        company.plan(50)
        company.connectors["email"].then(Rejected("no such mailbox")).then(Unavailable("refused"))
        company.settings["render"] = lambda claim, given: {"to": str(claim.customer_id), **dict.fromkeys(given, "x")}
        for connector in company.connectors.values():  # one after the other, so that their order can be compared
            connector._declaration = replace(connector.declaration, parallel=1)
    plain, compiled = pair
    reports = [plain.run(InProcess(plain.runtime)), compiled.run(in_prefect(compiled))]
    assert reports[0] == reports[1]
    assert plain.effects() == compiled.effects()
    for kind in ("email", "slack"):
        assert list(plain.connectors[kind].deliveries) == list(compiled.connectors[kind].deliveries)
    receipts = [
        {e.effect_id: c.store.effect(e.effect_id).receipts for e in c.store.effects(limit=1000) if e.kind != "voucher"}
        for c in pair
    ]
    assert receipts[0] == receipts[1]


def test_a_step_that_breaks_off_fails_the_run_without_quoting_anybody(company, in_prefect, api, monkeypatch):
    company.plan(3)
    backend = in_prefect(company)

    def broken(*arguments):
        raise ValueError("anna@example.com")

    monkeypatch.setattr(company.store, "given", broken)
    reports = []
    dispatch(company.runtime, backend, reports.append)
    backend.close()
    [failed] = reports
    assert isinstance(failed, BatchFailed)
    assert str(failed.error) == "email: ValueError"
    assert str(failed.error.__cause__) == "anna@example.com"
    [run] = api.runs(company.rule)
    assert run["state_type"] == "FAILED"
    assert "anna" not in json.dumps([run, api.tasks(run), api.find("logs")])
    assert set(company.states("slack")) == {EffectState.PLANNED}


def test_prefect_keeps_no_log_of_a_run(finished, api):
    assert api.find("logs", logs={"flow_run_id": {"any_": [finished["id"]]}}) == []


def test_a_changed_rule_is_compiled_anew(company, in_prefect, api):
    backend = in_prefect(company)
    company.plan(1)
    company.run(backend)
    company.rule = replace(company.rule, version="fedcba9876543210")
    company.plan(1, first=1)
    company.run(backend)
    assert {run["flow_version"] for run in api.runs(company.rule)} == {"0123456789abcdef", "fedcba9876543210"}


def test_batches_at_once_are_runs_of_their_own(company, in_prefect, api):
    company.plan(40)
    dispatch(company.runtime, in_prefect(company), lambda report: None, batch_size=10)
    assert company.states("slack") == [EffectState.SUCCEEDED] * 40
    assert [run["state_type"] for run in api.runs(company.rule)] == ["COMPLETED"] * 4


def test_prefect_finds_a_rule_by_its_module_entrypoint(prefect, company):
    from prefect.flows import load_flow_from_entrypoint

    with use(company.runtime):
        found = load_flow_from_entrypoint(f"amends_flows.compiled:{company.rule.id}")
    assert (found.name, found.version, found.description) == (company.rule.id, company.rule.version, company.rule.why)
    assert found.retries == 0
    assert list(found.parameters.properties) == ["decision_ids"]


def test_a_rule_that_is_not_there_is_no_entrypoint(prefect, company):
    from prefect.exceptions import MissingFlowError
    from prefect.flows import load_flow_from_entrypoint

    with use(company.runtime), pytest.raises(MissingFlowError):
        load_flow_from_entrypoint("amends_flows.compiled:no-such-rule")


QUIET = """
import os, sys
from pathlib import Path
sys.path.insert(0, str(Path(sys.argv[1]).parents[1]))
from tests.flows.conftest import Company
from amends_flows.dispatching import BatchFailed, dispatch
from amends_flows.environment import client_environment
os.environ.update(client_environment(Path(sys.argv[2]), sys.argv[3]))
from amends_flows.prefect_backend import InPrefect
reports = []
for broken in (False, True):
    company = Company(f"sqlite:///{sys.argv[4]}/{broken}.db", rule_id="quiet")
    company.plan(5)
    if broken:
        company.store.given = None
    backend = InPrefect(company.runtime, sys.argv[3])
    dispatch(company.runtime, backend, reports.append)
    backend.close()
    company.close()
sys.exit([isinstance(report, BatchFailed) for report in reports] != [False, True])
"""


def test_a_server_that_has_gone_is_told_nothing_more(in_prefect, company, monkeypatch):
    company.plan()
    backend, told = in_prefect(company), []
    company.run(backend)
    monkeypatch.setattr(backend._server, "is_well", lambda: False)
    monkeypatch.setattr(backend, "_tag_flow", lambda name, _tags: told.append(name))
    backend.close()
    assert told == []


def test_prefect_prints_nothing_on_our_console_even_when_a_run_fails(prefect_server, prefect_home, tmp_path):
    arguments = [str(Path(__file__).parent), str(prefect_home), prefect_server.api_url, str(tmp_path)]
    done = subprocess.run([sys.executable, "-c", QUIET, *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_server_that_went_away_breaks_off_the_batch_and_nothing_is_sent(company, prefect):
    from amends_flows.prefect_backend import InPrefect

    company.plan()
    backend = InPrefect(company.runtime, "http://127.0.0.1:9/api")
    reports = []
    dispatch(company.runtime, backend, reports.append)
    backend.close()
    assert isinstance(reports[0], BatchFailed)
    assert not company.connectors["email"].deliveries
    assert company.states("email") == [EffectState.PLANNED]


def test_a_busy_server_is_asked_again_soon_and_then_ever_later():
    from amends_flows.prefect_backend import _ask_again_soon

    request = httpx.Request("POST", "http://127.0.0.1/api/flow_runs/")
    pauses = []
    for _ in range(5):
        busy = httpx.Response(503, request=request)
        _ask_again_soon(busy)
        pauses.append(float(busy.headers["Retry-After"]))
    assert pauses == [0.1, 0.4, 1.6, 6.4, 25.6]


def test_a_server_that_says_itself_when_to_come_back_is_heeded():
    from amends_flows.prefect_backend import _ask_again_soon

    told = httpx.Response(503, headers={"Retry-After": "7"}, request=httpx.Request("GET", "http://127.0.0.1/"))
    _ask_again_soon(told)
    assert told.headers["Retry-After"] == "7"
