"""What is ClickHouse's alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from footfall.errors import NewerVersion, StoreMismatch
from footfall.history.base import Statement
from footfall.history.clickhouse import VERSION, open_history
from footfall.history.clickhouse_server import Address, Server
from tests.clickhouse_server import ClickhouseServer

from .conftest import STORE

pytestmark = pytest.mark.clickhouse
LOOKS = 1_000
ENDLESS = "SELECT count(*) FROM numbers(1000000) a, numbers(1000000) b WHERE (a.number * b.number) % 7 = 1"


@pytest.mark.parametrize(("version", "refused"), [(VERSION - 1, StoreMismatch), (VERSION + 1, NewerVersion)])
async def test_tables_of_another_version_are_refused(
    clickhouse: ClickhouseServer, tmp_path: Path, version: int, refused: type[Exception]
) -> None:
    """With what to do."""
    address = clickhouse.database(str(tmp_path))
    await (await open_history(address, STORE)).close()
    server = Server(Address.of(address))
    await server.run(f"INSERT INTO state SELECT part, position + 1, store_id, {version} FROM state")
    await server.close()
    with pytest.raises(refused, match=f"have version {version}.*\n  repair: "):
        await open_history(address, STORE)
    clickhouse.drop(address)


async def until(happened: Callable[[], bool]) -> None:
    """Wait for it."""
    for _ in range(LOOKS):
        if happened():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen")


async def test_a_question_that_nobody_waits_for_ends_in_the_server_too(clickhouse: ClickhouseServer) -> None:
    """Also when it has read what there is to read, and looks no more whether its asker is there."""
    address = clickhouse.database("nobody waits")
    history = await open_history(address, STORE)
    asking = asyncio.create_task(history.fetch(Statement(ENDLESS, seconds=600)))
    await until(lambda: clickhouse.running(address) == 1)
    asking.cancel()
    await until(lambda: clickhouse.running(address) == 0)
    await history.close()
    clickhouse.drop(address)
