"""The providers, in a process of its own that knows nothing of Amends: SendGrid, Slack and a receiver of webhooks.

Every request is a line of the log before anything is done about it. A seeded plan says what goes wrong.
"""

import argparse
import contextlib
import hashlib
import json
import os
import re
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

HANGING = 40.0  # seconds: longer than anybody waits
SLOWEST = 0.15  # seconds that a well provider takes
FATES = {
    "drop-before": (20, False),
    "drop-after": (20, True),
    "reset": (15, True),
    "busy": (20, False),
    "error-before": (10, False),
    "error-after": (10, True),
    "trickle": (2, True),
    "hang": (2, True),
}
"""Of a thousand requests, and whether the provider does what it was asked."""


def fate_of(seed, number, spared=()):
    """What happens to this request; "" is nothing out of the ordinary."""
    drawn = draw(seed, number, "fate") * 1000
    for fate, (share, _) in FATES.items():
        drawn -= share
        if drawn < 0:
            return "" if fate in spared else fate
    return ""


def draw(seed, number, what):
    """A number from 0 to 1, the same one for the same question."""
    digest = hashlib.sha256(f"{seed}:{number}:{what}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def read_sendgrid(_headers, body):
    mail = json.loads(body)
    person = mail["personalizations"][0]
    arguments = person.get("custom_args") or mail["custom_args"]
    return {"kind": "email", "effect": arguments["effect_id"], "about": _number(person["to"][0]["email"])}


def read_slack(_headers, body):
    card = json.loads(body)
    is_repeat = "Possible repeat" in json.dumps(card)
    effect = card["metadata"]["event_payload"]["effect_id"]
    return {"kind": "slack", "effect": effect, "about": _number(card["text"]), "is_marked": is_repeat}


def read_webhook(headers, body):
    return {"kind": "webhook", "effect": headers["webhook-id"], "about": _number(json.loads(body)["about"])}


def _number(text):
    return int(re.search(r"c([0-9]+)", text)[1])


READERS = {"/v3/mail/send": read_sendgrid, "/api/chat.postMessage": read_slack, "/crm": read_webhook}


@dataclass
class Book:
    """The log, and what was done, which is what look-ups ask for. is_calm: nothing goes wrong any more."""

    path: str
    seed: int
    spared: tuple = ()
    is_calm: bool = False
    done: dict = field(default_factory=dict)
    _number: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, told):
        """The request as it stands in the log, with its number, its fate and whether it is done."""
        with self._lock:
            self._number += 1
            fate = "" if self.is_calm else fate_of(self.seed, self._number, self.spared)
            line = told | {"number": self._number, "fate": fate, "is_done": FATES.get(fate, (0, True))[1]}
            with open(self.path, "ab") as log:  # noqa: PTH123
                log.write(json.dumps(line).encode() + b"\n")
                log.flush()
                os.fsync(log.fileno())
            if line["is_done"]:
                self.done.setdefault(line["kind"], set()).add(line["effect"])
            return line


class Provider(BaseHTTPRequestHandler):
    book: Book

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        if path == "/calm":
            self.book.is_calm = True
            self.answer(200)
        elif reader := READERS.get(path):
            line = self.book.write(reader(self.headers, body))
            time.sleep(draw(self.book.seed, line["number"], "pause") * SLOWEST)
            self.meet(line)
        else:
            self.look_up(path)

    def do_GET(self):
        self.look_up(urlsplit(self.path).path)

    def meet(self, line):
        fate = line["fate"]
        if fate == "busy":
            self.answer(429, headers={"Retry-After": "1"})
        elif fate.startswith("error"):
            self.answer(503)
        elif fate == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        elif fate == "hang":
            time.sleep(HANGING)
        elif fate == "trickle":
            self.trickle()
        elif not fate:
            self.take(line)

    def trickle(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(int(HANGING * 4)):
            self.wfile.write(b"X-More: x\r\n"[:1])
            time.sleep(0.25)

    def take(self, line):
        if line["kind"] == "email":
            self.answer(202, headers={"X-Message-Id": f"m{line['number']}"})
        elif line["kind"] == "slack":
            self.answer(200, {"ok": True, "channel": "C1", "ts": f"{line['number']}.1"})
        else:
            self.answer(204)

    def look_up(self, path):
        if path == "/v3/messages":
            asked = parse_qs(urlsplit(self.path).query)["query"][0]
            found = [one for one in self.book.done.get("email", ()) if f'"{one}"' in asked]
            self.answer(200, {"messages": [{"msg_id": one} for one in found]})
        elif path.endswith("conversations.list"):
            self.answer(200, {"ok": True, "channels": [{"id": "C1", "name": "cx"}]})
        elif path.endswith("conversations.history"):
            posts = [_post(one) for one in sorted(self.book.done.get("slack", ()))]
            self.answer(200, {"ok": True, "messages": posts, "has_more": False})
        else:
            self.answer(404)

    def answer(self, status, content=None, headers=None):
        body = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self):
        with contextlib.suppress(OSError, ValueError):  # whoever asked may be dead by now
            super().handle()

    def log_message(self, *_words):
        pass


def _post(effect):
    return {"metadata": {"event_type": "amends_effect", "event_payload": {"effect_id": effect}}}


class Sink(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def open_sink(book, port=0):
    return Sink(("127.0.0.1", port), type("Bound", (Provider,), {"book": book}))


def main():
    words = argparse.ArgumentParser()
    words.add_argument("log")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--calm", action="store_true", help="nothing goes wrong")
    words.add_argument("--spare", action="append", default=[], choices=[*FATES])
    given = words.parse_args()
    with open_sink(Book(given.log, given.seed, tuple(given.spare), given.calm)) as sink:
        print(sink.server_port, flush=True)
        sink.serve_forever()


if __name__ == "__main__":
    main()
