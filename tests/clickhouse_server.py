"""One modern ClickHouse server for the tests that need no more, and databases of their own in it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

import httpx
import pytest

from cluster import Cluster, Missing


class ClickhouseServer:
    """Told apart from the server are its databases: an address is of one."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._address = cluster.modern_addresses[0].rstrip("/")

    def database(self, name: str) -> str:
        """The address of a database that is called after `name`, made if there is none."""
        database = "t" + blake2b(name.encode(), digest_size=8).hexdigest()
        self._do(f"CREATE DATABASE IF NOT EXISTS {database}")
        return f"{self._address}/{database}"

    def drop(self, address: str) -> None:
        """Forget a database, when what was asked of it has ended: the server goes on also for one who hung up."""
        until = time.monotonic() + 60
        while self.running(address) and time.monotonic() < until:
            time.sleep(0.02)
        self._do(f"DROP DATABASE IF EXISTS {address.rpartition('/')[2]}")

    def kill(self) -> None:
        """SIGKILL."""
        self._cluster.kill("modern")

    def start(self) -> None:
        """Again, with its data."""
        self._cluster.start("modern")

    def running(self, address: str) -> int:
        """How many questions to a database are being worked on."""
        database = address.rpartition("/")[2]
        return int(self._do(f"SELECT count() FROM system.processes WHERE current_database = '{database}'"))

    def _do(self, sql: str) -> str:
        return httpx.post(self._address, content=sql, timeout=60).raise_for_status().text


@contextmanager
def clickhouse_server(folder: Path) -> Iterator[ClickhouseServer]:
    """A server within."""
    try:
        cluster = Cluster(folder, "modern")
    except Missing as missing:
        pytest.skip(str(missing))
    with cluster.running():
        yield ClickhouseServer(cluster)
