"""The demo's readers, without a server: what they tell is what a script would tell, and they are believable."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from footfall.demo.past import DAYS, REST, past
from footfall.demo.readers import Fact, Reader, somebody, visit
from footfall.demo.run import addresses_by_country
from footfall.demo.world import ORIGIN, PAGES, PLACES, SITE
from footfall.house import make_intake
from footfall.intake.adopted import check_adopted
from footfall.model import Site
from footfall.rules import DAY

ADDRESSES = {place.country: ["192.0.2.1"] for place in PLACES}


def visits(count: int) -> list[tuple[Reader, Sequence[tuple[float, list[Fact]]]]]:
    chance = random.Random(1)
    readers = [somebody(chance, ADDRESSES) for _ in range(count)]
    return [(reader, list(visit(reader, chance))) for reader in readers]


def test_a_visit_begins_with_a_view_and_stays_on_the_site() -> None:
    """The first fact is a view, at once; every page told is one of the site's; a view names its title."""
    paths = {page.path: page.title for page in PAGES}
    for _, steps in visits(200):
        assert (steps[0][0], steps[0][1][0]["k"]) == (0.0, "view")
        for fact in (fact for _, facts in steps for fact in facts):
            path = str(fact["u"]).removeprefix(ORIGIN).partition("?")[0]
            assert path in paths
            assert fact.get("t", paths[path]) == paths[path]


def test_nobody_fades_while_reading() -> None:
    """Between two signs of life lie at most 45 seconds, as in the script, so that presence lasts as long as the visit."""
    assert all(0 <= pause <= 45 for _, steps in visits(200) for pause, _ in steps)


def test_the_crowd_is_believable() -> None:
    """Some bounce and some read on; some say goodbye and some vanish; several tabs, campaigns, sessions, many countries."""
    crowd = visits(400)
    views = [sum(fact["k"] == "view" for _, facts in steps for fact in facts) for _, steps in crowd]
    goodbyes = sum(steps[-1][1][-1]["k"] == "leave" for _, steps in crowd)
    several_tabs = sum(any(len(facts) > 1 and facts[1]["k"] == "beat" for _, facts in steps) for _, steps in crowd)
    assert 0.2 < sum(count == 1 for count in views) / len(crowd) < 0.7
    assert 1.5 < sum(views) / len(crowd) < 5
    assert 0.6 < goodbyes / len(crowd) < 0.95
    assert several_tabs > 10
    assert any("utm_source=newsletter" in str(steps[0][1][0]["u"]) for _, steps in crowd)
    assert 10 < sum(bool(reader.session) for reader, _ in crowd) < 100
    assert len({reader.place.country for reader, _ in crowd}) > 20


def test_every_country_has_addresses() -> None:
    """Drawn addresses cover the demo's world, so that the country comes from the address as it does for everyone."""
    found = addresses_by_country(random.Random(1))
    assert all(len(found[place.country]) >= 10 for place in PLACES)


@pytest.mark.slow
def test_the_weeks_before_are_whole_and_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that an import takes, of every day, none of them bots; every visit is final and has the facts that it says."""
    monkeypatch.setattr("footfall.demo.past.VISITS_A_DAY", 3)
    now = 1_790_000_000_000
    sites = {SITE: Site(SITE)}
    chunks = list(
        past(random.Random(1), ADDRESSES, now, lambda fold: make_intake(sites, b"s" * 32, lambda day: b"salt", fold.knows))
    )
    for chunk in chunks:
        check_adopted(chunk, SITE)
    facts, visits = [row for chunk in chunks for row in chunk.facts], [row for chunk in chunks for row in chunk.visits]
    assert {row.time // DAY for row in facts} == set(range((now - REST) // DAY - DAYS, (now - REST) // DAY + 1))
    assert max(row.time for row in facts) < now - REST
    assert not any(row.fact.bot for row in facts)
    assert {row.visit for row in facts} - {0} == {row.visit for row in visits}
    assert sum(row.views for row in visits) == sum(row.counted for row in facts)
    assert {row.first.source for row in visits} >= {"", "Google", "Hacker News"}
