"""A cluster on this machine: facts per second through 1, 2 and 3 collectors, CPU of each part per fact, how fast the sink
follows, and how long it takes until a part that was killed is missed no more.

Real servers (`cluster/`), all on the same cores, so that rates are no measure of more machines; CPU per fact is, and
docs/scaling.md goes on from there.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import psutil  # type: ignore[import-untyped]  # it ships no types

from bench.load import CONNECTIONS, wrk
from bench.report import table
from bench.server import SITE
from cluster import Cluster

SECONDS = 6
COLLECTORS = 3
BATCH = 50
START_SECONDS = 120.0
T = TypeVar("T")
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"  # else it is taken for a bot
NATS = ("nats-1", "nats-2", "nats-3")


class Process:
    """`footfall serve` or `footfall sink`, with a folder of its own."""

    def __init__(self, folder: Path, cluster: Cluster, *words: str) -> None:
        self._folder = folder
        places = ["--cluster", ",".join(cluster.nats_addresses), "--clickhouse", cluster.modern_addresses[0]]
        self._command = [sys.executable, "-m", "footfall", *words, *places, "--log-format", "json"]
        if words == ("serve",):
            more = ["--trusted-proxies", "127.0.0.1", "--rate-limit", "1000000"]
            self._command += ["--data-folder", str(folder), "--port", "0", *more]
        self.start()

    def start(self) -> None:
        """Does not wait."""
        with self._folder.with_suffix(".log").open("ab") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log)

    def ready(self) -> Process:
        """Of a collector: it answers. Its port may be another one each time."""
        told = until(self._told, "a collector answers")
        self.port = int(told["address"].rpartition(":")[2])
        return self

    def _told(self) -> dict[str, str] | None:
        try:
            told = json.loads((self._folder / "server.json").read_bytes())
        except (OSError, ValueError):
            return None
        return told if told["pid"] == self.process.pid else None

    def ask(self, method: str, path: str, body: bytes | None = None) -> int:
        """The status of one request with the owner's key, 0 if there was no answer."""
        headers = {
            "authorization": f"Bearer {(self._folder / 'owner.key').read_text().strip()}",
            "content-type": "application/json",
            "user-agent": AGENT,
        }
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()


def run() -> None:
    """Print the tables."""
    folder = Path(tempfile.mkdtemp(prefix="footfall-bench-"))
    try:
        with Cluster(folder / "servers", "nats", "modern").running() as cluster, footfall(folder, cluster) as (collectors, sink):
            _rates(cluster, collectors, sink)
            _recovery(cluster, collectors, sink)
    finally:
        shutil.rmtree(folder)


@contextmanager
def footfall(folder: Path, cluster: Cluster) -> Iterator[tuple[list[Process], Process]]:
    """Collectors that answer, and a sink."""
    running: list[Process] = []
    try:
        for number in range(COLLECTORS):
            running.append(Process(folder / f"collector-{number}", cluster, "serve"))
            running[-1].ready()
        assert running[0].ask("PUT", f"/api/sites/{SITE}", b"{}") in (200, 201)
        for collector in running:
            until(partial(_knows, collector), "a collector knows the site")
        collectors = list(running)
        running.append(Process(folder / "sink", cluster, "sink"))
        yield collectors, running[-1]
    finally:
        for process in running:
            process.kill()


def _rates(cluster: Cluster, collectors: list[Process], sink: Process) -> None:
    rows = []
    acknowledged = 0
    for facts in (1, BATCH):
        for number in range(1, COLLECTORS + 1):
            used = collectors[:number]
            groups: dict[str, list[int | None]] = {
                "collectors": [collector.process.pid for collector in used],
                "nats": [cluster.nodes[name].pid for name in NATS],
                "sink": [sink.process.pid],
                "clickhouse": [cluster.nodes["modern"].pid],
            }
            before = {name: _cpu(pids) for name, pids in groups.items()}
            with ThreadPoolExecutor(number) as pool:
                started = [pool.submit(wrk, one.port, SECONDS, facts, CONNECTIONS // number) for one in used]
                loads = [running.result() for running in started]
            taken = sum(load.requests for load in loads) * facts
            acknowledged += taken
            lag, behind = _drained(cluster, acknowledged)
            spent = [(_cpu(pids) - before[name]) / taken * 1e6 for name, pids in groups.items()]
            worst = max(load.p99 for load in loads)
            rows.append(
                (number, facts, taken / SECONDS, worst, sum(load.errors + load.statuses for load in loads), *spent, behind, lag)
            )
    table(
        f"Cluster: {COLLECTORS} NATS servers, replicas 3, wrk with {CONNECTIONS} connections in all, {SECONDS} s a turn",
        ("collectors", "facts a request", "facts/s", "p99 ms", "errors", "collector µs/fact", "NATS µs/fact (all three)",
         "sink µs/fact", "ClickHouse µs/fact", "behind at the end", "stored after s"),
        rows,
    )  # fmt: skip


def _recovery(cluster: Cluster, collectors: list[Process], sink: Process) -> None:
    door = collectors[0]
    rows = []
    for name in NATS:
        cluster.kill(name)
        rows.append((f"NATS server {name} is killed", "a fact is taken again", _seconds(lambda: _takes(door))))
        cluster.start(name)
        until(lambda: _takes(door), "facts are taken")
    stored = _stored(cluster)
    sink.kill()
    sink.start()
    until(lambda: _takes(door), "facts are taken")
    rows.append(("the sink is killed and started", "the next fact is stored", _seconds(lambda: _stored(cluster) > stored)))
    last = collectors[-1]
    last.kill()
    last.start()
    rows.append(("a collector is killed and started", "it answers", _seconds(lambda: last.ready() is not None)))
    cluster.kill("modern")
    cluster.start("modern")
    stored = _stored(cluster)
    until(lambda: _takes(door), "facts are taken")
    rows.append(("ClickHouse is killed and started", "the next fact is stored", _seconds(lambda: _stored(cluster) > stored)))
    table("Cluster: after a SIGKILL", ("what", "until", "seconds"), rows)


def _knows(collector: Process) -> bool:
    return collector.ask("GET", f"/api/live/{SITE}") == 200


def _takes(collector: Process) -> bool:
    fact = {
        "s": SITE,
        "k": "view",
        "i": f"{time.time_ns():024x}",
        "u": "https://bench.test/probe",
        "v": f"probe-{time.time_ns()}",
    }
    return collector.ask("POST", "/e", json.dumps(fact).encode()) == 204


def _drained(cluster: Cluster, acknowledged: int) -> tuple[float, int]:
    """How long it takes until history has what was acknowledged, and how much it lacked."""
    behind = max(0, acknowledged - _stored(cluster))
    return _seconds(lambda: _stored(cluster) >= acknowledged), behind


def _stored(cluster: Cluster) -> int:
    """Different rows."""
    question = urllib.parse.urlencode({"query": "SELECT uniqExact(seq, n) FROM facts"})
    try:
        with urllib.request.urlopen(f"{cluster.modern_addresses[0]}/?{question}", timeout=60) as answer:
            return int(answer.read())
    except urllib.error.HTTPError:
        return 0  # the sink makes the tables


def _seconds(happened: Callable[[], bool]) -> float:
    began = time.monotonic()
    until(happened, "it passes")
    return time.monotonic() - began


def until(found: Callable[[], T | None], what: str) -> T:
    """Wait for something that is true."""
    for _ in range(int(START_SECONDS * 50)):
        if value := found():
            return value
        time.sleep(0.02)
    raise RuntimeError(f"this did not happen: {what}")


def _cpu(pids: list[int | None]) -> float:
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return float(sum(spent.user + spent.system for spent in times))
