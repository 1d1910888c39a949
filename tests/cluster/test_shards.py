"""Changes of rows where history is in shards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cluster import Missing, free_ports, servers
from footfall.history.clickhouse import ClickhouseHistory
from footfall.history.clickhouse_server import Address, Server, Settings
from footfall.history.duckdb import open_history
from tests.conformance.changes import CHANGES, OTHER, changed, rows_of, told

STORE = "0123456789abcdef"
EVERYWHERE = f" ON CLUSTER {servers.CLUSTER}"


@pytest.fixture
def shards(tmp_path: Path) -> Iterator[list[str]]:
    """The addresses of two servers, a shard each."""
    ports = list(islice(free_ports(), 4))
    try:
        nodes = [
            servers.modern(f"shard-{http}", tmp_path / f"shard-{http}", {"http": http, "tcp": tcp}, ports[2:])
            for http, tcp in zip(ports[:2], ports[2:], strict=True)
        ]
    except Missing as missing:
        pytest.skip(str(missing))
    with ExitStack() as stop:
        for node in nodes:
            node.launch()
            stop.callback(node.kill)
        for node in nodes:
            node.wait_until_healthy()
        yield [node.address for node in nodes]


class Everywhere(Server):
    """What a cluster does by itself where ZooKeeper is: statements for all of its servers go to each."""

    def __init__(self, addresses: list[str]) -> None:
        super().__init__(Address.of(f"{addresses[0]}/default?cluster={servers.CLUSTER}"))
        self.each = [Server(Address.of(address)) for address in addresses]

    async def run(self, sql: str, settings: Settings | None = None) -> bytes:
        if EVERYWHERE not in sql:
            return await super().run(sql, settings)
        return b"".join([await server.run(sql.replace(EVERYWHERE, ""), settings) for server in self.each])

    async def ask(self, sql: str, *more: Any, **named: Any) -> bytes:
        if EVERYWHERE not in sql:
            return await super().ask(sql, *more, **named)
        return b"".join([await server.ask(sql.replace(EVERYWHERE, ""), *more, **named) for server in self.each])

    async def close(self) -> None:
        for server in self.each:
            await server.close()
        await super().close()


async def test_changes_of_rows_in_shards(shards: list[str], tmp_path: Path) -> None:
    """As in DuckDB; each shard has some of the rows, and what another partition has there stays."""
    server = Everywhere(shards)
    history, alone = ClickhouseHistory(server, STORE), await open_history(tmp_path / "h.duckdb", STORE)
    seq, other = 0, OTHER
    for site, change in CHANGES.items():
        rows, last = rows_of(site, seq)
        others, other = rows_of(site, other)
        await history.append(others, other)
        await history.append(rows, last)
        await alone.append(rows, last)
        kept, seq, mine = await told(history, f"seq > {OTHER}"), last + 1, msgspec.structs.replace(change, site=site)
        assert await changed(history, seq, mine) == await changed(alone, seq, mine) > 0
        assert await told(history, f"seq < {OTHER}") == await told(alone, f"seq < {OTHER}")
        assert await told(history, f"seq > {OTHER}") == kept
    counts = [int(await one.run("SELECT count() FROM facts_shard")) for one in server.each]
    assert min(counts) > 20
    await history.close()
    await alone.close()
