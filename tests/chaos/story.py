"""What readers do, made up from a seed, and what must come of it: the client's own model of views, visitors and rows.

Every fact carries a text of its own (the title of a view, the name of an event), so that its row can be found: ids are
hashed on their way in.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass, field

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@dataclass(slots=True)
class Request:
    """Facts that are sent together. `accepted` of its facts will be acknowledged; the others are malformed."""

    body: bytes
    headers: dict[str, str]
    facts: int
    accepted: int
    sent: int = 0


@dataclass(slots=True)
class Model:
    """What history and the live state must say once everything was acknowledged."""

    titles: set[str] = field(default_factory=set)  # of every view, counted or not, also of a bot's
    names: set[str] = field(default_factory=set)  # of every event
    views: set[tuple[str, str]] = field(default_factory=set)  # (visitor, path)
    visitors: set[str] = field(default_factory=set)  # who had a view
    outcomes: Counter[str] = field(default_factory=Counter)


class Story:
    """Makes requests for one site. Everybody reads within one window, so a visitor's path counts once."""

    def __init__(self, site: str, seed: int) -> None:
        self.site = site
        self.model = Model()
        self._random = random.Random(seed)
        self._made = 0
        self._reader = 0
        self._read: list[tuple[str, str]] = []  # views that may be repeated

    def request(self) -> Request:
        """The next one: mostly single facts, batches of all sizes, now and then a bot, a reader without a session, a mistake."""
        chance = self._random.random()
        if chance < 0.05:
            return self._packed([self._bot_view()], BOT)
        if chance < 0.15:
            return self._packed([self._plain_view()], BROWSER, address=self._address())
        if chance < 0.25:
            return self._packed([self._fact() for _ in range(self._random.randint(2, 100))], BROWSER)
        if chance < 0.27:
            return self._packed([self._fact(), {"s": self.site, "k": "view"}], BROWSER)
        return self._packed([self._fact()], BROWSER)

    def _packed(self, facts: list[dict[str, object]], agent: str, address: str = "192.0.2.1") -> Request:
        body: object = facts if len(facts) > 1 or self._random.random() < 0.5 else facts[0]
        accepted = sum("i" in fact for fact in facts)
        return Request(json.dumps(body).encode(), {"user-agent": agent, "x-forwarded-for": address}, len(facts), accepted)

    def _address(self) -> str:
        self._reader += 1
        return f"10.{self._reader >> 16}.{self._reader >> 8 & 255}.{self._reader & 255}"

    def _base(self, kind: str, path: str) -> dict[str, object]:
        self._made += 1
        id = f"{self._random.getrandbits(96):024x}"
        return {"s": self.site, "k": kind, "i": id, "u": f"https://site.test{path}"}

    def _fact(self) -> dict[str, object]:
        chance = self._random.random()
        if chance < 0.5 or not self._read:
            self._reader += 1
            return self._view(f"session-{self._reader}", f"/page-{self._made % 997}")
        visitor, path = self._random.choice(self._read[-500:])
        if chance < 0.7:
            return self._view(visitor, path)
        if chance < 0.85:
            return self._event(visitor, path)
        self.model.outcomes["beat"] += 1
        return {**self._base("beat", path), "v": visitor, "e": 1000}

    def _view(self, visitor: str, path: str) -> dict[str, object]:
        made = {**self._base("view", path), "v": visitor, "t": f"title {self._made}"}
        repeat = (visitor, path) in self.model.views
        self.model.outcomes["repeat" if repeat else "view"] += 1
        self.model.titles.add(f"title {self._made}")
        self.model.views.add((visitor, path))
        self.model.visitors.add(visitor)
        self._read.append((visitor, path))
        return made

    def _plain_view(self) -> dict[str, object]:
        """Of a reader without a session, whose address is still to be made up."""
        visitor, path = f"address-{self._reader + 1}", f"/plain-{self._made % 31}"
        made = {**self._base("view", path), "t": f"title {self._made}"}
        self.model.outcomes["view"] += 1
        self.model.titles.add(f"title {self._made}")
        self.model.views.add((visitor, path))
        self.model.visitors.add(visitor)
        return made

    def _bot_view(self) -> dict[str, object]:
        made = {**self._base("view", "/"), "v": "robot", "t": f"title {self._made}"}
        self.model.outcomes["bot"] += 1
        self.model.titles.add(f"title {self._made}")
        return made

    def _event(self, visitor: str, path: str) -> dict[str, object]:
        made = {**self._base("event", path), "v": visitor, "n": f"event {self._made}", "d": {"n": self._made}}
        self.model.outcomes["event"] += 1
        self.model.names.add(f"event {self._made}")
        return made
