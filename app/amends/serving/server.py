"""`amends serve`: one process from the socket to the connector; started fast, stopped in order."""

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import uvicorn

from amends.api.application import Application, metrics, plain_json
from amends.api.keys import ApiKeys
from amends.api.submitting import Intake
from amends.bootstrap import Parts
from amends.errors import UsageError
from amends.serving import journal
from amends.serving.gauges import Gauges
from amends.serving.group_commit import GroupCommit
from amends.serving.kept import Kept
from amends.serving.loops import Loop, join, start
from amends.serving.prefect_side import PrefectSide
from amends.serving.previews import PreviewPage
from amends.serving.work import Work
from amends_flows.server import end_at_once
from amends_store.errors import StoreError

STOP_WITHIN = 30.0  # seconds
_LAST = 3.0  # of these for what comes after the loops
_IDLE_CONNECTION = 75  # seconds
_INSISTED = 130
_TURN = 0.001  # seconds that a thread may keep the interpreter from the one that answers; five by default


class _Http(uvicorn.Server):
    """Signals are ours: intake ends first, and the answers that are due come last."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_listening = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_listening.set()


@dataclass
class Server:
    """Everything that runs in a server."""

    made: Parts
    keys: ApiKeys
    host: str
    port: int
    gauges: Gauges = field(default_factory=Gauges)
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        runtime = self.made.runtime
        self.settled = threading.Event()  # nothing runs in Prefect any more
        self.prefect = PrefectSide(self.made, self.settled)
        self.work = Work(self.made, self.prefect, self.gauges)
        self.commits = GroupCommit(self.made.store, self.work.planning.ring, self.gauges.groups.observe)
        self.loops = [
            Loop(name, turn, self.stop, self._count_crash)
            for name, turn in {
                "planning": self.work.plan,
                "handing out": self.work.hand_out,
                "finishing what Prefect leaves": self.work.relieve,
                "sweeping": self.work.sweep,
            }.items()
        ]
        self.prefect_loop = Loop("Prefect", self.prefect.turn, self.settled, self._count_crash)
        shown = PreviewPage(self.made.settings.outbox, self.stop.wait)
        self.previews_loop = Loop("the page over previews", shown.turn, self.stop, self._count_crash)
        self.writer = threading.Thread(target=self.commits.run, name="commits", daemon=True)
        intake = Intake(
            self.keys, self.made.workspace.fields, self.commits, self.gauges, runtime.clock, self.stop.is_set
        )
        plain = {
            "/healthz": plain_json(lambda: (True, {"alive": True})),
            "/readyz": plain_json(Kept(self.readiness)),
            "/metrics": metrics(self.gauges.text),
        }
        self.application = Application(intake, plain, self.made, self.keys)
        self.gauges.read_now(self._figures)

    def run(self) -> None:
        """Serve until SIGTERM or Ctrl-C; raises UsageError if the address cannot be had."""
        config = uvicorn.Config(
            self.application,
            host=self.host,
            port=self.port,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=_IDLE_CONNECTION,
            timeout_graceful_shutdown=1,
            backlog=2048,
            ws="none",
            proxy_headers=False,
        )
        self.http = _Http(config)
        sys.setswitchinterval(_TURN)
        with uvicorn_loop(config) as runner:
            runner.run(self._serve(config))

    async def _serve(self, config: uvicorn.Config) -> None:
        loop = asyncio.get_running_loop()
        asked = asyncio.Event()
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, self._on_signal, asked)
        try:
            listening = config.bind_socket()
        except SystemExit:
            raise UsageError(f"nothing can listen on {self.host}:{self.port}; name another with --port") from None
        host, port = listening.getsockname()[:2]
        self.writer.start()
        serving = asyncio.create_task(self.http.serve([listening]))
        await self.http.is_listening.wait()
        journal.tell("serving", address=f"http://{host}:{port}", process=os.getpid())
        start([*self.loops, self.previews_loop, self.prefect_loop])
        pages = asyncio.ensure_future(self.application.pages())
        await asyncio.wait([asyncio.create_task(asked.wait()), serving], return_when=asyncio.FIRST_COMPLETED)
        await self._end(serving)
        pages.cancel()

    def _on_signal(self, asked: asyncio.Event) -> None:
        if asked.is_set():
            journal.warn("told twice to stop, so it stops now; sends in flight are in doubt")
            os._exit(_INSISTED)
        journal.tell("stopping; sends in flight are waited for", seconds=STOP_WITHIN)
        self.stop.set()
        self.made.runtime.stop.set()
        self.work.wake()
        asked.set()

    async def _end(self, serving: "asyncio.Task[None]") -> None:
        """Intake has ended; what is being sent gets its answer recorded, and who waits for a commit is answered."""
        began = time.monotonic()
        self.commits.close()
        await asyncio.to_thread(self.writer.join, STOP_WITHIN - _LAST)
        left = STOP_WITHIN - _LAST - (time.monotonic() - began)
        busy = await asyncio.to_thread(join, [*self.loops, self.previews_loop], left)
        self.settled.set()
        left = STOP_WITHIN - _LAST - (time.monotonic() - began)
        busy += await asyncio.to_thread(join, [self.prefect_loop], left)
        self.http.should_exit = True
        with suppress(asyncio.CancelledError):
            await serving
        seconds = round(time.monotonic() - began, 2)
        if busy:
            if self.prefect_loop.name in busy and not self.made.settings.prefect_api_url:
                end_at_once(self.made.settings.prefect_home)
            journal.warn("stopped, though not everything had ended", busy=", ".join(busy), seconds=seconds)
            os._exit(0)
        journal.tell("stopped", seconds=seconds)

    def readiness(self) -> tuple[bool, dict[str, object]]:
        """Whether events can be taken, and what else there is to know."""
        loops = {loop.name: loop.state for loop in [*self.loops, self.previews_loop, self.prefect_loop]}
        is_able = not self.stop.is_set() and self._can_commit()
        is_ready = is_able and all(loop.is_well for loop in self.loops)
        return is_ready, {
            "ready": is_ready,
            "stopping": self.stop.is_set(),
            "can_commit": is_able,
            "prefect": "there" if self.prefect.backend else "not there; effects are carried out without it",
            "loops": loops,
            **(self._stopped() if is_able else {}),
        }

    def _stopped(self) -> dict[str, object]:
        """What an operator has paused, and channels that rest; without reasons, since anybody may ask."""
        store = self.made.store
        return {"paused": [str(one.scope) for one in store.pauses()], "resting": sorted(store.circuits())}

    def _can_commit(self) -> bool:
        try:
            self.made.store.probe()
        except StoreError:
            return False
        return self.commits.is_able and self.writer.is_alive()

    def _count_crash(self, name: str) -> None:
        self.gauges.crashes.labels(name).inc()

    def _figures(self) -> Iterator[tuple[str, str, dict[str, str], float]]:
        backlog = self.made.store.backlog()
        yield "commit_queue", "Events that wait for their commit", {}, self.commits.waiting
        yield "unplanned", "Accepted events that no rule has seen yet", {}, backlog.unplanned
        for state, count in backlog.effects:
            yield "open_effects", "Effects that are not final", {"state": state.value}, count
        yield "pauses", "What operators have paused", {}, len(self.made.store.pauses())
        for channel in self.made.store.circuits():
            yield "resting", "Channels whose provider refuses us or is gone", {"channel": channel}, 1.0
        yield "prefect_up", "Whether batches run in Prefect", {}, float(self.prefect.backend is not None)


@contextmanager
def uvicorn_loop(config: uvicorn.Config) -> Iterator["asyncio.Runner"]:
    """A runner with uvicorn's choice of event loop: uvloop where it is installed."""
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        yield runner
