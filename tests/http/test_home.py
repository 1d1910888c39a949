"""The owner's pages: the list of sites, adding one, its settings; all without a script."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from .conftest import IN_ITS_LOOP, Running, Serving
from .test_collect import post as send
from .test_collect import view
from .test_sign_in import own


async def fill(running: Running, path: str, **fields: str) -> Any:
    """The owner sends a form."""
    return await running.client.post(path, data=fields, headers={**running.owner, **own(running)})


async def test_the_list_shows_every_site_with_its_figures(running: Running) -> None:
    """People here now, views, visitors; the line for its pages only where nothing came yet."""
    await send(running, [view(1), view(2, v="somebody else", u="https://example.com/b")])
    page = (await running.client.get("/", headers=running.owner)).text
    figures = re.findall(r'href="s/([\w-]+)".*?<dd[^>]*>(\d+)</dd>.*?<dd>(\d+)</dd>.*?<dd>(\d+)</dd>', page)
    assert figures == [("open-site", "2", "2", "2"), ("shut-site", "0", "0", "0")]
    assert page.count("Waiting for its first view") == 1
    assert f"src=&quot;http://127.0.0.1:{running.port}/f.js&quot; data-site=&quot;shut-site&quot;" in page


async def test_without_sites_it_guides_to_the_first(serving: Serving) -> None:
    """The form is all there is, and what is typed there is counted at once."""
    async with serving() as running:
        for id in list(running.house.sites):
            await running.house.remove_site(id)
        assert "Add your first site" in (await running.client.get("/", headers=running.owner)).text
        answer = await fill(running, "/sites", id=" Blog ", hosts="Blog.Example, *.blog.example")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        site = running.house.sites["blog"]
        assert (site.hosts, site.visibility) == (("blog.example", "*.blog.example"), "private")
        assert site.created > 0
        assert "data-site=&quot;blog&quot;" in (await running.client.get("/", headers=running.owner)).text


async def test_a_name_is_taken_once(serving: Serving) -> None:
    """Also by two who ask at the same time."""
    async with serving() as running:
        answers = await asyncio.gather(*(fill(running, "/sites", id="twice", name=name) for name in ("A", "B")))
        assert sorted(answer.status_code for answer in answers) == [303, 400]


async def test_settings_are_changed_as_they_are_shown(serving: Serving) -> None:
    """What the form holds, sent back unchanged, changes nothing; what is typed is there afterwards."""
    async with serving() as running:
        before = running.house.sites["open-site"]
        page = (await running.client.get("/sites/open-site", headers=running.owner)).text
        assert (await fill(running, "/sites/open-site", **_filled(page))).status_code == 303
        assert running.house.sites["open-site"] == before
        changes = {
            "visibility": "link",
            "name": "Über <uns>",
            "hosts": "a.example\r\nb.example\r\n",
            "grid": "2,5",
            "k": "5",
            "patterns": "/blog/*\n/a, b/*",
            "retention": "730",
            "frames": "https://a.example",
            "convex": "exact",
            "bots": "UptimeChecker\nAcme Probe/2, old",
            "not_bots": "LobbyKiosk",
            "opt_outs": "dnt-gpc",
        }
        answer = await fill(running, "/sites/open-site", **changes)
        assert answer.headers["location"] == "/sites/open-site?saved"
        site = running.house.sites["open-site"]
        assert (site.visibility, site.name, site.hosts) == ("link", "Über <uns>", ("a.example", "b.example"))
        assert site.convex == "exact"
        assert (site.grid, site.k, site.patterns, site.frames) == (2.5, 5, ("/blog/*", "/a, b/*"), ("https://a.example",))
        assert site.retention == 730
        assert (site.bots, site.not_bots) == (("UptimeChecker", "Acme Probe/2, old"), ("LobbyKiosk",))
        assert site.opt_outs == ("dnt", "gpc")
        page = (await running.client.get("/sites/open-site?saved", headers=running.owner)).text
        assert _filled(page) == {**changes, "hosts": "a.example\nb.example", "grid": "2.5"}
        for told, shown in ((("dnt",), "dnt"), (("gpc", "gpc"), "gpc"), ((), "off")):
            await running.client.patch("/api/sites/open-site", json={"opt_outs": told}, headers=running.owner)
            assert _filled((await running.client.get("/sites/open-site", headers=running.owner)).text)["opt_outs"] == shown
        assert f"/s/open-site?link={site.link}" in page
        assert '<p class="said" role="status">Saved.</p>' in page
        assert "/convex/open-site</code>" in page
        assert 'href="https://a.example/#footfall_ignore=true"' in page
        await fill(running, "/sites/open-site/link")
        assert running.house.sites["open-site"].link != site.link


def _filled(page: str) -> dict[str, str]:
    """What a browser would send of the form of settings."""
    from html import unescape

    form = page.partition('action="open-site"')[2].partition("</form>")[0]
    inputs = re.findall(r'<input id="(\w+)" name="\w+" value="([^"]*)"', form)
    areas = re.findall(r'<textarea id="(\w+)"[^>]*>\n([^<]*)</textarea>', form)
    chosen = re.findall(r'name="(visibility|convex|opt_outs)" value="([\w-]+)" checked', form)
    return {name: unescape(value) for name, value in [*inputs, *areas, *chosen]}


@IN_ITS_LOOP
@pytest.mark.parametrize(
    ("path", "fields", "field"),
    [
        ("/sites", {"id": "B"}, "id"),
        ("/sites", {"id": "open-site"}, "id"),
        ("/sites", {"id": "api"}, "id"),
        ("/sites", {}, "id"),
        ("/sites", {"id": "blog", "hosts": "https://x"}, "hosts"),
        ("/sites/open-site", {"hosts": "a b/c"}, "hosts"),
        ("/sites/open-site", {"grid": "wide"}, "grid"),
        ("/sites/open-site", {"grid": "nan"}, "grid"),
        ("/sites/open-site", {"grid": "0"}, "grid"),
        ("/sites/open-site", {"k": "2.5"}, "k"),
        ("/sites/open-site", {"k": "11"}, "k"),
        ("/sites/open-site", {"patterns": "x"}, "patterns"),
        ("/sites/open-site", {"frames": "'self';"}, "frames"),
        ("/sites/open-site", {"name": "x" * 201}, "name"),
    ],
)
async def test_what_does_not_fit_is_said_at_its_field(shared: Running, path: str, fields: dict[str, str], field: str) -> None:
    """400, nothing changes, and what was typed is still there."""
    before = dict(shared.house.sites)
    answer = await fill(shared, path, **fields)
    assert answer.status_code == 400
    assert re.search(rf'id="{field}"[^>]*aria-describedby="{field}-wrong[^>]*aria-invalid="true"', answer.text)
    assert f'id="{field}-wrong">Expected ' in answer.text
    for value in fields.values():
        assert value.replace("'", "&#x27;") in answer.text
    assert shared.house.sites == before


@IN_ITS_LOOP
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/sites/open-site"), ("GET", "/password"), ("POST", "/sites"), ("POST", "/sites/open-site")]
)
async def test_strangers_find_nothing_there(shared: Running, method: str, path: str) -> None:
    """Nor does anybody find a site that is not there."""
    before = dict(shared.house.sites)
    answer = await shared.client.request(method, path, headers=own(shared))
    nothing = await shared.client.get("/nothing")
    assert (answer.status_code, answer.content) == (404, nothing.content)
    assert (await shared.client.get("/sites/nowhere", headers=shared.owner)).status_code == 404
    assert (await fill(shared, "/sites/nowhere", name="x")).status_code == 404
    assert shared.house.sites == before


async def test_what_cannot_be_kept_is_not_done(serving: Serving) -> None:
    """503 in words while the registry cannot be written, and the site is not there."""
    async with serving() as running:
        await running.house.registry.close()
        answer = await fill(running, "/sites", id="blog")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert "nothing was done" in answer.text
        assert "blog" not in running.house.sites
