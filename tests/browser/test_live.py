"""The live page of a real Footfall in a real browser: readers come, move and go before one's eyes."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import Footfall, Open, Watch, Website, axe, leave, until

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}
LOOKS: dict[str, dict[str, Any]] = {"light": {}, "dark": {"color_scheme": "dark"}, "phone": PHONE}
ADDRESSES = ["8.8.8.8", "193.99.144.80", "133.11.93.0"]  # in the United States, Germany, Japan
LONG = "/a/path/that/goes/on/and/on/and/never/seems/to/end/in/this/life/or/the/next/one-" + "x" * 80


def watching(person: Open, server: Footfall, site: str, key: str = "", **options: Any) -> Page:
    """Somebody who looks at the live page; with the key, its owner."""
    page = person(**options).new_page()
    page.goto(f"{server.address}/s/{site}" + (f"?key={key}" if key else ""))
    expect(page.locator(".status")).to_have_text("Live")
    return page


def people(page: Page, count: int) -> None:
    """So many are shown as here now."""
    expect(page.locator(".figure")).to_have_text(str(count))


def reading(page: Page, *titles: str) -> None:
    """These pages are shown as being read, in this order."""
    expect(page.locator(".reading .name")).to_have_text(list(titles))


def busy(server: Footfall) -> str:
    """A site with readers in several countries."""
    site = server.site()
    for n in range(24):
        server.send(site, f"reader-{n}", ["/", "/about", LONG, "/pricing"][n % 4], address=ADDRESSES[n % 3])
    return site


# --- readers ---


@pytest.mark.parametrize("mode", ["", 'data-mode="session"'], ids=["default", "session"])
def test_arriving_moving_leaving(mode: str, server: Footfall, website: Website, person: Open) -> None:
    """One person: comes, moves within the app and to a second tab, counts once, and is gone after leaving."""
    site = server.site()
    website.carry(server.address, site, mode)
    page = watching(person, server, site)
    people(page, 0)
    reader = person()
    first = reader.new_page()
    first.goto(f"{website.address}/one")
    people(page, 1)
    reading(page, "/one")
    first.evaluate("history.pushState({}, '', '/two')")
    reading(page, "/two")
    people(page, 1)
    first.evaluate("hide(true)")
    second = reader.new_page()
    second.goto(f"{website.address}/three")
    reading(page, "/three")
    people(page, 1)
    leave(second)
    first.evaluate("hide(false)")
    reading(page, "/two")
    leave(first)
    people(page, 0)  # ten seconds later
    assert server.snapshot(site)["views"] == 3
    assert server.snapshot(site)["visitors"] == 1


def test_two_people(server: Footfall, website: Website, person: Open) -> None:
    """In session mode two browsers behind one address are two people."""
    site = server.site()
    website.carry(server.address, site, 'data-mode="session"')
    page = watching(person, server, site)
    for _ in range(2):
        person().new_page().goto(f"{website.address}/one")
    people(page, 2)
    expect(page.locator(".reading .here")).to_have_text(["2 readers"])


def test_offline_and_back(server: Footfall, website: Website, person: Open, watch: Watch) -> None:
    """What a reader did without a network is counted once when it comes back."""
    watch.allowed.append(r"net::ERR_INTERNET_DISCONNECTED")
    site = server.site()
    website.carry(server.address, site)
    page = watching(person, server, site)
    context = person()
    reader = context.new_page()
    reader.goto(f"{website.address}/one")
    people(page, 1)
    context.set_offline(True)
    reader.evaluate("history.pushState({}, '', '/two')")
    reader.wait_for_timeout(600)
    context.set_offline(False)
    reading(page, "/two")
    until(lambda: server.snapshot(site)["views"] == 2)
    expect(page.locator("tbody tr")).to_have_count(2)


# --- the page ---


def test_the_first_reader(server: Footfall, website: Website, person: Open) -> None:
    """An empty site shows the line to copy, which works; the page changes by itself when someone comes."""
    site = server.site()
    context = person(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{server.address}/s/{site}")
    page.get_by_role("button", name="Copy the line").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    website.script = page.evaluate("navigator.clipboard.readText()")
    assert site in website.script
    person().new_page().goto(f"{website.address}/one")
    reading(page, "/one")
    expect(page.get_by_text("Waiting for the first reader")).to_have_count(0)
    expect(page.locator(".totals dd").first).to_have_text("1")
    expect(page).to_have_title(f"1 here now · {site}")


def test_numbers_before_any_script(server: Footfall, person: Open) -> None:
    """The numbers are in the page itself."""
    site = busy(server)
    page = person(java_script_enabled=False).new_page()
    answer = page.goto(f"{server.address}/s/{site}")
    people(page, 24)
    assert answer is not None
    assert "24 views by 24 visitors" in answer.text()


def test_nothing_jumps(server: Footfall, person: Open) -> None:
    """From the first paint on, nothing that is seen changes its place."""
    page = watching(person, server, busy(server))
    expect(page.locator(".map canvas")).to_have_count(2)
    shift = page.evaluate("""() => new Promise((done) => new PerformanceObserver((list) =>
        done(list.getEntries().reduce((sum, entry) => sum + entry.value, 0))
    ).observe({type: "layout-shift", buffered: true}) || setTimeout(() => done(0), 500))""")
    assert shift == 0


def test_pages(server: Footfall, person: Open) -> None:
    """Most viewed first; paths that would break a careless page are only paths."""
    site = server.site()
    odd = ["/__proto__", "/constructor", "/<img src=x onerror=alert(1)>", "/</script><script>alert(1)</script>"]
    for n, path in enumerate(["/a", "/a", *odd]):
        server.send(site, f"reader-{n}", path)
    page = watching(person, server, site)
    titles = page.locator("tbody .title")
    expect(titles.first).to_have_text("/a")
    expect(titles).to_have_count(5)
    for n in range(2):
        server.send(site, f"late-{n}", "/__proto__")
    expect(titles.first).to_have_text("/__proto__")
    expect(page.locator("tbody tr").first.locator("td.n")).to_have_text(["3", "3"])
    shown = set(titles.all_inner_texts())
    assert shown == {page["title"] for page in server.snapshot(site)["pages"]}


def test_many_pages(server: Footfall, person: Open) -> None:
    """The table shows the first and, asked to, all that it knows; it says how many there are."""
    site = server.site()
    for n in range(130):
        server.send(site, "reader", f"/{n}")
    page = watching(person, server, site)
    expect(page.locator("tbody tr")).to_have_count(20)
    page.get_by_role("button", name="Show 10").click()  # 100 or 101 pages
    expect(page.get_by_text("130 pages have been viewed")).to_be_visible()
    assert page.locator("tbody tr").count() >= 100


def pixels(page: Page, canvas: int) -> float:
    """The share of a canvas of the map that is painted."""
    share: float = page.evaluate(
        """(n) => {
            const canvas = document.querySelectorAll(".map canvas")[n];
            const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            let painted = 0;
            for (let i = 3; i < data.length; i += 4) if (data[i]) painted++;
            return painted / (canvas.width * canvas.height);
        }""",
        canvas,
    )
    return share


@pytest.mark.parametrize("look", LOOKS)
def test_the_map(look: str, server: Footfall, person: Open) -> None:
    """There is land, there are people on it, and the list beside it says the same."""
    page = watching(person, server, busy(server), **LOOKS[look])
    expect(page.locator(".map canvas")).to_have_count(2)
    until(lambda: 0.15 < pixels(page, 0) < 0.5)
    until(lambda: 0.0005 < pixels(page, 1) < 0.05)
    expect(page.locator(".countries .name")).to_have_text(["Germany", "Japan", "United States"])
    expect(page.get_by_role("img", name="24 people in 3 countries")).to_be_visible()


def test_someone_arrives_on_the_map(server: Footfall, person: Open) -> None:
    """A ring marks the place for a moment; nothing moves for those who prefer that. Owners see places at once."""
    site = busy(server)
    calm = watching(person, server, site, server.key, reduced_motion="reduce")
    page = watching(person, server, site, server.key)
    expect(page.locator(".map canvas")).to_have_count(2)
    page.evaluate("""() => new MutationObserver((changes) => changes.forEach((c) => c.addedNodes.forEach((n) =>
        document.body.dataset.ring ||= n.tagName))).observe(document.querySelector(".map"), {childList: true})""")
    server.send(site, "someone", "/pricing", address="8.8.8.8")
    people(calm, 25)
    assert calm.evaluate("document.getAnimations().length") == 0
    expect(page.locator("body")).to_have_attribute("data-ring", "I")
    expect(page.locator(".map i")).to_have_count(0)


def test_what_a_figure_means(server: Footfall, person: Open) -> None:
    """Every figure that needs it says what it counts, to the keyboard too, and Escape takes it away."""
    page = watching(person, server, busy(server))
    meaning = page.get_by_text("sign of life in the last two minutes")
    expect(meaning).to_be_hidden()
    page.keyboard.press("Tab")
    expect(meaning).to_be_visible()
    page.keyboard.press("Escape")
    expect(meaning).to_be_hidden()


# --- the stream ---


def test_restart(own_server: Footfall, person: Open, watch: Watch) -> None:
    """While the server is away the page says so and keeps its numbers; then it shows the new ones."""
    watch.allowed.append(r"net::ERR_")
    site = own_server.site()
    own_server.send(site, "one", "/one")
    page = watching(person, own_server, site)
    people(page, 1)
    own_server.stop()
    expect(page.locator(".status")).not_to_have_text("Live")
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    people(page, 1)
    own_server.start()
    own_server.send(site, "two", "/two")
    page.get_by_role("button", name="Try now").click()
    expect(page.locator(".status")).to_have_text("Live")
    people(page, 2)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_hidden(server: Footfall, person: Open) -> None:
    """A hidden page holds no connection; seen again, it has missed nothing."""
    site = server.site()
    page = watching(person, server, site)
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/stream")):
        page.evaluate("hide(true)")
    server.send(site, "one", "/one")
    page.wait_for_timeout(300)
    people(page, 0)
    page.evaluate("hide(false)")
    people(page, 1)


def test_nine_of_them(server: Footfall, person: Open) -> None:
    """Browsers allow six connections to a host: more pages than that work, because only what is seen is connected."""
    site = server.site()
    context = person()
    pages = []
    for _ in range(9):
        page = context.new_page()
        page.goto(f"{server.address}/s/{site}")
        expect(page.locator(".status")).to_have_text("Live")
        page.evaluate("hide(true)")
        pages.append(page)
    pages[-1].evaluate("hide(false)")
    server.send(site, "one", "/one")
    people(pages[-1], 1)


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
    expect(page.locator(".status")).to_have_text("Live")
    server.send(site, "one", "/one")
    people(page, 1)


def test_a_site_that_goes(server: Footfall, person: Open, watch: Watch) -> None:
    """When a site stops being public, the page says that it is not shown any more."""
    watch.allowed.append(r"status of 404")
    site = server.site()
    page = watching(person, server, site)
    server.put(site, visibility="private")
    page.evaluate("hide(true); hide(false)")
    expect(page.locator(".status")).to_have_text("Not available")
    expect(page.get_by_role("alert")).to_contain_text("does not show this page")


# --- for everyone ---


@pytest.mark.parametrize("full", [True, False], ids=["full", "empty"])
@pytest.mark.parametrize("look", LOOKS)
def test_accessible(look: str, full: bool, server: Footfall, person: Open) -> None:
    """axe finds nothing, and nothing is wider than the screen."""
    page = watching(person, server, busy(server) if full else server.site(), **LOOKS[look])
    expect(page.locator(".map canvas")).to_have_count(2)
    assert axe(page) == []


def test_meanings_fit_a_phone(server: Footfall, person: Open) -> None:
    """What a figure means can be read without scrolling sideways."""
    page = watching(person, server, busy(server), **PHONE)
    for term in page.locator(".term button").all():
        term.focus()
        page.keyboard.press("Shift")  # focus by keyboard is what shows it
        box = term.locator("xpath=../*[@role='tooltip']").bounding_box()
        assert box is None or (box["x"] >= 0 and box["x"] + box["width"] <= 390)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
