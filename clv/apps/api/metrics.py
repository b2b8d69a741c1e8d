"""What Prometheus reads: requests by route and status, their time, and which run is served."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from clv import __version__

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """The figures of one app, since its start."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "clv_api_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "clv_api_request_seconds",
            "Time from the request's head to the answer's end.",
            ["route"],
            registry=self._registry,
            buckets=_SECONDS,
        )
        self._customers = Gauge(
            "clv_published_customers", "Customers of the published run.", registry=self._registry
        )
        self._created = Gauge(
            "clv_published_created_timestamp_seconds",
            "When the published run was made.",
            registry=self._registry,
        )
        version = Gauge("clv_info", "The version.", ["version"], registry=self._registry)
        version.labels(__version__).set(1)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; ``route`` is the template, never the address with its ids."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self, customers: int | None, created_at: str | None) -> bytes:
        """Return everything as text; None where nothing is published."""
        self._customers.set(customers or 0)
        made = datetime.fromisoformat(created_at).timestamp() if created_at else 0.0
        self._created.set(made)
        return generate_latest(self._registry)
