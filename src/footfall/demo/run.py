"""The demo at work: a crowd of readers, sent through POST /e as the script of a page would, to a server that runs or is started.

Requests carry the owner's key, and so may state whose address and place they speak for (docs/wire.md). Addresses are drawn
at random until one lies in the wanted country; nothing is ever sent to them.
"""

from __future__ import annotations

import asyncio
import math
import random
import secrets
import signal
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta
from ipaddress import IPv4Address
from urllib.parse import quote

import click
import httpx
import iptocc

from footfall.admin import Owner, Refused, connected, owner, reachable
from footfall.config import Config
from footfall.demo.past import past
from footfall.demo.readers import Fact, Reader, somebody, visit
from footfall.demo.world import NAME, NOT_POSTS, ORIGIN, PAGES, PLACES, SITE
from footfall.house import make_intake
from footfall.intake import Intake
from footfall.live.fold import Fold
from footfall.model import Site
from footfall.serve import running

PAST = 29 * 60.0  # seconds; the server takes facts that are up to 30 minutes old
PAST_VISITS = 400  # at most: with a large crowd the past is shorter
DAY = 600.0  # seconds from one busy time to the next, so that it can be watched
SWING = 0.35  # how much busier than the middle it is then
ADDRESSES = 60_000  # drawn; some hundred of them lie in the smallest of the countries
AT_ONCE = 16  # requests
REQUESTS_PER_SECOND = 250.0
ATTEMPTS = 6
OVER = "\r\033[K"  # writes over the line of a terminal


class Crowd:
    """About `size` readers at a time. Seconds are those of `time.monotonic`."""

    def __init__(self, door: Owner, size: int, chance: random.Random) -> None:
        self._door = door
        self._size = size
        self._chance = chance
        self._addresses = addresses_by_country(chance)
        self._known: list[Reader] = []
        self._next_request = 0.0
        self._gate = asyncio.Semaphore(AT_ONCE)
        self.here = 0
        self.sent = 0

    async def live(self) -> None:
        """Readers come and go until this is cancelled. It begins in the past, so that the page is alive at once."""
        mean = self._mean_stay()
        now = time.monotonic()
        arrival = now - min(PAST, max(2 * mean, PAST_VISITS * mean / self._size))
        async with asyncio.TaskGroup() as visits:
            over: list[tuple[float, list[tuple[float, list[Fact]]], Reader]] = []
            while arrival < now:
                reader, steps = self._one(arrival)
                if steps[-1][0] > now:
                    visits.create_task(self._play(reader, steps))
                else:
                    over.append((arrival, steps, reader))
                arrival += self._pause(arrival, mean)
            visits.create_task(self._tell_the_past(over))
            while True:
                await asyncio.sleep(arrival - time.monotonic())
                visits.create_task(self._play(*self._one(arrival)))
                arrival += self._pause(arrival, mean)

    def _one(self, arrival: float) -> tuple[Reader, list[tuple[float, list[Fact]]]]:
        """A reader, one in five of them back again, and the steps of the visit at their times."""
        if self._known and self._chance.random() < 0.2:
            reader = self._chance.choice(self._known)
        else:
            reader = somebody(self._chance, self._addresses)
            self._known.append(reader)
            del self._known[:-500]
        steps, at = [], arrival
        for pause, facts in visit(reader, self._chance):
            at += pause
            steps.append((at, facts))
        return reader, steps

    def _pause(self, at: float, mean: float) -> float:
        """Until the next arrival: a Poisson process whose rate swings like a day."""
        rate = self._size / mean * (1 + SWING * math.sin(2 * math.pi * at / DAY))
        return self._chance.expovariate(rate)

    def _mean_stay(self) -> float:
        """How long a reader is here, on the average, as the server sees it: until 10 s after a goodbye or 2 min without one."""
        reader = somebody(self._chance, self._addresses)
        total = 0.0
        for _ in range(300):
            steps = list(visit(reader, self._chance))
            total += sum(pause for pause, _ in steps) + (10 if steps[-1][1][-1]["k"] == "leave" else 120)
        return total / 300

    async def _tell_the_past(self, over: list[tuple[float, list[tuple[float, list[Fact]]], Reader]]) -> None:
        for _, steps, reader in over:
            await self._send(reader, steps)

    async def _play(self, reader: Reader, steps: Sequence[tuple[float, list[Fact]]]) -> None:
        self.here += 1
        try:
            now = time.monotonic()
            past = [step for step in steps if step[0] <= now]
            if past:
                await self._send(reader, past)
            for step in steps[len(past) :]:
                await asyncio.sleep(step[0] - time.monotonic())
                await self._send(reader, [step])
        finally:
            self.here -= 1

    async def _send(self, reader: Reader, steps: Sequence[tuple[float, list[Fact]]]) -> None:
        """Steps of one reader in as few requests as the server takes, again with the same ids while it cannot take them."""
        told = [(at, {**fact, "s": SITE, "i": secrets.token_urlsafe(12)}) for at, facts in steps for fact in facts]
        for start in range(0, len(told), 100):
            part = told[start : start + 100]
            for attempt in range(ATTEMPTS):
                await self._turn()
                if await self._sent(reader, part):
                    break
                await asyncio.sleep(0.5 * 2**attempt * self._chance.uniform(0.5, 1))
            self.sent += len(part)

    async def _sent(self, reader: Reader, part: Sequence[tuple[float, Fact]]) -> bool:
        now = time.monotonic()
        body = [{**fact, "a": max(0, int((now - at) * 1000))} for at, fact in part]
        async with self._gate:
            try:
                response = await self._door.http.post("/e", json=body, headers=headers(reader))
            except httpx.TransportError:
                return False
        if response.status_code in (429, 500, 502, 503, 504):
            return False
        if response.is_error:
            if await self._door.site(SITE) is None:
                raise Refused("the demo was removed while it ran; it has ended")
            raise Refused(f"the server refused a reader of the demo: {response.text}")
        return True

    async def _turn(self) -> None:
        """Wait until the next request may go: a bounded speed, whatever the size of the crowd."""
        now = time.monotonic()
        self._next_request = max(now, self._next_request + 1 / REQUESTS_PER_SECOND)
        await asyncio.sleep(self._next_request - now)


def headers(reader: Reader) -> dict[str, str]:
    """What a proxy would tell of the reader."""
    place = reader.place
    return {
        "origin": ORIGIN,
        "user-agent": reader.user_agent,
        "accept-language": place.language,
        "x-forwarded-for": reader.address,
        "x-vercel-ip-country": place.country,
        "x-vercel-ip-country-region": place.region,
        "x-vercel-ip-city": quote(place.city),
        "x-vercel-ip-latitude": str(place.latitude),
        "x-vercel-ip-longitude": str(place.longitude),
    }


def addresses_by_country(chance: random.Random) -> Mapping[str, Sequence[str]]:
    """Addresses for every country of the demo's world."""
    wanted = {place.country for place in PLACES}
    found: defaultdict[str, list[str]] = defaultdict(list)
    while len(found) < len(wanted) or not found:
        for _ in range(ADDRESSES):
            address = str(IPv4Address(chance.randrange(0x01000000, 0xDF000000)))
            country = iptocc.country_code(address)
            if country in wanted:
                found[country].append(address)
    return found


async def tell_weeks(door: Owner, chance: random.Random) -> None:
    """The weeks before the demo, once: to a demo that nobody ever saw."""
    if any((await door.erase(SITE, dry_run=True))["matched"]):
        return
    secret, salts = secrets.token_bytes(32), secrets.token_bytes(16)
    sites = {SITE: Site(SITE)}

    def made(fold: Fold) -> Intake:
        return make_intake(sites, secret, lambda day: salts, fold.knows)

    chunks = past(chance, addresses_by_country(chance), time.time_ns() // 1_000_000, made)
    while chunk := await asyncio.to_thread(next, chunks, None):
        await door.adopt(chunk)


async def demo(config: Config, readers: int, seconds: float | None) -> None:
    """Run the demo for so many seconds, or until it is cancelled, as Ctrl-C and SIGTERM do."""
    me = asyncio.current_task()
    assert me is not None  # this is a coroutine that runs
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
    async with _server(config) as door:
        goals, letter = ({"name": "Subscribed", "event": "subscribe"},), date.today() - timedelta(17)
        note = {"at": letter.isoformat(), "text": "The letter of the season"}
        hosts = (ORIGIN.removeprefix("https://"),)
        await door.put(SITE, name=NAME, hosts=hosts, visibility="public", goals=goals, annotations=(note,))
        for page in PAGES[1:]:
            kind = "page" if page.path in NOT_POSTS else "post"
            await door.publish(SITE, kind, page.path.removeprefix("/"), page.title)
        click.echo(f"Readers are on their way: {config.public_url or door.address}/s/{SITE}")
        click.echo("Ctrl-C ends it. footfall demo --remove removes the site with all its data.")
        weeks = asyncio.create_task(tell_weeks(door, random.Random()), name="the weeks before")
        crowd = Crowd(door, readers, random.Random())
        progress = asyncio.create_task(_progress(crowd))
        try:
            async with asyncio.timeout(seconds):
                await crowd.live()
        except TimeoutError:
            pass  # the seconds are over
        except ExceptionGroup as group:
            raise group.exceptions[0] from group  # what the first reader met; the others met the same
        finally:
            weeks.cancel()
            progress.cancel()
            click.echo(f"{OVER if sys.stdout.isatty() else ''}{crowd.sent:,} facts were sent.")


async def remove(config: Config) -> None:
    """Remove the demo's site with all its data."""
    async with owner(config) as door:
        if await door.site(SITE) is None:
            click.echo("There is no demo to remove.")
            return
        click.echo(f"The demo is removed; {await door.remove(SITE):,} views went with it.")


@asynccontextmanager
async def _server(config: Config) -> AsyncIterator[Owner]:
    """The server that runs on the data folder, else one of our own for as long as the demo lasts."""
    address = await reachable(config.data_folder)
    if address is not None:
        async with connected(config.data_folder, address) as door:
            yield door
        return
    async with running(config) as server:
        click.echo(f"No server runs on {config.data_folder}: this one does, at {server.address}, until the demo ends.")
        async with connected(config.data_folder, server.address) as door:
            yield door


async def _progress(crowd: Crowd) -> None:
    """One line, calmly: rewritten on a terminal, once in half a minute elsewhere."""
    terminal = sys.stdout.isatty()
    while True:
        await asyncio.sleep(1 if terminal else 30)
        line = f"{crowd.here:,} readers here, {crowd.sent:,} facts sent"
        click.echo(OVER + line if terminal else line, nl=not terminal)
