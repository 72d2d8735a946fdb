"""The program as a whole: what becomes of signals and of what nobody foresaw."""

import os
import signal
import subprocess
import sys
from pathlib import Path

PROGRAM = "import os, signal, time; from amends import cli; cli.make_app = lambda _: lambda: ({}); cli.main()"


def run(what: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(what), *words], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_polite_request_to_end_runs_what_has_to_be_put_in_order() -> None:
    done = run("os.kill(os.getpid(), signal.SIGTERM), time.sleep(30)")
    assert done.returncode == 128 + signal.SIGTERM
    assert done.stderr == ""


def test_what_nobody_foresaw_is_one_sentence_with_the_way_to_more() -> None:
    done = run("1 / 0")
    assert done.returncode == 2
    assert (
        done.stderr == "amends stopped: ZeroDivisionError: division by zero; run it again with --debug to see where\n"
    )


def test_debug_shows_the_trace() -> None:
    assert "Traceback" in run("1 / 0", "--debug").stderr


def test_the_installed_command_is_this_program(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("amends")
    done = subprocess.run([command, "--help"], capture_output=True, text=True, cwd=tmp_path, env=os.environ, check=True)
    assert "check" in done.stdout
