"""The snapshot and the stream: who may see them, what comes first, who is forgotten when."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from footfall.live.site import SiteState

from .conftest import Running, Serving
from .test_collect import post, view

HIDDEN = "/api/live/shut-site"
UNKNOWN = "/api/live/no-such-site"


class Events:
    """One open stream, read as a browser reads it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._text = b""
        self.writer = writer
        self.head = ""

    async def open(self) -> None:
        """Read the head of the answer."""
        async with asyncio.timeout(10):
            self.head = (await self._reader.readuntil(b"\r\n\r\n")).decode()

    async def message(self) -> tuple[str, Any]:
        """The next message: its event and its data; comments and settings are skipped."""
        while True:
            async with asyncio.timeout(10):
                fields = dict(line.split(": ", 1) for line in (await self._block()).splitlines())
            if "data" in fields:
                return fields["event"], json.loads(fields["data"])

    async def _block(self) -> str:
        while b"\n\n" not in self._text:
            size = int(await self._reader.readline(), 16)
            if size == 0:
                raise EOFError
            self._text += (await self._reader.readexactly(size + 2))[:-2]
        block, self._text = self._text.split(b"\n\n", 1)
        return block.decode()

    async def until(self, wanted: Any) -> dict[str, Any]:
        """Put deltas on the first snapshot until `wanted(state)`."""
        state: dict[str, Any] = {}
        while not (state and wanted(state)):
            event, data = await self.message()
            state = data if event == "snapshot" else {**state, **data}
        return state


@asynccontextmanager
async def stream(running: Running, path: str, *headers: str) -> AsyncIterator[Events]:
    """An open stream."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write("\r\n".join([f"GET {path} HTTP/1.1", "host: x", *headers, "", ""]).encode())
    events = Events(reader, writer)
    await events.open()
    try:
        yield events
    finally:
        writer.close()


async def viewers(running: Running) -> int:
    """How many streams the server believes are open."""
    text = (await running.client.get("/metrics", headers=running.owner)).text
    return int(float(text.split("\nfootfall_viewers ")[1].split("\n")[0]))


async def until_viewers(running: Running, wanted: int) -> None:
    """Wait until that many streams are open."""
    async with asyncio.timeout(10):
        while await viewers(running) != wanted:  # noqa: ASYNC110  # asked from outside, as a scraper does
            await asyncio.sleep(0.02)


async def test_a_stream_begins_with_the_snapshot_and_tells_an_arrival(running: Running) -> None:
    """The reader who arrives is pushed; proxies are told to keep nothing back."""
    async with stream(running, "/api/live/open-site/stream") as events:
        head = events.head.lower()
        for line in ("200 ok", "content-type: text/event-stream", "cache-control: no-store", "x-accel-buffering: no"):
            assert line in head
        event, first = await events.message()
        assert (event, first["site"], first["people"]) == ("snapshot", "open-site", 0)
        assert (await post(running, view())).status_code == 204
        event, second = await events.message()
        assert (event, second["from"]) == ("delta", first["version"])
        assert (second["people"], second["pages"][0]["path"]) == (1, "/a")


async def test_viewers_that_leave_are_forgotten(running: Running) -> None:
    """Closed or reset, also while a message cannot be handed over: none stays."""
    async with stream(running, "/api/live/open-site/stream"), stream(running, "/api/live/open-site/stream") as second:
        await until_viewers(running, 2)
        reset = struct.pack("ii", 1, 0)
        second.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        second.writer.close()
        await until_viewers(running, 1)
    await until_viewers(running, 0)
    assert running.house.hub.viewers == 0


async def test_streams_end_when_the_server_is_told_to_stop(running: Running) -> None:
    """They end as a whole answer ends, not as a broken one, and no new one begins."""
    async with stream(running, "/api/live/open-site/stream") as events:
        await events.message()
        running.app.end_streams()
        with pytest.raises(EOFError):
            await events.message()
    assert (await running.client.get("/api/live/open-site/stream")).status_code == 503


async def test_a_private_site_and_none_look_alike(running: Running) -> None:
    """Byte for byte, without a key, with a wrong one and with a cookie of somebody else."""
    keys: tuple[dict[str, str], ...] = ({}, {"authorization": "Bearer wrong"}, {"cookie": "footfall_key=wrong"})
    for tail in ("", "/stream"):
        for headers in keys:
            hidden, unknown = [await running.client.get(path + tail, headers=headers) for path in (HIDDEN, UNKNOWN)]
            assert hidden.status_code == unknown.status_code == 404
            assert hidden.content == unknown.content
            told = [[pair for pair in answer.headers.raw if pair[0].lower() != b"date"] for answer in (hidden, unknown)]
            assert told[0] == told[1]


async def test_the_owner_sees_a_private_site(running: Running) -> None:
    """With the key; a site that does not exist stays not found for the owner too."""
    assert (await running.client.get(HIDDEN, headers=running.owner)).json()["site"] == "shut-site"
    assert (await running.client.get(UNKNOWN, headers=running.owner)).status_code == 404
    key = running.owner["authorization"]
    async with stream(running, f"{HIDDEN}/stream", f"authorization: {key}") as events:
        assert (await events.message())[1]["site"] == "shut-site"


async def test_wrong_keys_are_limited_by_address(serving: Serving) -> None:
    """After twenty of them a private site and none still look alike; the right key opens the door from that address too."""
    async with serving(trusted_proxies=("127.0.0.1",)) as running:
        attacker = {"x-forwarded-for": "203.0.113.9"}
        wrong = {**attacker, "authorization": "Bearer wrong"}
        statuses = [(await running.client.get(HIDDEN, headers=wrong)).status_code for _ in range(25)]
        assert statuses[:20] == [404] * 20
        assert statuses[-1] == 429
        assert (await running.client.get(UNKNOWN, headers=wrong)).status_code == 429
        assert (await running.client.get(HIDDEN, headers={**running.owner, **attacker})).status_code == 200
        assert (await running.client.get("/api/live/open-site", headers=wrong)).status_code == 200
        assert (await running.client.get(HIDDEN, headers=running.owner)).status_code == 200


async def test_there_is_a_cap_on_viewers(serving: Serving) -> None:
    """Past it 503 with Retry-After; a place that becomes free is given again."""
    async with serving(max_viewers=1) as running:
        async with stream(running, "/api/live/open-site/stream"):
            await until_viewers(running, 1)
            answer = await running.client.get("/api/live/open-site/stream")
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) >= 1
            async with stream(running, "/api/live/open-site/stream", f"authorization: {running.owner['authorization']}") as wall:
                assert " 200 " in wall.head  # strangers do not hold the owner up
        await until_viewers(running, 0)
        async with stream(running, "/api/live/open-site/stream") as events:
            assert (await events.message())[0] == "snapshot"


async def test_a_site_that_cannot_be_shown_takes_no_places(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its viewers come back every few seconds: were their places lost, soon nobody could watch anything."""
    monkeypatch.setattr("footfall.http.live.STREAMS_PER_ADDRESS", 1)
    async with serving() as running:
        sites = running.house.engine.fold.sites
        assert (await post(running, view())).status_code == 204
        good, broken = sites["open-site"], SiteState()
        broken.minutes = None  # type: ignore[assignment]  # broken on purpose
        sites["open-site"] = broken
        assert (await running.client.get("/api/live/open-site/stream")).status_code == 500
        sites["open-site"] = good
        async with stream(running, "/api/live/open-site/stream") as events:
            assert "200 ok" in events.head.lower()


async def test_one_address_cannot_take_all_places(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own cap holds it back while others still get in."""
    monkeypatch.setattr("footfall.http.live.STREAMS_PER_ADDRESS", 1)
    async with serving(trusted_proxies=("127.0.0.1",)) as running:
        path, greedy = "/api/live/open-site/stream", "x-forwarded-for: 203.0.113.9"
        async with stream(running, path, greedy), stream(running, path, greedy) as second:
            assert " 503 " in second.head
            async with stream(running, path, "x-forwarded-for: 203.0.113.10") as other:
                assert " 200 " in other.head


@pytest.mark.slow
@pytest.mark.parametrize("server", ["granian", "uvicorn"])
async def test_a_viewer_that_does_not_read_is_let_go_and_others_are_served(
    serving: Serving, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its messages wait in its own connection only; after the limit its stream is ended."""
    monkeypatch.setattr("footfall.http.live.STALLED_SECONDS", 1.0)
    async with serving(server, rate_limit=1e6) as running:
        await _let_go(running)


async def _let_go(running: Running) -> None:
    path = "/" + "x" * 12_000
    with socket.create_connection(("127.0.0.1", running.port)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        deaf.sendall(b"GET /api/live/open-site/stream HTTP/1.1\r\nhost: x\r\n\r\n")
        await until_viewers(running, 1)
        async with stream(running, "/api/live/open-site/stream") as events, asyncio.timeout(30):
            number = 1
            done = False
            reading = asyncio.create_task(events.until(lambda state: done and state["views"] == number))
            while await viewers(running) > 1:
                number += 1
                assert (await post(running, view(number, u=f"https://example.com{path}{number}"))).status_code == 204
            done = True
            assert (await post(running, view(1, u=f"https://example.com{path}1"))).status_code == 204
            assert (await reading)["paths"] == number
    await until_viewers(running, 0)


async def test_only_get_is_a_live_door(running: Running) -> None:
    """Other methods are refused, deeper paths are not found."""
    assert (await running.client.post("/api/live/open-site")).status_code == 405
    assert (await running.client.head("/api/live/open-site/stream")).status_code == 405
    assert (await running.client.get("/api/live/open-site/stream/x")).status_code == 404
    head = await running.client.head("/api/live/open-site")
    assert (head.status_code, head.content) == (200, b"")
