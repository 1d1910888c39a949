"""For those who run a sink: its /healthz and /metrics. It reads what filling knows and keeps nothing.

A process tells of all partitions which ones it holds, and the rest of those alone: the sum over all processes is the cluster's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily

from footfall.cluster.filling import Filling
from footfall.http.listener import Told, exposition
from footfall.http.openapi import Health
from footfall.http.version import installed_version


class SinkReadings:
    """A prometheus collector: one reading of everything each time it is asked."""

    def __init__(self, filling: Filling, now: Callable[[], int]) -> None:
        self._filling = filling
        self._now = now

    def collect(self) -> Iterable[Metric]:
        """Called by the registry."""
        filling = self._filling
        yield GaugeMetricFamily("footfall_sink_healthy", "1 while journal and history can be used", int(not filling.failure))
        holds = _gauge("footfall_sink_holds", "1 for a partition that this process fills history from, 0 for others")
        for partition in filling.partitions:
            holds.add_metric((str(partition.number),), int(partition.number in filling.fillers))
        yield holds
        yield from self._lags()
        yield from self._carried()

    def _lags(self) -> Iterable[Metric]:
        messages = _gauge("footfall_sink_lag_messages", "Messages of the journal that history does not have whole")
        seconds = _gauge("footfall_sink_lag_seconds", "The age of the first of them")
        for number, behind in self._filling.behind.items():
            messages.add_metric((str(number),), behind.messages)
            seconds.add_metric((str(number),), max(0, self._now() - behind.since) / 1000 if behind.messages else 0)
        yield messages
        yield seconds

    def _carried(self) -> Iterable[Metric]:
        pending = _gauge("footfall_sink_pending_bytes", "Rows in memory that wait for history")
        failing = _gauge("footfall_sink_failing", "1 while history does not take them")
        rows = CounterMetricFamily("footfall_sink_rows", "Rows that history took", labels=("partition",))
        appends = SummaryMetricFamily("footfall_sink_append_seconds", "What that took, in steps", labels=("partition",))
        for number, (filler, _) in self._filling.fillers.items():
            sink, labels = filler.sink, (str(number),)
            pending.add_metric(labels, sink.pending_bytes)
            failing.add_metric(labels, int(bool(sink.failure)))
            rows.add_metric(labels, sink.rows)
            appends.add_metric(labels, count_value=sink.appends, sum_value=sink.append_seconds)
        yield from (pending, failing, rows, appends)


def _gauge(name: str, about: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, labels=("partition",))


def told_of(filling: Filling, now: Callable[[], int]) -> Mapping[str, Callable[[], Told]]:
    """What is told at which path."""
    version, registry = installed_version(), CollectorRegistry(auto_describe=False)
    registry.register(SinkReadings(filling, now))

    def healthz() -> Told:
        """503 while something is away. One that holds no partition is a spare, and well."""
        failure = filling.failure
        health = Health("unavailable" if failure else "ok", version, [], failure)
        return Told("application/json", msgspec.json.encode(health), 503 if failure else 200)

    return {"/healthz": healthz, "/metrics": lambda: exposition(registry)}
