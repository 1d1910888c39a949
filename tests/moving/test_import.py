"""`footfall import convex` as a person types it: what comes of a file, again, a month later, while serving, with faults in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from footfall import Footfall
from tests.cli.conftest import Command, Ended
from tests.cli.conftest import footfall as footfall  # the fixture
from tests.moving.exports import NOON, PAGES, POSTS, Document, Expected, expected, lines, session, unpack, views, write_zip

STALE = [session("a", "/hello", NOON + 0.0, city="Bonn"), session("b", "/", NOON + 5.0)]


def bring(footfall: Command, path: Path, *arguments: str, env: dict[str, str] | None = None) -> Ended:
    """The command under test."""
    return footfall("import", "convex", str(path), "--data-folder", str(footfall.folder), *arguments, env=env)


def export(file: Path, documents: Sequence[Document], more: Mapping[str, Sequence[Document]] | None = None) -> Path:
    """An export with these views, and these other tables."""
    return write_zip(file, {"pageViews": lines(documents), **{name: lines(rows) for name, rows in (more or {}).items()}})


def shown(folder: Path) -> Expected:
    """What the original's clients get to see of the site `blog`; and every total is that of the rows."""

    async def ask() -> Expected:
        async with await Footfall.open(folder, site="blog") as site:
            assert await site.verify() == []
            found = await site.get_stats()
        pages = {page.path: (page.views, page.title, page.page_type) for page in found.page_stats}
        counts = (found.published_posts, found.published_pages)
        return Expected(found.total_page_views, found.unique_visitors, found.tracking_since, pages, *counts)

    return asyncio.run(ask())


@pytest.fixture
def blog(footfall: Command) -> Command:
    """The command on a data folder with a site."""
    assert footfall("site", "add", "blog", "--data-folder", str(footfall.folder)).code == 0
    return footfall


@pytest.mark.slow
def test_a_site_moves_in(blog: Command, tmp_path: Path) -> None:
    """Every view, title and reader is as the original shows it; the counts are compared; again it adds nothing, a later file
    only what is new. Plain lines where there is no terminal."""
    documents = views(700)
    file = export(tmp_path / "may.zip", documents, {"posts": POSTS, "pages": PAGES, "activeSessions": STALE})
    first = bring(blog, file, env={"NO_COLOR": "1"})
    assert (first.code, first.err) == (0, "")
    assert first.out.splitlines()[:6] == [
        "pageViews             700 in the file: 700 imported, 0 already there, 0 refused",
        "activeSessions          2 in the file: 0 imported, 0 already there, 2 gone since, 0 refused",
        "posts                   4 in the file: 3 imported, 1 already there, 0 refused",
        "pages                   3 in the file: 3 imported, 0 already there, 0 refused",
        "blog has 700 views from exports; it had 0 before.",
        "The counts are those of the file.",
    ]
    assert shown(blog.folder) == expected(documents, POSTS, PAGES)
    again = bring(blog, unpack(file), "--site", "blog")
    assert again.code == 0
    assert "700 in the file: 0 imported, 700 already there, 0 refused" in again.out
    assert "3 in the file: 0 imported, 3 already there, 0 refused" in again.out
    documents += views(50, seed=2, first=700)
    later = bring(blog, export(tmp_path / "june.zip", documents))
    assert (later.code, "750 in the file: 50 imported, 700 already there, 0 refused" in later.out) == (0, True)
    assert "blog has 750 views from exports; it had 700 before." in later.out
    assert shown(blog.folder) == expected(documents, POSTS, PAGES)


@pytest.mark.slow
def test_while_the_server_serves(blog: Command, tmp_path: Path) -> None:
    """Through the door of the server that owns the folder, which shows it at once and keeps it when it stops."""
    documents = views(300)
    with blog.serving() as server:
        done = bring(blog, export(tmp_path / "export.zip", documents), "--site", "blog")
        assert (done.code, "300 imported" in done.out) == (0, True)
        assert server.get("/api/live/blog").json()["views"] == 300
        assert server.stop().code == 0
    assert shown(blog.folder) == expected(documents)


@pytest.mark.slow
def test_faults_in_the_file(blog: Command, tmp_path: Path) -> None:
    """Named with file and line, counted, and everything else is taken; the exit code says that the counts differ."""
    made = [json.dumps(view) for view in views(30)]
    made[1:1] = ["", "{broken", '{"_id": "x", "path": 7, "sessionId": "s", "timestamp": 1}', *["[]"] * 20]
    tables = {"pageViews": "\n".join(made).encode(), "posts": b'{"slug": "a"}\n' + lines(POSTS)}
    done = bring(blog, write_zip(tmp_path / "export.zip", tables))
    assert done.code == 1
    assert "pageViews/documents.jsonl line 3: line: expected a JSON object" in done.err
    assert "pageViews/documents.jsonl line 4: path: expected str, not int" in done.err
    assert "and 3 more lines were refused" in done.err
    assert "52 in the file: 30 imported, 0 already there, 22 refused" in done.out
    assert "5 in the file: 3 imported, 1 already there, 1 refused" in done.out
    assert done.err.endswith("Error: the counts are not those of the file: see above\n")
    assert shown(blog.folder) == expected(views(30), POSTS)


@pytest.mark.slow
def test_what_cannot_be_done_is_said_first(blog: Command, tmp_path: Path) -> None:
    """A file that is no export, a site that is not there, two sites and none named."""
    other = write_zip(tmp_path / "other.zip", {"messages": b"{}\n"})
    assert "of another application" in bring(blog, other).err
    file = export(tmp_path / "export.zip", views(1))
    assert bring(blog, file, "--site", "nothing").err.startswith("Error: there is no site nothing")
    assert bring(blog, tmp_path / "missing.zip").code == 2
    blog("site", "add", "shop", "--data-folder", str(blog.folder))
    named = bring(blog, file)
    assert (named.code, named.err.splitlines()[-1]) == (2, "Error: --site: say which one, of blog, shop")
    assert shown(blog.folder) == expected([])
