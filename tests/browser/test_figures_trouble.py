"""What the room of figures says when the server refuses, fails, is away, or has nothing to tell."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from playwright.sync_api import Route, expect

from .asking import MONTH, ask, figures, settled, tile, weeks
from .conftest import Footfall, Open, Watch


@pytest.fixture(scope="module")
def site(server: Footfall) -> str:
    """With eight weeks behind it."""
    return weeks(server, "trouble")


def test_what_cannot_be_loaded_is_said_and_loaded_later(person: Open, server: Footfall, site: str, watch: Watch) -> None:
    """The figures stay where they are, dimmed or not; when the network is back they are right again."""
    watch.allowed.append("ERR_INTERNET_DISCONNECTED")
    page = figures(person, server, site)
    before = tile(page, "visitors")
    page.context.set_offline(True)
    page.keyboard.press("w")
    expect(page.get_by_role("alert").filter(has_text="cannot be reached").first).to_be_visible()
    assert tile(page, "visitors") == before
    page.context.set_offline(False)
    week = ask(server, site, metrics=["visitors"], date_range="7d")["results"][0]["metrics"][0]
    expect(page.locator('.tile[data-metric="visitors"] .draw')).to_have_text(str(week))
    expect(page.locator(".trouble")).to_have_count(0)


def test_a_server_that_is_away_is_tried_again(person: Open, server: Footfall, site: str, watch: Watch) -> None:
    """By itself: a browser that is online hears nothing of a server that comes back."""
    watch.allowed.append("ERR_CONNECTION_REFUSED")
    page = figures(person, server, site)
    page.route("**/api/v2/query", lambda route: route.abort("connectionrefused"))
    page.keyboard.press("w")
    expect(page.locator(".trouble")).to_contain_text("cannot be reached")
    page.unroute("**/api/v2/query")
    week = ask(server, site, metrics=["visitors"], date_range="7d")["results"][0]["metrics"][0]
    expect(page.locator('.tile[data-metric="visitors"] .draw')).to_have_text(str(week))
    expect(page.locator(".trouble")).to_have_count(0)


def test_what_fails_beside_answers_is_said(person: Open, server: Footfall, site: str, watch: Watch) -> None:
    """The answers to the other questions do not hide it; trying again does what it says."""
    watch.allowed.append("status of 500")
    page = figures(person, server, site)

    held = list[Route]()

    def some(route: Route) -> None:
        if "scroll_depth" in (route.request.post_data or ""):
            route.fulfill(status=500)
        else:
            held.append(route)

    page.route("**/api/v2/query", some)
    page.keyboard.press("w")
    failed = page.locator(".trouble", has_text="could not be loaded")
    expect(failed).to_be_visible()
    for route in held:
        route.continue_()
    page.unroute("**/api/v2/query")
    settled(page)
    expect(failed).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".trouble")).to_have_count(0)


def test_a_period_without_anybody_says_so(person: Open, server: Footfall, site: str) -> None:
    """Nothing is broken, and nothing is invented."""
    page = figures(person, server, site, "?period=custom&from=2020-01-01&to=2020-01-31")
    assert tile(page, "visitors") == "0"
    assert tile(page, "bounce_rate") == "\u2013"
    expect(page.locator('[data-card="pages"] .rows')).to_have_text("Nobody was here in this period.")


def test_there_and_back_leaves_nothing_busy(person: Open, server: Footfall, site: str) -> None:
    """What was shown is shown again though the answer to what was wanted between never came."""
    page = figures(person, server, site)
    before = tile(page, "visitors")
    held = list[Route]()
    page.route("**/api/v2/query", lambda route: held.append(route))
    page.keyboard.press("w")
    expect(page.locator('.tile[data-metric="visitors"]')).to_have_attribute("aria-busy", "true")
    page.keyboard.press("f")
    settled(page)
    assert tile(page, "visitors") == before
    assert held


def test_what_is_refused_is_not_shown_as_what_was_before(person: Open, server: Footfall, site: str, watch: Watch) -> None:
    """An address may ask for anything: what is no filter is said to be none, and markup is text."""
    watch.allowed.append("status of 400")
    page = figures(person, server, site)
    markup = "<img src=x onerror=alert(1)>" * 30
    odd = [("filter", '["foo"]'), ("page", markup), (f"prop.{markup}", "x"), ("chart", "toString"), ("tabs", "__proto__")]
    address = f"{MONTH}&all=constructor&{urlencode(odd)}"
    page.evaluate("address => { history.pushState(null, '', address); dispatchEvent(new PopStateEvent('popstate')); }", address)
    expect(page.locator('[data-card="pages"] .rows')).to_contain_text("This cannot be answered")
    expect(page.locator(".tile .draw").first).to_have_text("\u2013")
    expect(page.locator(".figures tbody tr, .figures img")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Remove all").click()
    settled(page)
    expect(page.locator('[data-card="pages"] tbody tr').first).to_be_visible()
