"""The doors that take facts, through real servers over a real data folder."""

from __future__ import annotations

import asyncio
import json
from itertools import count
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from footfall.model import Site

from .conftest import IN_ITS_LOOP, PAGE, Running, Serving

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
HEADERS = {"content-type": "text/plain", "user-agent": BROWSER}

NUMBERS = count(1)  # of sites that a test has for itself


def view(number: int = 1, **more: Any) -> dict[str, Any]:
    """A view of the open site."""
    return {"s": "open-site", "k": "view", "i": f"view-{number:012d}", "u": PAGE, **more}


async def post(running: Running, body: Any, **headers: str) -> Any:
    """POST /e; headers with _ for -."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await running.client.post("/e", content=content, headers={**HEADERS, **named})


async def test_good_facts_are_counted_and_answered_without_a_word(running: Running) -> None:
    """204, readable from any origin, and the view is in the next snapshot; a retry of it counts once."""
    for _ in range(2):
        answer = await post(running, view())
        assert answer.status_code == 204
        assert answer.content == b""
        assert answer.headers["access-control-allow-origin"] == "*"
    snapshot = (await running.client.get("/api/live/open-site")).json()
    assert (snapshot["views"], snapshot["people"]) == (1, 1)


BAD = [
    (b"", 400, "body"),
    (b"not json", 400, "body"),
    (b"[]", 400, "body"),
    (b"\xff\xfe", 400, "body"),
    (json.dumps([view(n) for n in range(101)]).encode(), 400, "body"),
    (json.dumps(view(i="short")).encode(), 400, "i"),
    (json.dumps(view(u="ftp://example.com/")).encode(), 400, "u"),
    (json.dumps(view(u="https://elsewhere.example/")).encode(), 400, "s"),
    (json.dumps(view(s="nowhere")).encode(), 400, "s"),
    (json.dumps(view(a=30 * 60_000 + 1)).encode(), 400, "a"),
    (b"x" * (64 * 1024 + 1), 413, "body"),
]


@IN_ITS_LOOP
@pytest.mark.parametrize(("body", "status", "field"), BAD)
async def test_what_is_wrong_is_said_in_one_shape(shared: Running, body: bytes, status: int, field: str) -> None:
    """Every refusal names its field, is readable from any origin, and nothing was taken."""
    before = (await shared.client.get("/api/live/open-site")).json()["views"]
    answer = await post(shared, body)
    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert told["accepted"] == 0
    assert [error["field"] for error in told["errors"]] == [field]
    assert all(error["reason"] for error in told["errors"])
    assert (await shared.client.get("/api/live/open-site")).json()["views"] == before


async def test_one_bad_fact_does_not_cost_the_good_ones(running: Running) -> None:
    """The others are durable, and each error names its place in the array, in order."""
    answer = await post(
        running, [view(1, u="no"), view(2), view(3, a=1_900_000), view(4, x=1), view(5, u="https://a.example.org/b")]
    )
    told = answer.json()
    assert answer.status_code == 400
    assert told["accepted"] == 2
    assert [(error["index"], error["field"]) for error in told["errors"]] == [(0, "u"), (2, "a"), (3, "x")]
    assert (await running.client.get("/api/live/open-site")).json()["views"] == 2


@IN_ITS_LOOP
@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("text/plain", 204),
        ("text/plain;charset=UTF-8", 204),
        ("Application/JSON; charset=utf-8", 204),
        ("application/x-www-form-urlencoded", 415),
        ("text/plainer", 415),
        ("", 415),
    ],
)
async def test_only_json_as_text_or_json_is_read(shared: Running, kind: str, status: int) -> None:
    """Other kinds of content are not looked at."""
    assert (await post(shared, view(), content_type=kind)).status_code == status


@IN_ITS_LOOP
async def test_a_page_elsewhere_may_ask_first(each_shared: Running) -> None:
    """The preflight of application/json allows it for a day; no credentials are ever allowed."""
    asked = {
        "origin": "https://example.com",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    answer = await each_shared.client.options("/e", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert answer.headers["access-control-allow-headers"] == "content-type"
    assert answer.headers["access-control-max-age"] == "86400"
    assert "access-control-allow-credentials" not in answer.headers


@IN_ITS_LOOP
async def test_other_methods_are_told_which_there_are(each_shared: Running) -> None:
    """405 with Allow."""
    for method in ("GET", "PUT", "DELETE"):
        answer = await each_shared.client.request(method, "/e")
        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST, OPTIONS"


@IN_ITS_LOOP
async def test_a_body_without_end_is_cut_at_the_limit(each_shared: Running) -> None:
    """A chunked body that never announces its length is refused when it passes 64 KiB, not when it ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", each_shared.port)
    writer.write(b"POST /e HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n")
    for _ in range(17):
        writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
    async with asyncio.timeout(10):
        status = await reader.readline()
    writer.close()
    assert status.split()[1] == b"413"


@IN_ITS_LOOP
async def test_a_length_beyond_the_limit_is_refused_before_the_body(each_shared: Running) -> None:
    """Nobody has to send ten megabytes to hear that they are too many."""
    reader, writer = await asyncio.open_connection("127.0.0.1", each_shared.port)
    writer.write(b"POST /e HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 10000000\r\n\r\n")
    async with asyncio.timeout(10):
        status = await reader.readline()
    writer.close()
    assert status.split()[1] == b"413"


async def test_a_body_in_pieces_is_one_body(running: Running) -> None:
    """Facts that arrive split into two packets are read as one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    body = json.dumps(view()).encode()
    writer.write(b"POST /e HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\nuser-agent: %s\r\n" % BROWSER.encode())
    writer.write(b"content-length: %d\r\n\r\n" % len(body) + body[:10])
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.write(body[10:])
    async with asyncio.timeout(10):
        status = await reader.readline()
    writer.close()
    assert status.split()[1] == b"204"


async def test_a_body_that_never_comes_is_given_up(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the limit the client hears 503 and may try again; the connection of another one is not touched."""
    monkeypatch.setattr("footfall.http.collect.BODY_SECONDS", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(b"POST /e HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 50\r\n\r\nhalf")
    async with asyncio.timeout(10):
        head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    assert head.split()[1] == b"503"
    assert b"retry-after: 1" in head.lower()
    assert (await post(running, view())).status_code == 204


async def test_an_address_that_sends_too_much_waits(serving: Serving) -> None:
    """Past rate and burst 429 names the seconds; another address behind the same proxy is not touched."""
    async with serving(rate_limit=1.0, trusted_proxies=("127.0.0.1",)) as running:
        many = [view(n) for n in range(60)]
        assert (await post(running, many, x_forwarded_for="203.0.113.9")).status_code == 204
        answer = await post(running, view(99), x_forwarded_for="203.0.113.9")
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.json()["errors"][0]["index"] is None
        assert (await post(running, view(100), x_forwarded_for="203.0.113.10")).status_code == 204


async def test_bytes_count_as_facts_do(serving: Serving) -> None:
    """A few facts that fill a body cost as much as the many that would fit."""
    async with serving(rate_limit=1.0) as running:
        assert (await post(running, [{**view(1), "t": "x" * 30_000}])).status_code == 204
        answer = await post(running, view(2))
        assert (answer.status_code, int(answer.headers["retry-after"]) > 10) == (429, True)


async def test_a_salt_that_cannot_be_written_is_a_busy_server(running: Running) -> None:
    """Midnight and a full disk: 503 in the shape of each door, nothing taken; once there is room the same facts are."""
    obstacle = running.house.folder.path / "salts.json.new"
    obstacle.mkdir()
    answer = await post(running, view())
    assert (answer.status_code, answer.json()["accepted"], answer.headers["retry-after"]) == (503, 0, "1")
    answer = await running.client.get("/p.gif?s=open-site", headers={"referer": PAGE})
    assert (answer.status_code, answer.headers["content-type"]) == (503, "image/gif")
    obstacle.rmdir()
    assert (await post(running, view())).status_code == 204


async def test_nothing_is_taken_while_the_engine_does_not_accept(serving: Serving) -> None:
    """503 with Retry-After in the door's shape, and the health door says so too."""
    async with serving() as running:
        await running.house.engine.close()
        answer = await post(running, view())
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["accepted"] == 0
        health = await running.client.get("/healthz")
        assert health.status_code == 503
        assert health.json()["status"] == "unavailable"
        assert health.json()["reason"]
        assert (await running.client.get("/p.gif?s=open-site", headers={"referer": PAGE})).status_code == 503


async def test_forwarded_headers_from_a_stranger_are_a_loud_warning(serving: Serving) -> None:
    """The address in them is not used, /healthz and the owner are warned, and only the owner hears from whom."""
    async with serving() as running:
        for number, address in enumerate(("203.0.113.9", "203.0.113.10")):
            await post(running, view(number), x_forwarded_for=address)
        assert (await running.client.get("/api/live/open-site")).json()["visitors"] == 1
        (warning,) = (await running.client.get("/healthz")).json()["warnings"]
        assert "trusted proxy" in warning
        assert "127.0.0.1" not in warning
        assert "127.0.0.1" in (await running.client.get("/", headers=running.owner)).text


async def test_forwarded_headers_from_a_named_proxy_are_believed(serving: Serving) -> None:
    """Two readers behind the proxy are two visitors, and nobody is warned."""
    async with serving(trusted_proxies=("127.0.0.0/8",)) as running:
        for number, address in enumerate(("203.0.113.9", "203.0.113.10")):
            await post(running, view(number), x_forwarded_for=address)
        assert (await running.client.get("/api/live/open-site")).json()["visitors"] == 2
        assert (await running.client.get("/healthz")).json()["warnings"] == []


async def test_location_headers_of_the_named_platform_alone_are_believed(serving: Serving) -> None:
    """A plain proxy hands on what its readers make up: to one that is said to be Vercel's it does not matter."""
    async with serving(trusted_proxies=("127.0.0.0/8",), place_headers="vercel") as running:
        await post(running, view(1), cf_ipcountry="NZ", x_vercel_ip_country="DE")
        snapshot = (await running.client.get("/api/live/open-site", headers=running.owner)).json()
        assert [place["country"] for place in snapshot["places"]] == ["DE"]


async def test_the_owner_may_send_for_its_readers(running: Running) -> None:
    """Signed with the key the address and the place that are told are believed; with a wrong key nothing is taken."""
    for number, address in enumerate(("203.0.113.9", "203.0.113.10")):
        answer = await post(running, view(number), x_forwarded_for=address, cf_ipcountry="NZ", **running.owner)
        assert answer.status_code == 204
    snapshot = (await running.client.get("/api/live/open-site", headers=running.owner)).json()
    assert snapshot["visitors"] == 2
    assert [(place["country"], place["here"]) for place in snapshot["places"]] == [("NZ", 2)]
    assert (await running.client.get("/healthz")).json()["warnings"] == []
    assert (await post(running, view(8), authorization="Basic eDp5")).status_code == 204
    wrong = await post(running, view(9), x_forwarded_for="203.0.113.11", authorization="Bearer wrong")
    assert wrong.status_code == 403
    assert (await running.client.get("/api/live/open-site")).json()["views"] == 3


async def test_the_pixel_counts_a_reader_without_scripts(running: Running) -> None:
    """The image comes once the view is durable, never from a cache, and may be shown on any page."""
    headers = {"user-agent": BROWSER, "referer": PAGE}
    answer = await running.client.get("/p.gif?s=open-site&t=A+title", headers=headers)
    assert answer.status_code == 200
    assert (answer.content[:6], len(answer.content)) == (b"GIF89a", 43)
    assert answer.headers["content-type"] == "image/gif"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    snapshot = (await running.client.get("/api/live/open-site")).json()
    assert (snapshot["views"], snapshot["pages"][0]["path"]) == (1, "/a")


@IN_ITS_LOOP
@pytest.mark.parametrize("path", ["/caf%C3%A9/%E4%BD%A0", "/a%FF", "/a%20b", "/a%2520b", "/a%22%3Cb"])
async def test_a_page_has_one_name_at_both_doors(shared: Running, path: str) -> None:
    """Whatever stands in a path: told by the script, by the Referer, or by `p` as any template writes it into a query."""
    told = urlsplit(PAGE)._replace(path=path, query="").geturl()
    site = f"site-{next(NUMBERS)}"
    await shared.house.put_site(Site(site))
    await post(shared, view(s=site, u=told))
    await shared.client.get(f"/p.gif?s={site}", headers={"referer": told, "user-agent": BROWSER})
    for value in (quote(path), path):
        if value != path or "%25" not in path:
            url = f"/p.gif?s={site}&p={value}"
            await shared.client.get(url, headers={"referer": PAGE, "user-agent": BROWSER})
    pages = (await shared.client.get(f"/api/live/{site}", headers=shared.owner)).json()["pages"]
    assert len(pages) == 1, pages


@IN_ITS_LOOP
@pytest.mark.parametrize("query", ["", "s=nowhere", "s=open-site&p=/%ED%A0%80", "&".join(f"k{n}=1" for n in range(30))])
async def test_the_pixel_is_an_image_also_when_it_is_refused(shared: Running, query: str) -> None:
    """400 with the same image: a page shows no broken one."""
    answer = await shared.client.get(f"/p.gif?{query}", headers={"user-agent": BROWSER})
    assert answer.status_code == 400
    assert answer.content[:6] == b"GIF89a"
    assert (await shared.client.post("/p.gif")).status_code == 405


async def test_a_client_that_leaves_in_the_middle_of_its_body_harms_nobody(running: Running) -> None:
    """The next request is answered and nothing was taken of the half."""
    _, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(b"POST /e HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 500\r\n\r\nhalf")
    await writer.drain()
    writer.close()
    assert (await post(running, view())).status_code == 204


async def test_it_works_below_a_prefix(serving: Serving) -> None:
    """Mounted in another application every door is below its prefix, links and cookies too."""
    async with serving(prefix="/stats") as running:
        answer = await running.client.post("/stats/e", content=json.dumps(view()), headers=HEADERS)
        assert answer.status_code == 204
        assert (await running.client.get("/stats/api/live/open-site")).json()["views"] == 1
        assert (await running.client.put("/stats/healthz")).status_code == 405
        key = running.house.folder.owner_key
        answer = await running.client.get(f"/stats/s/shut-site?key={key}")
        assert answer.headers["location"] == "/stats/s/shut-site"
        assert "Path=/stats/;" in answer.headers["set-cookie"]
        assert 'href="s/shut-site"' in (await running.client.get("/stats/", headers=running.owner)).text
