"""One state, one stream: whatever interrupts it, the page ends where a fresh load stands, and says meanwhile what it is worth.

Where the two seconds matter the page's clock is the test's: so much of its time passes between the recovery and the assertion,
however slow the machine is.
"""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from .conftest import Footfall, Open, Watch, until
from .watching import busy, live, people, reading, seen, watching

DRAWING = """() => {
    window.drawn = 0;
    const clear = CanvasRenderingContext2D.prototype.clearRect;
    CanvasRenderingContext2D.prototype.clearRect = function (...box) { window.drawn++; return clear.apply(this, box); };
}"""
PROMISED = 2_000  # milliseconds from a recovery to the right numbers


def as_a_fresh_load(page: Page, others: Open, server: Footfall, site: str) -> None:
    """The page says what one says that was opened just now."""
    fresh = watching(others, server, site)
    expect(fresh.locator(".chart canvas")).to_have_count(1)
    until(lambda: seen(page) == seen(fresh))


def at_the_clock(person: Open, server: Footfall, site: str) -> Page:
    """A live page whose clock stands still but for what the test lets pass."""
    context = person()
    page = context.new_page()
    page.goto(f"{server.address}/s/{site}?key={server.key}")
    live(page)
    page.clock.install()
    page.reload()
    for _ in range(20):  # effects and requests of the beginning
        page.clock.run_for(100)
    live(page)
    return page


def test_restart(own_server: Footfall, person: Open, watch: Watch) -> None:
    """While the server is away the page says so and keeps its numbers; two seconds after it is back it shows the new ones."""
    watch.allowed.append(r"net::ERR_")
    site = own_server.site()
    own_server.send(site, "one", "/one")
    page = at_the_clock(person, own_server, site)
    people(page, 1)
    own_server.stop()
    expect(page.locator(".status")).to_have_text("Connecting")
    for _ in range(30):
        page.clock.run_for(300)
    expect(page.locator(".status")).to_have_text("Not live")
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    people(page, 1)
    page.clock.run_for(60_000)  # however long it is away
    own_server.start()
    own_server.send(site, "two", "/two")
    page.clock.run_for(PROMISED)
    live(page)
    people(page, 2)
    expect(page.get_by_role("alert")).to_have_count(0)
    as_a_fresh_load(page, person, own_server, site)


def test_try_now(own_server: Footfall, person: Open, watch: Watch) -> None:
    """Who does not want to wait can press the button."""
    watch.allowed.append(r"net::ERR_")
    site = own_server.site()
    page = watching(person, own_server, site)
    own_server.stop()
    button = page.get_by_role("button", name="Try now")
    expect(button).to_be_visible()
    own_server.start()
    button.or_(page.get_by_text("Live")).first.click()  # it may have found the server by itself
    live(page)


def test_offline(server: Footfall, person: Open, watch: Watch) -> None:
    """A lost network is noticed, and a network that is back is used at once."""
    watch.allowed.append(r"net::ERR_")
    site = busy(server)
    page = watching(person, server, site)
    page.context.set_offline(True)
    expect(page.locator(".status")).not_to_have_text("Live", timeout=40_000)
    server.send(site, "missed", "/missed")
    page.context.set_offline(False)
    live(page)
    people(page, 25)
    as_a_fresh_load(page, person, server, site)


def test_hidden(server: Footfall, person: Open) -> None:
    """A hidden page holds no connection; seen again, it has missed nothing."""
    site = busy(server)
    page = watching(person, server, site)
    with page.expect_event("requestfailed", lambda request: "/stream" in request.url):
        page.evaluate("hide(true)")
    server.send(site, "one", "/one")
    page.wait_for_timeout(300)
    people(page, 24)
    page.evaluate("hide(false)")
    people(page, 25)
    as_a_fresh_load(page, person, server, site)


def test_sleep(server: Footfall, person: Open) -> None:
    """A machine that slept opens the stream anew when it wakes, whatever became of the old connection."""
    site = server.site()
    page = at_the_clock(person, server, site)
    with page.expect_request(lambda request: "/stream" in request.url):
        page.clock.fast_forward(3_600_000)  # timers fire once, late: as after a sleep
        page.clock.run_for(1_000)
    page.clock.run_for(PROMISED)
    live(page)


def test_a_dead_connection(server: Footfall, person: Open) -> None:
    """A stream that says nothing, not even its sign of life every 15 seconds, is given up and opened anew."""
    site = server.site()
    page = at_the_clock(person, server, site)
    with page.expect_request(lambda request: "/stream" in request.url):
        for _ in range(40):
            page.clock.run_for(500)
    page.clock.run_for(PROMISED)
    live(page)


def test_much_at_once_is_drawn_in_steps(server: Footfall, person: Open) -> None:
    """The number follows every message; map and chart are not drawn anew for each, which would cost a tenth of a core."""
    site = server.site()
    page = at_the_clock(person, server, site)
    page.evaluate(DRAWING)
    for n in range(1, 11):
        server.send(site, f"reader {n}", "/", address="8.8.8.8")
        people(page, n)
        page.clock.run_for(20)
    page.clock.run_for(1_000)
    expect(page.locator(".countries .here > [aria-hidden]")).to_have_text("10")
    assert 0 < page.evaluate("window.drawn") <= 6  # both, after the first message and a second later, perhaps between as well


def test_ten_of_them(server: Footfall, person: Open) -> None:
    """Browsers allow six connections to a host: more pages than that work, because only what is seen is connected."""
    site = server.site()
    context = person()
    pages = []
    for n in range(10):
        page = context.new_page()
        page.goto(f"{server.address}/s/{site}" + (f"?key={server.key}" if n == 0 else ""))
        live(page)
        page.evaluate("hide(true)")
        pages.append(page)
    pages[-1].evaluate("hide(false)")
    server.send(site, "one", "/one")
    people(pages[-1], 1)


def test_back_and_forth(server: Footfall, website: object, person: Open) -> None:
    """Kept by the browser for going back to, the page is live again when it is shown again."""
    site = server.site()
    page = watching(person, server, site)
    page.goto(f"{server.address}/s/{site}?lang=de")
    live(page)
    server.send(site, "one", "/one")
    page.go_back()
    live(page)
    people(page, 1)


def test_a_gap(server: Footfall, person: Open) -> None:
    """A delta that does not follow on what the page has makes it begin anew, not drift."""
    site = busy(server)
    page = person().new_page()
    torn: list[str] = []

    def tear(route: object) -> None:
        """The first stream loses its second message."""
        torn.append("x")
        snapshot = server.snapshot(site)
        wrong = {"from": snapshot["version"] + 5, "to": snapshot["version"] + 6, "at": snapshot["at"], "people": 999}
        body = f"event: snapshot\ndata: {json.dumps(snapshot)}\n\nevent: delta\ndata: {json.dumps(wrong)}\n\n"
        route.fulfill(status=200, content_type="text/event-stream", body=body)  # type: ignore[attr-defined]  # a Route

    page.route("**/stream*", tear, times=1)
    page.goto(f"{server.address}/s/{site}?key={server.key}")
    live(page)
    assert torn == ["x"]
    people(page, 24)
    as_a_fresh_load(page, person, server, site)


def test_private(server: Footfall, person: Open, watch: Watch) -> None:
    """A private site is not there without its owner's key; with it, the page and its stream are."""
    watch.allowed.append(r"status of 404")
    site = server.site(public=False)
    page = person().new_page()
    answer = page.goto(f"{server.address}/s/{site}")
    assert answer is not None
    assert answer.status == 404
    page.goto(f"{server.address}/s/{site}?key={server.key}")
    assert server.key not in page.url
    live(page)
    server.send(site, "one", "/one")
    people(page, 1)
    reading(page, "/one")


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_site_that_goes(language: str, server: Footfall, person: Open, watch: Watch) -> None:
    """When a site stops being public, the page says that it is not shown any more."""
    watch.allowed.append(r"status of 404")
    site = server.site()
    page = watching(person, server, site, owner=False, query=f"?lang={language}")
    server.put(site, visibility="private")
    page.evaluate("hide(true); hide(false)")
    said = {"en": ("Not available", "does not show this page"), "de": ("Nicht verfügbar", "zeigt diese Seite nicht mehr")}
    status, message = said[language]
    expect(page.locator(".status")).to_have_text(status)
    expect(page.get_by_role("alert")).to_contain_text(message)


def test_an_empty_site_that_goes(server: Footfall, person: Open, watch: Watch) -> None:
    """Nobody is waited for any more."""
    watch.allowed.append(r"status of 404")
    site = server.site()
    page = watching(person, server, site, owner=False)
    expect(page.get_by_role("heading", name="Waiting for the first reader")).to_be_visible()
    expect(page.get_by_text("f.js")).to_have_count(0)  # how to count is the owner's business
    server.put(site, visibility="private")
    page.evaluate("hide(true); hide(false)")
    expect(page.locator(".status")).to_have_text("Not available")
    expect(page.get_by_role("heading", name="Waiting for the first reader")).to_have_count(0)
