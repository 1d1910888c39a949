"""Figures by request: the same numbers as counting by hand, what strangers get of them, and what is refused."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from footfall import rules
from footfall.housekeeping import sweep
from footfall.model import Fact, Kind, Publish, Site
from footfall.rules import DAY, MINUTE

from .conftest import IN_ITS_LOOP, OPEN, Running, Serving, serve

NOW = 1_771_000_200_000 + 7 * DAY
SITE = "figures"
PATHS = ("/a", "/b", "/c", "/rare")
COUNTRIES = ("DE", "FR", "")


@dataclass
class Clock:
    """A clock that is set."""

    now: int

    def __call__(self) -> int:
        return self.now


Signs = list[tuple[int, int, str, str]]  # time, visitor, path, country


@dataclass(frozen=True)
class Told:
    """A server with a past, and the signs of life that made it."""

    running: Running
    signs: Signs
    clock: Clock
    seen: dict[int, dict[int, tuple[str, str]]] = field(default_factory=dict)  # what `here` found, by minute

    async def get(self, door: str, owner: bool = True, **query: Any) -> Any:
        """A figure of the site, as JSON."""
        headers = self.running.owner if owner else {}
        answer = await self.running.client.get(f"/api/{door}/{SITE}", params=query, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def here(self, minute: int) -> dict[int, tuple[str, str]]:
        """Who was here in a minute by the plain rule: visitor -> page at its end, country."""
        if minute not in self.seen:
            self.seen[minute] = {
                visitor: (path, country)
                for time, visitor, path, country in self.signs
                if minute - rules.PRESENCE_TIMEOUT < time < minute + MINUTE
            }
        return self.seen[minute]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Told]:
    """Two afternoons one week apart, swept as far as they are final; for tests marked IN_ITS_LOOP, which only ask."""
    chance, clock, signs = random.Random(7), Clock(NOW - 7 * DAY - 150 * MINUTE), Signs()
    async with serve(tmp_path_factory.mktemp("told") / "data", clock=clock) as running:
        await running.house.put_site(Site(SITE, visibility="public", k=3))
        for end in (NOW - 7 * DAY, NOW):
            clock.now = end - 150 * MINUTE
            while clock.now < end - 40_000:
                clock.now += chance.randrange(1_000, 40_000)
                if chance.random() < 0.02:
                    clock.now += 7 * MINUTE  # nobody
                    await sweep(running.house.engine)
                number = chance.randrange(12)
                path = "/rare" if number == 11 else chance.choice(PATHS[:3])
                sign = (clock.now, number * 0x9E3779B97F4A7C15 & (1 << 64) - 1, path, COUNTRIES[number % 3])
                signs.append(sign)
                await running.house.engine.record([sign_of_life(len(signs), *sign)])
            clock.now = end
            await sweep(running.house.engine)
        await running.house.engine.command(Publish(SITE, NOW, "post", "b", "Bees and Honey", True))
        yield Told(running, signs, clock)


def sign_of_life(id: int, time: int, visitor: int, path: str, country: str) -> Fact:
    return Fact(SITE, Kind.VIEW, visitor, id, rules.SCRIPT, time, 0, path, country=country or None)


NARROWED: list[dict[str, Any]] = [{}, {"path": "/a"}, {"country": "DE"}, {"path": "/b", "country": ""}, {"path": "/never"}]


@pytest.mark.slow
@IN_ITS_LOOP
async def test_people_over_time_are_what_counting_gives(told: Told) -> None:
    """Averages over all minutes, also those without anybody, peaks, and one week before, from rows and live state together."""
    for name, steps, minutes in (("30m", 30, 1), ("24h", 96, 15), ("7d", 168, 60)):
        for narrowed in NARROWED:
            check_people(told, await told.get("people", range=name, **narrowed), steps, minutes * MINUTE, narrowed)


def check_people(told: Told, answer: Any, steps: int, step: int, narrowed: dict[str, str]) -> None:
    start = NOW - NOW % step - (steps - 1) * step
    assert (answer["site"], answer["from"], answer["step"]) == (SITE, start, step)

    def counts(start: int, end: int) -> list[int]:
        wanted = narrowed.get("path"), narrowed.get("country")
        return [
            sum(wanted[0] in (None, path) and wanted[1] in (None, country) for path, country in told.here(minute).values())
            for minute in range(start, end, MINUTE)
        ]

    for number in range(steps):
        at = start + number * step
        now = counts(at, min(at + step, NOW + MINUTE))
        before = counts(at - 7 * DAY, at - 7 * DAY + step)
        assert answer["people"][number] == pytest.approx(sum(now) / len(now), abs=0.006)
        assert answer["peak"][number] == max(now)
        assert answer["before"][number] == pytest.approx(sum(before) / len(before), abs=0.006)
    assert any(answer["people"]) == (narrowed.get("path") != "/never")


@IN_ITS_LOOP
async def test_a_replay_is_what_counting_gives(told: Told) -> None:
    """Every minute of an hour and a half, of which only the older part is rows; strangers get named pages and no countries."""
    for owner in (True, False):
        await check_replay(told, owner)


async def check_replay(told: Told, owner: bool) -> None:
    start = NOW - 90 * MINUTE
    answer = await told.get("replay", owner, **{"from": start + 12_345, "minutes": 91})
    assert answer["from"] == start
    assert len(answer["minutes"]) == 91
    seen = set[str]()
    for number, line in enumerate(answer["minutes"]):
        here = told.here(start + number * MINUTE)
        pages = Counter(path for path, _ in here.values() if owner or path != "/rare")
        countries = Counter(country for _, country in here.values()) if owner else Counter[str]()
        assert line["people"] == len(here)
        assert [(page["path"], page["here"]) for page in line["pages"]] == ordered(pages)
        assert [(one["country"], one["here"]) for one in line["countries"]] == ordered(countries)
        seen |= set(pages)
    assert ("/rare" in seen) == owner
    assert {"/a", "/b", "/c"} <= seen
    tomorrow = await told.get("replay", owner, **{"from": NOW + DAY, "minutes": 2})
    assert tomorrow["minutes"] == [{"people": 0, "pages": [], "countries": []}] * 2


def ordered(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))


@IN_ITS_LOOP
async def test_all_pages_by_views_searched_and_paged(told: Told) -> None:
    """In the order of views; the text is looked for in path and title; strangers get and count the named ones only."""
    views = Counter(counted(told.signs))
    for owner in (True, False):
        paths = [path for path, _ in ordered(views) if owner or path != "/rare"]
        answer = await told.get("pages", owner)
        assert answer["total"] == len(paths)
        assert [line["path"] for line in answer["pages"]] == paths
        assert all(line["views"] == views[line["path"]] for line in answer["pages"])
        answer = await told.get("pages", owner, offset=1, limit=2)
        assert (answer["total"], [line["path"] for line in answer["pages"]]) == (len(paths), paths[1:3])
        for text, found in (("HONEY", ["/b"]), ("A", [path for path in paths if path == "/a" or "a" in path or path == "/b"])):
            answer = await told.get("pages", owner, q=text)
            assert (answer["total"], [line["path"] for line in answer["pages"]]) == (len(found), found)
        assert (await told.get("pages", owner, q="no such page"))["total"] == 0


def counted(signs: Signs) -> list[str]:
    """The paths of the views that count: not within half an hour of one that did."""
    last, paths = dict[tuple[int, str], int](), list[str]()
    for time, visitor, path, _ in signs:
        if time - last.get((visitor, path), -rules.REPEAT_WINDOW) >= rules.REPEAT_WINDOW:
            last[visitor, path] = time
            paths.append(path)
    return paths


@IN_ITS_LOOP
async def test_a_counter(told: Told) -> None:
    """Of a page or the whole site, for any origin and caches; of a page that is not named strangers learn nothing."""
    views, here = Counter(counted(told.signs)), Counter(path for path, _ in told.here(NOW - NOW % MINUTE).values())
    for owner in (True, False):
        assert await told.get("count", owner) == {
            "site": SITE,
            "path": None,
            "views": sum(views.values()),
            "here": len(told.running.house.engine.fold.site(SITE).presence.active),
        }
        for path in ("/a", "/rare", "/never"):
            answer = await told.get("count", owner, path=path)
            assert answer["views"] == (views[path] if owner or path != "/rare" else 0)
            assert answer["here"] <= here[path]
    answer = await told.running.client.get(f"/api/count/{SITE}", headers={"origin": "https://elsewhere.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "public, max-age=30"
    answer = await told.running.client.get(f"/api/count/{SITE}", headers=told.running.owner)
    assert answer.headers["cache-control"] == "private, max-age=30"


@IN_ITS_LOOP
async def test_strangers_learn_nothing_of_a_page_that_is_not_named(told: Told) -> None:
    """Over time as now: it looks like one that nobody ever read."""
    rare, never = [await told.get("people", False, path=path) for path in ("/rare", "/never")]
    assert rare == never
    assert not any(rare["people"] + rare["peak"] + rare["before"])
    assert any((await told.get("people", False, path="/a"))["people"])
    assert any((await told.get("people", True, path="/rare"))["people"])


BAD = [
    ("people", "range=1y", "range"),
    ("people", "path=" + "x" * 16_385, "path"),
    ("people", "country=DE", "country"),
    ("pages", "limit=0", "limit"),
    ("pages", "limit=201", "limit"),
    ("pages", "limit=ten", "limit"),
    ("pages", "offset=-1", "offset"),
    ("pages", "offset=%C2%B2", "offset"),
    ("pages", "q=" + "x" * 201, "q"),
    ("replay", "minutes=1441", "minutes"),
    ("replay", "minutes=0", "minutes"),
    ("replay", "from=yesterday", "from"),
    ("replay", "from=9999999999999999999", "from"),
    ("count", "path=" + "x" * 16_385, "path"),
]


@IN_ITS_LOOP
async def test_what_is_wrong_with_a_question_is_said(shared: Running) -> None:
    """400, naming the parameter."""
    for door, query, name in BAD:
        answer = await shared.client.get(f"/api/{door}/{OPEN.id}?{query}")
        assert (answer.status_code, answer.json()["error"].partition(":")[0]) == (400, name), query


@IN_ITS_LOOP
@pytest.mark.parametrize("door", ["people", "pages", "replay", "count"])
async def test_a_private_site_and_none_look_alike(shared: Running, door: str) -> None:
    """To everybody but the owner; other methods are refused."""
    for headers in ({}, {"authorization": "Bearer wrong"}):
        hidden, unknown = [await shared.client.get(f"/api/{door}/{site}", headers=headers) for site in ("shut-site", "no-site")]
        assert (hidden.status_code, hidden.content) == (404, unknown.content)
    assert (await shared.client.get(f"/api/{door}/shut-site", headers=shared.owner)).status_code == 200
    assert (await shared.client.get(f"/api/{door}/no-site", headers=shared.owner)).status_code == 404
    assert (await shared.client.post(f"/api/{door}/{OPEN.id}")).status_code == 405


async def test_many_who_ask_the_same_cost_one_question(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the same time and after; another minute asks anew."""
    clock = Clock(NOW)
    async with serving(clock=clock) as running:
        await running.house.put_site(Site(SITE))
        await running.house.engine.record([sign_of_life(1, NOW, 1, "/a", "DE")])
        await check_many(Told(running, [], clock), monkeypatch)


async def check_many(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, engine = list[object](), told.running.house.engine
    fetch = engine.fetch

    async def counting(statement: Any) -> Any:
        asked.append(statement)
        await asyncio.sleep(0.01)
        return await fetch(statement)

    monkeypatch.setattr(engine, "fetch", counting)
    answers: Sequence[Any] = await asyncio.gather(*[told.get("people", range="7d") for _ in range(20)])
    assert all(answer == answers[0] for answer in answers)
    assert any(answers[0]["people"])
    await told.get("people", range="7d")
    assert len(asked) == 1
    told.clock.now += MINUTE
    await told.get("people", range="7d")
    assert len(asked) == 2


async def test_one_address_cannot_ask_without_end(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not answered from memory is limited; 429 says so, and others are answered."""
    monkeypatch.setattr("footfall.http.figures.QUESTIONS_AT_ONCE", 2)
    monkeypatch.setattr("footfall.http.figures.QUESTIONS_PER_SECOND", 0.001)
    async with serving(trusted_proxies=("127.0.0.1",)) as running:
        greedy = {"x-forwarded-for": "203.0.113.9"}
        texts = [await running.client.get(f"/api/pages/{OPEN.id}?q={n}", headers=greedy) for n in range(5)]
        assert [answer.status_code for answer in texts] == [200, 200, 200, 429, 429]  # the third goes into debt
        assert int(texts[-1].headers["retry-after"]) > 0
        assert (await running.client.get(f"/api/pages/{OPEN.id}")).status_code == 200
        owner = {**greedy, **running.owner}  # who has questions of their own
        assert (await running.client.get(f"/api/pages/{OPEN.id}", headers=owner)).status_code == 200


async def test_history_that_does_not_answer_is_said(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with Retry-After, and nothing of the failure is remembered."""
    from footfall.errors import TooExpensive

    with monkeypatch.context() as patch:

        async def slow(statement: Any) -> Any:
            raise TooExpensive("the question took longer than 5 s")

        patch.setattr(running.house.engine, "fetch", slow)
        for door in ("people", "replay"):
            answer = await running.client.get(f"/api/{door}/{OPEN.id}")
            assert (answer.status_code, set(answer.json())) == (503, {"error"})
            assert int(answer.headers["retry-after"]) > 0
    assert (await running.client.get(f"/api/people/{OPEN.id}")).status_code == 200
