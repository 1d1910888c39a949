"""The owner's doors to the data as a whole: nothing for strangers, clear refusals, totals that follow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from footfall.model import Adopt, FactRow
from tests.http.conftest import IN_ITS_LOOP, OPEN, Running, Serving
from tests.unit.live.made import fact

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
SITE = f"/api/sites/{OPEN.id}"
DOORS = ("/api/backup", "/api/export", f"{SITE}/rows", f"{SITE}/erase", f"{SITE}/reclassify", f"{SITE}/backfill")


@pytest.fixture
async def running(serving: Serving) -> AsyncIterator[Running]:
    """One server will do: what is behind these doors is the same for both."""
    async with serving() as found:
        yield found


async def view(running: Running, session: str, path: str = "/a") -> None:
    body = {"s": OPEN.id, "k": "view", "i": f"0123456789-{session}-{path[1]}", "u": f"https://example.com{path}", "v": session}
    answer = await running.client.post("/e", json=body, headers={"user-agent": FIREFOX})
    assert answer.status_code == 204, answer.text


async def ask(running: Running, door: str, body: object) -> tuple[int, Any]:
    answer = await running.client.post(door, json=body, headers=running.owner)
    return answer.status_code, answer.json()


@IN_ITS_LOOP
@pytest.mark.parametrize("door", DOORS)
async def test_strangers_do_not_come_in(shared: Running, door: str) -> None:
    """Nobody without a key does."""
    assert (await shared.client.post(door, json={})).status_code == 401


async def test_erase_a_visitor_and_a_path(running: Running) -> None:
    """First told, then done: presence and every total follow, and a recount agrees."""
    door = f"{SITE}/erase"
    for session, path in (("ann", "/a"), ("ann", "/b"), ("bob", "/a"), ("eve", "/c")):
        await view(running, session, path)
    by_session = {"session": "ann"}
    assert await ask(running, door, {**by_session, "dry_run": True}) == (200, {"matched": [2, 2, 1, 0], "removed_views": 0})
    assert running.house.engine.fold.site(OPEN.id).views == 4
    assert (await ask(running, door, by_session))[1]["removed_views"] == 2
    assert (await ask(running, door, {"path": "/c"}))[1]["removed_views"] == 1
    state = running.house.engine.fold.site(OPEN.id)
    assert (state.views, len(state.visitors), list(state.pages.numbers)) == (1, 1, ["/a"])
    assert await running.house.verify() == []


@IN_ITS_LOOP
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"session": "a", "visitor": 1}, "visitor"),
        ({"visitor": 0}, "visitor"),
        ({"visitor": 1 << 64}, "visitor"),
        ({"first": -1}, "first"),
        ({"last": 1 << 62}, "last"),
        ({"pth": "/a"}, "body"),
    ],
)
async def test_an_erase_that_is_not_clear_is_refused(shared: Running, body: object, field: str) -> None:
    """By the field; an erase of everything is not asked for by leaving everything out."""
    status, told = await ask(shared, f"{SITE}/erase", body)
    assert (status, told["field"]) == (400, field)


async def test_visitors_are_a_bot_after_all_and_people_again(running: Running) -> None:
    """First told, then done, then undone: every total follows each time, and a recount agrees."""
    door, engine = f"{SITE}/reclassify", running.house.engine
    for session, path in (("ann", "/a"), ("ann", "/b"), ("bob", "/a")):
        await view(running, session, path)
    ann = {"session": "ann", "where": [["browser", "is", "Firefox"], ["path", "contains_not", "z"]]}
    assert await ask(running, door, {**ann, "dry_run": True}) == (200, {"matched": [2, 2, 1, 0], "changed": 0})
    assert engine.fold.site(OPEN.id).views == 3
    for bot, changed, views in ((True, 2, 1), (True, 0, 1), (False, 2, 3)):
        assert (await ask(running, door, {**ann, "bot": bot}))[1]["changed"] == changed
        assert engine.fold.site(OPEN.id).views == views
        assert await running.house.verify() == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"where": [["user_agent", "is", "x"]]}, "where"),
        ({"where": [["browser", "matches", "x"]]}, "where"),
        ({"where": [["site", "is", "x"]]}, "where"),
        ({"where": [["browser", "is"]]}, "body"),
        ({"visitor": 0}, "visitor"),
        ({"first": -1}, "first"),
    ],
)
@IN_ITS_LOOP
async def test_a_reclassification_that_is_not_clear_is_refused(shared: Running, body: object, field: str) -> None:
    """By the field; no other name than those of texts becomes a part of a question."""
    status, told = await ask(shared, f"{SITE}/reclassify", body)
    assert (status, told["field"]) == (400, field)


def row(**change: Any) -> FactRow:
    made = fact(site=OPEN.id, **change)
    return FactRow(1, 0, made.time, True, 7, made)


@IN_ITS_LOOP
@pytest.mark.parametrize(
    ("rows", "field"),
    [
        ((row(visitor=-1),), "visitor"),
        ((row(engaged=1 << 63),), "engaged"),
        ((row(latitude=float("nan")),), "latitude"),
        ((row(path="x" * 20_000),), "path"),
        ((row(kind=7),), "kind"),
        ((msgspec.structs.replace(row(), time=3),), "ts_ms"),
        ((FactRow(1, 0, 1, True, 0, fact(site="other", at=1)),), "site"),
        (tuple(row() for _ in range(2_001)), "body"),
    ],
)
async def test_rows_that_history_could_not_hold_are_refused(shared: Running, rows: tuple[FactRow, ...], field: str) -> None:
    """Before they are durable; nothing of the chunk is taken."""
    body = msgspec.msgpack.encode(Adopt(OPEN.id, 0, rows))
    answer = await shared.client.post(f"{SITE}/rows", content=body, headers=shared.owner)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert OPEN.id not in shared.house.engine.fold.sites


async def test_a_walk_over_all_views(running: Running) -> None:
    """Chunk by chunk, from where the last one ended; it may be repeated."""
    for number in range(5):
        await view(running, str(number))
    door, at, told = f"{SITE}/backfill", [0, -1, 0], []
    for _ in range(3):
        _, found = await ask(running, door, {"at": at, "size": 2})
        at = found["at"]
        told.append((found["report"]["status"], found["report"]["processed"], found["report"]["uniqueSessions"]))
    assert told == [("in_progress", 2, 2), ("in_progress", 4, 4), ("complete", 5, 5)]
    assert (await ask(running, door, {"size": 100}))[1]["report"]["processed"] == 5


async def test_a_backup_and_an_export_wait_where_they_are_fetched(running: Running) -> None:
    """In the data folder; the answer says what is there."""
    await view(running, "ann")
    outgoing = running.house.folder.outgoing
    for door, body, kind in (("/api/backup", None, "backup"), ("/api/export", {"format": "parquet"}, "export")):
        status, told = await ask(running, door, body)
        assert (status, told["kind"]) == (200, kind)
        assert {file.name for file in outgoing.iterdir()} == {*told["files"], "manifest.json"}
    assert (await ask(running, "/api/export", {"format": "xlsx"}))[1]["field"] == "format"
    assert (await ask(running, "/api/export", {"sites": ["nobody"]}))[0] == 404


@pytest.mark.parametrize(
    ("setting", "field"),
    [
        ({"bots": ["ab"]}, "bots"),
        ({"not_bots": [" Kiosk"]}, "not_bots"),
        ({"bots": ["x" * 201]}, "bots"),
        ({"bots": ["abc"] * 101}, "bots"),
        ({"opt_outs": ["cookies"]}, "opt_outs"),
    ],
)
async def test_rules_of_a_sites_own_that_are_none_are_refused(
    running: Running, setting: dict[str, list[str]], field: str
) -> None:
    """By the field; good ones hold from the next fact on."""
    answer = await running.client.put(SITE, json=setting, headers=running.owner)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    good = {"bots": ["firefox/145"], "opt_outs": ["gpc"]}
    assert (await running.client.put(SITE, json=good, headers=running.owner)).json()["opt_outs"] == ["gpc"]
    await view(running, "ann")
    assert OPEN.id not in running.house.engine.fold.sites, "a bot's view makes no state"


@IN_ITS_LOOP
@pytest.mark.parametrize(("days", "status"), [(-1, 400), (0, 200), (36_500, 200), (36_501, 400)])
async def test_retention_is_a_setting_of_the_site(shared: Running, days: int, status: int) -> None:
    """In days."""
    await shared.house.put_site(OPEN)
    answer = await shared.client.put(SITE, json={"retention": days}, headers=shared.owner)
    assert answer.status_code == status
    assert shared.house.sites[OPEN.id].retention == (days if status == 200 else 0)
