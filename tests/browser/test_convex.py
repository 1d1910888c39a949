"""React pages with the original's own client in a real browser: the hook that tracks, and statistics that stay up to date."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.clients.program import bundle

from .conftest import Footfall, Handler, Open, Server, Watch


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The page's script, with React and the client in it."""
    return bundle(tmp_path_factory.mktemp("page") / "page.js")


class Blog(Server):
    """A website that is one React page."""

    class Pages(Handler):
        def do_GET(self) -> None:
            if self.path == "/page.js":
                self.reply(200, "text/javascript; charset=utf-8", self.server.script)
            else:
                page = '<!doctype html><title>Blog</title><link rel="icon" href="data:,"><div id="root"></div>'
                self.reply(200, "text/html; charset=utf-8", f'{page}<script src="/page.js"></script>'.encode())

    def __init__(self, script: bytes) -> None:
        super().__init__(self.Pages)
        self.script = script


@pytest.fixture
def blog(script: bytes, watch: Watch) -> Iterator[Blog]:
    """Another origin than Footfall's, as always."""
    site = Blog(script)
    watch.origins.append(site.address)
    yield site
    site.close()


def read(person: Open, blog: Blog, server: Footfall, site: str, path: str) -> Page:
    """Somebody opens a page."""
    page = person().new_page()
    page.goto(f"{blog.address}/?convex={server.address}/convex/{site}#{path}")
    return page


def test_readers_are_counted_and_see_each_other(person: Open, blog: Blog, server: Footfall) -> None:
    """Arrivals and moves show on everybody's page, and a page that is viewed again counts once."""
    site = server.put("react-1", convex="rounded", hosts=["127.0.0.1"])
    one = read(person, blog, server, site, "/a")
    expect(one.locator("#active")).to_have_text("1 here")
    expect(one.locator("#views")).to_have_text("1 views")
    two = read(person, blog, server, site, "/b")
    for page in (one, two):
        expect(page.locator("#active")).to_have_text("2 here")
        expect(page.locator("#visitors")).to_have_text("2 visitors")
        expect(page.locator("#here")).to_have_text("/a: 1/b: 1")
        expect(page.locator("#pages")).to_have_text("/a: 1/b: 1")
    two.evaluate("location.hash = '/c'")
    expect(one.locator("#views")).to_have_text("3 views")
    two.evaluate("location.hash = '/b'")
    two.evaluate("location.hash = '/d'")
    expect(one.locator("#views")).to_have_text("4 views")
    found = server.snapshot(site)
    assert (found["people"], found["views"], found["visitors"]) == (2, 4, 2)


def test_browsers_let_pages_of_other_origins_call(person: Open, blog: Blog, server: Footfall) -> None:
    """The HTTP clients ask beforehand; the old one sends credentials, too, for which browsers want the origin's own name."""
    site = server.put("react-3", convex="rounded")
    page = read(person, blog, server, site, "/a")
    expect(page.locator("#views")).to_have_text("1 views")
    for views, client in enumerate(("newest", "old"), 2):
        view = {"path": f"/{client}", "pageType": "page", "sessionId": client}
        page.evaluate(f"(view) => {client}.mutation('stats:recordPageView', view)", view)
        assert page.evaluate(f"{client}.query('stats:getStats', {{}}).then((found) => found.totalPageViews)") == views


@pytest.mark.slow
def test_a_restart_in_the_middle_is_not_noticed(person: Open, blog: Blog, own_server: Footfall, watch: Watch) -> None:
    """What is done while the server is away counts once when it is back, and the page goes on."""
    watch.allowed.append("WebSocket")  # the client and the browser say that there is no connection
    site = own_server.put("react-2", convex="exact")
    page = read(person, blog, own_server, site, "/a")
    expect(page.locator("#views")).to_have_text("1 views")
    own_server.stop()
    page.evaluate("location.hash = '/b'")
    own_server.start()
    expect(page.locator("#views")).to_have_text("2 views")
    page.evaluate("location.hash = '/c'")
    expect(page.locator("#pages")).to_have_text("/a: 1/b: 1/c: 1")
    assert own_server.snapshot(site)["views"] == 3
