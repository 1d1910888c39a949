"""Ingest: durable facts per second next to the same server's empty answer, in one run, with everything switched on.

The ceiling is granian embedded as in `serve`, answering 204 to the same requests after reading their bodies. Ceiling and real
server take turns, so that whatever else the machine does falls on both; the medians of the turns are compared.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any

import duckdb

from bench import stages
from bench.load import CONNECTIONS, Load, wrk
from bench.report import table
from bench.server import SITE, Server, started

SECONDS = 6
TURNS = 3
BATCH = 50

Turn = tuple[Load, dict[str, Any]]  # what wrk saw, what the probe told


def run() -> None:
    """Print the tables."""
    folder = Path(tempfile.mkdtemp(prefix="footfall-bench-"))
    try:
        _measure(folder)
    finally:
        shutil.rmtree(folder)
    stages.run()


def _measure(folder: Path) -> None:
    ceilings: list[Turn] = []
    singles: list[Turn] = []
    batches: list[Turn] = []
    with started(None) as empty, started(folder) as real, watching(real, 3):
        wrk(empty.port, 1)
        warm = wrk(real.port, 2)
        for _ in range(TURNS):
            ceilings.append(_turn(empty, 1))
            singles.append(_turn(real, 1))
            batches.append(_turn(real, BATCH))
    acknowledged = warm.requests + sum(load.requests for load, _ in singles) + BATCH * sum(load.requests for load, _ in batches)
    cut_off = CONNECTIONS * (1 + TURNS + BATCH * TURNS)
    _told(ceilings, singles, batches)
    _exact(folder, acknowledged, cut_off)


def _turn(server: Server, facts: int) -> Turn:
    server.report()
    load = wrk(server.port, SECONDS, facts)
    return load, server.report()


def _told(ceilings: list[Turn], singles: list[Turn], batches: list[Turn]) -> None:
    ceiling = median(load.rate for load, _ in ceilings)
    single = median(load.rate for load, _ in singles)
    batched = BATCH * median(load.rate for load, _ in batches)
    rows = [("empty 204", n, load, 1, report) for n, (load, report) in enumerate(ceilings, 1)]
    rows += [("one fact", n, load, 1, report) for n, (load, report) in enumerate(singles, 1)]
    rows += [(f"{BATCH} facts", n, load, BATCH, report) for n, (load, report) in enumerate(batches, 1)]
    table(
        f"Ingest: wrk, {CONNECTIONS} connections, {SECONDS} s a turn, 3 viewers connected",
        ("request", "turn", "requests/s", "facts/s", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "errors", "CPU µs/fact",
         "late ms", "late, sink writing", "> 50 ms", "gc ms", "RSS MB"),
        [_row(*row) for row in rows],
    )  # fmt: skip
    ratio = f"{single / ceiling:.0%} ({single:,.0f} / {ceiling:,.0f})"
    latency = [load.p99 / load.p50 for load, _ in singles]
    writing = max(report["late_writing_ms"] for _, report in singles)
    table(
        "Ingest: against its targets",
        ("figure", "measured", "target", "aim"),
        [
            ("durable single facts/s ÷ empty answers/s", ratio, ">= 40 %", "60 %"),
            ("p99 ÷ median of single facts (median turn)", f"{median(latency):.2f}", "<= 4", ""),
            (f"facts/s in requests of {BATCH} ÷ single", f"{batched / single:.2f}", ">= 2", "3"),
            ("longest lateness of the loop while the sink writes", f"{writing:.0f} ms", "<= 50 ms", ""),
        ],
    )  # fmt: skip


def _row(name: str, turn: int, load: Load, facts: int, report: dict[str, Any]) -> tuple[object, ...]:
    probe: tuple[object, ...] = ("", "", "", "", "", "")
    if report:
        probe = (
            report["cpu"] / (load.requests * facts) * 1e6,
            report["late_ms"],
            report["late_writing_ms"],
            report["stalls"],
            report["collection_ms"],
            report["rss"] >> 20,
        )
    times = (load.p50, load.p99, load.p999, load.max, load.errors + load.statuses)
    return (name, turn, load.rate, load.rate * facts, *times, *probe)


def _exact(folder: Path, acknowledged: int, cut_off: int) -> None:
    """What history holds after the server has stopped, against what wrk saw acknowledged."""
    with duckdb.connect(folder / "history.duckdb", read_only=True) as history:
        found = history.execute("SELECT count(*), count(DISTINCT id), count(DISTINCT visitor) FROM facts").fetchone()
    assert found is not None
    rows, ids, visitors = found
    exact = acknowledged <= rows <= acknowledged + cut_off and rows == ids
    table(
        "Ingest: stored against acknowledged",
        ("acknowledged", "rows", "distinct ids", "visitors", "open when wrk stopped, at most", "exact"),
        [(acknowledged, rows, ids, visitors, cut_off, "yes" if exact else "NO")],
    )


@contextmanager
def watching(server: Server, viewers: int) -> Iterator[None]:
    """So many live viewers, who read what they get and throw it away."""
    sockets = []
    for n in range(viewers):
        viewer = socket.create_connection(("127.0.0.1", server.port))
        head = f"GET /api/live/{SITE}/stream HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: 192.0.2.{n}\r\n\r\n"
        viewer.sendall(head.encode())
        sockets.append(viewer)
        Thread(target=_drain, args=(viewer,), daemon=True).start()
    try:
        yield
    finally:
        for viewer in sockets:
            viewer.close()


def _drain(viewer: socket.socket) -> None:
    try:
        while viewer.recv(65536):
            pass
    except OSError:
        return
