"""Numbers for Prometheus: how many, how fast, how much; nothing about any person or device."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from sync.county.ledger import Totals

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""Where several workers put their numbers together. The library reads this from the environment when it is imported."""

TOTALS_SECONDS = 10.0
"""The county in numbers is counted at most so often, however often somebody asks."""

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0)
"""Bounds of the histogram: the long ones are slow lines, where an upload of 1 MiB takes minutes."""

METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"})


class Metrics:
    """The counters of one worker.

    Args:
        totals: the county in numbers.
    """

    def __init__(self, totals: Callable[[], Totals]) -> None:
        self._registry = CollectorRegistry()
        self._county = CollectorRegistry()
        self._county.register(_County(totals))
        self._requests = self._counter("requests", "Answered requests.", ["method", "route", "status"])
        self._seconds = Histogram(
            "xinyi_request_seconds",
            "From the first line of a request to the last byte of its answer.",
            ["route"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._received = self._counter("received_bytes", "Bytes of request bodies.")
        self._sent = self._counter("sent_bytes", "Bytes of answers.")
        self._segments = self._counter("segments_taken", "Segments that were handed in and are here now.")
        self._changes = self._counter("changes_taken", "Changes in those segments.")
        self._refusals = self._counter("refusals", "Refused calls and segments.", ["reason"])

    def _counter(self, name: str, words: str, labels: list[str] | None = None) -> Counter:
        return Counter(f"xinyi_{name}", words, labels or [], registry=self._registry)

    def answered(self, method: str, route: str, status: int, seconds: float, sizes: tuple[int, int]) -> None:
        """Count a request; `sizes` are the bytes of its body and of its answer."""
        # Anybody can make methods up, and every one would be another line.
        self._requests.labels(method if method in METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        self._received.inc(sizes[0])
        self._sent.inc(sizes[1])

    def took(self, segments: int, changes: int) -> None:
        """Count what was handed in."""
        self._segments.inc(segments)
        self._changes.inc(changes)

    def refused(self, reason: str) -> None:
        """Count a refusal; the reasons are our own text keys."""
        self._refusals.labels(reason).inc()

    def text(self) -> bytes:
        """All of it, of all workers, in the text format of Prometheus."""
        registry = self._registry
        if SHARED in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry) + generate_latest(self._county)


class _County(Collector):
    def __init__(self, totals: Callable[[], Totals]) -> None:
        self._totals = totals
        self._last: tuple[float, Totals] | None = None

    def collect(self) -> Iterator[GaugeMetricFamily]:
        if self._last is None or time.monotonic() - self._last[0] > TOTALS_SECONDS:
            self._last = (time.monotonic(), self._totals())
        for name, value in self._last[1]._asdict().items():
            yield GaugeMetricFamily(f"xinyi_county_{name}", f"In the county's database: {name}.", value=value)


@contextmanager
def shared_numbers(folder: Path) -> Iterator[None]:
    """While workers are started, tell them where to put their numbers together."""
    os.environ[SHARED] = str(folder)
    try:
        yield
    finally:
        del os.environ[SHARED]
