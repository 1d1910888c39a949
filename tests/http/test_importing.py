"""The owner's door for exports: each document once, whoever sends it how often, and what stands in the way is said."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from footfall import imports, rules
from footfall.errors import HistoryFailed, JournalFailed
from footfall.house import House
from footfall.model import Command, Record
from tests.moving.exports import lines, session, titles, views

Running = Any  # tests/http/conftest.py: Running; test files cannot import it by name

NOTHING = {"added": 0, "known": 0, "gone": 0, "refused": []}


async def send(running: Running, table: str, body: bytes, site: str = "open-site") -> Any:
    """The answer to a chunk."""
    return await running.client.post(f"/api/sites/{site}/import/{table}", content=body, headers=running.owner)


async def stored(running: Running) -> int:
    """What its rows say."""
    answer = await running.client.get("/api/sites/open-site/import", headers=running.owner)
    return int(answer.json()["views"])


async def live(running: Running) -> Any:
    """The snapshot, as the owner has it."""
    return (await running.client.get("/api/live/open-site", headers=running.owner)).json()


async def test_for_the_owner_alone(running: Running) -> None:
    """Nobody else comes in; and there are no other sites, tables, or bodies without end."""
    for method, path in (("GET", "/api/sites/open-site/import"), ("POST", "/api/sites/open-site/import/pageViews")):
        answer = await running.client.request(method, path, content=lines(views(1)))
        assert answer.status_code == 401
    assert (await send(running, "pageViews", b"", site="no-site")).status_code == 404
    assert (await send(running, "users", b"")).json() == {
        "error": "table: expected pageViews or activeSessions or posts or pages",
        "field": "table",
    }
    assert (await send(running, "pageViews", b"\n" * ((4 << 20) + 1))).status_code == 400
    assert await stored(running) == 0


async def test_views_are_taken_once(running: Running) -> None:
    """The same lines again, in other company, and twice in one chunk add nothing; every total is that of the rows."""
    first, second = views(1_200), views(40, first=1_200)
    assert (await send(running, "pageViews", lines(first))).json() == {**NOTHING, "added": 1_200}
    again = await send(running, "pageViews", lines([*second, *first[500:], *second]))
    assert again.json() == {**NOTHING, "added": 40, "known": 700 + 40}
    assert (await send(running, "pageViews", b"\n \n")).json() == NOTHING
    assert (await stored(running), (await live(running))["views"]) == (1_240, 1_240)
    assert (await running.client.post("/api/verify", headers=running.owner)).json() == {"differences": []}


async def test_many_at_once_take_turns(running: Running) -> None:
    """The same file from several commands at a time is one file."""
    chunks = [lines(views(600)[at : at + 200]) for at in (0, 200, 400)] * 3
    answers = [answer.json() for answer in await asyncio.gather(*(send(running, "pageViews", chunk) for chunk in chunks))]
    assert (sum(answer["added"] for answer in answers), sum(answer["known"] for answer in answers)) == (600, 1_200)
    assert await stored(running) == 600


async def test_faults_are_named_by_their_lines(running: Running) -> None:
    """What is good beside them is taken."""
    good, bad = lines(views(2)).splitlines(keepends=True), b'{"_id": "x", "sessionId": "s", "path": 1, "timestamp": 1}\n'
    answer = await send(running, "pageViews", bad + good[0] + b"\n{]\n" + good[1])
    refused = answer.json()["refused"]
    assert [(one["index"], one["field"]) for one in refused] == [(0, "path"), (3, "line")]
    assert refused[0]["reason"] == "expected str, not int"
    assert answer.json()["added"] == 2


async def test_a_site_with_no_room_for_paths(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Views of known paths go on; the others are refused, in the chunk that fills it and in those behind it."""
    monkeypatch.setattr(rules, "MAX_PATHS", 2)
    made = [{**view, "path": f"/{n % 4}"} for n, view in enumerate(views(12))]
    answer = (await send(running, "pageViews", lines(made[:8]))).json()
    assert (answer["added"], answer["refused"]) == (
        4,
        [{"index": None, "field": "path", "reason": "the site had no room for the pages of 4 of these"}],
    )
    answer = (await send(running, "pageViews", lines(made))).json()
    assert (answer["added"], answer["known"], [one["index"] for one in answer["refused"]]) == (2, 4, [2, 3, 6, 7, 10, 11])
    assert await stored(running) == 6


async def test_posts_and_pages(running: Running) -> None:
    """Titles of pages come from them; what is so already is not written again, what changed is."""
    posts = titles(("hello", "Hello", True), ("draft", "Not yet", False))
    assert (await send(running, "posts", lines(posts) + b"\n{}\n")).json()["added"] == 2
    assert (await send(running, "posts", lines(posts))).json() == {**NOTHING, "known": 2}
    assert (await send(running, "posts", lines(titles(("hello", "Hi", True))))).json() == {**NOTHING, "added": 1}
    assert (await send(running, "pages", lines(titles(("hello", "A page", True))))).json() == {**NOTHING, "added": 1}
    await send(running, "pageViews", lines([{**views(1)[0], "path": "/hello"}]))
    found = await live(running)
    assert (found["posts"], found["pages"][0]["title"]) == (1, "Hi")


async def test_sessions(running: Running) -> None:
    """Who was seen in the last two minutes is here, where the original had them; the others are gone."""
    now = running.house.engine.now()
    rows = [
        session("a", "/a", now - 1_000.5, city="Bonn"),
        session("b", "/b", now - 121_000.0),
        session("c", "/c", now + 9e6),
        session("d", "/d", now - 1e9),
    ]
    answer = (await send(running, "activeSessions", lines(rows))).json()
    assert (answer["added"], answer["gone"], [one["field"] for one in answer["refused"]]) == (1, 2, ["lastSeen"])
    assert (await live(running))["people"] == 1
    again = (await send(running, "activeSessions", lines(rows[:2]))).json()
    assert again == {**NOTHING, "known": 1, "gone": 1}  # a beat, too early


async def test_the_answer_is_lost_but_not_what_was_taken(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is told of a failure of history, or nothing at all, sends again: it is one."""
    house: House = running.house
    fetch = house.engine.fetch

    async def failing(statement: object) -> Any:
        raise HistoryFailed("history could not be read")

    monkeypatch.setattr(house.engine, "fetch", failing)
    answer = await send(running, "pageViews", lines(views(3)))
    assert (answer.status_code, answer.json()) == (503, {"error": "history could not be read"})
    monkeypatch.setattr(house.engine, "fetch", fetch)
    command, append, under_way = house.engine.command, house.engine._journal.append, list[asyncio.Task[object]]()

    async def told_nothing(record: Command) -> object:
        under_way.append(asyncio.create_task(command(record)))
        await asyncio.sleep(0)
        raise JournalFailed("nobody knows")

    async def slow(records: Sequence[Record]) -> int:
        await asyncio.sleep(0.3)  # so that whoever looked up ids at once would not find them
        return await append(records)

    monkeypatch.setattr(house.engine, "command", told_nothing)
    monkeypatch.setattr(house.engine._journal, "append", slow)
    assert (await send(running, "pageViews", lines(views(900)))).status_code == 503
    monkeypatch.setattr(house.engine, "command", command)
    assert (await send(running, "pageViews", lines(views(900)))).json() == {**NOTHING, "known": 900}
    assert await stored(running) == 900
    assert sum(task.result() == 500 for task in under_way) == 1


async def test_history_that_is_behind_is_waited_for(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for ever: the sender comes again. Nothing was taken then."""
    monkeypatch.setattr(imports, "_HISTORY_SECONDS", 0.01)
    house: House = running.house
    waiting: list[Callable[[], None]] = []
    append = house._store.history.append

    async def slow(*rows: Any) -> None:
        turn = asyncio.Event()
        waiting.append(turn.set)
        await turn.wait()
        await append(*rows)

    monkeypatch.setattr(house._store.history, "append", slow)
    assert (await send(running, "pageViews", lines(views(5)))).status_code == 200
    answer = await send(running, "pageViews", lines(views(5)))
    assert (answer.status_code, answer.json()) == (503, {"error": "history is behind"})
    monkeypatch.setattr(house._store.history, "append", append)
    for go_on in waiting:
        go_on()
    monkeypatch.setattr(imports, "_HISTORY_SECONDS", 30.0)
    assert (await send(running, "pageViews", lines(views(5)))).json() == {**NOTHING, "known": 5}


async def test_a_session_that_goes_on_is_the_same_visitor(running: Running) -> None:
    """Views of the past hour that were imported are near: the same reader's next view of that page is a repeat."""
    house: House = running.house
    now = house.engine.now()
    seen = {**views(1)[0], "path": "/a", "sessionId": "s", "timestamp": now - 60_000}
    await send(running, "pageViews", lines([seen]))
    fact = {"s": "open-site", "k": "view", "i": "a" * 16, "a": 0, "u": "https://example.com/a", "v": "s"}
    browser = {
        "content-type": "text/plain",
        "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
        "origin": "https://example.com",
    }
    answer = await running.client.post("/e", content=json.dumps(fact), headers=browser)
    assert answer.status_code == 204, answer.text
    assert ((await live(running))["views"], (await live(running))["visitors"]) == (1, 1)
