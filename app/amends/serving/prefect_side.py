"""Prefect beside the server: it follows behind, may be slow, gone or without its database, and comes back."""

import gc
import os
import threading
from dataclasses import dataclass

from amends.bootstrap import Parts
from amends.serving import journal
from amends.serving.wariness import Wary
from amends_flows.backends import Backend, open_backend, prepare_backend
from amends_flows.environment import client_environment, without_proxy
from amends_flows.reports import NoWorker, StepFailed
from amends_flows.server import PrefectServer, embedded_server

_GLANCE = 2.0  # seconds between two looks at the server
_ASK_AGAIN = 10.0  # seconds between two looks for a server that is not there
_SILENT = 2  # looks without an answer
_BROKEN = 3  # batches in a row that Prefect could not run


@dataclass
class PrefectSide:
    """backend: where batches run while the server is well, else None."""

    made: Parts
    stop: threading.Event
    backend: Backend | None = None
    failed: int = 0  # batches in a row

    def turn(self) -> None:
        """Start the server or find it, use it until it is not well any more, and let it go."""
        settings = self.made.settings
        opened = embedded_server(settings.prefect_home, settings.prefect_api_url, journal.tell)
        with opened as server:
            if not self._found(server):
                return
            backend = self._connect(server)
            try:
                journal.tell("Prefect is there", pages=server.ui_url)
                self.backend, self.failed = backend, 0
                self._watch(server)
            finally:
                self.backend = None
                backend.close()
        if not self.stop.is_set():
            journal.warn("Prefect does not answer; its server starts anew")

    def note(self, error: Exception | None) -> None:
        """What broke a batch off, if anything did; a step that fails, or a worker that is not there, is not Prefect."""
        if error is None:
            self.failed = 0
        elif not isinstance(error, StepFailed | NoWorker):
            self.failed += 1

    def _found(self, server: PrefectServer) -> bool:
        """Wait for a server that somebody else runs, since nothing is imported for one that is not there."""
        if not self.made.settings.prefect_api_url or server.is_well():
            return not self.stop.is_set()
        journal.warn("no Prefect server answers at PREFECT_API_URL; effects are carried out without it until one does")
        while not self.stop.wait(_ASK_AGAIN):
            if server.is_well():
                return True
        return False

    def _connect(self, server: PrefectServer) -> Backend:
        settings = self.made.settings
        os.environ.update(client_environment(settings.prefect_home, server.api_url) | without_proxy(os.environ))
        prepare_backend(settings.work_pool)  # four seconds of work, while the server comes up
        gc.freeze()  # Prefect brings a million objects that stay: no collection need look at them again
        server.wait_ready(self.stop)
        return Wary(open_backend(self.made.runtime, server.api_url, settings.work_pool))

    def _watch(self, server: PrefectServer) -> None:
        silent = 0
        while silent < _SILENT and self.failed < _BROKEN and not self.stop.wait(_GLANCE):
            silent = 0 if server.is_well() else silent + 1
