"""Who may see a site: every visibility with everything that somebody may bring, at every door."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from footfall.house import site_of
from footfall.model import Site
from footfall.removals import SITES

from .conftest import IN_ITS_LOOP, Running, Serving

SECRET = "a-secret-of-22-letters"
DATA = ("/api/people/{}", "/api/pages/{}", "/api/replay/{}", "/api/count/{}")
DOORS = ("/s/{}", "/api/live/{}", "/api/live/{}/stream", "/embed/{}", "/badge/{}.svg", *DATA)
# what is brought: (query, headers)
Brought = tuple[str, Mapping[str, str]]
NOTHING: Brought = ("", {})
LINK: Brought = (f"?link={SECRET}", {})
COOKIE: Brought = ("", {"cookie": f"theme=dark; footfall_link_the-site={SECRET}"})
WRONG: tuple[Brought, ...] = (
    ("?link=wrong", {}),
    ("?link=", {}),
    ("", {"cookie": "footfall_link_the-site=wrong; footfall_session=1.1.1"}),
    ("", {"cookie": f"footfall_link_other={SECRET}"}),
    ("", {"authorization": "Bearer wrong-wrong-wrong"}),
)


async def status(running: Running, path: str, brought: Brought) -> int:
    """Of one request, whose body may never end, from a browser that was never here."""
    running.client.cookies.clear()
    async with running.client.stream("GET", path + brought[0], headers=dict(brought[1])) as answer:
        found: int = answer.status_code
        return found


@IN_ITS_LOOP
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("visibility", "seen_by"),
    [("private", []), ("public", [NOTHING, LINK, COOKIE, *WRONG]), ("link", [LINK, COOKIE])],
)
async def test_doors_open_to_whom_they_should(shared: Running, door: str, visibility: str, seen_by: list[Any]) -> None:
    """The owner always, strangers by the site's visibility; everybody else is told what is told of a site that is not there."""
    await shared.house.put_site(Site("the-site", visibility=visibility, link=SECRET))
    for brought in (NOTHING, LINK, COOKIE, *WRONG):
        expected = 404 if brought not in seen_by else 200
        assert await status(shared, door.format("the-site"), brought) == expected, brought
        assert await status(shared, door.format("nowhere"), brought) == 404
    assert await status(shared, door.format("the-site"), ("", shared.owner)) == 200
    assert await status(shared, door.format("nowhere"), ("", shared.owner)) == 404


@IN_ITS_LOOP
@pytest.mark.parametrize("door", [*DOORS, "/sites/{}"])
async def test_hidden_and_unknown_are_told_alike(each_shared: Running, door: str) -> None:
    """Byte for byte, whatever is brought, also of a site that a link opens."""
    await each_shared.house.put_site(Site("the-site", visibility="link", link=SECRET))
    for query, headers in (NOTHING, *WRONG):
        told = []
        for site in ("shut-site", "the-site", "nowhere"):
            answer = await each_shared.client.get(door.format(site) + query, headers=dict(headers))
            told.append((answer.status_code, answer.content, [pair for pair in answer.headers.raw if pair[0].lower() != b"date"]))
        assert told[0] == told[1] == told[2]
        assert told[0][0] == 404


async def test_a_link_gives_a_cookie_of_its_own(serving: Serving) -> None:
    """It lasts until the browser is closed, no script reads it, and it shows what strangers may see."""
    async with serving() as running:
        await running.house.put_site(Site("the-site", visibility="link", link=SECRET))
        answer = await running.client.get(f"/s/the-site?link={SECRET}")
        told = set(answer.headers["set-cookie"].split("; "))
        assert told == {f"footfall_link_the-site={SECRET}", "Path=/", "HttpOnly", "SameSite=Strict"}
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert (await running.client.get("/s/the-site")).status_code == 200  # the client kept the cookie
        owner = await running.client.get(f"/s/the-site?link={SECRET}", headers=running.owner)
        public = await running.client.get(f"/s/open-site?link={SECRET}")
        assert "set-cookie" not in owner.headers
        assert "set-cookie" not in public.headers


async def test_a_new_link_closes_the_old_one_and_its_streams(serving: Serving) -> None:
    """Who watches by the old one is sent away, and does not come in again."""
    async with serving() as running:
        await running.client.put("/api/sites/the-site", json={"visibility": "link"}, headers=running.owner)
        old = running.house.sites["the-site"].link
        assert len(old) == 22
        stream = f"/api/live/the-site/stream?link={old}"
        async with running.client.stream("GET", stream) as watched, asyncio.timeout(20):
            lines = watched.aiter_lines()
            assert [line async for line in _until(lines, "event: snapshot")]
            renewed = await running.client.post("/api/sites/the-site/link", headers=running.owner)
            assert renewed.json()["link"] not in ("", old)
            assert not [line async for line in lines if line.startswith("event: snapshot")]  # it ends
        assert await status(running, stream, NOTHING) == 404
        assert await status(running, f"/api/live/the-site?link={renewed.json()['link']}", NOTHING) == 200


async def _until(lines: Any, wanted: str) -> Any:
    async for line in lines:
        yield line
        if line == wanted:
            return


async def test_becoming_private_ends_the_streams_of_strangers(serving: Serving) -> None:
    """A stream that was open to all does not go on behind a closed door."""
    async with serving() as running, running.client.stream("GET", "/api/live/open-site/stream") as watched, asyncio.timeout(20):
        lines = watched.aiter_lines()
        assert [line async for line in _until(lines, "event: snapshot")]
        await running.client.put("/api/sites/open-site", json={"visibility": "private"}, headers=running.owner)
        assert not [line async for line in lines if line.startswith("event: snapshot")]
        assert await status(running, "/api/live/open-site/stream", NOTHING) == 404


@pytest.mark.parametrize(
    ("document", "visibility"),
    [
        (b'{"id":"a","public":true,"grid":2}', "public"),
        (b'{"id":"a","public":false}', "private"),
        (b'{"id":"a"}', "private"),
        (b'{"id":"a","visibility":"link","public":true}', "link"),
    ],
)
def test_sites_of_an_older_footfall_keep_who_may_see_them(document: bytes, visibility: str) -> None:
    """What said public is public, everything else is not."""
    site = site_of(document)
    assert site.visibility == visibility
    assert site_of(msgspec.json.encode(site)) == site


async def test_an_older_registry_is_read_at_the_start(serving: Serving) -> None:
    """A document from before visibility was a word opens the site as it did."""
    async with serving() as running:
        await running.house.registry.put(SITES, "older", b'{"id":"older","public":true}')
    async with serving() as running:
        assert await status(running, "/api/live/older", NOTHING) == 200


@IN_ITS_LOOP
@pytest.mark.parametrize("door", ["/api/count/the-site", "/embed/the-site", "/badge/the-site.svg"])
@pytest.mark.parametrize(("visibility", "kept"), [("public", "public"), ("link", "private")])
async def test_only_what_is_public_is_kept_by_others(shared: Running, door: str, visibility: str, kept: str) -> None:
    """A cache in between must not show to everybody what a link or its cookie opened."""
    await shared.house.put_site(Site("the-site", visibility=visibility, link=SECRET))
    for query, headers in (LINK, COOKIE):
        shared.client.cookies.clear()
        answer = await shared.client.get(door + query, headers=dict(headers))
        assert (answer.status_code, answer.headers["cache-control"]) == (200, f"{kept}, max-age=30")
