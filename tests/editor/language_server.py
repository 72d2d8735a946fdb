"""A small client for a language server: JSON-RPC over the pipes of a process, one question at a time."""

import json
import queue
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

PATIENCE = 30.0  # seconds; a cold start of node on a busy machine takes a few

SETTINGS = {"yaml": {"schemaStore": {"enable": False}, "validate": True, "completion": True, "hover": True}}


@dataclass
class LanguageServer:
    """The running server. Lines and columns count from 0, as the protocol has it."""

    process: "subprocess.Popen[bytes]"
    inbox: "queue.Queue[dict[str, Any]]" = field(default_factory=queue.Queue)
    asked: int = 0

    def ask(self, method: str, **params: Any) -> Any:
        """Send a request and return its result."""
        self.asked += 1
        self._send(id=self.asked, method=method, params=params)
        return self._wait(lambda message: message.get("id") == self.asked and "method" not in message)["result"]

    def tell(self, method: str, **params: Any) -> None:
        self._send(method=method, params=params)

    def open(self, uri: str, text: str) -> list[dict[str, Any]]:
        """Open a document; what the server marks in it."""
        self.tell("textDocument/didOpen",
                  textDocument={"uri": uri, "languageId": "yaml", "version": 1, "text": text})  # fmt: skip
        return self._wait(lambda message: _marks(message, uri))["params"]["diagnostics"]

    def _wait(self, is_it: Any) -> dict[str, Any]:
        while True:
            message = self.inbox.get(timeout=PATIENCE)
            if is_it(message):
                return message
            if "id" in message and "method" in message:
                self._send(id=message["id"], result=_answer(message))

    def _send(self, **message: Any) -> None:
        assert self.process.stdin
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()


def _marks(message: dict[str, Any], uri: str) -> bool:
    return message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri


def _answer(request: dict[str, Any]) -> Any:
    """What an editor would answer: its settings, one for each section asked for."""
    if request["method"] == "workspace/configuration":
        return [SETTINGS.get(item["section"], {}) for item in request["params"]["items"]]
    return None


def _read(stream: BinaryIO, inbox: "queue.Queue[dict[str, Any]]") -> None:
    while line := stream.readline():
        if line.startswith(b"Content-Length:"):
            length = int(line.split(b":")[1])
            while stream.readline().strip():
                pass
            inbox.put(json.loads(stream.read(length)))


@contextmanager
def language_server(script: Path, node: str = "node") -> Iterator[LanguageServer]:
    """Start the server with node; it is gone at the end. It fetches nothing: the schema store is switched off."""
    command = [node, str(script), "--stdio"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **pipes) as process:  # type: ignore[call-overload]
        server = LanguageServer(process)
        threading.Thread(target=_read, args=(process.stdout, server.inbox), daemon=True).start()
        try:
            capabilities = {
                "workspace": {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}},
                "textDocument": {"completion": {"completionItem": {"documentationFormat": ["markdown"]}}},
            }
            server.ask("initialize", processId=None, rootUri=None, capabilities=capabilities)
            server.tell("initialized")
            yield server
        finally:
            process.kill()
