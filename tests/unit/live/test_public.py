"""What strangers see: no path or place that is not fit for them, in no message; counts that add up; the turns of a channel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall import rules
from footfall.hub import Channel
from footfall.live import snapshot
from footfall.live.fold import Fold
from footfall.live.public import Projection, matches
from footfall.live.site import SiteState
from footfall.live.snapshot import Delta, Hidden, PlaceLine, Snapshot, applied, page_order
from footfall.model import Fact, Kind, Publish, Record, Rows, Site
from tests.unit.live.made import BOUNDED, SITE, START, STEPS, fact, folded

SECRETS = [f"/{word}-secret" for word in ("un", "deux", "trois", "quatre")] + ["/blog/cinq-secret", "/blog?six=secret"]
CITIES = ["Unstadt", "Zweistadt", "Dreistadt"]
VISITORS = st.integers(1, 7).map(lambda number: number * 0x9E3779B97F4A7C15 & (1 << 64) - 1)
SETTINGS = st.builds(
    Site, st.just(SITE), k=st.integers(1, 4), patterns=st.sampled_from([(), ("/blog/*",), ("*trois*", "/blog*")])
)


@st.composite
def readings(draw: st.DrawFn, most: int = 40) -> Sequence[Record]:
    """Facts of a few visitors on a few pages in a few cities, and what is published of them."""
    now, records = START, list[Record]()
    for _ in range(draw(st.integers(1, most))):
        now += draw(st.one_of(st.integers(0, 10_000), st.integers(0, 10_000), STEPS))  # mostly many are here at once
        path = draw(st.sampled_from(SECRETS))
        if draw(st.integers(0, 9)) == 0:
            records.append(Publish(SITE, now, draw(st.sampled_from(["post", "page"])), path[1:], "Titled", draw(st.booleans())))
        else:
            kind, number = draw(st.sampled_from([Kind.VIEW, Kind.VIEW, Kind.BEAT, Kind.LEAVE])), draw(VISITORS)
            city = draw(st.sampled_from([*CITIES, None]))
            where: dict[str, Any] = {"latitude": 50.123456, "longitude": 7.654321, "country": "DE", "city": city}
            title = draw(st.sampled_from(["", "Reported"]))
            records.append(fact(kind, path, now, visitor=number, title=title, **(where if draw(st.booleans()) else {})))
    return records


def named(site: Site, records: Iterable[Record], rows: Rows) -> set[str]:
    """The paths that strangers may read, by looking at everything that ever happened."""
    viewers: dict[str, set[int]] = {path: set() for path in SECRETS}
    for row in rows.facts:
        if row.counted:
            viewers[row.fact.path].add(row.fact.visitor)
    items = {(record.kind, record.slug): record.published for record in records if isinstance(record, Publish)}
    published = {"/" + slug for (_, slug), flag in items.items() if flag}
    fit = {path for path in SECRETS if len(viewers[path]) >= site.k or path in published}
    fit |= {path for path in SECRETS if any(matches(path, pattern) for pattern in site.patterns)}
    return {path for path in fit if "?" not in path}


def text_of(*messages: bytes | None) -> str:
    """All that was sent."""
    return b"".join(message or b"" for message in messages).decode()


@BOUNDED
@given(SETTINGS, st.lists(readings(), min_size=1, max_size=3), st.lists(STEPS, min_size=3, max_size=3))
def test_nothing_that_is_not_fit_is_ever_sent(site: Site, parts: list[Sequence[Record]], steps: list[int]) -> None:
    """At any moment, in any message or answer: only paths that are named, only cities where k were; and what is named and what is
    hidden add up to what there is."""
    fold, rows, records, projection, owner_now = Fold(), Rows(), list[Record](), Projection(), 0
    channel = Channel(SITE, False, 1, Projection())
    for part, step in zip(parts, steps, strict=False):
        part = [moved(record, owner_now) for record in part]
        _, _, fresh = folded(part, fold)
        rows.facts += fresh.facts
        records += part
        now = owner_now = fold.now + step
        state = fold.site(SITE)
        channel.look(site, state, now)
        sent = text_of(channel.message())
        fit = named(site, records, rows)
        for path in SECRETS:
            assert path in fit or path[1:] not in sent
        seen = {city: set[int]() for city in CITIES}
        for record in records:
            if isinstance(record, Fact) and record.city:
                seen[record.city].add(record.visitor)
        assert all(city not in sent or len(seen[city]) >= site.k for city in CITIES)
        assert "Reported" not in sent
        assert "reported" not in sent
        assert "50.1" not in sent
        assert "7.65" not in sent
        check_sums(msgspec.json.decode(channel.body(), type=Snapshot), state, fit, projection, site, now)


def moved(record: Record, to: int) -> Record:
    """The record so much later that time does not go back."""
    by = max(0, to - START)
    if isinstance(record, Fact):
        return msgspec.structs.replace(record, arrival=record.arrival + by)
    return msgspec.structs.replace(record, at=record.at + by)


def check_sums(shown: Snapshot, state: SiteState, fit: set[str], projection: Projection, site: Site, now: int) -> None:
    """The snapshot against the whole state."""
    views = {path: state.pages.views[number] for path, number in state.pages.numbers.items()}
    here = state.presence.here
    assert {line.path for line in shown.pages} == {path for path in {*views, *here} if path in fit}
    assert all((line.views, line.here) == (views.get(line.path, 0), here.get(line.path, 0)) for line in shown.pages)
    assert list(shown.pages) == sorted(shown.pages, key=page_order)
    assert shown.hidden == Hidden(
        shown.people - sum(line.here for line in shown.pages),
        shown.views - sum(line.views for line in shown.pages),
        shown.paths - len([path for path in views if path in fit]),
    )
    assert (shown.people, shown.views, shown.paths) == (len(state.presence.active), state.views, len(views))
    assert all(line.path in {*fit, ""} and (line.country, line.city) == ("", "") for line in shown.arrivals)
    projection.follow(site, state.pages)  # one that looks now and then knows the same as one that looks for the first time
    fresh = Projection()
    fresh.follow(site, state.pages)
    for one in (projection, fresh):
        assert one.ranking.paths() == [path for path in sorted(views, key=lambda path: (-views[path], path)) if path in fit]


@BOUNDED
@given(SETTINGS, readings(60), st.sampled_from([1, 5, 40]))
def test_messages_put_on_the_first_snapshot_make_the_last(site: Site, records: Sequence[Record], most: int) -> None:
    """Turn after turn; a message of places holds nothing else, one of pages no places; groups are at least k."""
    fold, channel = Fold(), Channel(SITE, False, 1, Projection())
    channel.refresh(site, fold.site(SITE), START)
    assert channel.current is not None
    state = channel.current
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshot, "READ_PAGES", most)
        patch.setattr(snapshot, "TOP_PAGES", most)
        for record in records:
            folded([record], fold)
            for _ in range(2):
                message = channel.refresh(site, fold.site(SITE), fold.now)
                if message is not None:
                    told = msgspec.json.decode(message.partition(b"data: ")[2])
                    assert set(told) == {"from", "to", "at", "places"} or "places" not in told
                    state = applied(state, msgspec.convert(told, Delta))
                assert msgspec.structs.replace(state, at=0) == msgspec.structs.replace(channel.current, at=0)
            assert sum(line.here for line in state.places) == 0 or sum(line.here for line in state.places) >= site.k


def test_places_have_a_clock_of_their_own() -> None:
    """Three come at once: the pages are told at once, the places alone, once in thirty seconds, and the pages after them."""
    fold, channel, site = Fold(), Channel(SITE, False, 1, Projection()), Site(SITE, k=3)
    start = START - START % rules.PLACES_CLOCK
    channel.look(site, fold.site(SITE), start)
    where: dict[str, Any] = {"country": "DE", "city": "Bonn", "latitude": 50.7, "longitude": 7.1}
    folded([fact(at=start + 1, visitor=visitor, **where) for visitor in (1, 2, 3)], fold)
    state = fold.site(SITE)
    message = channel.refresh(site, state, start + 1)
    assert message is not None
    assert b"places" not in message
    assert channel.refresh(site, state, start + rules.PLACES_CLOCK - 1) is None
    assert channel.due == start + rules.PLACES_CLOCK
    channel.refresh(site, state, start + rules.PLACES_CLOCK)
    assert channel.due <= start + rules.PLACES_CLOCK
    folded([fact(Kind.BEAT, "/other", start + rules.PLACES_CLOCK + 1, visitor=1, **where)], fold)
    message = channel.refresh(site, state, start + rules.PLACES_CLOCK + 1)
    assert message is not None
    assert msgspec.json.decode(message.partition(b"data: ")[2])["places"] == [
        {"country": "DE", "city": "Bonn", "latitude": 51.0, "longitude": 7.0, "here": 3}
    ]
    assert b"other" not in message
    assert channel.due <= start + rules.PLACES_CLOCK + 1
    message = channel.refresh(site, state, start + rules.PLACES_CLOCK + 2)
    assert message is not None
    assert b"places" not in message
    assert channel.due == start + 2 * rules.PLACES_CLOCK


def test_an_owner_sees_everything_at_once() -> None:
    """Pages, places and who came, whatever k is; a minute that passes is told without a fact."""
    fold, channel, site = Fold(), Channel(SITE, True, 1, Projection()), Site(SITE, grid=0.5)
    folded([fact(path="/secret", country="DE", city="Bonn", latitude=50.73, longitude=7.1)], fold)
    channel.refresh(site, fold.site(SITE), START)
    assert channel.current is not None
    assert [line.path for line in channel.current.pages] == ["/secret"]
    assert channel.current.places == (PlaceLine("DE", "Bonn", 50.5, 7.0, 1),)
    assert [(line.path, line.city) for line in channel.current.arrivals] == [("/secret", "Bonn")]
    assert channel.current.trend == (0,) * 29 + (1,)
    assert channel.due == START + rules.MINUTE
    message = channel.refresh(site, fold.site(SITE), START + rules.MINUTE)
    assert message is not None
    assert msgspec.json.decode(message.partition(b"data: ")[2])["trend"] == [*[0] * 28, 1, 1]


@pytest.mark.parametrize(
    ("path", "pattern", "fits"),
    [
        ("/blog/a", "/blog/*", True),
        ("/blog/", "/blog/*", True),
        ("/blog", "/blog/*", False),
        ("/blog/a/b", "/blog/*", True),
        ("/x/blog/a", "/blog/*", False),
        ("/a", "/a", True),
        ("/ab", "/a", False),
        ("/a", "*", True),
        ("", "*", True),
        ("/en/docs/x.html", "/*/docs/*.html", True),
        ("/en/docs/.html", "/*/docs/*.html", True),
        ("/docs/x.html", "/*/docs/*.html", False),
        ("/ab", "/ab*b", False),
        ("/abb", "/ab*b", True),
        ("/a+b", "/a+b", True),
        ("/aab", "/a+b", False),
    ],
)
def test_patterns(path: str, pattern: str, fits: bool) -> None:
    """A star is anything; nothing else means anything but itself."""
    assert matches(path, pattern) is fits


def test_with_k_0_strangers_bring_nothing_onto_the_wall() -> None:
    """However many they are: neither a path nor a place, in no message; what the owner names is told as ever."""
    fold, channel, site = Fold(), Channel(SITE, False, 1, Projection()), Site(SITE, k=0, patterns=("/blog/*",))
    for path in ("/written-by-strangers", "/blog/a"):
        folded([fact(path=path, visitor=visitor, country="DE", city="Bonn") for visitor in range(1, 21)], fold)
    channel.look(site, fold.site(SITE), fold.now)
    shown = msgspec.json.decode(channel.body(), type=Snapshot)
    assert [line.path for line in shown.pages] == ["/blog/a"]
    assert (shown.people, shown.hidden.paths, shown.places) == (20, 1, ())
    assert "written" not in text_of(channel.message())


@pytest.mark.parametrize("k", [1, 99])
def test_k_is_at_most_ten(k: int) -> None:
    """What a site says beyond that is read as the nearest."""
    fold, projection = Fold(), Projection()
    folded([fact(path="/a", visitor=visitor) for visitor in range(1, 11)], fold)
    folded([fact(path="/b", visitor=1)], fold)
    projection.follow(Site(SITE, k=k), fold.site(SITE).pages)
    assert projection.ranking.paths() == (["/a", "/b"] if k == 1 else ["/a"])
