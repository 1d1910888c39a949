"""Where a client's call goes: the endpoint, and the site, by the prefix of the address or by the name of the host."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from footfall.convex.setting import OFF
from footfall.model import Site

CALLS = ("query", "mutation", "action", "query_ts", "query_at_ts", "function", "debug_event")
SYNC = "sync"
# A base address that ends with a slash doubles it; the version in front of sync is the client's.
_PATH = re.compile(rf"(?:/convex/([a-z0-9-]{{2,32}}))?//?api/(?:({'|'.join(CALLS)})|(?:[^/]{{1,40}}/)?({SYNC}))").fullmatch


class Address(NamedTuple):
    """`site` is "" where the host's name has to tell it."""

    site: str
    endpoint: str


def read_address(path: str) -> Address | None:
    """What a path leads to, None if to nothing here."""
    found = _PATH(path)
    return None if found is None else Address(found[1] or "", found[2] or found[3])


def site_at(host: str, sites: Mapping[str, Site]) -> Site | None:
    """The site that a host name means, of those whose door is open: one that names it among its hosts, else the one with the
    longest `*.` pattern that fits, else the only one there is."""
    opened = [site for site in sites.values() if site.convex != OFF]
    name = host.lower().removesuffix(".") if host.startswith("[") else host.lower().partition(":")[0].removesuffix(".")
    fitting = [
        (pattern == name, len(pattern), site)
        for site in opened
        for pattern in site.hosts
        if pattern == name or (pattern.startswith("*.") and name.endswith(pattern[1:]))
    ]
    if fitting:
        return max(fitting, key=lambda fit: fit[:2])[2]
    return opened[0] if len(opened) == 1 else None
