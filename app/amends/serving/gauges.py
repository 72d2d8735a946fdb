"""The figures of /metrics, in Prometheus' own form."""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class Gauges:
    """Counters of this process; read_now: figures that are asked for when somebody looks."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        counter, histogram = self._counter, self._histogram
        self.events = counter("events", "Events that arrived over HTTP", "result")
        self.requests = counter("requests", "Answers to POST /v1/events", "status")
        self.answered = histogram("answer_seconds", "From a whole request to its answer", _SECONDS)
        self.groups = histogram("commit_events", "Events in one commit", _SIZES)
        self.planned = counter("planned", "Events and timers decided on")
        self.batches = counter("batches", "Batches run", "backend", "result")
        self.effects = counter("effects", "Effects by the state they reached", "channel", "state")
        self.crashes = counter("loop_crashes", "Loops that crashed and began anew", "loop")

    def read_now(self, read: Callable[[], Iterable[tuple[str, str, dict[str, str], float]]]) -> None:
        """read: name, what it says, labels and value of each figure."""
        self._registry.register(_Now(read))

    def text(self) -> bytes:
        return generate_latest(self._registry)

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(f"amends_{name}", says, labels, registry=self._registry)

    def _histogram(self, name: str, says: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"amends_{name}", says, buckets=buckets, registry=self._registry)


class _Now:
    def __init__(self, read: Callable[[], Iterable[tuple[str, str, dict[str, str], float]]]) -> None:
        self._read = read

    def collect(self) -> Iterable[Metric]:
        found: dict[str, GaugeMetricFamily] = {}
        for name, says, labels, value in self._read():
            family = found.setdefault(name, GaugeMetricFamily(f"amends_{name}", says, labels=list(labels)))
            family.add_metric(list(labels.values()), value)
        return found.values()

    def describe(self) -> Iterable[Metric]:
        return ()
