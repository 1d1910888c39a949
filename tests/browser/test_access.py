"""Who may see what, in a real browser: the first link, signing in and out without scripts, links, frames, images."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import Footfall, Open, Watch, Website, axe

PASSWORD = "tomatoes and beans"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}
LOOKS: dict[str, dict[str, Any]] = {"light": {}, "dark": {"color_scheme": "dark"}, "phone": PHONE}
PLAIN: dict[str, Any] = {"java_script_enabled": False}
REFUSED = r"status of (400|403|404|429)"


def welcome(server: Footfall, page: Page) -> None:
    """The owner sets the password, and is then at the list of sites."""
    page.goto(server.welcome())
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_role("button").click()
    expect(page).to_have_url(f"{server.address}/")


def sign_in(server: Footfall, page: Page, password: str) -> None:
    """One try, which may fail."""
    page.goto(f"{server.address}/sign-in")
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")


def test_the_owner_comes_in_and_goes_without_a_script(own_server: Footfall, person: Open, watch: Watch) -> None:
    """The first link, the list, out, a wrong password, in again; the link is spent."""
    watch.allowed.append(REFUSED)
    link = own_server.welcome()
    page = person(**PLAIN).new_page()
    page.goto(link)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD + "!")
    page.get_by_role("button").click()
    expect(page.get_by_text("The two are not the same.")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_role("button").click()
    expect(page.get_by_role("heading", name="my-site")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{own_server.address}/sign-in")
    page.goto(f"{own_server.address}/s/my-site")
    expect(page.get_by_role("heading")).to_have_text("Nothing here")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Password").fill("something else")
    page.keyboard.press("Enter")
    expect(page.get_by_text("That is not the password.")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="my-site")).to_be_visible()
    page.goto(link)
    expect(page.get_by_role("heading")).to_have_text("This link is spent")


def test_too_many_wrong_passwords(own_server: Footfall, person: Open, watch: Watch) -> None:
    """The page says how long to wait, also to whoever has the right one by then."""
    watch.allowed.append(REFUSED)
    page = person().new_page()
    welcome(own_server, page)
    page.get_by_role("button", name="Sign out").click()
    for _ in range(15):
        sign_in(own_server, page, "wrong password")
        expect(page.locator(".wrong")).to_be_visible()
        if "Too many tries" in page.locator(".wrong").inner_text():
            break
    sign_in(own_server, page, PASSWORD)
    expect(page.locator(".wrong")).to_contain_text("Too many tries. Wait")


def test_a_new_password_signs_every_other_browser_out(own_server: Footfall, person: Open, watch: Watch) -> None:
    """A live page that is open elsewhere says that it is not shown any more; here the owner goes on."""
    watch.allowed.append(REFUSED)
    here, there = person().new_page(), person().new_page()
    welcome(own_server, here)
    sign_in(own_server, there, PASSWORD)
    there.get_by_role("link", name="my-site", exact=True).click()
    expect(there.locator(".status")).to_have_text("Live")
    here.get_by_role("link", name="Password").click()
    here.get_by_label("Present password").fill(PASSWORD)
    here.get_by_label("New password").fill("beans and tomatoes")
    here.get_by_label("The same once more").fill("beans and tomatoes")
    here.get_by_role("button").click()
    expect(here.get_by_role("heading", name="my-site")).to_be_visible()
    expect(there.locator(".status")).not_to_have_text("Live")
    there.goto(f"{own_server.address}/")
    expect(there.get_by_role("link", name="Sign in")).to_be_visible()


def test_a_site_is_added_and_shown_by_its_link(own_server: Footfall, person: Open, watch: Watch) -> None:
    """The owner adds it and chooses who may see it; whoever has the link sees it live, nobody else, and not after a new link."""
    watch.allowed.append(REFUSED)
    owner = person(**PLAIN).new_page()
    welcome(own_server, owner)
    owner.get_by_label("Id").fill("blog")
    owner.get_by_role("button", name="Add the site").click()
    expect(owner.get_by_role("heading", name="blog")).to_be_visible()
    owner.get_by_role("link", name="Settings of blog").click()
    owner.get_by_label("Whoever has its link").check()
    owner.get_by_role("button", name="Save").click()
    expect(owner.get_by_role("status")).to_have_text("Saved.")
    link = owner.get_by_text("?link=").first.inner_text()
    assert link.startswith(f"{own_server.address}/s/blog?link=")
    friend, other = person().new_page(), person().new_page()
    friend.goto(link)
    expect(friend.locator(".status")).to_have_text("Live")
    own_server.send("blog", "somebody", "/")
    expect(friend.locator(".figure")).to_have_text("1")
    other.goto(f"{own_server.address}/s/blog")
    expect(other.get_by_role("heading")).to_have_text("Nothing here")
    owner.get_by_role("button", name="Make a new one").click()
    expect(friend.locator(".status")).not_to_have_text("Live")
    friend.goto(link)
    expect(friend.get_by_role("heading")).to_have_text("Nothing here")


@pytest.mark.parametrize("allowed", [True, False], ids=["named", "not named"])
def test_a_card_shows_only_where_the_site_says(
    allowed: bool, server: Footfall, website: Website, person: Open, watch: Watch
) -> None:
    """In a frame of the named website it tells who is here; in that of another the browser shows nothing."""
    watch.allowed.append("frame-ancestors|refused to connect|Framing")
    site = server.site()
    server.put(site, frames=[website.address if allowed else "https://elsewhere.example"])
    server.send(site, "somebody", "/")
    website.script = f'<iframe src="{server.address}/embed/{site}?lang=en" title="People here now"></iframe>'
    page = person().new_page()
    page.goto(website.address + "/")
    words = page.frame_locator("iframe").get_by_text("person here now")
    if allowed:
        expect(words).to_be_visible()
    else:
        page.wait_for_load_state("networkidle")
        expect(words).to_have_count(0)
        assert watch.faults == []


def test_a_badge_is_an_image_anywhere(server: Footfall, website: Website, person: Open) -> None:
    """It loads from another origin, in the size it says."""
    site = server.site()
    website.script = f'<img src="{server.address}/badge/{site}.svg?show=views" alt="Views">'
    page = person().new_page()
    page.goto(website.address + "/")
    image = page.get_by_alt_text("Views")
    expect(image).to_be_visible()
    page.wait_for_function("document.querySelector('img').complete")
    assert image.evaluate("image => image.naturalHeight") == 20
    assert image.evaluate("image => image.naturalWidth") > 40


def test_a_form_elsewhere_changes_nothing(own_server: Footfall, website: Website, person: Open, watch: Watch) -> None:
    """A page of another site sends the owner's browser to change who may see a site: it stays as it was."""
    watch.allowed.append(REFUSED)
    context = person()
    page = context.new_page()
    welcome(own_server, page)
    action = f"{own_server.address}/sites/my-site"
    website.script = f'<form method="post" action="{action}"><input name="visibility" value="public"><button>Win</button></form>'
    page.goto(website.address + "/")
    page.get_by_role("button", name="Win").click()
    expect(page.get_by_role("heading")).to_have_text("Nothing here")
    page.goto(action)
    expect(page.get_by_label("Only you, signed in")).to_be_checked()


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_is_accessible(look: str, own_server: Footfall, person: Open, watch: Watch) -> None:
    """axe finds nothing, and nothing is wider than the screen: pages, forms with errors, what strangers get."""
    watch.allowed.append(REFUSED)
    own_server.put(
        "garden", name="A garden with a long name that wraps", visibility="link", hosts=["a.very.long.host.name.example"]
    )
    own_server.send("my-site", "somebody", "/")
    page = person(**LOOKS[look]).new_page()

    def look_at(path: str) -> None:
        page.goto(own_server.address + path)
        assert axe(page) == [], path

    look_at("/sign-in")  # there is no password yet
    link = own_server.welcome()
    page.goto(link)
    assert axe(page) == []
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("The same once more").fill("something else")
    page.get_by_role("button").click()
    assert axe(page) == []
    welcome(own_server, page)
    for path in ("/", "/sites/garden?saved", "/password"):
        look_at(path)
    page.goto(f"{own_server.address}/sites/garden")
    page.get_by_label("Places are rounded to").fill("wide")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was saved")
    assert axe(page) == []
    page.goto(f"{own_server.address}/")
    page.get_by_role("button", name="Sign out").click()
    own_server.put("my-site", visibility="public")
    for path in ("/", "/sign-in", "/nothing", "/embed/my-site", link.removeprefix(own_server.address)):
        look_at(path)
    sign_in(own_server, page, "wrong password")
    expect(page.locator(".wrong")).to_be_visible()
    assert axe(page) == []
