"""The door of the original's clients over HTTP: who finds it, what is refused, how that is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from footfall.http.convex.board import Boards
from footfall.model import Site

from .conftest import Running, Serving

SITE = Site("blog", hosts=("blog.example", "localhost"), convex="rounded")
VIEW = {"path": "/a", "pageType": "blog", "sessionId": "s1"}
BEAT = {"sessionId": "s1", "currentPath": "/a", "latitude": 47.4, "longitude": 8.6}
BASE = "/convex/blog/api"


@pytest.fixture
async def running(serving: Serving) -> AsyncIterator[Running]:
    """One server: the real clients' own tests use the other kind."""
    async with serving() as found:
        await found.house.put_site(SITE)
        yield found


async def call(
    running: Running, endpoint: str, function: str, args: Any = None, base: str = BASE, **headers: str
) -> httpx.Response:
    """As a client posts it."""
    body = {"path": f"stats:{function}", "format": "convex_encoded_json", "args": {} if args is None else args}
    address = f"http://127.0.0.1:{running.port}{base}/{endpoint}"
    return await running.client.post(address, json=body, headers=headers)


async def told(running: Running, endpoint: str, function: str, args: Any = None, **more: Any) -> Any:
    """The result, or the error's message."""
    answer = await call(running, endpoint, function, args, **more)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["logLines"] == []
    assert "errorData" not in found  # it would make a ConvexError of an ordinary error
    return found["value"] if found["status"] == "success" else found["errorMessage"]


async def test_functions_answer_in_the_clients_shape(running: Running) -> None:
    """Arguments as an object and as an array of one, paths with .js, any kind by /api/function; numbers have a point."""
    assert await told(running, "mutation", "recordPageView", [VIEW]) is None
    assert await told(running, "function", "heartbeat", BEAT) is None
    answer = await call(running, "query", "getStats", [{}])
    assert '"totalPageViews":1.0' in answer.text
    place = {"latitude": 47.0, "longitude": 9.0}
    assert answer.json()["value"]["visitorLocations"] == [place]
    dotted = await running.client.post(f"{BASE}/function", json={"path": "stats.js:getStats", "args": []})
    assert dotted.json()["value"] == answer.json()["value"]
    at = (await running.client.post(f"{BASE}/query_ts")).json()["ts"]
    again = await running.client.post(f"{BASE}/query_at_ts", json={"path": "stats:getStats", "args": [{}], "ts": at})
    assert again.json()["value"] == answer.json()["value"]
    assert (await running.client.post(f"{BASE}/debug_event", json={"event": "x"})).status_code == 200


async def test_what_does_not_fit_is_told_by_name(running: Running) -> None:
    """A function error is answered 200, because one client knows no other way; nothing of the call is stored."""
    for args, name in (
        ({**VIEW, "path": None}, "path"),
        ({**VIEW, "extra": 1}, "extra"),
        ({**VIEW, "path": {"$integer": "BwAAAAAAAAA="}}, "path"),
        ({**VIEW, "path": "x" * 20_000}, "path"),
        ([VIEW, VIEW], "args"),
        ("text", "args"),
        ({**VIEW, "path": {"$float": "?"}}, "args"),
    ):
        message = await told(running, "mutation", "recordPageView", args)
        assert message.startswith(f"ArgumentValidationError: {name}: ")
    assert "nothing" in await told(running, "query", "nothing")
    assert "as a Query" in await told(running, "query", "heartbeat", BEAT)
    assert "getStats" in await told(running, "action", "getStats")
    assert "cleanupStaleSessions" in await told(running, "mutation", "cleanupStaleSessions")
    assert (await told(running, "query", "getStats"))["totalPageViews"] == 0


async def test_a_lone_surrogate_is_a_matter_of_its_argument(running: Running) -> None:
    """JavaScript strings may hold one; the answer is Unicode all the same."""
    body = '{"path":"stats:recordPageView","args":[{"path":"\\ud800","pageType":"a","sessionId":"s"}]}'
    answer = await running.client.post(f"{BASE}/mutation", content=body)
    assert answer.json()["errorMessage"].startswith("ArgumentValidationError: path: ")
    body = '{"path":"stats:recordPageView","args":[{"\\ud800":1,"path":"","pageType":"a","sessionId":"s"}]}'
    assert (await running.client.post(f"{BASE}/mutation", content=body)).json()["status"] == "error"


async def test_the_owner_calls_what_is_internal(running: Running) -> None:
    """With the key as an admin's; a wrong one is refused whatever it asks for, a user's token means nothing."""
    admin = {"authorization": f"Convex {running.house.folder.owner_key}"}
    assert await told(running, "mutation", "cleanupStaleSessions", **admin) == 0
    assert await told(running, "mutation", "backfillAggregates", **admin) == {"message": "No pageViews to backfill"}
    assert (await told(running, "query", "getStats", authorization="Bearer some.users.token"))["activeVisitors"] == 0
    wrong = await call(running, "query", "getStats", authorization="Convex wrong")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "BadAdminKey")
    statuses = [(await call(running, "query", "getStats", authorization="Convex wrong")).status_code for _ in range(25)]
    assert statuses[-1] == 429
    assert await told(running, "mutation", "cleanupStaleSessions", **admin) == 0


async def test_a_backfill_walks_by_chunks(serving: Serving) -> None:
    """A cursor goes from chunk to chunk, and a cursor of nobody's is refused."""
    async with serving(rate_limit=1e6) as running:
        await running.house.put_site(SITE)
        admin = {"authorization": f"Convex {running.house.folder.owner_key}"}
        original = running.house.original
        for n in range(501):
            await original.record_page_view(SITE.id, f"/{n}", "page", f"s{n % 9}")
        first: dict[str, object] = {"cursor": None, "totalProcessed": 0, "seenSessionIds": []}
        one = await told(running, "mutation", "backfillAggregatesChunk", first, **admin)
        assert (one["status"], one["processed"], one["uniqueSessions"]) == ("in_progress", 500, 9)
        second = {"cursor": one["cursor"], "totalProcessed": one["processed"], "seenSessionIds": ["s1"]}
        two = await told(running, "mutation", "backfillAggregatesChunk", second, **admin)
        assert two == {"status": "complete", "processed": 501, "uniqueSessions": 9, "cursor": None}
        bad = await told(running, "mutation", "backfillAggregatesChunk", {**second, "cursor": "1; --"}, **admin)
        assert bad.startswith("ArgumentValidationError: cursor: ")


async def test_a_shut_door_is_no_door(running: Running) -> None:
    """A site whose door is shut and one that does not exist look alike; so does a host that means neither."""
    await running.house.put_site(Site("second", convex="exact"))  # else any host would mean the only one
    answers = [await call(running, "query", "getStats", base=f"/convex/{site}/api") for site in ("open-site", "nobody")]
    answers.append(await call(running, "query", "getStats", base="/api"))
    assert [answer.status_code for answer in answers] == [404] * 3
    assert answers[0].content == answers[1].content == answers[2].content
    assert set(answers[0].json()) == {"code", "message"}  # one client looks for both in whatever is not 2xx
    assert (await running.client.get("/convex/open-site")).status_code == 404


async def test_the_host_names_the_site_where_the_prefix_is_lost(running: Running) -> None:
    """One of the clients drops the prefix; a slash at the end of an address makes two."""
    await running.house.put_site(Site("other", hosts=("other.example",), convex="rounded"))
    await told(running, "mutation", "recordPageView", VIEW, base="/api", host="blog.example")
    for base, host, views in (
        ("/api", "blog.example:80", 1),
        ("//api", "localhost", 1),
        ("/api", "other.example", 0),
        ("/convex/other/api", "blog.example", 0),
        ("/convex/blog//api", "x", 1),
    ):
        assert (await told(running, "query", "getStats", base=base, host=host))["totalPageViews"] == views
    assert (await call(running, "query", "getStats", base="/api", host="elsewhere.example")).status_code == 404


async def test_browsers_may_call_from_any_page_and_count_for_the_sites_own(running: Running) -> None:
    """Preflights are answered, with credentials too as old clients ask; facts from the pages of others are refused."""
    origin = {"origin": "https://blog.example"}
    asked = {**origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type,convex-client"}
    preflight = await running.client.options(f"{BASE}/mutation", headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-headers"] == "content-type, convex-client, authorization"
    answer = await call(running, "mutation", "recordPageView", VIEW, **origin)
    for one in (preflight, answer, await call(running, "query", "getStats", authorization="Convex no", **origin)):
        assert one.headers["access-control-allow-origin"] == "https://blog.example"
        assert one.headers["access-control-allow-credentials"] == "true"
        assert one.headers["vary"] == "origin"
    assert answer.json()["status"] == "success"
    assert "evil" in await told(running, "mutation", "recordPageView", VIEW, origin="https://evil.example")
    assert (await told(running, "query", "getStats", origin="https://evil.example"))["totalPageViews"] == 1


async def test_requests_that_are_none(running: Running) -> None:
    """Each with a code and a message."""
    client = running.client
    for answer, status in (
        (await client.get(f"{BASE}/query"), 405),
        (await client.get(f"{BASE}/1.48.0/sync"), 426),
        (await client.post(f"{BASE}/query", content=b"{"), 400),
        (await client.post(f"{BASE}/query", content=b"[]"), 400),
        (await client.post(f"{BASE}/query", content=b"\xff"), 400),
        (await client.post(f"{BASE}/query", content=b"x" * 70_000), 413),
    ):
        assert answer.status_code == status
        assert set(answer.json()) == {"code", "message"}


async def test_an_address_calls_so_often(serving: Serving) -> None:
    """Then 429, and again later."""
    async with serving(rate_limit=1) as running:
        await running.house.put_site(SITE)
        answers = [await call(running, "query", "getStats") for _ in range(15)]
        assert answers[0].status_code == 200
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) >= 1


async def test_while_nothing_can_be_taken_it_says_so(serving: Serving) -> None:
    """Facts 503; the statistics are there all the same."""
    async with serving(disk_floor_bytes=1 << 60) as running:
        await running.house.put_site(SITE)
        answer = await call(running, "mutation", "recordPageView", VIEW)
        assert (answer.status_code, answer.json()["code"]) == (503, "Overloaded")
        assert (await told(running, "query", "getStats"))["totalPageViews"] == 0


async def test_what_is_being_worked_out_is_not_told_yet(running: Running) -> None:
    """It takes pieces; whoever asks in between neither gets the old value as if it held, nor misses what comes meanwhile."""
    boards = Boards(running.house)
    running.house.listeners.append(boards.changed)
    board, record = boards.of(SITE.id), running.house.original.record_page_view
    before = await board.fresh()
    await record(SITE.id, "/a", "page", "s")
    working = asyncio.create_task(board.fresh())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not working.done()
    asked = boards.ts()
    assert (board.newest() or before).as_of < asked
    await record(SITE.id, "/b", "page", "s")
    assert '"totalPageViews":1.0' in (await working).text
    assert '"totalPageViews":2.0' in (await board.fresh()).text


async def test_a_path_too_many_is_an_error_of_its_call(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others count on."""
    await told(running, "mutation", "recordPageView", VIEW)
    monkeypatch.setattr("footfall.rules.MAX_PATHS", 1)
    message = await told(running, "mutation", "recordPageView", {**VIEW, "path": "/b"})
    assert message.startswith("ArgumentValidationError: path: ")
    assert await told(running, "mutation", "recordPageView", {**VIEW, "sessionId": "s2"}) is None
    assert (await told(running, "query", "getStats"))["totalPageViews"] == 2


async def test_more_than_clients_take_is_an_error(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them would come back for ever."""
    monkeypatch.setattr("footfall.http.convex.board.MOST_BYTES", 300)
    async with serving() as running:
        await running.house.put_site(SITE)
        for n in range(9):
            await told(running, "mutation", "recordPageView", {**VIEW, "path": f"/{n}"})
        assert "larger" in await told(running, "query", "getStats")
        assert json.loads((await call(running, "query", "getStats")).text)["status"] == "error"


async def test_every_call_that_is_refused_has_a_line(running: Running) -> None:
    """In the ledger, as at the other doors; what tells nothing of a reader has none."""
    await running.house.put_site(msgspec.structs.replace(SITE, opt_outs=("dnt", "gpc")))
    assert "DNT" in await told(running, "mutation", "recordPageView", VIEW, dnt="1")
    assert "Sec-GPC" in await told(running, "mutation", "heartbeat", BEAT, **{"sec-gpc": "1"})
    assert "no host" in await told(running, "mutation", "heartbeat", BEAT, origin="https://elsewhere.example")
    key = {"authorization": running.owner["authorization"].replace("Bearer", "Convex")}
    assert "no host" in await told(running, "mutation", "cleanupStaleSessions", origin="https://elsewhere.example", **key)
    for args in ({}, {**VIEW, "path": 5}, {**VIEW, "extra": 1}, {**VIEW, "sessionId": "s" * 2_000}, [VIEW, VIEW], 5):
        assert "ArgumentValidationError" in await told(running, "mutation", "recordPageView", args)
    assert "ArgumentValidationError" in await told(running, "query", "getStats", VIEW)
    assert (await told(running, "query", "getStats", dnt="1"))["totalPageViews"] == 0
    assert await told(running, "mutation", "recordPageView", VIEW, dnt="0") is None
    ledger = (await running.client.get("/api/sites/blog/ledger", headers=running.owner)).json()
    assert {(line["door"], line["outcome"], line["reason"]): line["count"] for line in ledger["lines"]} == {
        ("convex", "rejected", "dnt"): 1,
        ("convex", "rejected", "gpc"): 1,
        ("convex", "rejected", "host"): 1,
        ("convex", "rejected", "malformed"): 6,
        ("convex", "stored", ""): 1,
    }
