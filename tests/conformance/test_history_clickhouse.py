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
from footfall.model import Erase, Fact, FactRow, Rows
from tests.clickhouse_server import ClickhouseServer
from tests.waiting import until

from .conftest import STORE

pytestmark = pytest.mark.clickhouse
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


async def test_who_lost_the_lease_brings_nothing_back(
    clickhouse: ClickhouseServer, tmp_path: Path, a_fact: Callable[..., Fact], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sink was stopped when it had looked where history is, and goes on when another one has carried the same rows, and then
    erased some: what comes late is not taken. What comes after the erase is."""
    address = clickhouse.database(str(tmp_path))
    late, other = await open_history(address, "store"), await open_history(address, "store")
    stopped, going_on, insert = asyncio.Event(), asyncio.Event(), late._server.insert

    async def stops(*arguments: object) -> None:
        stopped.set()
        await going_on.wait()
        await insert(*arguments)  # type: ignore[arg-type]  # as given

    monkeypatch.setattr(late._server, "insert", stops)
    facts = [a_fact(number) for number in range(1, 4)]
    rows = Rows(facts=[FactRow(number, 0, fact.time, True, number, fact) for number, fact in enumerate(facts, 1)])
    appending = asyncio.create_task(late.append(rows, 3))
    await stopped.wait()
    await other.append(rows, 3)
    await other.append(Rows(erase=Erase("my-site", 4, path="/2")), 4)
    going_on.set()
    await appending
    more = a_fact(5)
    await late.append(Rows(facts=[FactRow(5, 0, more.time, True, 5, more)]), 5)
    assert await other.fetch(Statement("SELECT seq FROM facts ORDER BY seq")) == [(1,), (3,), (5,)]
    assert await other.positions() == {0: 5}
    for history in late, other:
        await history.close()
    clickhouse.drop(address)
