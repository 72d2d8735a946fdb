"""How the server is shared, started and stopped; a small HTTP server stands in for Prefect's."""

import json
import os
import socket
import sys
import urllib.request
from contextlib import ExitStack
from importlib.metadata import version

import pytest

from amends_flows import server
from amends_flows.environment import client_environment, server_environment, without_proxy
from amends_flows.server import ServerFailed, embedded_server

ANSWERS = """
import http.server, signal, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"true")
    def log_message(self, *parts): pass
if "stubborn" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


@pytest.fixture(autouse=True)
def stand_in(monkeypatch):
    monkeypatch.setattr(server, "_command", lambda port: [sys.executable, "-c", ANSWERS, str(port)])


@pytest.fixture
def home(tmp_path):
    return tmp_path / "prefect"


def record(home):
    return json.loads((home / "server.json").read_text())


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def serve(home, said=None):
    return embedded_server(home, None, (said if said is not None else []).append)


def test_it_runs_within_the_block_and_ends_with_it(home):
    said = []
    with serve(home, said) as running:
        running.wait_ready()
        pid = record(home)["pid"]
        assert urllib.request.urlopen(f"{running.ui_url}/api/health").status == 200
        assert running.api_url == f"{running.ui_url}/api"
        assert is_running(pid)
    assert not is_running(pid)
    assert "first time" in said[0]


def test_it_ends_when_the_block_is_interrupted(home):
    def interrupted():
        with serve(home) as running:
            running.wait_ready()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not is_running(record(home)["pid"])


def test_it_ends_even_when_nobody_waited_for_it(home):
    with serve(home):
        pass
    assert not is_running(record(home)["pid"])


def test_a_second_user_shares_it_and_the_last_one_stops_it(home):
    first, second = ExitStack(), ExitStack()
    one = first.enter_context(serve(home))
    said = []
    two = second.enter_context(serve(home, said))
    assert (one.api_url, said) == (two.api_url, [])
    first.close()
    two.wait_ready()
    second.close()
    assert not server._is_alive(home)


def test_the_next_start_keeps_the_port_and_does_not_speak_of_a_first_time(home):
    with serve(home) as running:
        first = running.api_url
    (home / "prefect.db").touch()
    said = []
    with serve(home, said) as running:
        assert running.api_url == first
    assert said == ["Prefect's server starts"]


def test_a_port_that_somebody_else_took_is_left_to_them(home):
    with serve(home):
        pass
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", record(home)["port"]))
        taken.listen()
        with serve(home) as running:
            running.wait_ready()
            assert record(home)["port"] != taken.getsockname()[1]


def test_a_record_left_by_a_crash_harms_nobody_who_has_the_same_process_id_now(home):
    home.mkdir()
    (home / "server.json").write_text(json.dumps({"pid": os.getpid(), "port": 1, "version": version("prefect")}))
    with serve(home) as running:
        running.wait_ready()
        assert record(home)["pid"] != os.getpid()


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"pid": 1}', "\x00"])
def test_a_record_that_cannot_be_read_is_no_record(home, content):
    home.mkdir()
    (home / "server.json").write_text(content)
    with serve(home) as running:
        running.wait_ready()


def test_a_server_of_another_version_is_replaced(home):
    with serve(home) as old:
        old.wait_ready()
        before = record(home)
        (home / "server.json").write_text(json.dumps(before | {"version": "3.0.0"}))
        with serve(home) as new:
            new.wait_ready()
            assert record(home)["pid"] != before["pid"]


def test_a_server_that_does_not_want_to_end_is_ended(home, monkeypatch):
    monkeypatch.setattr(server, "_command", lambda port: [sys.executable, "-c", ANSWERS, str(port), "stubborn"])
    monkeypatch.setattr(server, "_PATIENCE", 0.1)
    monkeypatch.setattr(server, "_STOP_LIMIT", 0.1)
    said = []
    with serve(home, said) as running:
        running.wait_ready()
    assert said[-1] == "Prefect's server finishes what it began"
    assert not is_running(record(home)["pid"])


def test_a_server_that_dies_is_told_with_its_last_words(home, monkeypatch):
    monkeypatch.setattr(server, "_command", lambda port: [sys.executable, "-c", "raise SystemExit('no such table')"])
    with (
        serve(home) as running,
        pytest.raises(ServerFailed, match=r"no such table; the whole story is in .*server\.log"),
    ):
        running.wait_ready()


def test_waiting_says_how_long_it_takes_and_has_a_limit(home, monkeypatch):
    monkeypatch.setattr(server, "_command", lambda port: [sys.executable, "-c", "import time; time.sleep(60)"])
    monkeypatch.setattr(server, "_SECONDS_PER_LINE", 0.05)
    monkeypatch.setattr(server, "FIRST_START_LIMIT", 0.9)
    said = []
    with serve(home, said) as running, pytest.raises(ServerFailed, match="does not answer after"):
        running.wait_ready()
    assert any(one.startswith("Prefect's server is starting: ") for one in said)


def test_joining_does_not_wait_for_the_server(home, monkeypatch):
    monkeypatch.setattr(server, "_command", lambda port: [sys.executable, "-c", "import time; time.sleep(60)"])
    with serve(home) as running:
        assert not running.is_well()


def test_a_server_that_is_named_is_used_and_nothing_is_started(home):
    with serve(home / "theirs") as theirs:
        theirs.wait_ready()
        with embedded_server(home / "ours", theirs.api_url, print) as running:
            running.wait_ready()
            assert (running.api_url, running.ui_url) == (theirs.api_url, theirs.ui_url)
        theirs.wait_ready()
    assert not (home / "ours").exists()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/api", "nonsense"])
def test_a_named_server_that_does_not_answer_is_told_with_the_remedy(home, url):
    with embedded_server(home, url, print) as running, pytest.raises(ServerFailed, match="unset PREFECT_API_URL"):
        running.wait_ready()


def test_nothing_from_outside_leads_the_server_elsewhere(home):
    outside = {"PREFECT_API_URL": "http://cloud", "PREFECT_PROFILE": "work", "PATH": "/bin", "PREFECT_HOME": "/else"}
    inside = server_environment(home, outside)
    assert "PREFECT_API_URL" not in inside
    assert "PREFECT_PROFILE" not in inside
    assert (inside["PATH"], inside["PREFECT_HOME"]) == ("/bin", str(home))


def test_the_pages_of_the_server_ask_the_server_itself(home):
    assert server_environment(home, {}, 4711)["PREFECT_UI_API_URL"] == "http://127.0.0.1:4711/api"


def test_nobody_is_told_about_anything(home):
    for environment in (server_environment(home, {}), client_environment(home, "http://127.0.0.1:1/api")):
        assert environment["DO_NOT_TRACK"] == "1"
        assert environment["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"


@pytest.mark.parametrize(
    ("outside", "hosts"),
    [
        ({}, "127.0.0.1,localhost"),
        ({"no_proxy": "intranet"}, "intranet,127.0.0.1,localhost"),
        ({"NO_PROXY": "localhost,x"}, "localhost,x,127.0.0.1"),
    ],
)
def test_a_proxy_is_not_asked_for_this_machine(outside, hosts):
    assert without_proxy(outside) == {"NO_PROXY": hosts, "no_proxy": hosts}
