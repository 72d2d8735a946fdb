import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from amends_flows import runtime
from amends_flows.runtime import NoRuntime, current, use

WITHOUT_PREFECT = """
import sys
import amends_flows, amends_flows.backends, amends_flows.compiled, amends_flows.dispatching, amends_flows.executing
import amends_flows.planner, amends_flows.prefect_database, amends_flows.runtime, amends_flows.server
sys.exit(", ".join(name for name in sys.modules if name.partition(".")[0] == "prefect") or 0)
"""


@pytest.fixture(autouse=True)
def nothing_in_use(monkeypatch):
    monkeypatch.setattr(runtime, "_in_use", [])


def entry_points(*found):
    return lambda group: [EntryPoint(name, value, group) for name, value in found]


def test_nothing_but_running_a_flow_imports_prefect():
    done = subprocess.run([sys.executable, "-c", WITHOUT_PREFECT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_runtime_in_use_is_the_current_one_and_the_one_before_comes_back(company_of):
    outer, inner = company_of().runtime, company_of().runtime
    with use(outer):
        with use(inner):
            assert current() is inner
        assert current() is outer


def test_a_worker_builds_its_runtime_once_from_the_entry_point(monkeypatch):
    monkeypatch.setattr(runtime, "entry_points", entry_points(("default", "builtins:object")))
    assert type(current()) is object
    assert current() is current()


def test_ours_is_asked_before_that_of_another_distribution(monkeypatch):
    found = entry_points(("another", "builtins:list"), ("default", "builtins:dict"))
    monkeypatch.setattr(runtime, "entry_points", found)
    assert current() == {}


def test_without_an_entry_point_it_says_what_to_do(monkeypatch):
    monkeypatch.setattr(runtime, "entry_points", entry_points())
    with pytest.raises(NoRuntime, match="install the distribution amends"):
        current()
