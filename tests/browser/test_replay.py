"""The replay of a past hour: another time in the same page, which nobody can take for now."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import Footfall, Open, Watch, until
from .watching import people, reading, watching

MINUTE = 60_000


def past(server: Footfall) -> str:
    """A site on which somebody read /old twenty minutes ago, and somebody else reads /new."""
    site = server.site()
    server.send(site, "one", "/old", address="8.8.8.8", age=20 * MINUTE)
    server.send(site, "two", "/new", address="193.99.144.80")
    return site


IN_COLOUR = """() => {
    const canvas = document.querySelectorAll(".map canvas")[1], pen = document.createElement("canvas").getContext("2d");
    pen.fillStyle = getComputedStyle(canvas).getPropertyValue("--person");
    const wanted = [1, 3, 5].map((at) => parseInt(pen.fillStyle.slice(at, at + 2), 16));
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    for (let at = 0; at < pixels.length; at += 4) {
        if (pixels[at + 3] > 200) return wanted.every((value, n) => Math.abs(value - pixels[at + n]) < 8);
    }
    return false;
}"""  # the middle of the first dot on the map


def step_to(page: Page, title: str) -> None:
    """Go on, minute by minute, until a page is read."""
    for _ in range(60):
        if page.locator(".reading .name", has_text=title).count():
            return
        page.keyboard.press("ArrowRight")
    raise AssertionError(f"nobody read {title}")


def test_replay(server: Footfall, person: Open) -> None:
    """A key opens the last hour; the arrow keys move through it; Escape leads back to now."""
    page = watching(person, server, past(server))
    reading(page, "/new")
    page.keyboard.press("r")
    expect(page.locator(".status")).to_have_text("Past")
    expect(page.get_by_text("people were here")).to_be_visible()
    expect(page.locator(".chart canvas")).to_have_count(1)
    people(page, 0)
    step_to(page, "/old")
    people(page, 1)
    expect(page.get_by_text("person was here")).to_be_visible()
    expect(page.locator(".countries .name")).to_have_text(["United States"])
    expect(page.locator(".arrivals, .totals, .pages")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator(".status")).to_have_text("Live")
    reading(page, "/new")
    people(page, 1)


@pytest.mark.parametrize("leave", ["Escape", "r"])
def test_the_colours_of_now(leave: str, server: Footfall, person: Open) -> None:
    """Back from the past the map is drawn in the colours of the present at once, not when somebody next comes."""
    page = watching(person, server, past(server))
    expect(page.locator(".map canvas")).to_have_count(2)
    until(lambda: page.evaluate(IN_COLOUR))
    page.keyboard.press("r")
    expect(page.get_by_role("slider", name="Minute", exact=True)).to_be_enabled()
    step_to(page, "/old")
    until(lambda: page.evaluate(IN_COLOUR))
    page.keyboard.press(leave)
    reading(page, "/new")
    expect(page.locator(".chart canvas")).to_have_count(1)
    until(lambda: page.evaluate(IN_COLOUR))


def test_by_hand(server: Footfall, person: Open) -> None:
    """The slider, the button that plays, an earlier hour, and the way back, for the pointer."""
    page = watching(person, server, past(server))
    page.get_by_role("button", name="Replay", exact=True).click()
    slider = page.get_by_role("slider", name="Minute", exact=True)
    expect(slider).to_be_enabled()
    slider.fill("57")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(slider).to_have_value("59")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()  # it stopped by itself
    before = page.locator(".replay input[type=datetime-local]").input_value()
    page.get_by_role("button", name="One hour earlier", exact=True).click()
    expect(page.locator(".replay input[type=datetime-local]")).not_to_have_value(before)
    people(page, 0)
    later = page.get_by_role("button", name="One hour later", exact=True)
    later.click()
    expect(page.locator(".replay input[type=datetime-local]")).to_have_value(before)
    if later.is_enabled():  # a minute has passed since: there is a later hour
        later.click()
    expect(later).to_be_disabled()
    page.get_by_role("button", name="Back to live", exact=True).click()
    reading(page, "/new")
    expect(page.locator(".replay")).to_have_count(0)


def test_now_goes_on(server: Footfall, person: Open) -> None:
    """What happens during a replay is there when one comes back."""
    site = past(server)
    page = watching(person, server, site)
    page.keyboard.press("r")
    people(page, 0)
    server.send(site, "three", "/newer")
    expect(page).to_have_title(f"2 here now · {site}")
    people(page, 0)
    page.keyboard.press("r")
    people(page, 2)


def test_strangers(server: Footfall, person: Open) -> None:
    """They are not told where people were, and the page says so."""
    page = watching(person, server, past(server), owner=False)
    page.keyboard.press("r")
    expect(page.get_by_text("shown only to the owner")).to_be_visible()
    expect(page.locator(".map")).to_have_count(0)


def test_failing(server: Footfall, person: Open, watch: Watch) -> None:
    """An hour that cannot be loaded says so; trying again and going back both work."""
    watch.allowed.append(r"net::ERR_FAILED")
    page = watching(person, server, past(server))
    page.route("**/api/replay/**", lambda route: route.abort(), times=1)
    page.keyboard.press("r")
    expect(page.get_by_text("could not be loaded")).to_be_visible()
    slider = page.get_by_role("slider", name="Minute", exact=True)
    for _ in range(3):  # a server that is behind with its history says no again
        page.get_by_role("button", name="Try again", exact=True).click()
        expect(page.get_by_text("Loading")).to_have_count(0)
        if slider.is_enabled():
            break
    expect(slider).to_be_enabled()


def test_a_slow_answer(server: Footfall, person: Open) -> None:
    """Who goes back before the hour has come stays in the present."""
    page = watching(person, server, past(server))
    held: list[Route] = []
    page.route("**/api/replay/**", lambda route: held.append(route))
    page.keyboard.press("r")
    expect(page.get_by_text("Loading")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator(".status")).to_have_text("Live")
    reading(page, "/new")
