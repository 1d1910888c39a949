"""The sync protocol on real sockets: what is told to whom, what happens twice and counts once, how a connection ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from footfall.convex.values import read_timestamp
from footfall.model import Site

from .conftest import Running, Serving, serve

SITE = Site("blog", hosts=("blog.example", "localhost"), convex="exact")
VIEW = {"path": "/a", "pageType": "blog", "sessionId": "s1"}
BEAT = {"sessionId": "s1", "currentPath": "/a"}
PATIENCE = 30


class Talk:
    """One connection, spoken as the clients speak."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.query_set = 0
        self.version: dict[str, Any] = {}

    async def say(self, type: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": type, **fields}))

    async def hear(self) -> dict[str, Any]:
        """The next message that is not a Ping."""
        async with asyncio.timeout(PATIENCE):
            while True:
                message: dict[str, Any] = json.loads(await self.socket.recv())
                if message["type"] != "Ping":
                    return message

    async def hello(self, session: str = "session") -> None:
        await self.say("Connect", connectionCount=0, sessionId=session, lastCloseReason="InitialConnect")

    async def watch(self) -> dict[str, Any]:
        """Subscribe to the statistics; the first value."""
        change = {"type": "Add", "queryId": self.query_set, "udfPath": "stats:getStats", "args": [{}]}
        await self.say("ModifyQuerySet", baseVersion=self.query_set, newVersion=self.query_set + 1, modifications=[change])
        self.query_set += 1
        return await self.value()

    async def value(self) -> dict[str, Any]:
        """The next value of the statistics."""
        while True:
            message = await self.hear()
            assert message["type"] == "Transition", message
            for change in message["modifications"]:
                found: dict[str, Any] = change["value"]
                return found

    async def mutate(self, request: int, function: str, args: dict[str, Any]) -> dict[str, Any]:
        """Call, wait for the response and for the Transition that completes it."""
        await self.say("Mutation", requestId=request, udfPath=f"stats:{function}", args=[args])
        response: dict[str, Any] = {}
        while True:
            message = await self.hear()
            if message["type"] == "MutationResponse":
                response = message
            elif response and (not response["success"] or _ts(message) >= read_timestamp(response["ts"])):
                return response

    async def end(self) -> tuple[int, str]:
        """Wait until the server closes: code and reason."""
        try:
            while True:
                await self.hear()
        except ConnectionClosed:
            return self.socket.close_code or 0, self.socket.close_reason or ""


def _ts(transition: dict[str, Any]) -> int:
    return read_timestamp(transition["endVersion"]["ts"])


@asynccontextmanager
async def talk(
    running: Running, path: str = "/convex/blog/api/1.48.0/sync", session: str = "session", **more: Any
) -> AsyncIterator[Talk]:
    """A connection that has said hello."""
    address = f"ws://{more.pop('name', '127.0.0.1')}{path}"
    async with connect(
        address, host="127.0.0.1", port=running.port, proxy=None, max_size=None, compression=None, **more
    ) as socket:
        found = Talk(socket)
        if session:
            await found.hello(session)
        yield found


@pytest.fixture
async def open_door(running: Running) -> Running:
    """Each of both servers, with a site whose door is open."""
    await running.house.put_site(SITE)
    return running


@pytest.mark.slow
async def test_arrivals_moves_and_departures_are_pushed(serving: Serving) -> None:
    """To all who watch, also the departure that no fact brings."""
    now = [0]
    loop = asyncio.get_running_loop()
    async with serving(clock=lambda: 1_800_000_000_000 + now[0] + int(loop.time() * 1000)) as running:
        await running.house.put_site(SITE)
        async with talk(running) as one, talk(running, session="other") as two, talk(running, session="third") as reader:
            assert (await one.watch())["activeVisitors"] == (await two.watch())["activeVisitors"] == 0
            await reader.mutate(0, "heartbeat", BEAT)
            for each in (one, two):
                assert (await each.value())["activeByPath"] == [{"path": "/a", "count": 1}]
            now[0] += 20_000
            await reader.mutate(1, "heartbeat", {**BEAT, "currentPath": "/b"})
            for each in (one, two):
                assert (await each.value())["activeByPath"] == [{"path": "/b", "count": 1}]
            now[0] += 118_000
            await reader.mutate(2, "recordPageView", VIEW)  # which is no sign of life; timers were set by the clock as it was
            for each in (one, two):
                async with asyncio.timeout(PATIENCE):
                    while (await each.value())["activeVisitors"]:
                        pass


async def test_a_mutation_that_comes_again_counts_once(open_door: Running) -> None:
    """The answer was lost: the client comes back with the same session and sends it again. Another session's is another one."""
    house, view = open_door.house, {"requestId": 7, "udfPath": "stats:recordPageView", "args": [VIEW]}
    async with talk(open_door) as lost:
        await lost.say("Mutation", **view)
        async with asyncio.timeout(PATIENCE):
            while not _verdicts(house):  # noqa: ASYNC110  # it is durable, and nobody was told
                await asyncio.sleep(0.01)
        lost.socket.transport.abort()
    async with talk(open_door) as again:
        first = await again.mutate(7, "recordPageView", VIEW)
        second = await again.mutate(7, "recordPageView", VIEW)
    assert first["success"]
    assert second["success"]
    assert _verdicts(house) == {"stored": 1, "retry": 2}
    async with talk(open_door, session="other") as other:
        await other.mutate(7, "recordPageView", VIEW)
    assert _verdicts(house) == {"stored": 1, "retry": 2, "repeat": 1}


def _verdicts(house: Any) -> dict[str, int]:
    received = house.engine.received().items()
    return {outcome: count for (site, _, _, outcome, _), count in received if site == SITE.id and count}


async def test_a_mutation_is_known_after_a_restart(tmp_path: Path) -> None:
    """Its id follows from session and request, and the fold keeps it."""
    for outcome in ("stored", "retry"):
        async with serve(tmp_path / "data") as running:
            await running.house.put_site(SITE)
            async with talk(running) as client:
                assert (await client.mutate(0, "heartbeat", BEAT))["success"]
            assert _verdicts(running.house) == {outcome: 1}


async def test_a_failed_call_names_the_argument_and_the_connection_goes_on(open_door: Running) -> None:
    """Failures, actions, unknown functions: answers, not ends."""
    async with talk(open_door) as client:
        failed = await client.mutate(0, "recordPageView", {**VIEW, "path": 1})
        assert failed["result"].startswith("ArgumentValidationError: path: ")
        assert "errorData" not in failed
        assert not (await client.mutate(1, "cleanupStaleSessions", {}))["success"]
        await client.say("Action", requestId=2, udfPath="stats:x", args=[{}])
        assert (await client.hear())["type"] == "ActionResponse"
        assert (await client.mutate(3, "recordPageView", VIEW))["success"]


async def test_an_admin_is_known_by_the_key(open_door: Running) -> None:
    """The wrong one is an AuthError; with the right one the internal functions are there."""
    async with talk(open_door) as client:
        await client.say("Authenticate", baseVersion=0, tokenType="Admin", value="wrong")
        assert (await client.hear())["type"] == "AuthError"
        await client.say("Authenticate", baseVersion=0, tokenType="Admin", value=open_door.house.folder.owner_key)
        assert (await client.hear())["endVersion"]["identity"] == 1
        assert (await client.mutate(0, "cleanupStaleSessions", {}))["result"] == 0


async def test_text_that_no_client_can_write_hurts_nobody(open_door: Running) -> None:
    """Lone surrogates: as a key they are a wrong one, as a session they name none."""
    async with talk(open_door) as client:
        await client.say("Authenticate", baseVersion=0, tokenType="Admin", value="\ud800")
        assert (await client.hear())["type"] == "AuthError"
        assert (await client.mutate(0, "heartbeat", BEAT))["success"]
    async with talk(open_door, session="") as client:
        await client.hello("\ud800")
        assert (await client.end())[0] == 1002


async def test_handshakes_that_lead_nowhere_are_refused(open_door: Running) -> None:
    """No such site, a site whose door is shut, another path."""
    for path in ("/convex/nobody/api/sync", "/convex/open-site/api/sync", "/convex/blog/api/query", "/s/blog", "/e"):
        with pytest.raises(InvalidStatus) as refused:
            async with talk(open_door, path):
                pass
        assert refused.value.response.status_code == 403
    async with talk(open_door, "/api/sync", name="blog.example") as client:
        assert (await client.watch())["totalPageViews"] == 0


async def test_what_breaks_the_protocol_ends_the_connection(open_door: Running) -> None:
    """With a reason; others go on."""
    async with talk(open_door) as other:
        strange = '{"type":"' + "€" * 90 + '"}'  # a reason has 123 bytes at the most
        for text, code in (
            ("{", 1002),
            (strange, 1002),
            ('{"type":"Strange"}', 1002),
            ('"' + "x" * 70_000 + '"', 1009),
            (b"bytes", 1002),
        ):
            async with talk(open_door, session="s") as client:
                await client.socket.send(text)
                found, reason = await client.end()
                assert found == code
                assert reason
        assert (await other.mutate(0, "heartbeat", BEAT))["success"]


async def test_a_foreign_page_counts_nothing(open_door: Running) -> None:
    """What it may see it sees."""
    async with talk(open_door, origin="https://evil.example") as client:
        assert "evil" in (await client.mutate(0, "recordPageView", VIEW))["result"]
        assert (await client.watch())["totalPageViews"] == 0
    async with talk(open_door, origin="https://blog.example") as client:
        assert (await client.mutate(1, "recordPageView", VIEW))["success"]


async def test_quiet_connections_are_kept_alive_and_silent_ones_are_not(
    open_door: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients give up without a message, as the server does without a Connect."""
    monkeypatch.setattr("footfall.http.convex.sockets.PING_SECONDS", 0.1)
    monkeypatch.setattr("footfall.http.convex.sockets.SILENT_SECONDS", 0.5)
    async with talk(open_door) as quiet, talk(open_door, session="") as silent, asyncio.timeout(PATIENCE):
        assert json.loads(await quiet.socket.recv()) == {"type": "Ping"}
        assert (await silent.end())[0] == 1008


async def test_a_shut_door_and_a_stop_end_what_is_open(open_door: Running) -> None:
    """Within a second; there is no way in after it."""
    async with talk(open_door) as client:
        await client.watch()
        await open_door.house.put_site(Site("blog"))
        assert (await client.end())[0] == 1008
    await open_door.house.put_site(SITE)
    async with talk(open_door) as client:
        await client.watch()
        open_door.app.end_streams()
        assert (await client.end())[0] == 1012
    with pytest.raises(InvalidStatus):
        async with talk(open_door):
            pass


async def test_while_nothing_can_be_taken_the_client_comes_again(serving: Serving) -> None:
    """The socket ends with the reason by which clients wait longer; they keep the mutation, and send it then."""
    async with serving(disk_floor_bytes=1 << 60) as running:
        await running.house.put_site(SITE)
        async with talk(running) as client:
            await client.say("Mutation", requestId=0, udfPath="stats:recordPageView", args=[VIEW])
            code, reason = await client.end()
            assert code == 1013
            assert reason.startswith("TooManyConcurrentRequests")


async def test_one_address_cannot_take_all_places(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place that becomes free is given again."""
    monkeypatch.setattr("footfall.http.convex.sockets.SOCKETS_PER_ADDRESS", 1)
    async with serving() as running:
        await running.house.put_site(SITE)
        async with talk(running) as client:
            await client.watch()
            with pytest.raises(InvalidStatus):
                async with talk(running):
                    pass
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    async with talk(running) as again:
                        assert (await again.watch())["activeVisitors"] == 0
                        return
                except InvalidStatus:
                    await asyncio.sleep(0.02)


@pytest.mark.slow  # 90 MB
async def test_who_reads_slowly_gets_the_newest(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes that a client did not take come to one, and it holds up nobody else."""
    monkeypatch.setattr("footfall.http.convex.board.FASTEST", 0.01)
    changes, size = 30, 1_500_000  # more than all buffers in between hold
    async with serving(rate_limit=1e6) as running:
        await running.house.put_site(SITE)
        for n in range(size // 5_000):
            await running.house.original.record_page_view(SITE.id, f"/{'x' * 5_000}{n}", "page", "s")
        async with talk(running, max_queue=1) as slow, talk(running, session="quick") as quick:
            before = (await slow.watch())["totalPageViews"]
            await quick.watch()
            for n in range(changes):
                await quick.mutate(n, "recordPageView", {**VIEW, "path": f"/{n}"})
            seen, views = 0, before
            while views != before + changes:
                seen, views = seen + 1, (await slow.value())["totalPageViews"]
            assert seen < changes
