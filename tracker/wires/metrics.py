"""Figures for Prometheus, on a port of their own. They name no person."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tracker.domain.clinic.health import Facts, Queue, judge

T = TypeVar("T", bound=str)


class _Figures(Collector):
    """Reads the facts anew each time it is asked."""

    def __init__(self, look: Callable[[], Facts]) -> None:
        self._look = look

    def describe(self) -> Iterable[Metric]:
        """Nothing: so that starting does not look."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The figures of this moment."""
        facts = self._look()
        states = {part: state.rank for part, state in judge(facts).items()}
        yield _gauge("state", "Of each part: 0 good, 1 look, 2 failing", "part", states)
        ages = {sign: facts.age(sign) for sign in facts.signs}
        seconds = {sign: age.total_seconds() for sign, age in ages.items() if age is not None}
        yield _gauge("sign_age_seconds", "Since each sign of life", "sign", seconds)
        queues: dict[str, Queue] = {
            "courses": facts.unjudged,
            "photos": facts.photos,
            "pressing_mails": facts.pressing_mails,
            "mails": facts.mails,
        }
        waiting = {name: queue.waiting for name, queue in queues.items()}
        yield _gauge("waiting", "How many wait in each queue", "queue", waiting)
        oldest = {
            name: (facts.at - queue.oldest).total_seconds() if queue.oldest else 0.0
            for name, queue in queues.items()
        }
        yield _gauge("oldest_seconds", "How long the oldest waits", "queue", oldest)
        failed = {
            "photos": facts.failed.photos,
            "baselines": facts.failed.baselines,
            "files": facts.failed.files,
            "mails": facts.mails.given_up,
        }
        yield _gauge("given_up", "What was given up until a person looks", "what", failed)
        sizes = {"free": facts.free_bytes, "database": facts.database_bytes}
        yield _gauge("bytes", "Of the disk that are free, and of the database", "what", sizes)


@contextmanager
def serve_metrics(address: tuple[str, int] | None, look: Callable[[], Facts]) -> Iterator[None]:
    """Answer Prometheus meanwhile, at `address` (host, port); None for not at all.

    Raises OSError when the address is taken.
    """
    if address is None:
        yield
        return
    registry = CollectorRegistry()
    registry.register(_Figures(look))
    server, thread = start_http_server(address[1], address[0], registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _gauge(name: str, words: str, label: str, values: Mapping[T, float]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(f"afterglow_{name}", words, labels=[label])
    for value, number in values.items():
        gauge.add_metric([str(value)], number)
    return gauge
