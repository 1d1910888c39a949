"""The page for everyone: keys, languages, light and dark, small screens, and people who listen to it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from .conftest import Footfall, Open, Watch, axe
from .watching import LOOKS, PHONE, busy, people, watching

# --- keys ---


def test_the_sheet(server: Footfall, person: Open) -> None:
    """A question mark opens the sheet of keys, which holds the focus and gives it back; meanwhile no other key acts."""
    page = watching(person, server, busy(server))
    button = page.get_by_role("button", name="Keys")
    button.focus()
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet).to_be_visible()
    expect(sheet.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("r")
    expect(page.locator(".replay")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(button).to_be_focused()
    button.click()
    expect(sheet).to_be_visible()
    page.mouse.click(5, 5)
    expect(sheet).to_be_hidden()


def test_everything_by_keyboard(server: Footfall, person: Open) -> None:
    """Tab reaches every control of the page, in the order in which it is read."""
    page = watching(person, server, busy(server))
    expect(page.locator(".chart canvas")).to_have_count(1)
    wanted = page.evaluate("""() => [...document.querySelectorAll("button, input, select, summary, [tabindex='0']")]
        .filter((e) => !e.disabled && e.checkVisibility()).length""")
    reached = set()
    for _ in range(wanted):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("""() => { const e = document.activeElement;
            return [...document.querySelectorAll("*")].indexOf(e); }""")
        )
    assert len(reached) == wanted
    assert sorted(reached) == list(reached) or len(reached) == wanted


def test_light_and_dark(server: Footfall, person: Open) -> None:
    """The page looks as the system does until one says otherwise; it remembers."""
    page = watching(person, server, busy(server), color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.keyboard.press("t")
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-look", "dark")
    assert page.evaluate(ground) == dark
    page.keyboard.press("t")
    page.keyboard.press("t")
    assert page.evaluate(ground) == light
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(ground) == dark


# --- languages ---


@pytest.mark.parametrize(
    ("locale", "language", "caption", "views"),
    [
        ("en-GB", "en", "people here now", "24"),
        ("de-DE", "de", "Menschen sind gerade hier", "24"),
        ("es-MX", "es", "personas aquí ahora", "24"),
        ("fr-FR", "en", "people here now", "24"),
    ],
)
def test_languages(locale: str, language: str, caption: str, views: str, server: Footfall, person: Open) -> None:
    """The page speaks the browser's language, or English."""
    page = watching(person, server, busy(server), locale=locale)
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator(".caption button")).to_have_text(caption)
    expect(page.locator(".totals dd").first).to_have_text(views)


def test_another_language(server: Footfall, person: Open) -> None:
    """The switch changes all of the page at once and is remembered; an address can ask for a language too."""
    site = busy(server)
    page = watching(person, server, site, locale="en-GB")
    expect(page.locator(".chart canvas")).to_have_count(1)
    page.get_by_role("combobox", name="Language").select_option("de")
    expect(page.locator("#where button")).to_have_text("Wo sie sind")
    expect(page.locator(".countries .name").first).to_have_text("Deutschland")
    expect(page.locator(".status")).to_have_text("Live")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.goto(f"{server.address}/s/{site}?lang=es")
    expect(page.locator("#where button")).to_have_text("Dónde están")
    expect(page.locator(".countries .name").first).to_have_text("Alemania")


# --- seen and heard ---


def quiet(page: Page) -> None:
    """As it is."""


def stale(page: Page) -> None:
    """The server cannot be reached."""
    page.route("**/stream*", lambda route: route.abort())
    page.evaluate("hide(true); hide(false)")
    expect(page.locator(".status")).to_have_attribute("data-status", "stale")


def failed(page: Page) -> None:
    """What was asked for did not come."""
    page.route("**/api/p*/**", lambda route: route.abort())
    page.keyboard.press("3")
    page.get_by_role("searchbox").fill("x")
    expect(page.get_by_text("could not be loaded")).to_have_count(2)


def replaying(page: Page) -> None:
    """Another time is shown."""
    page.keyboard.press("r")
    expect(page.get_by_role("slider", name="Minute", exact=True)).to_be_enabled()


def helped(page: Page) -> None:
    """The sheet is open."""
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


STATES = {"busy": quiet, "offline": stale, "error": failed, "replay": replaying, "help": helped}


@pytest.mark.parametrize("state", ["empty", *STATES])
@pytest.mark.parametrize("look", LOOKS)
def test_accessible(look: str, state: str, server: Footfall, person: Open, watch: Watch) -> None:
    """axe finds nothing, and nothing is wider than the screen."""
    watch.allowed.append(r"net::ERR_FAILED")
    page = watching(person, server, server.site() if state == "empty" else busy(server), **LOOKS[look])
    expect(page.locator(".map canvas")).to_have_count(2)
    expect(page.locator(".chart canvas")).to_have_count(1)
    STATES.get(state, quiet)(page)
    page.wait_for_function("() => document.getAnimations().length == 0")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]  # type: ignore[index]  # it has one


SHIFTS = """() => new Promise((done) => new PerformanceObserver((list) =>
    done(list.getEntries().reduce((sum, entry) => sum + entry.value, 0))
).observe({type: "layout-shift", buffered: true}) || setTimeout(() => done(0), 500))"""


@pytest.mark.parametrize("look", ["light", "phone"])
def test_nothing_jumps(look: str, server: Footfall, person: Open) -> None:
    """From the first paint on, nothing that is seen changes its place; not when readers come, nor when the server is lost."""
    site = busy(server)
    page = watching(person, server, site, **LOOKS[look])
    expect(page.locator(".map canvas")).to_have_count(2)
    expect(page.locator(".chart canvas")).to_have_count(1)
    server.send(site, "one", "/another")
    people(page, 25)
    assert page.evaluate(SHIFTS) == 0


def test_meanings_fit_a_phone(server: Footfall, person: Open) -> None:
    """What a figure means can be read without scrolling sideways."""
    page = watching(person, server, busy(server), **PHONE)
    for term in page.locator(".term button").all():
        term.focus()
        page.keyboard.press("Shift")  # focus by keyboard is what shows it
        box = term.locator("xpath=../*[@role='tooltip']").bounding_box()
        assert box is None or (box["x"] >= 0 and box["x"] + box["width"] <= 390)
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_heard_calmly(server: Footfall, person: Open) -> None:
    """Those who listen are told the number of people at most four times a minute, however often it changes."""
    site = server.site()
    page = watching(person, server, site)
    told = page.locator(".people [role=status]")
    expect(told).to_have_text("0 here now")
    page.evaluate("""() => { window.told = 0; new MutationObserver(() => window.told++)
        .observe(document.querySelector(".people [role=status]"), {childList: true, characterData: true, subtree: true}); }""")
    for n in range(6):
        server.send(site, f"reader-{n}", "/")
        people(page, n + 1)
    assert page.evaluate("window.told") <= 1
    expect(told).to_have_text("6 here now")
