"""Servers that die: nothing acknowledged is lost, nothing is there twice, callers hear 503, and it passes by itself."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from footfall.cluster import lanes
from footfall.errors import Busy, Full, JournalFailed, StoreMismatch
from footfall.http import warnings
from footfall.journal import jetstream, jetstream_connection
from footfall.journal.jetstream import JetstreamPartition, open_partition
from footfall.journal.jetstream_connection import connect
from footfall.model import Command, Erase, Fact, Site, Sweep
from tests.http.conftest import Running, serve
from tests.nats_server import NatsServer
from tests.node.conftest import OpenNode, node_of
from tests.unit.live.made import SITE, fact

VIEW = {"s": "open-site", "k": "view", "a": 0, "u": "https://example.com/a", "v": "a-session-of-somebody"}
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
HEADERS = {"content-type": "application/json", "user-agent": BROWSER}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds in life."""
    monkeypatch.setattr(jetstream, "SECONDS", 0.5)
    monkeypatch.setattr(jetstream, "_TRY", 0.3)
    monkeypatch.setattr(jetstream_connection, "_OUTAGE", 0.3)
    monkeypatch.setattr(jetstream, "_IDLE", 0.2)
    monkeypatch.setattr(lanes, "_REOPEN_SECONDS", 0.1)
    monkeypatch.setattr(lanes, "_LOOK_SECONDS", 0.3)


@pytest.fixture
async def two(tmp_path: Path, nats: NatsServer) -> AsyncIterator[list[Running]]:
    """Two whole servers of one cluster."""
    async with AsyncExitStack() as stack:
        settings: dict[str, Any] = {"cluster": (nats.address,), "cluster_partitions": 2, "cluster_replicas": 1}
        yield [await stack.enter_async_context(serve(tmp_path / name, **settings)) for name in ("a", "b")]


async def status(server: Running) -> httpx.Response:
    return await server.client.get("/healthz")


async def until(server: Running, code: int) -> httpx.Response:
    """The answer of /healthz once it is so."""
    async with asyncio.timeout(30):
        while (answer := await status(server)).status_code != code:  # noqa: ASYNC110  # it is asked over HTTP
            await asyncio.sleep(0.02)
    return answer


async def known(is_so: Callable[[], bool]) -> None:
    """Wait until a node has heard of it."""
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110  # nothing tells
            await asyncio.sleep(0.02)


async def test_an_outage_is_told_and_passes(two: list[Running], nats: NatsServer) -> None:
    """Collecting and /healthz answer 503 with Retry-After while no server is there, and go on when it is, on both nodes; what was
    acknowledged is there, once, and a page sends again what was not."""
    a, b = two
    sent = {**VIEW, "i": "A" * 22}
    assert (await a.client.post("/e", json=sent, headers=HEADERS)).status_code == 204
    nats.kill()
    again = {**VIEW, "i": "B" * 22, "u": "https://example.com/b"}
    refused = await a.client.post("/e", json=again, headers=HEADERS)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    for server in two:
        answer = await until(server, 503)
        assert answer.headers["retry-after"] == "1"
        assert answer.json()["status"] == "unavailable"
    nats.start()
    for server in two:
        await until(server, 200)
    for retry in (sent, again, again):
        assert (await b.client.post("/e", json=retry, headers=HEADERS)).status_code == 204
    for server in two:
        await server.house.engine.settled()
        assert server.house.engine.fold.site("open-site").views == 2


async def test_history_that_is_away_is_told(tmp_path: Path, nats: NatsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the owner on every page, to all at /healthz; and how long it has been."""
    monkeypatch.setattr(warnings, "LATE_SECONDS", 0.2)
    away = "http://127.0.0.1:1/nothing"
    async with serve(tmp_path / "a", cluster=(nats.address,), cluster_replicas=1, clickhouse=away) as server:
        await server.house.engine.record([fact()])
        await server.house.engine.settled()
        await known(lambda: server.house.engine.health().history_lag_seconds > 0.2)
        health = (await status(server)).json()
        assert health["warnings"] == [
            warnings.HISTORY_AWAY,
            "history has been behind for 0 min; figures of the past lack what came since",
        ]
        page = await server.client.get("/", headers=server.owner)
        assert all(warning in page.text for warning in health["warnings"])
        metrics = (await server.client.get("/metrics", headers=server.owner)).text
    [seconds] = re.findall(r"^footfall_history_lag_seconds (\S+)$", metrics, re.M)
    assert float(seconds) > 0.2


async def test_what_the_owner_does_at_one_node_holds_at_all(two: list[Running]) -> None:
    """A site, its end as a public one, a key made and revoked."""
    a, b = two
    await a.house.put_site(Site("fresh", name="Fresh", visibility="public"))
    key, secret = await a.house.keys.make("k", "", "read", 1)
    await known(lambda: "fresh" in b.house.sites and b.house.keys.find(secret) is not None)
    await b.house.put_site(Site("fresh", name="Fresh"))
    await b.house.keys.revoke(key.id)
    await known(lambda: a.house.sites["fresh"].visibility == "private" and a.house.keys.find(secret) is None)
    assert a.owner == b.owner


async def test_a_node_makes_no_backup(two: list[Running]) -> None:
    """And says what to do instead; nothing went wrong, so no fault is in the log."""
    answer = await two[0].client.post("/api/backup", headers=two[0].owner)
    assert answer.status_code == 409
    assert "ClickHouse" in answer.json()["error"]


async def test_what_was_acknowledged_survives_a_kill_once(open_a_node: OpenNode, nats: NatsServer) -> None:
    """Appends go on through kills of the only server; whoever was refused tries again, and in the end all is there once."""
    store = await open_a_node()
    facts = [fact(visitor=number * 7919, path=f"/{number % 5}") for number in range(400)]

    async def until_taken(one: Fact) -> None:
        while True:
            try:
                await store.engine.record([one])
                return
            except Busy:
                await asyncio.sleep(0.05)

    async def kills() -> None:
        for _ in range(2):
            await asyncio.sleep(0.15)
            await asyncio.to_thread(nats.kill)
            await asyncio.sleep(0.3)
            await asyncio.to_thread(nats.start)

    async with asyncio.timeout(60):
        killing = asyncio.create_task(kills())
        for at in range(0, len(facts), 10):
            await asyncio.gather(*(until_taken(one) for one in facts[at : at + 10]))
            await asyncio.sleep(0.02)
        await killing
        await store.engine.settled()
    assert store.engine.fold.site(SITE).views == 400
    ids = [
        record.id
        for partition in node_of(store)._partitions
        async for _, records in partition.follow(partition.start)
        for record in records
        if isinstance(record, Fact)
    ]
    assert set(ids) == {one.id for one in facts}


async def test_an_append_that_is_tried_again_is_stored_once(nats: NatsServer) -> None:
    """Its answer was lost: the same message under the same id."""
    client = await connect([nats.address])
    partition = await open_partition(client, 1, "store", replicas=1)
    last = await partition.append([fact()])
    partition._numbers = iter(range(9))  # type: ignore[assignment]  # as if it were still at its first append
    assert await partition.append([fact()]) == last
    assert [len(records) async for _, records in partition.follow(partition.start)] == [1]
    await client.close()


async def test_what_is_too_much_for_one_message_becomes_several(nats: NatsServer) -> None:
    """By number and by size, in order; one record that is too large for any fails."""
    client = await connect([nats.address])
    partition = await open_partition(client, 1, "store", replicas=1)
    many = [fact(visitor=number) for number in range(5_000)]
    large = [fact(path="/" + "x" * 400_000) for _ in range(5)]
    await partition.append(many)
    last = await partition.append(large)
    found = [record async for _, records in partition.follow(partition.start) for record in records]
    assert found == many + large
    assert await partition.head() == last
    with pytest.raises(JournalFailed, match="max_payload"):
        await partition.append([fact(path="/" + "x" * 2_000_000)])
    await client.close()


async def test_watching_goes_on_over_an_outage(nats: NatsServer) -> None:
    """It says that the head was reached, brings what others append, fails while there is no server, and can be taken up again."""
    ours, theirs = await connect([nats.address]), await connect([nats.address])
    partition, other = [await open_partition(client, 2, "store", replicas=1) for client in (ours, theirs)]
    first = await other.append([fact(visitor=1)])
    seen: list[tuple[int, int]] = []

    async def watch() -> None:
        while True:
            try:
                async for last, records in partition.watch(seen[-1][0] if seen else partition.start):
                    seen.append((last, len(records)))
            except JournalFailed:
                await asyncio.sleep(0.1)

    watching = asyncio.create_task(watch())
    await known(lambda: seen == [(first, 1), (first, 0)])
    second = await other.append([fact(visitor=2), fact(visitor=3)])
    await known(lambda: seen[2:] == [(second, 2), (second, 0)])
    await asyncio.to_thread(nats.kill)
    with pytest.raises(JournalFailed):
        await other.append([fact(visitor=4)])
    await asyncio.to_thread(nats.start)
    await taken_again(other)
    third = await other.append([fact(visitor=5)])
    await known(lambda: seen[-1] == (third, 0))
    assert sum(count for _, count in seen) in (4, 5)  # nobody can tell whether the fourth was stored
    watching.cancel()
    for client in (ours, theirs):
        await client.close()


async def taken_again(partition: JetstreamPartition) -> None:
    """Wait until a server is there."""
    async with asyncio.timeout(20):
        while True:
            try:
                await partition.reopen()
            except JournalFailed:
                await asyncio.sleep(0.05)
            else:
                return


@pytest.mark.parametrize("command", [Sweep(1), Erase(SITE, 1)])
async def test_a_command_goes_to_every_partition_or_to_none(open_a_node: OpenNode, command: Command) -> None:
    """One of them fails while history is asked whether it is there."""
    node = node_of(await open_a_node())

    async def positions() -> dict[int, int]:
        node._lanes[-1].failure = "partition 3 of the journal cannot be written"
        return {}

    node._positions = positions
    await positions()
    node._lanes[-1].failure = "" if isinstance(command, Erase) else node._lanes[-1].failure
    before = [await partition.head() for partition in node._partitions]
    with pytest.raises(Full, match="partition 3"):
        await node.command(command)
    with pytest.raises(Full, match="partition 3"):
        node.record([fact(visitor=visitor) for visitor in range(8)])
    await asyncio.gather(*(lane.submit(()) for lane in node._lanes[:-1]))  # whatever was handed to them is appended by then
    assert [await partition.head() for partition in node._partitions] == before
    node._lanes[-1].failure = ""


@pytest.mark.parametrize("address", ["nats://footfall:s3cret@127.0.0.1:9", "nats://s3cret@127.0.0.1:9"])
async def test_a_password_is_not_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors are read by more people than settings."""
    monkeypatch.setattr(jetstream_connection, "_CONNECT", 0.5)
    with pytest.raises(JournalFailed, match=r"no NATS server lets us in at 127\.0\.0\.1:9: ") as told:
        await connect([address])
    assert "s3cret" not in str(told.value)


async def test_a_server_that_was_cut_off_stops_no_reader(nats: NatsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes itself for the leader still, and tells a head from before what was read elsewhere. Who never read as far is told
    at once that it is not there; and so is who did, if it stays away."""
    client = await connect([nats.address])
    partition = await open_partition(client, 0, "store", replicas=1)
    first, second = [await partition.append([fact(visitor=number)]) for number in (1, 2)]
    with pytest.raises(StoreMismatch):
        await anext(partition.watch(second + 1))
    assert [batch[0] async for batch in partition.follow(partition.start)] == [first, second]
    bounds, told = partition._bounds, [first] * 3

    async def older() -> tuple[int, int]:
        tail, head = await bounds()
        return tail, told.pop() if told else head

    monkeypatch.setattr(partition, "_bounds", older)
    assert await anext(partition.watch(second)) == (second, ())
    assert not told
    told[:] = [first] * 1_000
    monkeypatch.setattr(jetstream, "_CUT_OFF", 0.3)
    with pytest.raises(StoreMismatch):
        await anext(partition.watch(second))
    await client.close()


async def test_what_was_refused_while_no_server_was_there_does_not_come_later(nats: NatsServer) -> None:
    """An erase that somebody was told is not done would erase what came since."""
    client = await connect([nats.address])
    partition = await open_partition(client, 0, "store", replicas=1)
    first = await partition.append([fact()])
    await asyncio.to_thread(nats.kill)
    async with asyncio.timeout(30):
        while client.is_connected:  # noqa: ASYNC110  # nothing tells
            await asyncio.sleep(0.02)
    with pytest.raises(JournalFailed, match="no server is connected"):
        await partition.append([Erase(SITE, 1)])
    await asyncio.to_thread(nats.start)
    async with asyncio.timeout(30):
        while not client.is_connected:  # noqa: ASYNC110  # likewise
            await asyncio.sleep(0.02)
    await client.flush()
    assert await partition.reopen() == first
    await client.close()
