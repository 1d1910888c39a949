"""What one reader does: arrives, reads, moves on, opens tabs, comes back to them, leaves, with or without saying so.

Pure: randomness is an argument, time is counted in seconds from the reader's arrival, and nothing is sent from here. The
facts are those that the script of a page would send (docs/wire.md), without site, id and age, which belong to the sending.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from footfall.demo.world import BROWSERS, ORIGIN, PAGES, PLACES, SOURCES, WIDTHS, Page, Place

BEAT = (20.0, 45.0)  # seconds between two beats, as in the script
WORDS_PER_SECOND = 20.0  # most skim
GOES_ON = 0.45
OPENS_TAB = 0.12
COMES_BACK = 0.3
SAYS_GOODBYE = 0.8  # the others just vanish: a phone that sleeps, a lost network
SUBSCRIBES = 0.25

_PAGES: Mapping[str, Page] = {page.path: page for page in PAGES}

Fact = dict[str, object]
Step = tuple[float, list[Fact]]


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody with a browser in a place. `session` is "" for most: the default mode of the script stores none."""

    address: str
    place: Place
    user_agent: str
    width: int
    session: str


def somebody(chance: random.Random, addresses: Mapping[str, Sequence[str]]) -> Reader:
    """A new reader, at one of the addresses of their country."""
    place = chance.choices(PLACES, [place.weight for place in PLACES])[0]
    user_agent, screen, _ = chance.choices(BROWSERS, [browser[2] for browser in BROWSERS])[0]
    session = f"{chance.getrandbits(128):032x}" if chance.random() < 0.1 else ""
    return Reader(chance.choice(addresses[place.country]), place, user_agent, chance.choice(WIDTHS[screen]), session)


def visit(reader: Reader, chance: random.Random) -> Iterator[Step]:
    """The steps of one visit: (seconds since the one before, facts told then)."""
    source = chance.choices(SOURCES, [source.weight for source in SOURCES])[0]
    path = source.entry or chance.choices(PAGES, [page.weight for page in PAGES])[0].path
    tabs = [path]
    yield 0.0, [_view(reader, path, source.referrer, source.query)]
    while True:
        page = _PAGES[tabs[-1]]
        stay = min(chance.lognormvariate(0, 0.9) * (page.words / WORDS_PER_SECOND + 6), 400.0)
        waited, beats = _reading(reader, page.path, stay, chance)
        yield from beats
        rest = stay - waited
        if page.path == "/newsletter" and chance.random() < SUBSCRIBES:
            yield rest, [_fact(reader, "event", page.path, n="subscribe", d={"list": "seasons"})]
            rest = 0.0
        draw = chance.random()
        if draw < GOES_ON:
            target = chance.choice(page.links)
            leave = _fact(reader, "leave", page.path, e=int(stay * 700), c=chance.randint(30, 100))
            tabs[-1] = target
            yield rest, [leave, _view(reader, target, ORIGIN + page.path)]
        elif draw < GOES_ON + OPENS_TAB and len(tabs) < 4:
            tabs.append(chance.choice(page.links))
            yield rest, [_view(reader, tabs[-1], ORIGIN + page.path)]
        elif len(tabs) > 1 and chance.random() < COMES_BACK + 0.4:
            closed = tabs.pop()
            yield rest, [_fact(reader, "leave", closed, e=int(stay * 700), c=100), _fact(reader, "beat", tabs[-1])]
        else:
            if chance.random() < SAYS_GOODBYE:
                yield rest, [_fact(reader, "leave", path, e=int(stay * 700), c=chance.randint(20, 100)) for path in tabs]
            return


def _reading(reader: Reader, path: str, stay: float, chance: random.Random) -> tuple[float, list[Step]]:
    """The beats of a reader who stays on a page, and how much of the stay they cover."""
    waited, beats = 0.0, []
    while (pause := chance.uniform(*BEAT)) + waited < stay:
        waited += pause
        beats.append((pause, [_fact(reader, "beat", path, e=int(pause * 700), c=int(100 * waited / stay))]))
    return waited, beats


def _view(reader: Reader, path: str, referrer: str, query: str = "") -> Fact:
    address = f"{path}?{query}" if query else path
    told = _fact(reader, "view", address, t=_PAGES[path].title, w=reader.width, l=reader.place.language)
    return {**told, "r": referrer} if referrer else told


def _fact(reader: Reader, kind: str, path: str, **more: object) -> Fact:
    told: Fact = {"k": kind, "u": ORIGIN + path, **more}
    return {**told, "v": reader.session} if reader.session else told
