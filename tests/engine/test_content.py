"""Folders of Markdown in a running house: what is published follows them, over restarts, and only what differs is journaled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from footfall.config import Config
from footfall.content import watch
from footfall.content.watch import Contents
from footfall.errors import Full
from footfall.house import House, open_house
from footfall.live.pages import Item
from footfall.model import Publish, Site
from tests.unit.live.made import SITE, START
from tests.waiting import until

OpenHouse = Callable[[], Awaitable[House]]


@pytest.fixture
async def open_a_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenHouse]:
    """Opens the same data folder again and again, with folders looked at all the time; closes what is left open."""
    monkeypatch.setattr(watch, "PAUSES", (0.01, 0.01))
    opened = list[House]()

    async def open() -> House:
        opened.append(await open_house(Config(data_folder=tmp_path / "data")))
        return opened[-1]

    yield open
    for house in opened:
        await house.close()


def write(folder: Path, name: str, title: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.md").write_text(f"---\ntitle: {title}\n---\n")


def titles(house: House) -> dict[str, str]:
    content = house.engine.fold.site(SITE).pages.content
    return {slug: item.title for (_, slug), item in content.items() if item.published}


async def test_what_is_published_follows_the_folders(open_a_house: OpenHouse, tmp_path: Path) -> None:
    """A new file, a changed one, one that goes; a start journals only what happened meanwhile; without the setting all stays."""
    posts, pages = tmp_path / "posts", tmp_path / "pages"
    write(posts, "one", "One")
    write(pages, "about", "About")
    house = await open_a_house()
    await house.put_site(Site(SITE, content=(f"{posts}:post:/blog/*/", f"{pages}:page")))
    await until(lambda: titles(house) == {"blog/one/": "One", "about": "About"})
    assert (house.engine.fold.site(SITE).pages.posts, house.engine.fold.site(SITE).pages.published_pages) == (1, 1)
    write(posts, "one", "Another title")
    write(posts, "two", "Two")
    (pages / "about.md").unlink()
    await until(lambda: titles(house) == {"blog/one/": "Another title", "blog/two/": "Two"})
    await house.close()
    write(posts, "two", "Two, once more")
    before = house.engine.fold.seq
    house = await open_a_house()
    await until(lambda: titles(house) == {"blog/one/": "Another title", "blog/two/": "Two, once more"})
    assert house.engine.fold.seq == before + 1
    assert await house.verify() == []
    await house.put_site(Site(SITE))
    (posts / "one.md").unlink()
    write(tmp_path / "other", "three", "Three")
    await house.put_site(Site("other", content=(str(tmp_path / "other"),)))
    await until(lambda: house.engine.fold.site("other").pages.posts == 1)
    assert len(titles(house)) == 2


async def test_a_site_that_is_removed_is_not_brought_back_by_its_folder(open_a_house: OpenHouse, tmp_path: Path) -> None:
    """Neither are its warnings."""
    write(tmp_path / "posts", "one", "One")
    (tmp_path / "posts" / "bad.md").write_text("---\n")
    house = await open_a_house()
    await house.put_site(Site(SITE, content=(str(tmp_path / "posts"),)))
    await until(lambda: bool(titles(house)))
    (warning,) = house.contents.warnings()
    assert warning.startswith(f"Content of {SITE}: {tmp_path / 'posts' / 'bad.md'}: front matter: expected its end")
    await house.remove_site(SITE)
    write(tmp_path / "posts", "two", "Two")
    await until(lambda: not house.contents.warnings())
    await house.contents._publish(Publish(SITE, house.engine.now(), "post", "two", "Two", True))  # by a look that began before
    assert SITE not in house.engine.fold.sites


async def test_what_could_not_be_published_is_tried_again(tmp_path: Path) -> None:
    """Where the journal takes nothing, nothing is lost; many go in rounds; a thousand warnings are told as a few."""
    content, busy = dict[tuple[str, str], Item](), True

    async def publish(command: Publish) -> object:
        if busy and len(content) >= 120:
            raise Full("the disk is nearly full")
        content[command.kind, command.slug] = Item(command.title, command.published)
        return None

    for number in range(300):
        write(tmp_path / "posts", f"p{number}", f"Title {number}")
    for number in range(30):
        (tmp_path / "posts" / f"bad{number}.md").write_text("---\n")
    sites = {SITE: Site(SITE, content=(str(tmp_path / "posts"),))}
    contents = Contents(sites, lambda site: content, publish, lambda: START)
    await contents.look()
    assert len(content) == 120
    busy = False
    await contents.look()
    assert len(content) == 300
    assert len(contents.warnings()) == watch.TOLD + 1
    assert contents.warnings()[-1] == f"Content of {SITE}: and 20 more of the kind"
