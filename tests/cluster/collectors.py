"""Collectors of one cluster, each a real `footfall serve` in a process of its own: started on their ports, killed, compared."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from cluster import Cluster, free_ports
from tests.chaos.load import Load
from tests.chaos.process import Server

SITE = "chaos"
QUIET_SECONDS = 2.0  # after the last acknowledgement all collectors say the same
PARTITIONS = 4


class Collectors:
    """Some of them. One that was killed starts again on its port, with its folder."""

    def __init__(self, folder: Path, cluster: Cluster, count: int) -> None:
        self._folder = folder
        self._options = ["--cluster", ",".join(cluster.nats_addresses), "--cluster-partitions", str(PARTITIONS)]
        self.ports = tuple(islice(free_ports(), count))
        self.servers: list[Server] = []

    def start(self) -> None:
        """All of them, and the site."""
        for number in range(len(self.ports)):
            self.servers.append(self._started(number))
            self.servers[-1].ready()  # the first one makes the cluster
        self.servers[0].add_site(SITE)
        deadline = time.monotonic() + 10
        while any(server.ask("GET", f"/api/live/{SITE}").status_code != 200 for server in self.servers):
            assert time.monotonic() < deadline, "the others do not hear of the site"
            time.sleep(0.05)

    def _started(self, number: int) -> Server:
        return Server(self._folder / f"collector-{number}", *self._options, "--port", str(self.ports[number]))

    def kill(self, number: int) -> None:
        """SIGKILL."""
        self.servers[number].kill()

    def again(self, number: int) -> Server:
        """The one that was killed, starting; `ready` waits for it."""
        self.servers[number] = self._started(number)
        return self.servers[number]

    def close(self) -> None:
        """SIGKILL for all that run."""
        for server in self.servers:
            server.close()

    def figures(self) -> list[tuple[int, int]]:
        """Views and visitors, as each collector has them."""
        return [(found["views"], found["visitors"]) for found in map(_snapshot, self.servers)]

    async def until_all_know(self, load: Load, seconds: float = QUIET_SECONDS) -> float:
        """Wait until every collector shows exactly what the load's story says; how long it took."""
        model = load.story.model
        wanted = [(len(model.views), len(model.visitors))] * len(self.servers)
        began = time.monotonic()
        while (found := await asyncio.to_thread(self.figures)) != wanted:
            assert time.monotonic() < began + seconds, f"expected {wanted[0]} of all after {seconds:g} s, found {found}"
            await asyncio.sleep(0.05)
        return time.monotonic() - began


def _snapshot(server: Server) -> dict[str, Any]:
    return server.snapshot(SITE)


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
