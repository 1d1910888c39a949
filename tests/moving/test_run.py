"""A run against a server that is full for a while, that stays full, that is gone."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from footfall.admin import Owner, Refused
from footfall.moving import run
from footfall.moving.export import open_export
from footfall.moving.run import Move, Report, Tally
from tests.http.conftest import Running, serve
from tests.moving.exports import lines, views, write_zip

FULL = "the disk is nearly full"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """A server with a site."""
    async with serve(tmp_path / "data") as found:
        found.client.headers.update(found.owner)
        yield found


async def move(client: httpx.AsyncClient, folder: Path, waiting: Callable[[str], None]) -> Report:
    """Move three views in."""
    door = Owner(client, "", "")
    with open_export(write_zip(folder / "export.zip", {"pageViews": lines(views(3))})) as tables:
        return await Move(door, "open-site", pytest.fail, lambda read, tally: None, waiting).run(tables)


async def test_a_server_that_is_full_is_waited_for(running: Running, tmp_path: Path) -> None:
    """It says why; when there is room again the run goes on."""
    engine, told = running.house.engine, list[str]()
    engine._obstacle = lambda: FULL

    def waiting(why: str) -> None:
        told.append(why)
        engine._obstacle = lambda: ""

    report = await move(running.client, tmp_path, waiting)
    assert (told, report.agrees, report.tallies) == ([FULL], True, [Tally("pageViews", 3, 3)])


async def test_but_not_for_ever(running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own words are the error, as they are of what no waiting helps."""
    monkeypatch.setattr(run, "_PATIENCE", 0.5)
    running.house.engine._obstacle = lambda: FULL
    with pytest.raises(Refused, match=FULL):
        await move(running.client, tmp_path, pytest.fail)
    await running.house.remove_site("open-site")
    with pytest.raises(Refused, match="no such site"):
        await move(running.client, tmp_path, pytest.fail)


async def test_a_server_that_is_gone(tmp_path: Path) -> None:
    """It says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        with pytest.raises(Refused, match="run the command again"):
            await move(client, tmp_path, pytest.fail)


@pytest.mark.parametrize(
    ("after", "agrees"),
    [(107, True), (108, True), (106, False), (111, True), (112, False)],
)
def test_what_agrees(after: int, agrees: bool) -> None:
    """The site has what the run brought; what is known may be its own, sent again, but no more than that."""
    assert Report([Tally("pageViews", 11, added=7, known=4), Tally("posts", 2, added=2)], 100, after).agrees is agrees


def test_what_is_refused_is_missing() -> None:
    """Of any table; readers who have gone are not."""
    assert not Report([Tally("pageViews"), Tally("posts", 2, added=1, refused=1)], 5, 5).agrees
    assert Report([Tally("activeSessions", 3, added=1, gone=2)], 5, 5).agrees
