"""Figures about the server for Prometheus: how much, how fast, how far the chain is.

They say nothing about material: counts of requests by pattern of the route, their time, jobs, the
number of the last act. Whoever fetches them has a token with the ability ``metrics``.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from keiryo.version import __version__

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


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
        """Count an answer; a method that somebody invented does not become a figure."""
        self.requests.labels(known_method(method), route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def forget_the_dead(self) -> None:
        """Forget what processes say about now that were killed and can say nothing more."""
        folder = os.environ.get(MULTIPROCESS)
        for path in Path(folder).glob("gauge_live*_*.db") if folder else ():
            number = int(re.sub(r"\D", "", path.stem.rpartition("_")[2]) or 0)
            if number and not Path(f"/proc/{number}").exists():
                mark_process_dead(number, folder)  # type: ignore[no-untyped-call]

    def text(self) -> bytes:
        """Return the figures of all workers in Prometheus' text format."""
        if not os.environ.get(MULTIPROCESS):
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)


def known_method(method: str) -> str:
    """Return a method of HTTP, or "other"."""
    return method if method in METHODS else "other"


def _gauge(here: CollectorRegistry, name: str, words: str) -> Gauge:
    return Gauge(f"keiryo_{name}", words, multiprocess_mode="livesum", registry=here)
