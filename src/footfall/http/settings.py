"""The settings of a site: what a change may say, and what each must be. It knows no request and changes nothing itself."""

from __future__ import annotations

import re
import secrets
from zoneinfo import available_timezones

import msgspec

from footfall.content.source import check as check_sources
from footfall.convex.setting import CHOICES
from footfall.definitions import check, with_ids
from footfall.errors import InvalidInput
from footfall.model import Annotation, Goal, Segment, Site
from footfall.rules import MOST_K, REPEAT_CELL, REPEAT_WINDOW, SITE_IDS, is_site_id

HOST = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*").fullmatch
ORIGIN = re.compile(r"(https?://)?(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?(:\d{1,5})?|\*").fullmatch
VISIBILITIES = ("private", "public", "link")
GRIDS = (0.01, 30.0)  # degrees: about one kilometre, about a continent
RETENTION = 36_500  # days, at most
LINK = re.compile(r"[A-Za-z0-9_-]{16,64}").fullmatch  # what `linked` makes
MOST_AGENTS = 100
OPT_OUTS = frozenset({"dnt", "gpc"})
KS = (0, MOST_K)  # visitors who make a page or a place fit for strangers; 0: no number does


class SiteChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of PUT and PATCH: what is given replaces, what is left out stays (or is the default of a new site)."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    hosts: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    visibility: str | msgspec.UnsetType = msgspec.UNSET
    frames: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    params: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    grid: float | msgspec.UnsetType = msgspec.UNSET
    k: int | msgspec.UnsetType = msgspec.UNSET
    patterns: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    window: int | msgspec.UnsetType = msgspec.UNSET
    content: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    retention: int | msgspec.UnsetType = msgspec.UNSET
    link: str | msgspec.UnsetType = msgspec.UNSET
    convex: str | msgspec.UnsetType = msgspec.UNSET
    timezone: str | msgspec.UnsetType = msgspec.UNSET
    goals: tuple[Goal, ...] | msgspec.UnsetType = msgspec.UNSET
    segments: tuple[Segment, ...] | msgspec.UnsetType = msgspec.UNSET
    annotations: tuple[Annotation, ...] | msgspec.UnsetType = msgspec.UNSET
    bots: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    not_bots: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    opt_outs: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


def check_id(id: str) -> None:
    """Raises InvalidInput for an id that no new site may have."""
    if not is_site_id(id):
        raise InvalidInput("id", SITE_IDS)


def changed(site: Site, change: SiteChange) -> Site:
    """The site with a change applied. Raises InvalidInput naming the field."""
    given = {name: value for name in change.__struct_fields__ if (value := getattr(change, name)) is not msgspec.UNSET}
    for name in given.keys() & {"hosts", "frames"}:
        given[name] = tuple(item.lower() for item in given[name])
    site = msgspec.structs.replace(site, **given)
    if site.visibility not in VISIBILITIES:
        raise InvalidInput("visibility", " or ".join(VISIBILITIES))
    if site.convex not in CHOICES:
        raise InvalidInput("convex", " or ".join(CHOICES))
    if site.visibility == "link" and not site.link:
        site = linked(site)
    for host in site.hosts:
        if not HOST(host):
            raise InvalidInput("hosts", f'host names without a port, "*." allowed in front, not {host!r}')
    for origin in site.frames:
        if not ORIGIN(origin):
            raise InvalidInput("frames", f"origins like https://blog.example or https://*.blog.example, not {origin!r}")
    if not GRIDS[0] <= site.grid <= GRIDS[1]:
        raise InvalidInput("grid", f"degrees from {GRIDS[0]} to {GRIDS[1]}")
    if not KS[0] <= site.k <= KS[1]:
        raise InvalidInput("k", f"a whole number from {KS[0]} to {KS[1]}")
    for pattern in site.patterns:
        if not pattern.startswith(("/", "*")) or len(pattern) > 200:
            raise InvalidInput("patterns", f"paths like /blog/*, at most 200 characters, not {pattern!r}")
    if site.window != 0 and not REPEAT_CELL <= site.window <= REPEAT_WINDOW:
        raise InvalidInput("window", f"milliseconds from {REPEAT_CELL} to {REPEAT_WINDOW}, or 0")
    check_sources(site.content)
    if not 0 <= site.retention <= RETENTION:
        raise InvalidInput("retention", f"whole days from 1 to {RETENTION}, or 0: for ever")
    if site.link and not LINK(site.link):
        raise InvalidInput("link", "16 to 64 letters, digits, - and _, as an export has it")
    if len(site.name) > 200:
        raise InvalidInput("name", "at most 200 characters")
    if site.timezone not in available_timezones():
        raise InvalidInput("timezone", f"a name of the time zone database like Europe/Berlin, not {site.timezone[:50]!r}")
    site = with_ids(site)
    check(site, given)
    _check_bots(site)
    if not OPT_OUTS.issuperset(site.opt_outs):
        raise InvalidInput("opt_outs", f"any of {', '.join(sorted(OPT_OUTS))}")
    return site


def _check_bots(site: Site) -> None:
    for field, parts in (("bots", site.bots), ("not_bots", site.not_bots)):
        if len(parts) > MOST_AGENTS or not all(3 <= len(part) <= 200 and part.strip() == part for part in parts):
            raise InvalidInput(field, f"at most {MOST_AGENTS} parts of user agents, 3 to 200 characters each")


def linked(site: Site) -> Site:
    """The site with a new secret for its link."""
    return msgspec.structs.replace(site, link=secrets.token_urlsafe(16))
