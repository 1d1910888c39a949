"""Collectors and the sink of one cluster, each a real process: started, killed, started again, compared."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import httpx

from cluster import Cluster, free_ports
from tests.chaos.load import Load
from tests.chaos.process import Server

AGREE_SECONDS = 30.0  # two are what is promised; a busy machine may take longer, and how long it took is printed
START_SECONDS = 90.0  # a few, on a machine that has nothing else to do
PARTITIONS = 4


class Collectors:
    """Some of them. One that was killed starts again on its port, with its folder."""

    def __init__(self, folder: Path, cluster: Cluster, count: int) -> None:
        self._folder = folder
        self._options = flags(cluster)
        self.ports = tuple(islice(free_ports(), count))
        self.servers: list[Server] = []

    def start(self) -> None:
        """All of them."""
        for number in range(len(self.ports)):
            self.servers.append(self._started(number))
            self.servers[-1].ready()  # the first one makes the cluster

    def add_site(self, site: str) -> None:
        """Returns when all of them know it."""
        self.servers[0].add_site(site)
        deadline = time.monotonic() + AGREE_SECONDS
        while any(server.ask("GET", f"/api/live/{site}").status_code != 200 for server in self.servers):
            assert time.monotonic() < deadline, "the others do not hear of the site"
            time.sleep(0.05)

    def _started(self, number: int) -> Server:
        return Server(self._folder / f"collector-{number}", *self._options, "--port", str(self.ports[number]))

    def kill(self, number: int) -> None:
        """SIGKILL."""
        self.servers[number].kill()

    def again(self, number: int) -> Server:
        """Start the one that was killed; returns when it answers. It may give up while the journal cannot be read, and is then
        started anew, as systemd and Kubernetes do."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            server = self.servers[number] = self._started(number)
            try:
                return server.ready(START_SECONDS)
            except AssertionError:
                if server.process.poll() is None or time.monotonic() > deadline:
                    raise

    def close(self) -> None:
        """SIGKILL for all that run."""
        for server in self.servers:
            server.close()

    def figures(self, site: str) -> list[tuple[int, int]]:
        """Views and visitors, as each collector has them."""
        return [(found["views"], found["visitors"]) for found in (server.snapshot(site) for server in self.servers)]

    async def until_all_know(self, load: Load) -> float:
        """Wait until every collector shows exactly what the load's story says; how long it took."""
        model = load.story.model
        wanted = [(len(model.views), len(model.visitors))] * len(self.servers)
        began = time.monotonic()
        while (found := await asyncio.to_thread(self.figures, load.story.site)) != wanted:
            assert time.monotonic() < began + AGREE_SECONDS, f"expected {wanted[0]} of all, found {found}"
            await asyncio.sleep(0.05)
        return time.monotonic() - began


class Sink:
    """`footfall sink`; it keeps nothing, so a second process is as good as the first."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self._command = [sys.executable, "-m", "footfall", "sink", *flags(cluster), "--log-format", "json"]
        self._log_file = folder / "sink.log"

    def start(self) -> None:
        """Does not wait: it opens when it can."""
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()

    @property
    def log(self) -> str:
        """The end of what it wrote."""
        return self._log_file.read_text("utf-8", "replace")[-4_000:]


def flags(cluster: Cluster) -> list[str]:
    """What every process of a cluster is told."""
    found = ["--cluster", ",".join(cluster.nats_addresses), "--cluster-partitions", str(PARTITIONS)]
    if cluster.clickhouse_addresses:
        found += ["--clickhouse", ",".join(f"{address}/?cluster=footfall" for address in cluster.clickhouse_addresses)]
    return found


async def more(load: Load, facts: int = 300, seconds: float = 60.0) -> float:
    """Wait for so many more acknowledgements; how long it took."""
    began, before = time.monotonic(), load.acknowledged
    while load.acknowledged < before + facts:
        assert time.monotonic() < began + seconds, f"{load.acknowledged - before} facts in {seconds:g} s, {load.statuses}"
        await asyncio.sleep(0.02)
    return time.monotonic() - began


def leader(cluster: Cluster, names: Iterable[str] = ("nats-1", "nats-2", "nats-3")) -> str:
    """The NATS server that leads most of the journal's partitions."""
    counts: dict[str, int] = {}
    for name in names:
        monitor = cluster.ports[name]["monitor"]
        told = httpx.get(f"http://127.0.0.1:{monitor}/jsz", params={"streams": "true"}, trust_env=False).json()
        for account in told["account_details"]:
            for stream in account["stream_detail"]:
                first = stream["cluster"].get("leader")
                counts[first] = counts.get(first, 0) + 1
    return max(names, key=lambda name: counts.get(name, 0))
