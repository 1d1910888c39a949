"""One request in, facts or named refusals out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from footfall.intake.agents import Agents
from footfall.intake.caller import Caller
from footfall.intake.reasons import Reason, Refusal
from footfall.model import Fact, Site


class Taken(msgspec.Struct):
    """What became of a request: `indexes[n]` is where `facts[n]` stood in the array; `refused` is for the ledger:
    (site, door, reason) of each refusal, site "" when it named none that exists."""

    facts: list[Fact] = []
    indexes: list[int] = []
    errors: list[Refusal] = []
    refused: list[tuple[str, str, Reason]] = []


class Intake:
    """Built once by the wiring.

    `sites` is a live view. `secret` (16 to 64 bytes) keys all hashes. `salt(day)` gives the salt of a UTC day number
    (days since 1970). `known(site, visitor)`: whether the visitor is still in the live state. `fresh_id()`: 64 random bits.
    `countries(address)` is `iptocc.country_code`; `cities(address)` the `get` of a maxminddb reader, if there is one.
    """

    def __init__(
        self,
        *,
        sites: Mapping[str, Site],
        secret: bytes,
        salt: Callable[[int], bytes],
        known: Callable[[str, int], bool],
        fresh_id: Callable[[], int],
        agents: Agents,
        countries: Callable[[str], str | None],
        cities: Callable[[str], object] | None = None,
    ) -> None:
        raise NotImplementedError

    def collect(self, body: bytes, caller: Caller) -> Taken:
        """`POST /e`. Never raises for anything that a client can send."""
        raise NotImplementedError

    def pixel(self, params: Mapping[str, str], caller: Caller) -> Taken:
        """`GET /p.gif`, `params` being its decoded query."""
        raise NotImplementedError

    def original_view(self, site: str, path: str, page_type: str, session: str, arrival: int) -> Fact:
        """The original's recordPageView. Raises InvalidInput naming path, pageType or sessionId; NotFound for the site."""
        raise NotImplementedError

    def original_beat(
        self,
        site: str,
        session: str,
        path: str,
        city: str | None,
        country: str | None,
        latitude: float | None,
        longitude: float | None,
        arrival: int,
    ) -> Fact:
        """The original's heartbeat; None: not given. Raises InvalidInput naming sessionId, currentPath, city, ..."""
        raise NotImplementedError
