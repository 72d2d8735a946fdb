"""Opens programs of ours in moments: imports are paid once, and each program is a fork, a process like any other.

A JSON document a line on stdin: {"open": words, "environment": names and values, "told": path} is answered with the
number of the process, {"wait": number} with how it ended.
"""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import traceback
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]
NOWHERE = "http://127.0.0.1:9/api"
"""A Prefect server that is not there."""


@dataclass
class Nursery:
    """Our end of it, for one thread at a time. prefect_home: where Prefect is at home that programs use, if they do."""

    prefect_home: Path | None = None
    _process: "subprocess.Popen[str]" = field(init=False)

    def __enter__(self) -> Self:
        from amends_flows.environment import client_environment

        quiet = client_environment(self.prefect_home, NOWHERE) if self.prefect_home else {}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.nursery", *(["--prefect"] if quiet else [])], cwd=ROOT, text=True,
            env=os.environ | quiet, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        return self

    def __exit__(self, *_error: object) -> None:
        with self._process:
            assert self._process.stdin
            self._process.stdin.close()

    def open(self, words: tuple[str, ...], environment: dict[str, str], told: Path) -> "Program":
        """told: what is appended to by all that it says on stderr."""
        return Program(self, self._ask({"open": words, "environment": environment, "told": str(told)}))

    def wait(self, number: int) -> int:
        return self._ask({"wait": number})

    def _ask(self, question: dict[str, Any]) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def is_alive(process: int) -> bool:
    """And not a dead one that nobody has waited for."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@dataclass
class Program:
    """One that runs, until it was waited for."""

    nursery: Nursery
    number: int
    code: int | None = None

    def send_signal(self, sign: signal.Signals) -> None:
        if self.code is None:
            os.kill(self.number, sign)

    @property
    def is_alive(self) -> bool:
        return self.code is None and is_alive(self.number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)
        self.wait()

    def wait(self) -> int:
        """How it ended."""
        if self.code is None:
            self.code = self.nursery.wait(self.number)
        return self.code


WARM = (
    "amends.api.application", "amends.cli.serve", "amends.serving.server", "amends_connectors.email_sendgrid",
    "amends_connectors.slack_client", "amends_connectors.webhook_client", "psycopg", "tests.torture.worker", "uvloop",
)  # fmt: skip
"""What a program imports while it runs."""


def run(words):
    if words[0] == "worker":
        from tests.torture import worker

        worker.main(words[1:])
    else:
        from amends.cli import main

        sys.argv = ["amends", *words]
        main()


def open_program(words, environment, told):
    """In the child this does not return."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        _settle_in(environment, told)
        run(words)
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else bool(ended.code)
    except BaseException:  # noqa: BLE001  a child must not go on as its parent
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _settle_in(environment, told):
    os.environ.clear()
    os.environ.update(environment)
    random.seed()  # else every program would draw the same
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, path, way in ((0, os.devnull, os.O_RDONLY), (1, os.devnull, os.O_WRONLY), (2, told, os.O_WRONLY)):
        opened = os.open(path, way | (os.O_CREAT | os.O_APPEND if number == 2 else 0), 0o600)
        os.dup2(opened, number)
        os.close(opened)


def main():
    for name in (*WARM, *(["amends_flows.prefect_backend"] if "--prefect" in sys.argv else [])):
        import_module(name)
    alive = set()
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            answer = os.waitstatus_to_exitcode(os.waitpid(asked["wait"], 0)[1])
            alive.discard(asked["wait"])
        else:
            answer = open_program(asked["open"], asked["environment"], asked["told"])
            alive.add(answer)
        print(answer, flush=True)
    for one in alive:  # whoever asked is dead, so nobody else would end them
        os.kill(one, signal.SIGKILL)


if __name__ == "__main__":
    main()
