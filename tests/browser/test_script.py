"""The script in a real browser: what it tells, when, and what it leaves alone. The collector answers as each test says."""

from __future__ import annotations

import gzip
import re

import pytest

from .conftest import NOTHING, STATIC, Collector, Open, Website, leave, push, run, stored, until


@pytest.fixture(autouse=True)
def carried(website: Website, collector: Collector) -> None:
    """Every page of the website tells the collector."""
    website.carry(collector.address, "blog")


def test_it_stays_small() -> None:
    """Every reader of every page pays for its bytes."""
    assert len(gzip.compress((STATIC / "f.js").read_bytes(), 9)) <= 1_100


def test_a_view(website: Website, collector: Collector, person: Open) -> None:
    """What it says of a page, in the keys of the wire and no others, and that nothing is kept on the device."""
    page = person(locale="de-DE", viewport={"width": 800, "height": 600}).new_page()
    page.goto(f"{website.address}/from")
    until(lambda: collector.told("view") == ["/from"])
    page.goto(f"{website.address}/a?q=1#part", referer=f"{website.address}/from")
    until(lambda: collector.told("view") == ["/from", "/a?q=1"])
    view = collector.facts[-1]
    assert set(view) == {"s", "k", "i", "u", "a", "r", "t", "w", "l"}
    assert (view["s"], view["t"], view["l"], view["w"]) == ("blog", "/a?q=1", "de-DE", 800)
    assert view["r"] == f"{website.address}/from"
    assert 0 <= view["a"] < 5_000
    assert stored(page) == NOTHING


def test_ids(website: Website, collector: Collector, person: Open) -> None:
    """Every fact has an id of its own, of the form and randomness that the wire asks for."""
    page = person().new_page()
    page.goto(f"{website.address}/a")
    until(lambda: collector.told("view") == ["/a"])
    for n in range(20):
        page.evaluate("n => footfall('n' + n)", n)
    push(page, "/b")
    until(lambda: len(collector.facts) == 23)  # a view, twenty events, a leave, a view
    ids = [fact["i"] for fact in collector.facts]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{11,64}", id) for id in ids)


def test_single_page_app(website: Website, collector: Collector, person: Open) -> None:
    """A move counts when path or query changes, with the title that the router sets after it; a fragment or state is none."""
    page = person().new_page()
    page.goto(f"{website.address}/a")
    until(lambda: collector.told("view") == ["/a"])
    push(page, "/b")
    until(lambda: collector.told("view") == ["/a", "/b"])
    assert collector.told("leave") == ["/a"]
    assert collector.facts[-1]["t"] == "At /b"
    assert collector.facts[-1]["r"] == f"{website.address}/a"
    page.evaluate("history.replaceState({n: 1}, '', '/b'); location.hash = 'part'")
    page.evaluate("history.replaceState({}, '', '/b?page=2')")
    until(lambda: collector.told("view") == ["/a", "/b", "/b?page=2"])
    page.go_back()
    until(lambda: collector.told("view")[3:] == ["/b"])
    page.go_back()
    until(lambda: collector.told("view")[3:] == ["/b", "/a"])


def test_scroll_depth(website: Website, collector: Collector, person: Open) -> None:
    """f.scroll.js tells the deepest part that was on the screen, of the page that it was on; f.js does not."""
    website.carry(collector.address, "blog", script="f.scroll.js")
    page = person(viewport={"width": 800, "height": 500}).new_page()
    page.goto(f"{website.address}/short")
    until(lambda: collector.told("view") == ["/short"])
    push(page, "/long")
    until(lambda: collector.told("view") == ["/short", "/long"])
    page.evaluate("document.body.style.cssText = 'display: flow-root; height: 2000px; margin: 0'")
    page.evaluate("() => new Promise((done) => { onscroll = done; scrollTo(0, 1000); })")
    page.evaluate("() => new Promise((done) => { onscroll = done; scrollTo(0, 0); })")
    leave(page)
    until(lambda: collector.told("leave") == ["/short", "/long"])
    depths = {fact["u"].rpartition("/")[2]: fact["c"] for fact in collector.facts if fact["k"] == "leave"}
    assert depths == {"short": 100, "long": 75}
    assert "scrollHeight" not in (STATIC / "f.js").read_text("utf-8")


def test_redirect_in_the_router(website: Website, collector: Collector, person: Open) -> None:
    """A router that goes on to another address at once counts as one move."""
    page = person().new_page()
    page.goto(f"{website.address}/a")
    until(lambda: collector.told("view") == ["/a"])
    page.evaluate("history.pushState({}, '', '/old'); history.replaceState({}, '', '/new')")
    until(lambda: len(collector.told("view")) == 2)
    assert collector.told("view") == ["/a", "/new"]


def test_leaving(website: Website, collector: Collector, person: Open) -> None:
    """Closing the tab is told, with the time that the page was seen."""
    page = person().new_page()
    page.goto(f"{website.address}/a")
    until(lambda: collector.told("view") == ["/a"])
    page.wait_for_timeout(300)
    leave(page)
    until(lambda: collector.told("leave") == ["/a"])
    assert 300 <= collector.facts[-1]["e"] < 20_000


def test_engagement_stops_while_hidden(website: Website, collector: Collector, person: Open) -> None:
    """Time behind another tab is no engagement."""
    context = person()
    context.clock.install()
    page = context.new_page()
    page.goto(f"{website.address}/a")
    run(context, 5)
    page.evaluate("hide(true)")
    run(context, 600)
    page.evaluate("hide(false)")
    run(context, 1)
    until(lambda: collector.told("beat") == ["/a"])
    assert 4_000 <= collector.facts[-1]["e"] <= 8_000


def test_opened_behind(website: Website, collector: Collector, person: Open) -> None:
    """A tab that was opened behind another counts when it is seen, and not when it is closed unseen."""
    context = person()
    unseen, page = context.new_page(), context.new_page()
    unseen.goto(f"{website.address}/unseen?behind")
    page.goto(f"{website.address}/a?behind")
    leave(unseen)
    page.evaluate("hide(false)")
    until(lambda: collector.told("view") == ["/a?behind"])
    assert collector.told("leave") == []


def test_tabs_share_their_beats(website: Website, collector: Collector, person: Open) -> None:
    """Four visible tabs beat about as often as one, and go on when the one that beat last is closed."""
    context = person()
    context.clock.install()
    tabs = [context.new_page() for _ in range(4)]
    for n, tab in enumerate(tabs):
        tab.goto(f"{website.address}/{n}")
    run(context, 1)
    until(lambda: len(collector.told("view")) == 4)
    before = len(collector.told("beat"))
    run(context, 180)
    assert 3 <= len(collector.told("beat")) - before <= 12  # alone they would be 18 to 36
    last = int(collector.told("beat")[-1][1:])
    leave(tabs.pop(last))
    before = len(collector.told("beat"))
    run(context, 120)
    assert 2 <= len(collector.told("beat")) - before <= 10
    for tab in tabs:
        tab.evaluate("hide(true)")
    run(context, 1)
    before = len(collector.told("beat"))
    run(context, 120)
    assert len(collector.told("beat")) == before


def test_moving_to_another_tab(website: Website, collector: Collector, person: Open) -> None:
    """Turning to a tab with another page is told at once, turning back too; turning to where one was said to be is not."""
    context = person()
    one, two = context.new_page(), context.new_page()
    one.goto(f"{website.address}/one")
    until(lambda: collector.told("view") == ["/one"])
    one.evaluate("hide(true)")
    two.goto(f"{website.address}/two")
    until(lambda: collector.told("view") == ["/one", "/two"])
    two.evaluate("hide(true)")
    one.evaluate("hide(false)")
    until(lambda: collector.told("beat") == ["/one"])
    one.evaluate("hide(true)")
    one.evaluate("hide(false)")
    one.evaluate("hide(true)")
    two.evaluate("hide(false)")
    until(lambda: collector.told("beat") == ["/one", "/two"])


def test_a_sibling_leaves(website: Website, collector: Collector, person: Open) -> None:
    """When a tab is closed, one that is still seen speaks up within the ten seconds that a reader has."""
    context = person()
    context.clock.install()
    stays, goes = context.new_page(), context.new_page()
    stays.goto(f"{website.address}/stays")
    goes.goto(f"{website.address}/goes")
    run(context, 1)
    until(lambda: len(collector.told("view")) == 2)
    leave(goes)
    until(lambda: collector.told("leave") == ["/goes"])
    run(context, 8)
    until(lambda: "/stays" in collector.told("beat"))


def test_coming_back_from_the_cache(website: Website, collector: Collector, person: Open) -> None:
    """The script does not keep a page out of the back/forward cache; a page that comes out of it counts again."""
    context = person()
    other = context.new_page()
    other.goto(f"{website.address}/other")
    page = context.new_page()
    page.goto(f"{website.address}/a")
    until(lambda: collector.told("view") == ["/other", "/a"])
    page.evaluate("window.kept = true")
    page.goto(f"{website.address}/b")
    until(lambda: collector.told("view") == ["/other", "/a", "/b"])
    page.go_back(wait_until="commit")
    until(lambda: collector.told("view")[3:] == ["/a"])
    assert page.evaluate("window.kept")
    views = [fact for fact in collector.facts if fact["k"] == "view"]
    assert len({fact["i"] for fact in views}) == 4
    page.evaluate("footfall('still-works')")
    until(lambda: collector.told("event") == ["/a"])


def test_events(website: Website, collector: Collector, person: Open) -> None:
    """An event carries its name and properties; what is not JSON is left out without a word to the page."""
    page = person().new_page()
    page.goto(f"{website.address}/a")
    page.evaluate("""() => {
        const circle = {}; circle.circle = circle;
        footfall('circle', circle); footfall('big', 1n); footfall('plan', {name: 'pro', seats: 3}); footfall('bare');
    }""")
    until(lambda: len(collector.told("event")) == 2)
    events = [(fact["n"], fact.get("d")) for fact in collector.facts if fact["k"] == "event"]
    assert events == [("plan", {"name": "pro", "seats": 3}), ("bare", None)]
    assert collector.facts[0]["k"] == "view"  # an event does not come before the page it happened on


def test_session_mode(website: Website, collector: Collector, person: Open) -> None:
    """One id on the device, in every fact of every tab; another browser has another."""
    website.carry(collector.address, "blog", 'data-mode="session"')
    context = person()
    one, two = context.new_page(), context.new_page()
    one.goto(f"{website.address}/a")
    two.goto(f"{website.address}/b")
    until(lambda: len(collector.told("view")) == 2)
    assert one.evaluate("Object.keys(localStorage)") == ["footfall"]
    assert {fact["v"] for fact in collector.facts} == {one.evaluate("localStorage.footfall")}
    person().new_page().goto(f"{website.address}/c")
    until(lambda: len(collector.told("view")) == 3)
    assert len({fact["v"] for fact in collector.facts}) == 2


def test_opted_out(website: Website, collector: Collector, person: Open) -> None:
    """A browser that opted out tells nothing; the page may call footfall() all the same."""
    website.carry(collector.address, "blog", 'data-mode="session"')
    context = person()
    context.add_init_script("if (location.protocol === 'http:') localStorage.footfall_ignore = 'true'")
    page = context.new_page()
    page.goto(f"{website.address}/a")
    page.evaluate("footfall('buy')")
    push(page, "/b")
    page.wait_for_timeout(400)
    leave(page)
    other = person().new_page()
    other.goto(f"{website.address}/other")
    until(lambda: collector.told("view") == ["/other"])
    assert len(collector.facts) == 1


def test_opting_out_by_an_address(website: Website, collector: Collector, person: Open) -> None:
    """#footfall_ignore=true at the end of an address opts the browser out for good, =false in again; the address is put right."""
    website.carry(collector.address, "blog")
    page = person().new_page()
    page.goto(f"{website.address}/a?b=c#footfall_ignore=true")
    page.wait_for_function("() => localStorage.footfall_ignore == 'true'")
    assert page.url == f"{website.address}/a?b=c"
    page.goto(f"{website.address}/again")
    page.wait_for_timeout(400)
    assert collector.facts == []
    page.goto(f"{website.address}/back#footfall_ignore=false")
    until(lambda: collector.told("view") == ["/back"])
    assert page.url == f"{website.address}/back"


@pytest.mark.parametrize(
    "broken",
    [
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('', 'SecurityError'); }})",
        "delete window.BroadcastChannel",
        "Object.defineProperty(navigator, 'sendBeacon', {value: undefined})",
        "window.fetch = () => { throw new TypeError('patched badly'); }",
    ],
)
def test_a_good_guest(broken: str, website: Website, collector: Collector, person: Open) -> None:
    """Whatever a browser lacks or another script has broken, no error reaches the page."""
    website.carry(collector.address, "blog", 'data-mode="session"')
    context = person()
    context.add_init_script(broken)
    page = context.new_page()
    page.goto(f"{website.address}/a")
    page.evaluate("footfall('buy')")
    push(page, "/b")
    page.wait_for_timeout(400)
    assert page.evaluate("location.pathname") == "/b"
    page.goto(f"{website.address}/c")
    if "fetch" not in broken:
        until(lambda: collector.told("view") == ["/a", "/b", "/c"])
        assert collector.told("event") == ["/a"]


def test_another_address_for_facts(website: Website, collector: Collector, person: Open) -> None:
    """data-api names where facts go when it is not beside the script."""
    website.script = f'<script defer src="{collector.address}/f.js" data-site="blog" data-api="{collector.address}/x/y"></script>'
    page = person().new_page()
    with page.expect_request(f"{collector.address}/x/y"):
        page.goto(f"{website.address}/a")
    until(lambda: collector.told("view") == ["/a"])
