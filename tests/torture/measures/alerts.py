"""Five hundred alerts to one channel of a Slack that takes one a second, and says when to come back."""

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.torture.client import event
from tests.torture.measures.measured import Measured
from tests.torture.sink import draw
from tests.torture.stage import Stage, wait_for

ALERTS = 500
MOST_A_SECOND = 1.1
WINDOW = 10.0  # seconds
LONGEST = ALERTS * 1.5 + 300


@dataclass
class Channel:
    """taken: when which effect was posted; early: requests that came although they had been told to wait."""

    taken: list[tuple[float, str]] = field(default_factory=list)
    refused: int = 0
    early: int = 0
    _until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, effect: str) -> int:
        """How long to wait, in seconds; 0 if it was posted."""
        now = time.monotonic()
        with self._lock:
            if now < self._until:
                self.early += 1
                return self._refuse(now, 1)
            if self.taken and now - self.taken[-1][0] < 1 / MOST_A_SECOND:
                return self._refuse(now, 2)
            if draw(1, len(self.taken) + self.refused, "slack") < 0.03:  # Slack also counts what other apps post
                return self._refuse(now, 3)
            self.taken.append((now, effect))
            return 0

    def _refuse(self, now: float, seconds: int) -> int:
        self.refused += 1
        self._until = now + seconds
        return seconds

    def fastest(self) -> float:
        """A second, over the window in which most were posted."""
        times = [at for at, _ in self.taken]
        return max(sum(1 for at in times if begin <= at < begin + WINDOW) for begin in times) / WINDOW


def alerts(stage: Stage) -> Measured:
    channel = Channel()
    with _open(channel) as slack:
        stage.settings["SLACK_BASE_URL"] = f"http://127.0.0.1:{slack.server_port}/api/"
        events = [event(number * 40) for number in range(1, ALERTS + 1)]
        stage.amends("import", str(stage.write_events(*events)), "--as", "events")
        began = time.monotonic()
        stage.serve()
        wait_for(stage.is_idle, LONGEST, rest=2.0)
        seconds = time.monotonic() - began
        slack.shutdown()
    lost, repeated = ALERTS - len({effect for _, effect in channel.taken}), len(channel.taken) - ALERTS
    figure = (
        f"{lost} lost, {max(0, repeated)} repeated, {channel.fastest():.1f} a second at most (over {WINDOW:.0f} s), "
        f"{channel.early} before `Retry-After` of {channel.refused} refusals; {seconds:.0f} s"
    )
    return Measured(figure, (lost, repeated, channel.early) == (0, 0, 0) and channel.fastest() <= MOST_A_SECOND)


def _open(channel: Channel) -> ThreadingHTTPServer:
    class Slack(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            card = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            wait = channel.ask(card["metadata"]["event_payload"]["effect_id"])
            said = {"ok": False, "error": "ratelimited"} if wait else {"ok": True, "channel": "C1", "ts": "1.1"}
            body = json.dumps(said).encode()
            self.send_response(429 if wait else 200)
            for name, value in (("Content-Type", "application/json"), ("Content-Length", len(body))):
                self.send_header(name, str(value))
            if wait:
                self.send_header("Retry-After", str(wait))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Slack)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
