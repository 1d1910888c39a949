"""What is ClickHouse's alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from footfall.errors import NewerVersion, StoreMismatch
from footfall.history.clickhouse import VERSION, open_history
from footfall.history.clickhouse_server import Address, Server
from tests.clickhouse_server import ClickhouseServer

from .conftest import STORE

pytestmark = pytest.mark.clickhouse


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
