"""A hostile viewer: watches the stream, polls every door, keeps every byte, and tries to find out where one reader is."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest

from footfall import rules
from footfall.model import Site

from .conftest import Running, serve
from .test_collect import BROWSER
from .test_live import Events, stream

pytestmark = pytest.mark.slow  # it waits for many tellings
SITE, K = "wall", 3
CLOCK = 300  # ms between two tellings of places here
CITIES = {
    "Berlin": ("DE", "52.5173", "13.3889"),
    "Paris": ("FR", "48.8534", "2.3488"),
    "Oslo": ("NO", "59.9133", "10.7389"),
    "Kleinkleckersdorf": ("DE", "51.1234", "12.9876"),
}
DOORS = ("live/wall", "pages/wall", "people/wall?range=30m", "replay/wall", "count/wall", "people/wall?path=/diary-of-one")
SECRETS = (
    "203.0.113.",
    "Kleinkleckersdorf",
    "/diary-of-one",
    "s3cret",
    "?page",
    "hostile-test-",
    "52.5",
    "48.8",
    "59.9",
    "51.1",
    "12.9",
)

Place = tuple[str, str, float | None, float | None]


class Readers:
    """People with an address, a city and a page; the server believes what is told of them, because it is told with the key."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._ids = count(1)
        self.pages: dict[int, str] = {}  # who is here, and where they read

    async def tell(self, number: int, city: str, path: str, kind: str = "view") -> None:
        """A fact of reader `number`."""
        country, latitude, longitude = CITIES[city]
        headers = {
            **self._running.owner,
            "content-type": "application/json",
            "user-agent": BROWSER,
            "x-forwarded-for": f"203.0.113.{number}",
            "x-vercel-ip-country": country,
            "x-vercel-ip-city": city,
            "x-vercel-ip-latitude": latitude,
            "x-vercel-ip-longitude": longitude,
        }
        fact = {"s": SITE, "k": kind, "i": f"hostile-test-{next(self._ids):08d}", "u": f"https://example.com{path}"}
        answer = await self._running.client.post("/e", content=json.dumps(fact), headers=headers)
        assert answer.status_code == 204, answer.text
        self.pages[number] = path

    async def leave(self, number: int, city: str) -> None:
        """Reader `number` closes the page."""
        await self.tell(number, city, self.pages[number], "leave")
        del self.pages[number]


def places_of(told: dict[str, Any], before: dict[Place, int]) -> dict[Place, int]:
    """The places after a snapshot or delta."""
    lines = {
        (line["country"], line["city"], line["latitude"], line["longitude"]): line["here"] for line in told.get("places", ())
    }
    return {place: here for place, here in (before | lines).items() if here}


class Watcher:
    """Everything that a stranger is told, in order."""

    def __init__(self, running: Running, events: Events) -> None:
        self._running = running
        self._events = events
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.told: list[dict[Place, int]] = []  # the places, one state after the other
        self.versions: dict[int, dict[Place, int]] = {}  # the places at each version that was heard
        self.people = 0
        self.polled: list[str] = []
        self._changed = asyncio.Event()

    async def listen(self) -> None:
        """Take what comes."""
        places: dict[Place, int] = {}
        while True:
            event, data = await self._events.message()
            self.heard.append((event, data))
            self.people = data.get("people", self.people)
            places = places_of(data, {} if event == "snapshot" else places)
            self.versions[data["to" if event == "delta" else "version"]] = places
            if not self.told or self.told[-1] != places:
                self.told.append(places)
            self._changed.set()

    async def until(self, wanted: Any) -> None:
        """Wait until `wanted()`."""
        async with asyncio.timeout(30):
            while not wanted():
                self._changed.clear()
                await self._changed.wait()

    async def poll(self) -> None:
        """Ask every door once."""
        for door in DOORS:
            answer = await self._running.client.get(f"/api/{door}")
            assert answer.status_code in (200, 503)  # 503: history may be slow
            self.polled.append(answer.text)

    async def some_tellings(self) -> None:
        """Long enough for places to be told several times, if there is anything to tell."""
        for _ in range(5):
            await self.poll()
            await asyncio.sleep(CLOCK / 1000)

    def check(self) -> None:
        """What no stranger may ever see, in no byte; and that pages and places never come together."""
        everything = json.dumps(self.heard, ensure_ascii=False) + "".join(self.polled)
        assert [secret for secret in SECRETS if secret in everything] == []
        for visitor in self._running.house.engine.fold.site(SITE).presence.readers:
            assert str(visitor) not in everything
        for event, data in self.heard:
            assert event == "snapshot" or "places" not in data or set(data) == {"from", "to", "at", "places"}
            assert all(line["city"] == line["country"] == "" for line in data.get("arrivals", ()))
            for line in data.get("places", ()):
                assert all(degrees is None or degrees == int(degrees) for degrees in (line["latitude"], line["longitude"]))
        for before, after in pairwise(self.told):
            change = {place: after.get(place, 0) - before.get(place, 0) for place in {*before, *after}}
            more, less = sum(c for c in change.values() if c > 0), -sum(c for c in change.values() if c < 0)
            assert more >= K or less >= K or (more and less)  # groups that come and go at once may hold the same places
            assert sum(after.values()) >= K or not after


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Places are told often and readers go soon, so that there is much to compare."""
    monkeypatch.setattr(rules, "PLACES_CLOCK", CLOCK)
    monkeypatch.setattr(rules, "LEAVE_GRACE", 100)
    monkeypatch.setattr("footfall.http.figures.QUESTIONS_AT_ONCE", 100_000)


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[tuple[Readers, Watcher]]:
    """A public site whose cities and pages many have seen, but for one city and one page; nobody is here."""
    async with serve(folder) as running:
        await running.house.put_site(Site(SITE, visibility="public", k=K, params=("page",)))
        readers = Readers(running)
        homes = [city for city in CITIES for _ in range(1 if city.startswith("Klein") else K)]
        for number, home in enumerate(homes, 100):
            for path in ("/", "/a", "/b", "/many?page=s3cret"):
                await readers.tell(number, home, path)
            await readers.leave(number, home)
        async with stream(running, f"/api/live/{SITE}/stream") as events:
            watcher = Watcher(running, events)
            listening = asyncio.create_task(watcher.listen())
            try:
                await watcher.until(lambda: watcher.told and watcher.people == 0 and watcher.told[-1] == {})
                yield readers, watcher
            finally:
                listening.cancel()


async def test_one_reader_who_comes_moves_and_goes_is_never_placed(tmp_path: Path) -> None:
    """While others stay, whatever one does changes no place; what does change is told of three at least."""
    async with watched(tmp_path / "data") as (readers, watcher):
        for number, city in ((1, "Berlin"), (2, "Berlin"), (3, "Oslo")):
            await readers.tell(number, city, "/")
        await watcher.until(lambda: sum(watcher.told[-1].values()) == 3)
        berlin, oslo = ("DE", "Berlin", 53.0, 13.0), ("NO", "Oslo", 60.0, 11.0)
        assert watcher.told[-1] == {berlin: 2, oslo: 1}
        tellings = len(watcher.told)

        for path in ("/a", "/diary-of-one", "/b", "/many?page=s3cret"):  # one comes, and moves
            await readers.tell(4, "Paris", path)
            await watcher.until(lambda: watcher.people == 4)
            await watcher.some_tellings()
        await readers.leave(4, "Paris")
        await watcher.until(lambda: watcher.people == 3)
        await watcher.some_tellings()
        await readers.leave(1, "Berlin")  # one of those who were told of goes
        await watcher.until(lambda: watcher.people == 2)
        await watcher.some_tellings()
        assert len(watcher.told) == tellings

        await readers.leave(2, "Berlin")  # now most of them have gone: all three are taken back, also the one who stays
        await watcher.until(lambda: watcher.told[-1] == {})
        for number, city in ((5, "Paris"), (6, "Berlin")):
            await readers.tell(number, city, "/a")
        await watcher.until(lambda: watcher.people == 3)
        await watcher.some_tellings()
        assert watcher.told[-1] == {}  # of these three one was told of before
        await readers.tell(7, "Kleinkleckersdorf", "/diary-of-one")
        await watcher.until(lambda: watcher.told[-1] == {berlin: 1, ("FR", "Paris", 49.0, 2.0): 1, ("DE", "", None, None): 1})
        watcher.check()


async def test_nothing_leaks_while_readers_come_and_go(tmp_path: Path) -> None:
    """A crowd that does anything for a while; the viewer polls all the while and finds nothing of anybody."""
    chance = random.Random(3)
    async with watched(tmp_path / "data") as (readers, watcher):
        homes = {number: chance.choice(list(CITIES)[:3]) for number in range(1, 25)} | {25: "Kleinkleckersdorf"}
        for step in range(150):
            number = chance.choice(list(homes))
            if number in readers.pages and chance.random() < 0.4:
                await readers.leave(number, homes[number])
            else:
                await readers.tell(number, homes[number], chance.choice(["/", "/a", "/b", "/many?page=s3cret"]))
            if step % 10 == 0:
                await watcher.poll()
            await asyncio.sleep(chance.random() * 0.05)
        for number in list(readers.pages):
            await readers.leave(number, homes[number])
        await watcher.until(lambda: watcher.people == 0 and watcher.told[-1] == {})
        assert len(watcher.told) > 3
        watcher.check()
        snapshots = [json.loads(text) for text in watcher.polled if '"version"' in text]
        alike = [snapshot for snapshot in snapshots if snapshot["version"] in watcher.versions]
        assert alike
        assert all(places_of(one, {}) == watcher.versions[one["version"]] for one in alike)  # polling shows what the stream does
