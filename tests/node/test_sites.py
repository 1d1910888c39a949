"""Sites that several nodes know and change: one that was just added is known wherever somebody asks for it, no change is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from footfall.cluster import news
from footfall.model import Site
from tests.http.conftest import Running, serve
from tests.nats_server import NatsServer

BROWSER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"}
CLIENT = {"path": "stats:recordPageView", "format": "json", "args": [{"path": "/", "pageType": "", "sessionId": "s"}]}


@pytest.fixture
async def two(tmp_path: Path, nats: NatsServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[Running]]:
    """Two whole servers of one cluster. They look for news when they are asked, and never by themselves."""
    async with AsyncExitStack() as stack:
        settings: dict[str, Any] = {"cluster": (nats.address,), "cluster_partitions": 2, "cluster_replicas": 1}
        found = [await stack.enter_async_context(serve(tmp_path / name, **settings)) for name in ("a", "b")]
        for server in found:
            await told(server)
        monkeypatch.setattr(news, "_EVERY", 3600.0)
        await asyncio.gather(*(told(server) for server in found))
        yield found


async def told(server: Running) -> None:
    assert server.house.news is not None
    await server.house.news.look()


def fact(site: str) -> dict[str, object]:
    return {"s": site, "k": "view", "i": "A" * 22, "u": "https://example.com/a", "v": "a-session-of-somebody"}


@pytest.mark.parametrize("door", ["/e", "/p.gif", "/convex", "/s", "/api"])
async def test_a_site_that_another_node_just_added_is_known(two: list[Running], door: str) -> None:
    """At whatever door it is named first."""
    a, b = two
    await a.house.put_site(Site("fresh", visibility="public", convex="exact"))
    assert "fresh" not in b.house.sites
    match door:
        case "/e":
            answer = await b.client.post("/e", json=fact("fresh"), headers=BROWSER)
        case "/p.gif":
            answer = await b.client.get("/p.gif?s=fresh&p=/a", headers=BROWSER)
        case "/convex":
            answer = await b.client.post("/convex/fresh/api/mutation", json=CLIENT, headers=BROWSER)
        case "/s":
            answer = await b.client.get("/s/fresh")
        case _:
            answer = await b.client.get("/api/sites/fresh", headers=b.owner)
    assert answer.is_success, answer.text


async def test_while_it_cannot_look_a_fact_is_to_come_again(
    two: list[Running], nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows whether there is such a site."""
    _, b = two
    monkeypatch.setattr(news, "_PATIENCE", 0.2)
    nats.kill()
    answer = await b.client.post("/e", json=fact("fresh"), headers=BROWSER)
    nats.start()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_no_change_of_a_site_is_lost(two: list[Running]) -> None:
    """Both nodes change it at the same time, each another thing of it."""
    await two[0].house.put_site(Site("fresh"))

    async def add(server: Running, host: str) -> None:
        await server.house.change_site("fresh", lambda site: msgspec.structs.replace(site, hosts=(*site.hosts, host)))

    hosts = [f"h{number}.example" for number in range(12)]
    await asyncio.gather(*(add(two[number % 2], host) for number, host in enumerate(hosts)))
    for server in two:
        await told(server)
        assert sorted(server.house.sites["fresh"].hosts) == sorted(hosts)
