"""Somebody who looks at the live page, and what they see there."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from .conftest import Footfall, Open

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}
LOOKS: dict[str, dict[str, Any]] = {"light": {}, "dark": {"color_scheme": "dark"}, "phone": PHONE}
ADDRESSES = ["8.8.8.8", "193.99.144.80", "133.11.93.0"]  # in the United States, Germany, Japan
LONG = "/a/path/that/goes/on/and/on/and/never/seems/to/end/in/this/life/or/the/next/one-" + "x" * 80
SEEN = """() => {
    const texts = (selector) => [...document.querySelectorAll(selector)].map((e) => e.innerText);
    return {
        people: texts(".figure"), reading: texts(".reading li"), countries: texts(".countries li"),
        arrivals: texts(".arrivals .name"), totals: texts(".totals dd"), pages: texts(".pages tbody tr"),
        trend: document.querySelector(".chart").ariaValueText,
    };
}"""


def watching(person: Open, server: Footfall, site: str, *, owner: bool = True, query: str = "", **options: Any) -> Page:
    """A page of a browser of their own that is live: its owner's, or a stranger's."""
    page = person(**options).new_page()
    if owner:
        page.goto(f"{server.address}/s/{site}?key={server.key}")
    if query or not owner:
        page.goto(f"{server.address}/s/{site}{query}")
    live(page)
    return page


def live(page: Page) -> None:
    """It says that it is."""
    expect(page.locator(".status")).to_have_attribute("data-status", "live")


def people(page: Page, count: int) -> None:
    """So many are shown as here."""
    expect(page.locator(".figure")).to_have_text(str(count))


def reading(page: Page, *titles: str) -> None:
    """These pages are shown as being read, in this order."""
    expect(page.locator(".reading .name")).to_have_text(list(titles))


def seen(page: Page) -> dict[str, object]:
    """All that the page says at this moment, ages left out."""
    found: dict[str, object] = page.evaluate(SEEN)
    return found


def busy(server: Footfall) -> str:
    """A site with readers in several countries."""
    site = server.site()
    for n in range(24):
        server.send(site, f"reader-{n}", ["/", "/about", LONG, "/pricing"][n % 4], address=ADDRESSES[n % 3])
    return site
