"""The pages table of the live page: order, search, paging, and what is asked for by request."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from .conftest import Footfall, Open, Watch
from .watching import watching


def many(server: Footfall) -> str:
    """A site with 130 pages, viewed once each."""
    site = server.site()
    for n in range(130):
        server.send(site, "reader", f"/page-{n:03}")
    return site


def rows(page: Page, *titles: str) -> None:
    """These, in this order."""
    expect(page.locator(".pages tbody .title")).to_have_text(list(titles))


def first(page: Page, title: str) -> None:
    """The first row."""
    expect(page.locator(".pages tbody .title").first).to_have_text(title)


def test_order(server: Footfall, person: Open) -> None:
    """Most viewed first; paths that would break a careless page are only paths."""
    site = server.site()
    odd = ["/__proto__", "/constructor", "/<img src=x onerror=alert(1)>", "/</script><script>alert(1)</script>"]
    for n, path in enumerate(["/a", "/a", *odd]):
        server.send(site, f"reader-{n}", path)
    page = watching(person, server, site)
    titles = page.locator(".pages tbody .title")
    expect(titles.first).to_have_text("/a")
    expect(titles).to_have_count(5)
    for n in range(2):
        server.send(site, f"late-{n}", "/__proto__")
    expect(titles.first).to_have_text("/__proto__")
    expect(page.locator(".pages tbody tr").first.locator("td.n")).to_have_text(["3", "3"])
    shown = set(titles.all_inner_texts())
    assert shown == {page["title"] for page in server.snapshot(site)["pages"]}


def test_paging(server: Footfall, person: Open) -> None:
    """By buttons and by keys, from rows that are pushed to rows that are asked for, to the last page and back."""
    site = many(server)
    page = watching(person, server, site)
    expect(page.locator(".turn span")).to_have_text("1\u201320 of 130")
    first(page, "/page-000")
    page.get_by_role("button", name="Next", exact=True).click()
    first(page, "/page-020")
    page.locator("body").press("n")
    first(page, "/page-040")
    for _ in range(3):
        page.keyboard.press("n")
    first(page, "/page-100")
    expect(page.locator(".turn span")).to_have_text("101\u2013120 of 130")
    page.get_by_role("button", name="Last", exact=True).click()
    first(page, "/page-120")
    expect(page.locator(".pages tbody tr")).to_have_count(10)
    expect(page.get_by_role("button", name="Next", exact=True)).to_be_disabled()
    page.locator("body").press("p")
    first(page, "/page-100")
    page.get_by_role("button", name="First", exact=True).click()
    first(page, "/page-000")


def test_search(server: Footfall, person: Open) -> None:
    """A slash goes to the field; what is typed is looked for; Escape brings all pages back."""
    site = many(server)
    server.send(site, "reader", "/quite-another")
    page = watching(person, server, site)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("PAGE-12")
    rows(page, *(f"/page-{n}" for n in range(120, 130)))
    expect(page.get_by_text("10 pages found")).to_be_visible()
    page.get_by_role("searchbox").fill("anoth")
    rows(page, "/quite-another")
    expect(page.locator(".pages tbody td.here")).to_have_text(["1"])
    page.get_by_role("searchbox").fill("no such thing")
    expect(page.get_by_text("No page has this")).to_be_visible()
    page.keyboard.press("Escape")
    first(page, "/page-000")
    page.keyboard.press("r")  # typing is no key of the page
    expect(page.locator(".replay")).to_have_count(0)


def test_titles_as_pages_report_them(server: Footfall, person: Open) -> None:
    """The owner sees them wherever pages are named, set apart, and finds pages by them; strangers do not. A title by the rules,
    here that of the front page, stands as it is."""
    site = server.put("reported", visibility="public", k=1)
    server.send(site, "one", "/", title="Welcome, said the page")
    server.send(site, "one", "/long-way", title="A long way home")
    page = watching(person, server, site)
    marked = page.locator(".reported")
    expect(marked).to_have_text(["A long way home", "A long way home"])  # who reads it, and the table
    expect(page.locator(".pages .reported")).to_have_attribute("title", "/long-way: title as the page reports it")
    expect(page.locator(".pages .reported")).to_have_css("font-style", "italic")
    expect(page.locator(".pages tbody .path")).to_have_text(["/", "/long-way"])
    expect(page.get_by_text("In italics:")).to_be_visible()
    server.send(site, "one", "/long-way", title="The way home")
    expect(marked).to_have_text(["The way home", "The way home"])
    page.get_by_role("searchbox").fill("WAY H")
    rows(page, "The way home")
    server.send(site, "two", "/long-way", title="The way home")
    expect(page.locator(".arrivals .reported")).to_have_text(["The way home"])
    stranger = watching(person, server, site, owner=False)
    rows(stranger, "/long-way", "Home")
    expect(stranger.get_by_text("In italics:")).to_have_count(0)
    assert "way home" not in stranger.content()


def test_found_rows_are_live(server: Footfall, person: Open) -> None:
    """The numbers of a row that was searched move like those of any other."""
    site = many(server)
    page = watching(person, server, site)
    page.get_by_role("searchbox").fill("/page-007")
    rows(page, "/page-007")
    expect(page.locator(".pages tbody td.n")).to_have_text(["0", "1"])
    server.send(site, "another", "/page-007")
    expect(page.locator(".pages tbody td.n")).to_have_text(["1", "2"])


def test_failing(server: Footfall, person: Open, watch: Watch) -> None:
    """A request that fails says so and can be made again."""
    watch.allowed.append(r"status of 500")
    page = watching(person, server, many(server))
    failing = True

    def answer(route: Route) -> None:
        if failing:
            route.fulfill(status=500, body="{}")
        else:
            route.continue_()

    page.route("**/api/pages/**", answer)
    page.get_by_role("searchbox").fill("/page-1")
    expect(page.get_by_text("could not be loaded")).to_be_visible()
    failing = False
    page.get_by_role("button", name="Try again", exact=True).click()
    first(page, "/page-100")
    expect(page.get_by_text("could not be loaded")).to_have_count(0)
