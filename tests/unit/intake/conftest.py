"""A real intake: the real lists of crawlers, user agents and countries, with fixed secrets and ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from itertools import count
from typing import Any

import crawleruseragents  # type: ignore[import-untyped]  # it ships no types
import iptocc
import msgspec
import pytest
import ua_parser

from footfall.intake import Agents, Intake, Sources
from footfall.model import Site

SITES = {
    "blog": Site("blog"),
    "shop": Site("shop", hosts=("shop.example", "*.shop.example"), params=("page", "sort"), window=0),
}

SOURCES = Sources(msgspec.json.decode(files("footfall.intake").joinpath("referrers.json").read_bytes()))


@pytest.fixture(scope="session")
def agents() -> Agents:
    """Reads user agents by the real lists."""
    return Agents([entry["pattern"] for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA], ua_parser.parse)


@pytest.fixture(scope="session")
def build(agents: Agents) -> Callable[..., Intake]:
    """Makes an intake, with any of its parts replaced."""

    def make(sites: Mapping[str, Site] = SITES, **parts: Any) -> Intake:
        ids = count(1)
        usual: dict[str, Any] = {
            "secret": b"0123456789abcdef",
            "salt": lambda day: b"salt of day %d" % day,
            "known": lambda site, visitor: False,
            "fresh_id": lambda: next(ids),
            "agents": agents,
            "countries": iptocc.country_code,
            "sources": SOURCES,
        }
        return Intake(sites=sites, **{**usual, **parts})

    return make


@pytest.fixture(scope="session")
def intake(build: Callable[..., Intake]) -> Intake:
    """An intake of two sites: `blog`, open to all, and `shop`, with hosts, parameters and no window."""
    return build()
