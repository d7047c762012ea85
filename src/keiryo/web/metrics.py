"""Figures about the server for Prometheus: how much, how fast, how far the chain is.

They say nothing about material: counts of requests by pattern of the route, their time, jobs, the
number of the last act. Whoever fetches them has a token with the ability ``metrics``.
"""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from keiryo.version import __version__

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"


class Metrics:
    """The figures of a server process; with several workers they are put together in files."""

    def __init__(self) -> None:
        self.registry = here = CollectorRegistry()
        labels = ["method", "route", "status"]
        self.requests = Counter("keiryo_requests", "Requests answered.", labels, registry=here)
        self.seconds = Histogram(
            "keiryo_request_seconds",
            "Time to answer.",
            ["route"],
            buckets=BUCKETS_S,
            registry=here,
        )
        self.in_progress = _gauge(here, "requests_in_progress", "Requests being answered.")
        self.jobs = _gauge(here, "jobs_running", "Jobs that run.")
        self.head = Gauge(
            "keiryo_last_act", "Number of the last act.", multiprocess_mode="max", registry=here
        )
        about = Gauge(
            "keiryo_info", "Version.", ["version"], multiprocess_mode="max", registry=here
        )
        about.labels(__version__).set(1)

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Return the figures of all workers in Prometheus' text format."""
        if not os.environ.get(MULTIPROCESS):
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)


def _gauge(here: CollectorRegistry, name: str, words: str) -> Gauge:
    return Gauge(f"keiryo_{name}", words, multiprocess_mode="livesum", registry=here)
