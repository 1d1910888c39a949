"""The registry and the secrets of a cluster, where several processes use them at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from nats.aio.client import Client

from footfall import rules
from footfall.errors import Full
from footfall.journal.jetstream_connection import connect
from footfall.registry import jetstream_leases
from footfall.registry.jetstream import JetstreamRegistry, open_registry
from footfall.registry.jetstream_leases import open_leases
from footfall.registry.jetstream_secrets import SharedSecrets, open_secrets
from tests.nats_server import NatsServer
from tests.unit.live.made import MINUTE, START

TODAY = START // rules.DAY
MIDNIGHT = TODAY * rules.DAY


@pytest.fixture
async def client(nats: NatsServer) -> AsyncIterator[Client]:
    """A connection for all."""
    found = await connect([nats.address])
    yield found
    await found.close()


async def two(client: Client) -> tuple[JetstreamRegistry, JetstreamRegistry]:
    return await open_registry(client, replicas=1), await open_registry(client, replicas=1)


async def secrets(client: Client, mark: bytes) -> SharedSecrets:
    return await open_secrets(client, mark * 32, f"owner {mark.decode()}", replicas=1)


async def test_who_creates_first_decides(client: Client) -> None:
    """All others are told what is there; what was removed can be created again."""
    a, b = await two(client)
    assert await a.create("cluster", "birth", b"one") == b"one"
    assert await b.create("cluster", "birth", b"two") == b"one"
    assert await b.delete("cluster", "birth")
    assert await b.create("cluster", "birth", b"two") == b"two"


async def test_what_was_removed_leaves_nothing(client: Client) -> None:
    """Each checkpoint puts and removes documents, for years."""
    registry, _ = await two(client)
    before = (await client.jetstream().stream_info("KV_footfall-registry")).state.messages
    await registry.put("place", "1", b"there")
    assert await registry.delete("place", "1")
    assert (await client.jetstream().stream_info("KV_footfall-registry")).state.messages == before


async def test_the_revision_moves_with_every_change(client: Client) -> None:
    """Another process's too, and not by itself."""
    a, b = await two(client)
    seen = [await b.revision()]
    for change in (a.put("site", "x", b"1"), a.put("site", "x", b"2"), a.delete("site", "x")):
        await change
        seen.append(await b.revision())
    assert len(set(seen)) == 4
    assert await b.revision() == seen[-1]


async def test_one_does_what_only_one_should(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """For as long as it takes, which is longer than a lease; then another one may."""
    monkeypatch.setattr(jetstream_leases, "SECONDS", 1.0)
    a, b = [await jetstream_leases.open_leases(client, name, replicas=1) for name in "ab"]
    async with a.alone("x") as ours:
        assert ours
        for _ in range(15):
            await asyncio.sleep(0.1)
            async with b.alone("x") as theirs, a.alone("x") as another:
                assert not theirs
                assert not another
        async with b.alone("y") as theirs:
            assert theirs
    async with b.alone("x") as theirs:
        assert theirs


async def test_what_a_crash_left_of_a_checkpoint_goes(client: Client) -> None:
    """Chunks without a description, when they did not become more between two saves; what another process writes does."""
    a, b = await two(client)
    await a.save_checkpoint(1, "v", [b"x" * 300_000])
    js = client.jetstream()
    rest, growing = "$O.footfall-checkpoints.C.dead", "$O.footfall-checkpoints.C.alive"
    for subject in (rest, growing):
        await js.publish(subject, b"chunk")
    await a.save_checkpoint(2, "v", [b"y"])
    await js.publish(growing, b"chunk")
    await a.save_checkpoint(3, "v", [b"z"])
    found = (await js.stream_info("OBJ_footfall-checkpoints", subjects_filter="$O.footfall-checkpoints.C.>")).state.subjects
    assert found is not None
    assert rest not in found
    assert found[growing] == 2
    assert len(found) == 3  # and those of two checkpoints
    assert await b.load_checkpoints("v") == [3, 2]


async def test_a_lease_has_one_holder(client: Client) -> None:
    """Until it is given back, and by nobody else; also when the answer to a renewal was lost. Who is there is counted."""
    a, b = [await open_leases(client, name, replicas=1) for name in ("a", "b")]
    assert await a.take("0")
    assert not await b.take("0")
    assert await a.take("0")
    await b.give_back("0")
    a._revisions["0"] -= 1  # as before the renewal
    assert await a.take("0")
    await a.give_back("0")
    assert await b.take("0")
    assert not await a.take("0")
    assert [await a.join(), await b.join(), await a.join()] == [1, 2, 2]
    await a.leave()
    assert await b.join() == 1


async def test_the_first_brings_the_keys_and_salts_are_alike(client: Client) -> None:
    """Whoever asks first makes the salt of a day."""
    a, b = await secrets(client, b"a"), await secrets(client, b"b")
    assert (b.secret, b.owner_key) == (a.secret, a.owner_key) == (b"a" * 32, "owner a")
    for one in (b, a):
        await one.renew(MIDNIGHT + 12 * rules.HOUR)
    assert a.salt(TODAY) == b.salt(TODAY)


@pytest.mark.parametrize(
    ("at", "known"),
    [
        (MINUTE, {TODAY - 1, TODAY}),
        (12 * rules.HOUR, {TODAY}),
        (rules.DAY - MINUTE, {TODAY, TODAY + 1}),
        (rules.DAY + MINUTE, {TODAY, TODAY + 1}),
    ],
)
async def test_two_days_are_known_at_most(client: Client, at: int, known: set[int]) -> None:
    """Yesterday's for a while after midnight, tomorrow's shortly before; others are refused, not made."""
    kept = await secrets(client, b"a")
    await kept.renew(MIDNIGHT + at)
    for day in range(TODAY - 2, TODAY + 3):
        if day in known:
            assert len(kept.salt(day)) == 32
        else:
            with pytest.raises(Full):
                kept.salt(day)


async def test_a_salt_goes_by_itself(client: Client) -> None:
    """The servers forget it, an hour after its day, though no process is there that would tell them to."""
    kept = await secrets(client, b"a")
    await kept.renew(MIDNIGHT + 12 * rules.HOUR)
    told = await client.jetstream().get_last_msg("KV_footfall-secrets", f"$KV.footfall-secrets.salt.{TODAY}")
    assert told.headers is not None
    assert int(told.headers["Nats-TTL"]) == 13 * 3600


async def test_looking_leaves_nothing_behind(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look makes a consumer in the server, of which it allows so many."""
    monkeypatch.setattr(jetstream_leases, "_FORGET", 0.5)
    registry, leases = await open_registry(client, replicas=1), await open_leases(client, "somebody", replicas=1)
    await registry.put("site", "one", b"1")
    for _ in range(10):
        assert await registry.list("site") == {"one": b"1"}
        assert await registry.list("none") == {}
        assert await leases.join() == 1
    async with asyncio.timeout(30):
        for bucket in "KV_footfall-registry", "KV_footfall-leases":
            while (await client.jetstream().stream_info(bucket)).state.consumer_count:  # noqa: ASYNC110  # nothing tells
                await asyncio.sleep(0.1)
