"""The whole: which nodes there are, on which ports, brought up and down together. Its folder holds all of its state."""

from __future__ import annotations

import json
import random
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster import servers
from cluster.node import STOP_SECONDS, Node

PARTS = {
    "nats": "three NATS servers with JetStream",
    "clickhouse": "ClickHouse 18.16, two shards of two replicas, and ZooKeeper",
    "modern": "a modern ClickHouse, which replicates nothing",
}
PORTS = range(20_000, 32_000)  # below those that the system hands out, so that a node's ports stay free while it is dead
NEEDED: dict[str, dict[str, tuple[str, ...]]] = {
    "nats": {f"nats-{number}": ("client", "monitor", "route") for number in (1, 2, 3)},
    "clickhouse": {"zookeeper": ("client",), **dict.fromkeys(("s1r1", "s1r2", "s2r1", "s2r2"), ("http", "tcp", "inter"))},
    "modern": {"modern": ("http", "tcp")},
}

Ports = dict[str, dict[str, int]]


class NotRunning(Exception):
    """No cluster has been brought up in that folder, or it has no node of that name."""


class Cluster:
    """Some parts, or all, in a folder. Ports are chosen when it is made for a new folder, and kept."""

    def __init__(self, folder: Path, *parts: str) -> None:
        self.folder = folder.resolve()
        self._file = self.folder / "cluster.json"
        known: Ports = json.loads(self._file.read_bytes()) if self._file.exists() else {}
        wanted = {name: needed for part in parts or PARTS for name, needed in NEEDED[part].items()}
        self.ports = {**known, **_choose({name: needed for name, needed in wanted.items() if name not in known})}
        self.nodes = {node.name: node for node in _nodes(self.folder, self.ports)}

    @classmethod
    def found(cls, folder: Path) -> Cluster:
        """The one that was brought up in that folder."""
        file = folder / "cluster.json"
        if not file.exists():
            raise NotRunning(f"no cluster has been brought up in {folder}")
        names = json.loads(file.read_bytes())
        return cls(folder, *(part for part, nodes in NEEDED.items() if nodes.keys() <= names.keys()))

    def up(self) -> None:
        """Start what does not run. Returns when all of it serves."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(self.ports, indent=1))
        for stage in self._stages():
            for node in stage:
                node.launch()
            for node in stage:
                node.wait_until_healthy()

    def down(self) -> None:
        """Stop everything. The data stays in the folder."""
        for stage in reversed(self._stages()):
            for node in stage:
                node.signal(signal.SIGTERM)
            for node in stage:
                if not node.wait_until_gone(STOP_SECONDS):
                    node.kill()

    @contextmanager
    def running(self) -> Iterator[Cluster]:
        """Up within, down after."""
        try:
            self.up()
            yield self
        finally:
            self.down()

    def kill(self, name: str) -> None:
        """SIGKILL for one node."""
        self._node(name).kill()

    def start(self, *names: str) -> None:
        """Start nodes again, with their ports and their data. Returns when all serve: NATS serves when most of it is there."""
        nodes = [self._node(name) for name in names]
        for node in nodes:
            node.launch()
        for node in nodes:
            node.wait_until_healthy()

    def status(self) -> dict[str, str]:
        """Of each node: `serves`, `runs` (and does not serve), `down`."""
        return {
            name: "serves" if node.pid and node.healthy() else "runs" if node.pid else "down" for name, node in self.nodes.items()
        }

    @property
    def nats_addresses(self) -> list[str]:
        """For `--cluster`."""
        return [node.address for name, node in self.nodes.items() if name.startswith("nats-")]

    @property
    def clickhouse_addresses(self) -> list[str]:
        """Of the replicas, each HTTP."""
        return [node.address for name, node in self.nodes.items() if _is_replica(name)]

    @property
    def modern_addresses(self) -> list[str]:
        """Of the modern ClickHouse, HTTP: one, if that part is here."""
        return [node.address for name, node in self.nodes.items() if name == "modern"]

    def _stages(self) -> tuple[list[Node], list[Node]]:
        """Replicas come after ZooKeeper and go before it."""
        late = [node for node in self.nodes.values() if _is_replica(node.name)]
        return [node for node in self.nodes.values() if node not in late], late

    def _node(self, name: str) -> Node:
        if name not in self.nodes:
            raise NotRunning(f"there is no {name!r}; there are {', '.join(self.nodes)}")
        return self.nodes[name]


def _is_replica(name: str) -> bool:
    return name in NEEDED["clickhouse"] and name != "zookeeper"


def _nodes(folder: Path, ports: Ports) -> Iterator[Node]:
    routes = [own["route"] for name, own in ports.items() if name.startswith("nats-")]
    replicas = [[ports[f"s{shard}r{replica}"]["tcp"] for replica in (1, 2)] for shard in (1, 2)] if "s1r1" in ports else []
    for name, own in ports.items():
        home = folder / name
        if name.startswith("nats-"):
            yield servers.nats(name, home, own, routes)
        elif name == "zookeeper":
            yield servers.zookeeper(name, home, own)
        elif name == "modern":
            yield servers.modern(name, home, own)
        else:
            yield servers.clickhouse(name, home, own, ports["zookeeper"]["client"], replicas)


def _choose(needed: dict[str, tuple[str, ...]]) -> Ports:
    """Free ports for all of them."""
    free = free_ports()
    return {name: {use: next(free) for use in uses} for name, uses in needed.items()}


def free_ports() -> Iterator[int]:
    """Ports of this machine that nobody listens on, and that the system hands out to nobody."""
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind((servers.LOCAL, port))
            except OSError:
                continue
        yield port
