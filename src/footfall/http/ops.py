"""For those who run it: /healthz, /metrics, /openapi.json, /robots.txt.

It reads what others know (the engine's health, the doors' counters) and keeps nothing. Metrics belong to one application:
there is no global registry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from starlette.requests import Request
from starlette.responses import Response

from footfall.engine import Engine
from footfall.http.auth import Gate, Standing
from footfall.http.listener import Told, exposition
from footfall.http.openapi import Health, openapi
from footfall.http.page import said
from footfall.http.version import installed_version
from footfall.http.warnings import Warnings
from footfall.hub import Hub

ROBOTS = "User-agent: *\nDisallow: /\n"


class Readings:
    """A prometheus collector: one reading of everything each time it is asked."""

    def __init__(self, engine: Engine, hub: Hub, viewers: Callable[[], int], answers: Counter[tuple[str, int]]) -> None:
        self._engine = engine
        self._hub = hub
        self._viewers = viewers
        self._answers = answers

    def collect(self) -> Iterable[Metric]:
        """Called by the registry."""
        health = self._engine.health()
        requests = CounterMetricFamily("footfall_requests", "Answers given, by door and status", labels=("door", "status"))
        for (door, status), count in self._answers.items():
            requests.add_metric((door, str(status)), count)
        yield requests
        facts = CounterMetricFamily("footfall_facts", "What became of facts", labels=("site", "door", "outcome", "reason"))
        for (site, door, _, result, reason), count in self._engine.received().items():
            facts.add_metric((site, door, result, reason), count)
        yield facts
        yield GaugeMetricFamily("footfall_viewers", "Open live streams", self._viewers())
        yield GaugeMetricFamily("footfall_fan_out_seconds", "What the last round to viewers took", self._hub.fan_out_seconds)
        appends = SummaryMetricFamily("footfall_journal_append_seconds", "What it took to make batches durable")
        appends.add_metric((), count_value=self._engine.appends, sum_value=self._engine.append_seconds)
        yield appends
        yield GaugeMetricFamily("footfall_accepting", "1 while facts are accepted", int(health.accepting))
        yield GaugeMetricFamily("footfall_journal_position", "The last record that was folded", health.seq)
        yield GaugeMetricFamily("footfall_history_lag_records", "Records that history does not have yet", health.history_lag)
        seconds = health.history_lag_seconds
        yield GaugeMetricFamily("footfall_history_lag_seconds", "How long ago this process folded the first of them", seconds)


class Ops:
    """The endpoints."""

    def __init__(self, engine: Engine, gate: Gate, warnings: Warnings, readings: Readings) -> None:
        self._engine = engine
        self._gate = gate
        self._warnings = warnings
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(readings)
        self._version = installed_version()
        self._description = openapi(self._version)

    async def healthz(self, request: Request) -> Response:
        """Open to everybody: it names no site, no address and no file."""
        health = self._engine.health()
        status = "ok" if health.accepting else "unavailable"
        told = Health(status, self._version, self._warnings.public(), health.reason)
        headers = {} if health.accepting else {"retry-after": "1"}
        return _json(200 if health.accepting else 503, msgspec.json.encode(told), headers)

    async def openapi(self, request: Request) -> Response:
        """The doors, for machines."""
        return _json(200, self._description)

    async def metrics(self, request: Request) -> Response:
        """With the owner's key; everybody else is told that there is nothing."""
        standing = self._gate.standing(request.scope)
        if standing is Standing.OWNER:
            told = self.exposition()
            return Response(told.body, headers={"cache-control": "no-store"}, media_type=told.kind)
        return said(429 if standing is Standing.LIMITED else 404, request.scope)

    def exposition(self) -> Told:
        """The readings as Prometheus reads them."""
        return exposition(self._registry)

    async def robots(self, request: Request) -> Response:
        """Nothing here is for search engines."""
        return Response(ROBOTS, media_type="text/plain")


def problem(status: int) -> Response:
    """What the doors below /api/ answer to a request that fits none of them."""
    return _json(status, msgspec.json.encode({"error": HTTPStatus(status).phrase.lower()}))


def _json(status: int, body: bytes, more: Mapping[str, str] | None = None) -> Response:
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff", **(more or {})}
    return Response(body, status, headers, "application/json")
