"""The card and the badge: what they say, to whom, in which frame, for how long."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from itertools import count
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.http.embed import badge, card, language, short
from footfall.model import Site

from .conftest import IN_ITS_LOOP, Running, Serving
from .test_collect import post, view

NUMBERS = count(1)  # of sites that a test has for itself


@IN_ITS_LOOP
@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "4 here now"),
        ("?show=views", "5 views"),
        ("?show=visitors", "4 visitors"),
        ("?path=/a", "3 here now"),
        ("?show=views&path=/a", "4 views"),
        ("?show=views&path=/secret", "0 views"),
        ("?show=views&path=/unknown", "0 views"),
        ("?show=views&path=", "0 views"),
    ],
)
async def test_a_badge_tells_one_figure(shared: Running, query: str, told: str) -> None:
    """Of the site or of a page; of a page that strangers may not know nothing, also to the owner: the image is for all."""
    site = f"site-{next(NUMBERS)}"
    await shared.house.put_site(Site(site, visibility="public"))
    facts = [view(n, s=site, u="https://example.com/a", v=f"visitor {n}") for n in range(1, 5)]
    await post(shared, [*facts, view(9, s=site, u="https://example.com/secret", v="visitor 1")])
    for headers in (None, shared.owner):
        answer = await shared.client.get(f"/badge/{site}.svg{query}", headers=headers)
        assert f"<title>{told}</title>" in answer.text


@IN_ITS_LOOP
@pytest.mark.parametrize("query", ["show=people", "show=", "show=visitors&path=/"])
async def test_a_figure_that_is_none_is_refused(shared: Running, query: str) -> None:
    """By the name of what was wrong."""
    answer = await shared.client.get(f"/badge/open-site.svg?{query}")
    assert (answer.status_code, "Show: expected" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1234, "1,234"), (999_999, "999,999"), (1_000_000, "1M"), (1_299_999, "1.2M"), (2_345_678_901, "2.3G")],
)
def test_large_figures_are_short(value: int, text: str) -> None:
    """And never more than there is."""
    assert short(value) == text


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff")), st.integers(0))
def test_a_badge_is_well_formed_whatever_it_says(label: str, value: int) -> None:
    """XML with the label as text, as wide as its two halves."""
    image = ElementTree.fromstring(badge(label, value))
    texts = [text.text or "" for text in image.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == [label, short(value)]
    assert int(image.attrib["width"]) > 20


@pytest.mark.parametrize(
    ("people", "lang", "words"),
    [
        (0, "en", "0 people here now"),
        (1, "en", "1 person here now"),
        (1234, "en", "1,234 people here now"),
        (1, "de", "1 Person gerade hier"),
        (1234, "de", "1.234 Personen gerade hier"),
        (2, "es", "2 personas aquí ahora"),
    ],
)
def test_a_card_speaks_three_languages(people: int, lang: str, words: str) -> None:
    """With their plurals and thousands; its language is named."""
    page = card("the-site", people, lang, "", "").decode()
    assert f"<title>{words}</title>" in page
    assert f'<html lang="{lang}">' in page
    assert re.sub("<[^>]*>", "", page.partition("<body>")[2]) == words


@pytest.mark.parametrize(
    ("accepted", "lang"),
    [("", "en"), ("de-CH, en;q=0.5", "de"), ("fr, es;q=0.9, de;q=0.8", "es"), ("*", "en"), ("tlh", "en"), ("DE", "de")],
)
def test_the_language_is_the_first_we_speak(accepted: str, lang: str) -> None:
    """Of those that the reader takes."""
    assert language(accepted) == lang


async def test_card_and_badge_show_the_live_figure(running: Running) -> None:
    """What was counted a moment ago, also of one page; the card leads to the public page."""
    await post(running, [view(n, v=f"visitor {n}") for n in range(1, 5)])
    card = await running.client.get("/embed/open-site", headers={"accept-language": "en"})
    assert "<title>4 people here now</title>" in card.text
    assert 'href="/s/open-site" target="_blank" rel="noopener"' in card.text
    for query, text in (
        ("", "4 here now"),
        ("?show=visitors", "4 visitors"),
        ("?show=views&path=/a%3Futm_source%3Dx", "0 views"),
    ):
        assert f"<title>{text}</title>" in (await running.client.get(f"/badge/open-site.svg{query}")).text
    assert "4 views" in (await running.client.get("/badge/open-site.svg?show=views&path=/a")).text
    assert (await running.client.get("/badge/open-site.svg?show=nothing")).status_code == 400


@pytest.mark.parametrize("door", ["/embed/open-site", "/badge/open-site.svg"])
async def test_they_may_be_kept_for_half_a_minute(running: Running, door: str) -> None:
    """By everybody for a public site; whoever has it already gets no body."""
    answer = await running.client.get(door)
    assert answer.headers["cache-control"] == "public, max-age=30"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = await running.client.get(door, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await running.client.head(door)).headers["etag"] == answer.headers["etag"]
    await post(running, view())
    other = await running.client.get(door, headers={"if-none-match": answer.headers["etag"]})
    assert other.status_code == 200


@IN_ITS_LOOP
async def test_a_card_runs_its_own_script_and_no_other(each_shared: Running) -> None:
    """Named by its digest; it may ask this server alone. Where nothing runs the card is asked for anew; a badge runs nothing."""
    answer = await each_shared.client.get("/embed/open-site")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    scripts = re.findall("<script>(.*?)</script>", answer.text, re.S)
    digests = [f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts]
    assert [policy["script-src"]] == digests
    assert (policy["connect-src"], policy["trusted-types"]) == ("'self'", "'none'")
    assert '<noscript><meta http-equiv="refresh" content="30"></noscript>' in answer.text
    badge = await each_shared.client.get("/badge/open-site.svg")
    assert badge.headers["content-security-policy"] == "default-src 'none'"


def test_a_card_without_web_files_is_asked_for_anew() -> None:
    """It has nothing that could run, so nothing has to be off."""
    page = card("the-site", 3, "en", "", "").decode()
    assert "script" not in page
    assert '<meta http-equiv="refresh" content="30">' in page


async def test_cards_and_badges_are_counted(running: Running) -> None:
    """By what was answered."""
    for door in ("/embed/open-site", "/embed/open-site", "/embed/none", "/badge/open-site.svg", "/badge/open-site.svg?show=all"):
        await running.client.get(door)
    metrics = (await running.client.get("/metrics", headers=running.owner)).text
    counted = dict(re.findall(r'footfall_requests_total{door="((?:embed|badge)",status="\d+)"} (\S+)', metrics))
    told = {'embed",status="200': "2.0", 'embed",status="404': "1.0", 'badge",status="200': "1.0", 'badge",status="400': "1.0"}
    assert counted == told


@IN_ITS_LOOP
@pytest.mark.parametrize(
    ("site", "ancestors", "kept"),
    [
        (Site("the-site", visibility="public"), "*", "public"),
        (Site("the-site", visibility="public", frames=("https://a.example", "https://*.b.example")),
         "https://a.example https://*.b.example", "public"),
        (Site("the-site", visibility="link", link="secret"), "'none'", "private"),
        (Site("the-site", visibility="link", link="secret", frames=("https://a.example",)), "https://a.example", "private"),
    ],
)  # fmt: skip
async def test_the_site_says_who_may_frame_its_card(shared: Running, site: Site, ancestors: str, kept: str) -> None:
    """Anybody a public one, nobody one with a secret, unless it names them; the live page itself nobody at all."""
    await shared.house.put_site(site)
    answer = await shared.client.get("/embed/the-site?link=secret")
    assert answer.status_code == 200
    found = re.search(r"frame-ancestors ([^;]*)", answer.headers["content-security-policy"])
    assert found is not None
    assert found[1] == ancestors
    assert answer.headers["cache-control"] == f"{kept}, max-age=30"
    assert ("/s/the-site" in answer.text) == (site.visibility == "public")
    page = await shared.client.get("/s/the-site?link=secret")
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


async def test_a_badge_knows_pages_that_the_snapshot_leaves_out(serving: Serving) -> None:
    """The snapshot holds the 100 most viewed; the 102nd has its figure all the same."""
    async with serving() as running:
        await post(running, view(999, u="https://example.com/rare", v="ann"))
        for n, who in enumerate(("ann", "bob")):
            for start in (0, 51):
                paths = range(start, start + 51)
                await post(running, [view(1000 * (n + 1) + p, u=f"https://example.com/p{p}", v=who) for p in paths])
        known = (await running.client.get("/api/live/open-site")).json()["pages"]
        assert "/rare" not in [page["path"] for page in known]
        assert "<title>1 views</title>" in (await running.client.get("/badge/open-site.svg?show=views&path=/rare")).text
