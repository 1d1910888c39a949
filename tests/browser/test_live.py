"""The live page of a real Footfall in a real browser: readers come, move and go before one's eyes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from .conftest import Footfall, Open, Watch, Website, leave, push, until
from .watching import LOOKS, busy, people, reading, watching

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
    push(first, "/two")
    reading(page, "At /two")
    people(page, 1)
    first.evaluate("hide(true)")
    second = reader.new_page()
    second.goto(f"{website.address}/three")
    reading(page, "/three")
    people(page, 1)
    leave(second)
    first.evaluate("hide(false)")
    reading(page, "At /two")
    leave(first)
    people(page, 0)  # ten seconds later
    expect(page.locator(".arrivals .name")).to_have_text(["/one"])
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
    expect(page.locator(".reading .here .unseen")).to_have_text(["2 readers"])


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
    push(reader, "/two")
    reader.wait_for_timeout(600)
    context.set_offline(False)
    reading(page, "At /two")
    until(lambda: server.snapshot(site)["views"] == 2)
    expect(page.locator(".pages tbody tr")).to_have_count(2)


# --- the page ---


def test_the_first_reader(server: Footfall, website: Website, person: Open) -> None:
    """An empty site shows the line to copy, which works; the page changes by itself when someone comes."""
    site = server.site()
    page = watching(person, server, site, permissions=["clipboard-read", "clipboard-write"])
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
    assert "<noscript>Needs JavaScript to move</noscript>" in answer.text()  # Chromium that is told to run none still hides these
    assert "Connecting" not in answer.text()


def test_a_name(server: Footfall, person: Open) -> None:
    """Heading and title say what the site is called, before any script runs and after; markup in it is only text."""
    site = server.put("named", name="The <b>Slow</b> Garden", visibility="public")
    server.send(site, "ann", "/one")
    for options in ({}, {"java_script_enabled": False}):
        page = person(**options).new_page()
        page.goto(f"{server.address}/s/{site}")
        expect(page.get_by_role("heading", level=1)).to_have_text("The <b>Slow</b> Garden")
        expect(page).to_have_title("1 here now · The <b>Slow</b> Garden")


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
    expect(page.locator(".countries li").first).to_match_aria_snapshot("- listitem: Germany 8 people")


def test_someone_arrives_on_the_map(server: Footfall, person: Open) -> None:
    """A ring marks the place for a moment; nothing moves for those who prefer that."""
    site = busy(server)
    calm = watching(person, server, site, reduced_motion="reduce")
    page = watching(person, server, site)
    expect(page.locator(".map canvas")).to_have_count(2)
    page.evaluate("""() => new MutationObserver((changes) => changes.forEach((c) => c.addedNodes.forEach((n) =>
        document.body.dataset.ring ||= n.tagName))).observe(document.querySelector(".map"), {childList: true})""")
    server.send(site, "someone", "/pricing", address="8.8.8.8")
    people(calm, 25)
    assert calm.evaluate("document.getAnimations().length") == 0
    expect(page.locator("body")).to_have_attribute("data-ring", "I")
    expect(page.locator(".map i")).to_have_count(0)


def test_arrivals(server: Footfall, person: Open) -> None:
    """The feed names the page, where from, and how long ago, the newest first."""
    site = server.site()
    server.send(site, "one", "/a", age=100_000)
    server.send(site, "two", "/b", address="8.8.8.8")
    page = watching(person, server, site)
    rows = page.locator(".arrivals li")
    expect(rows.locator(".name")).to_have_text(["/b", "/a"])
    expect(rows.locator(".from").first).to_have_text("United States")
    expect(rows.locator("time")).to_have_text(["just now", "1m ago"])


def test_strangers(server: Footfall, person: Open) -> None:
    """They are told how much there is that is not named; its readers are counted."""
    site = server.site()
    for n in range(3):
        server.send(site, f"reader-{n}", "/known")
    server.send(site, "reader-3", "/secret")
    page = watching(person, server, site, owner=False)
    people(page, 4)
    reading(page, "/known")
    expect(page.locator(".reading .more")).to_have_text("and 1 person on a page that is not named")
    expect(page.locator(".pages tbody .title")).to_have_text(["/known"])
    expect(page.get_by_text("and 1 other page")).to_be_visible()
    expect(page.locator(".arrivals .name").first).to_have_text("a page that is not named")
    assert "ecret" not in page.content()


def test_what_a_figure_means(server: Footfall, person: Open) -> None:
    """Every figure that needs it says what it counts, to the keyboard too, and Escape takes it away."""
    page = watching(person, server, busy(server))
    meaning = page.get_by_text("sign of life in the last two minutes")
    expect(meaning).to_be_hidden()
    page.get_by_role("button", name="people here now").focus()
    page.keyboard.press("Shift")  # focus by keyboard is what shows it
    expect(meaning).to_be_visible()
    page.keyboard.press("Escape")
    expect(meaning).to_be_hidden()


# --- people over time ---


def test_trend(server: Footfall, person: Open) -> None:
    """The chart of the last minutes moves with the page; its table twin says the same; other ranges are a key away."""
    site = server.site()
    server.send(site, "one", "/one")
    page = watching(person, server, site)
    chart = page.get_by_role("slider", name="Chart of people per minute")
    expect(chart.locator("canvas")).to_have_count(1)
    expect(chart).to_have_attribute("aria-valuetext", re.compile(": 1 person$"))
    server.send(site, "two", "/one")
    expect(chart).to_have_attribute("aria-valuetext", re.compile(": 2 people$"))
    expect(page.locator(".trend table tbody tr")).to_have_count(30)
    page.keyboard.press("2")
    expect(page.get_by_role("button", name="Last 24 hours")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".trend table tbody tr")).to_have_count(96)
    page.keyboard.press("3")
    expect(page.locator(".trend table tbody tr")).to_have_count(168)
    expect(chart).to_have_attribute("aria-valuetext", re.compile("at most 2$"))


def test_moving_through_the_chart(server: Footfall, person: Open) -> None:
    """Arrow keys and the pointer go through it, and the line below says what they are at."""
    site = server.site()
    server.send(site, "one", "/one")
    page = watching(person, server, site)
    chart = page.locator(".chart")
    expect(chart.locator("canvas")).to_have_count(1)
    chart.focus()
    page.keyboard.press("End")
    expect(page.locator(".legend")).to_contain_text(": 1 person")
    page.keyboard.press("Home")
    expect(page.locator(".legend")).to_contain_text(": 0 people")
    expect(chart).to_have_attribute("aria-valuenow", "0")
    page.keyboard.press("ArrowRight")
    expect(chart).to_have_attribute("aria-valuenow", "1")
    page.keyboard.press("Tab")
    expect(page.locator(".legend")).to_contain_text("at most 1")
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    expect(page.locator(".legend")).to_contain_text(": 0 people")
