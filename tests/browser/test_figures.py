"""The room of figures, as its owner uses it: real rows of eight weeks, and what the API says about them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from .asking import MONTH, ask, figures, owner, rows, settled, tile, weeks
from .conftest import Footfall, Open, axe
from .watching import LOOKS, PHONE, live


@pytest.fixture(scope="module")
def site(server: Footfall) -> str:
    """With eight weeks behind it."""
    return weeks(server, "figures")


def test_a_click_filters_everything_and_the_address_says_so(person: Open, server: Footfall, site: str) -> None:
    """By a row, by its opposite, and back; another browser sees the same by the address."""
    page = figures(person, server, site)
    everything = ask(server, site, metrics=["visitors", "visits", "pageviews", "bounce_rate"])["results"][0]["metrics"]
    assert [tile(page, name) for name in ("visitors", "visits", "pageviews")] == [f"{n:,}" for n in everything[:3]]
    assert tile(page, "bounce_rate") == f"{everything[3]}%"
    top = ask(server, site, metrics=["visitors"], dimensions=["event:page"], pagination={"limit": 9})["results"]
    assert rows(page, "pages") == [[line["dimensions"][0], f"{line['metrics'][0]:,}"] for line in top]

    post = next(line["dimensions"][0] for line in top if line["dimensions"][0].startswith("/blog/"))
    page.locator('[data-card="pages"]').get_by_role("button", name=post, exact=True).click()
    expect(page).to_have_url(f"{server.address}/s/{site}{MONTH}&page={quote(post, safe='')}")
    settled(page)
    filters = [["is", "event:page", [post]]]
    some = ask(server, site, metrics=["visitors", "pageviews"], filters=filters)["results"][0]["metrics"]
    assert [tile(page, "visitors"), tile(page, "pageviews")] == [str(n) for n in some]
    sources = ask(server, site, metrics=["visitors"], dimensions=["visit:source"], filters=filters)["results"]
    assert [n for _, n in rows(page, "sources")] == [str(line["metrics"][0]) for line in sources]

    other = figures(person, server, site, page.url.partition(f"/s/{site}")[2])
    expect(other.locator(".chips li").first).to_contain_text(f"Page is {post}")
    assert tile(other, "visitors") == str(some[0])
    other.locator(".chips .turn").click()
    expect(other.locator(".chips li").first).to_contain_text(f"Page is not {post}")
    settled(other)
    assert int(tile(other, "visitors")) > some[0]

    page.locator('[data-card="sources"] .pick', has_text="Google").click(modifiers=["Alt"])
    expect(page.locator(".chips li")).to_have_count(3)  # and "Remove all"
    expect(page).to_have_url(re.compile(r"&source=%21Google$"))
    page.go_back()
    expect(page.locator(".chips li")).to_have_count(1)
    page.go_back()
    expect(page.locator(".chips")).to_have_count(0)
    settled(page)
    assert tile(page, "visitors") == f"{everything[0]:,}"


def test_comparisons_are_those_of_the_api(person: Open, server: Footfall, site: str) -> None:
    """Each figure beside the days before; visitors of several days are said to be counted once per day."""
    page = figures(person, server, site)
    metrics = ["visits", "pageviews"]
    told = ask(server, site, metrics=metrics, include={"comparisons": {"mode": "previous_period"}})["results"][0]
    for metric, before, change in zip(metrics, told["comparison"]["metrics"], told["comparison"]["change"], strict=True):
        moved = page.locator(f'.tile[data-metric="{metric}"] .moved [aria-hidden]').inner_text()
        assert moved == f"{'↑' if change > 0 else '↓'} {abs(change)}% · {before:,}"
    expect(page.locator('.tile[data-metric="visitors"] .daily')).to_contain_text("once per day")
    page.keyboard.press("x")
    expect(page).to_have_url(re.compile("compare=year"))
    settled(page)
    assert page.locator(".moved").all_inner_texts() == [""] * 9  # nobody was counted then
    page.locator(".chart").focus()
    page.keyboard.press("Home")
    days = ask(server, site, metrics=["visitors"], dimensions=["time:day"])["results"]
    expect(page.locator(".chart")).to_have_attribute("aria-valuetext", re.compile(f": {days[0]['metrics'][0]}$"))


def test_segments_and_notes_are_kept(person: Open, server: Footfall, site: str) -> None:
    """Filters get a name and come back by it; what happened stands on the chart; both can be removed."""
    page = figures(person, server, site, f"{MONTH}&country=DE&page=~blog")
    page.get_by_role("button", name="Segments").click()
    page.get_by_label("Name of the segment").fill("Germans who read")
    page.get_by_role("button", name="Save filters").click()
    expect(page.locator(".segments li")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")  # the second removes the filters
    expect(page.locator(".chips")).to_have_count(0)
    page.get_by_role("button", name="Segments").click()
    page.get_by_role("button", name="Germans who read", exact=True).click()
    expect(page).to_have_url(re.compile("country=DE&page=%7Eblog"))
    page.get_by_role("button", name="Segments").click()
    page.get_by_role("button", name="Delete Germans who read").click()
    expect(page.locator(".segments li")).to_have_count(0)
    page.keyboard.press("Escape")

    yesterday = (datetime.now(UTC) - timedelta(1)).date().isoformat()
    page.get_by_role("button", name="Add a note").click()
    page.get_by_label("What happened?").fill("A new design")
    page.get_by_label("Day", exact=True).fill(yesterday)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".notes li")).to_contain_text("A new design")
    expect(page.locator(".marks li")).to_have_count(1)
    page.reload()
    page.get_by_role("button", name="Remove: A new design").click()
    expect(page.locator(".marks li, .notes li")).to_have_count(0)


def test_rows_can_be_taken_away(person: Open, server: Footfall, site: str) -> None:
    """As a file, of a card and of the chart: all rows, with all figures, as the API gives them."""
    page = figures(person, server, site, f"{MONTH}&country=DE")
    question = {"site_id": site, "date_range": "28d", "filters": [["is", "visit:country", ["DE"]]]}
    for name, asked in (
        (
            "Pages",
            {"dimensions": ["event:page"], "metrics": ["visitors", "pageviews", "bounce_rate", "time_on_page", "scroll_depth"]},
        ),
        ("Visitors", {"dimensions": ["time:day"], "metrics": ["visitors"]}),
    ):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Download as CSV: {name}").click()
        answer = server.http.post(
            f"{server.address}/api/v2/query", params={"format": "csv"}, json=question | asked, headers=owner(server)
        )
        assert download.value.path().read_bytes() == answer.content
        assert download.value.suggested_filename.startswith(site)


def test_all_rows_are_a_dialog_of_the_address(person: Open, server: Footfall, site: str) -> None:
    """Searched and ordered; going back closes it, and a row of it filters."""
    page = figures(person, server, site)
    page.locator('[data-card="pages"] footer .quiet', has_text="Show all").click()
    dialog = page.get_by_role("dialog", name="Pages")
    expect(dialog.locator("footer")).to_contain_text("15 rows")
    dialog.get_by_role("searchbox").fill("POST-1")
    expect(dialog.locator("tbody tr")).to_have_count(4)  # 1, 10, 11, 12
    dialog.get_by_role("button", name="Page views").click()
    expect(dialog.locator('[aria-sort="descending"]')).to_have_text(re.compile("Page views"))
    page.go_back()
    expect(dialog).to_have_count(0)
    page.go_forward()
    dialog.locator(".pick", has_text="/pricing").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".chips li")).to_contain_text("Page is /pricing")


def test_tabs_goals_and_properties(person: Open, server: Footfall, site: str) -> None:
    """Every tab is asked for when it is chosen, and the address has it."""
    page = figures(person, server, site)
    page.get_by_role("tab", name="Entry").click()
    page.get_by_role("tab", name="Entry").press("ArrowRight")
    expect(page.get_by_role("tab", name="Exit")).to_be_focused()
    expect(page).to_have_url(re.compile("tabs=exit_page"))
    expect(page.locator('[data-card="pages"] .pick').first).to_have_text("/pricing")
    goals = ask(server, site, metrics=["visitors", "events", "conversion_rate"], dimensions=["event:goal"])["results"][0]
    page.locator('[data-card="events"]').scroll_into_view_if_needed()
    told = page.locator('[data-card="events"] tbody td')
    expect(told).to_have_text([str(goals["metrics"][0]), str(goals["metrics"][1]), re.compile(r"%$")])
    page.get_by_role("tab", name="Properties").click()
    page.get_by_placeholder("Property of events").fill("plan")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator('[data-card="events"] .pick')).to_contain_text(["Not set", "pro"])
    expect(page).to_have_url(re.compile("property=plan"))


def test_keys_lead_through_periods_and_rooms(person: Open, server: Footfall, site: str) -> None:
    """As peers have them; typing is left alone."""
    page = person().new_page()
    page.goto(f"{server.address}/s/{site}?key={server.key}")
    live(page)
    page.keyboard.press("f")
    expect(page).to_have_url(re.compile(r"\?period=28d$"))
    settled(page)
    for key, period in {"d": "day", "w": "7d", "m": "month", "l": "12mo", "a": "all"}.items():
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(f"period={period}$"))
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile("period=custom&from="))
    page.keyboard.press("/")
    expect(page.get_by_label("Value")).to_be_focused()
    page.keyboard.type("drama")  # a field is typed in
    expect(page.get_by_label("Value")).to_have_value("drama")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("7, 28, 91 days")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(page.locator(".figure")).to_be_visible()
    expect(page).to_have_url(f"{server.address}/s/{site}")
    page.go_back()
    expect(page.locator(".headline")).to_be_visible()


def test_the_focus_stays_where_something_is(person: Open, server: Footfall, site: str) -> None:
    """A closed dialog gives it back; what is removed leaves it near."""
    page = figures(person, server, site, f"{MONTH}&country=DE")
    more = page.locator('[data-card="pages"] footer .quiet', has_text="Show all")
    ways: list[Callable[[], None]] = [
        lambda: page.keyboard.press("Escape"),
        lambda: page.get_by_role("button", name="Close").click(),
    ]
    for close in ways:
        more.press("Enter")
        expect(page.get_by_role("dialog", name="Pages")).to_be_visible()
        close()
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(more).to_be_focused()
    page.get_by_role("button", name="Segments").click()
    page.get_by_label("Name of the segment").fill("Short")
    page.get_by_role("button", name="Save filters").click()
    page.get_by_role("button", name="Delete Short").press("Enter")
    expect(page.locator(".segments li")).to_have_count(0)
    page.keyboard.press("Escape")  # the menu's, not the filters'
    expect(page.get_by_role("button", name="Segments")).to_be_focused()
    page.get_by_role("button", name="Remove: Country is Germany").press("Enter")
    expect(page.locator(".chips")).to_have_count(0)
    expect(page.locator("#filter")).to_be_focused()


def test_strangers_have_no_figures(person: Open, server: Footfall, site: str) -> None:
    """What they may see of a public site is the live page, whatever the address says."""
    page = person().new_page()
    page.goto(f"{server.address}/s/{site}{MONTH}")
    live(page)
    expect(page.locator(".figure")).to_be_visible()
    expect(page.locator(".rooms, .figures")).to_have_count(0)
    answer = server.http.post(
        f"{server.address}/api/v2/query", json={"site_id": site, "metrics": ["visitors"], "date_range": "day"}
    )
    assert answer.status_code == 401


@pytest.mark.parametrize("look", LOOKS)
def test_everybody_can_use_it(person: Open, server: Footfall, site: str, look: str) -> None:
    """What axe says of the room, its menus and dialogs, in light, dark and on a phone, where nothing is wider than the screen."""
    page = figures(person, server, site, f"{MONTH}&country=DE&page=!/pricing", **LOOKS[look])
    assert axe(page) == []
    for button in (page.locator(".period .menu > button"), page.locator("#filter")):
        button.click()
        assert axe(page) == []
        page.keyboard.press("Escape")
    page.goto(f"{server.address}/s/{site}{MONTH}&all=page")
    expect(page.get_by_role("dialog").locator("tbody tr")).to_have_count(15)
    assert axe(page) == []


def test_a_phone_has_room_for_all_of_it(person: Open, server: Footfall, site: str) -> None:
    """Scrolled from top to bottom nothing moves aside, and every card is asked for when it is seen."""
    page = figures(person, server, site, **PHONE)
    for card in ("sources", "places", "devices", "events"):
        page.locator(f'[data-card="{card}"]').scroll_into_view_if_needed()
        expect(page.locator(f'[data-card="{card}"] tbody tr').first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["viewport"]["width"]
