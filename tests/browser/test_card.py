"""The card in other people's pages: it moves with the stream, and costs the page around it next to nothing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Frame, FrameLocator, Page, expect

from .conftest import Footfall, Open, Watch, Website, until

MOST_STREAMS = 3
PAUSE = 30_000  # milliseconds between two questions of a card without a stream
LEAVING = "addEventListener('pagehide', () => hide(true)); addEventListener('pageshow', () => hide(false));"  # as browsers do


def cards(server: Footfall, website: Website, *sites: str, attributes: str = "") -> None:
    """Every page of the website carries the cards of these sites."""
    frame = '<iframe src="{0}/embed/{1}?lang=en" title="{1}" {2}></iframe>'
    website.script = "".join(frame.format(server.address, site, attributes) for site in sites)


def card(page: Page, n: int = 0) -> FrameLocator:
    """One of them."""
    return page.frame_locator("iframe").nth(n)


def tells(page: Page, people: int, n: int = 0) -> None:
    """So many are shown as here."""
    words = "person" if people == 1 else "people"
    expect(card(page, n).get_by_role("heading")).to_have_text(f"{people} {words} here now")


def viewers(server: Footfall) -> int:
    """How many streams are open."""
    metrics = server.http.get(f"{server.address}/metrics", headers={"authorization": f"Bearer {server.key}"}).text
    found = re.search(r"^footfall_viewers (\S+)$", metrics, re.M)
    assert found is not None
    return round(float(found[1]))


@pytest.fixture
def idle(server: Footfall) -> Footfall:
    """One that nobody watches yet, so that streams can be counted."""
    until(lambda: viewers(server) == 0)
    return server


def hide(page: Page, hidden: bool) -> None:
    """The tab is left, or come back to: every frame in it is told."""
    for frame in page.frames:
        frame.evaluate("(hidden) => window.hide(hidden)", hidden)


def test_it_moves(idle: Footfall, website: Website, person: Open) -> None:
    """Who arrives is there at once, without the card being loaded anew; a tab that nobody sees holds no connection."""
    site = idle.site()
    cards(idle, website, site)
    page = person().new_page()
    page.goto(website.address + "/")
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url) if "/embed/" in request.url else None)
    tells(page, 0)
    idle.send(site, "one", "/")
    tells(page, 1)
    hide(page, True)
    until(lambda: viewers(idle) == 0)
    idle.send(site, "two", "/")
    hide(page, False)
    tells(page, 2)
    assert loaded == []


def test_ten_of_one_site(idle: Footfall, website: Website, person: Open) -> None:
    """They share one connection, and when the card that has it goes, another one listens."""
    site = idle.site()
    cards(idle, website, *[site] * 10)
    page = person().new_page()
    listening: list[Frame] = []
    page.on("request", lambda request: listening.append(request.frame) if request.url.endswith("/stream") else None)
    page.goto(website.address + "/")
    until(lambda: viewers(idle) == 1)
    idle.send(site, "one", "/")
    for n in range(10):
        tells(page, 1, n)
    assert viewers(idle) == 1
    listening[0].frame_element().evaluate("frame => frame.remove()")
    idle.send(site, "two", "/")
    for n in range(9):
        tells(page, 2, n)
    until(lambda: viewers(idle) == 1)


def test_ten_of_ten_sites(idle: Footfall, website: Website, person: Open) -> None:
    """A few have a stream, the others ask now and then; connections remain for the script that counts."""
    sites = [idle.site() for _ in range(10)]
    cards(idle, website, *sites)
    context = person()
    context.route("**/api/count/*", lambda route: route.continue_())  # without the browser's memory, whose clock is another
    context.clock.install()
    page = context.new_page()
    page.goto(website.address + "/")
    for n in range(10):
        tells(page, 0, n)
    until(lambda: viewers(idle) == MOST_STREAMS)
    for site in sites:
        idle.send(site, "one", "/")
    page.clock.run_for(PAUSE)
    for n in range(10):
        tells(page, 1, n)


def test_in_a_sandbox(idle: Footfall, website: Website, person: Open) -> None:
    """Cut off from its own origin it cannot agree with others: it asks now and then."""
    site = idle.site()
    cards(idle, website, site, attributes='sandbox="allow-scripts"')
    context = person()
    context.route("**/api/count/*", lambda route: route.continue_())
    context.clock.install()
    page = context.new_page()
    page.goto(website.address + "/")
    tells(page, 0)
    idle.send(site, "one", "/")
    page.clock.run_for(PAUSE)
    tells(page, 1)
    assert viewers(idle) == 0


def test_by_a_link(idle: Footfall, website: Website, person: Open) -> None:
    """The secret of its address opens the stream as well."""
    site = idle.put("by-link", visibility="link", frames=[website.address])
    owner = {"authorization": f"Bearer {idle.key}"}
    secret = idle.http.get(f"{idle.address}/api/sites/{site}", headers=owner).json()["link"]
    website.script = f'<iframe src="{idle.address}/embed/{site}?link={secret}" title="A card"></iframe>'
    page = person(locale="en").new_page()
    page.goto(website.address + "/")
    until(lambda: viewers(idle) == 1)
    idle.send(site, "one", "/")
    tells(page, 1)


def test_without_scripts(server: Footfall, website: Website, person: Open) -> None:
    """It says what was true when it was loaded, and is loaded anew by itself."""
    site = server.site()
    server.send(site, "one", "/")
    cards(server, website, site)
    page = person(java_script_enabled=False).new_page()
    page.goto(website.address + "/")
    tells(page, 1)


def test_the_server_is_away(own_server: Footfall, website: Website, person: Open, watch: Watch) -> None:
    """What is not known to be true any more does not glow; when the server is back it is asked."""
    watch.allowed.append(r"net::ERR_|status of 50")
    site = own_server.site()
    own_server.send(site, "one", "/")
    cards(own_server, website, site)
    context = person()
    context.clock.install()
    page = context.new_page()
    page.goto(website.address + "/")
    tells(page, 1)
    until(lambda: viewers(own_server) == 1)
    own_server.stop()
    dot = card(page).locator("i")
    for _ in range(200):
        page.clock.run_for(500)
        if dot.get_attribute("class") == "unsure":
            break
    expect(dot).to_have_class("unsure")
    tells(page, 1)
    own_server.start()
    own_server.send(site, "two", "/")
    page.clock.run_for(PAUSE)
    tells(page, 2)
    expect(dot).to_have_class("some")


def test_a_site_that_goes(idle: Footfall, website: Website, person: Open, watch: Watch) -> None:
    """A card of a site that is not public any more shows no number."""
    watch.allowed.append(r"status of 404|Framing|frame-ancestors")
    site = idle.site()
    idle.send(site, "one", "/")
    cards(idle, website, site)
    page = person().new_page()
    page.goto(website.address + "/")
    tells(page, 1)
    until(lambda: viewers(idle) == 1)
    idle.put(site, visibility="private")
    expect(card(page).get_by_text("person here now")).to_have_count(0)


def test_the_page_around_it_is_kept_for_going_back(idle: Footfall, website: Website, person: Open) -> None:
    """A card with a connection and a lock does not cost that page its place in the browser's memory; it listens again then."""
    site = idle.site()
    cards(idle, website, site)
    context = person()
    context.add_init_script(LEAVING)
    context.new_page()
    page = context.new_page()
    page.goto(website.address + "/")
    until(lambda: viewers(idle) == 1)
    page.evaluate("addEventListener('pageshow', (e) => window.kept = e.persisted)")
    website.script = ""
    page.goto(website.address + "/next")
    until(lambda: viewers(idle) == 0)
    page.go_back(wait_until="commit")
    until(lambda: page.evaluate("window.kept"))
    until(lambda: viewers(idle) == 1)
