"""One request of our own clients in, facts or named refusals out. The steps, in order, are the lines of `Intake._take`.

It knows sites and callers, but not when it is, what was counted before, or what becomes of a fact.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import msgspec

from footfall.intake import wire
from footfall.intake.agents import Agent, Agents, judged
from footfall.intake.caller import Caller
from footfall.intake.geo import Place, place_of_country, place_of_record
from footfall.intake.identity import Identity
from footfall.intake.page import NO_CAMPAIGN, Page, host_of, read_page, read_path, read_referrer
from footfall.intake.reasons import Reason, Refusal, Refuse
from footfall.intake.sources import Sources
from footfall.intake.text import cut, fits
from footfall.model import Fact, Kind, Site
from footfall.rules import MAX_PATH_BYTES, MAX_TEXT_BYTES, PIXEL, SCRIPT

_LANGUAGE = re.compile(r"\s*([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}|[A-Za-z]{2}|\d{3})(?![A-Za-z0-9]))?(?![A-Za-z0-9])").match
_SCREEN_LIMITS = (1, 576, 768, 1024, 1440)  # widths at which the next class begins
_SCREENS = ("", "xs", "sm", "md", "lg", "xl")
MAX_TAG = 35  # characters of a language tag or header that are looked at
REMEMBERED = 500  # characters of an address that is worth remembering


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
    `shares`: see Identity.
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
        sources: Sources,
        shares: int = 1,
    ) -> None:
        self._sites = sites
        self.identity = Identity(secret, salt, known, shares)
        self._fresh_id = fresh_id
        self._agents = agents
        self._countries = countries
        self._cities = cities
        self._sources = sources
        self._language = lru_cache(1_000)(language_of)
        self._page = lru_cache(4_096)(read_page)  # readers read the same pages,
        self._referrer = lru_cache(4_096)(read_referrer)  # and come from the same ones

    def collect(self, body: bytes, caller: Caller) -> Taken:
        """`POST /e`. Raises nothing for what a client can send, and whatever `salt` raises (Busy): nothing was taken then."""
        taken = Taken()
        try:
            items = wire.decode(body)
        except Refuse as refuse:
            _refuse(taken, refuse, None, "", SCRIPT)
            return taken
        agent = self._agents.read(caller.user_agent)
        place = self._place(caller)
        for index, item in enumerate(items):
            try:
                fact = self._take(item, caller, agent, place)
            except Refuse as refuse:
                _refuse(taken, refuse, index, self._site_of(item), SCRIPT)
            else:
                taken.facts.append(fact)
                taken.indexes.append(index)
        return taken

    def pixel(self, params: Mapping[str, str], caller: Caller) -> Taken:
        """`GET /p.gif`, `params` being its decoded query (surrogateescape); all but s, p, r and t is nobody's business."""
        taken = Taken()
        try:
            taken.facts.append(self._take_pixel(params, caller))
            taken.indexes.append(0)
        except Refuse as refuse:
            _refuse(taken, refuse, None, self._site_of(params), PIXEL)
        return taken

    # --- the steps ---

    def _take(self, item: object, caller: Caller, agent: Agent, place: Place) -> Fact:
        sent = wire.judge(item)
        _refuse_prefetch(caller)
        named = self._sites.get(sent["s"])
        address = sent["u"]
        read = self._page if len(address) <= REMEMBERED else read_page
        page = _page(read(address, named.params if named else ()), "u")
        site = _admit(named, page.host, caller)
        _refuse_opted_out(site, caller)
        return self._fact(SCRIPT, wire.KINDS[sent["k"]], site, page, sent, caller, agent, place)

    def _take_pixel(self, params: Mapping[str, str], caller: Caller) -> Fact:
        sent = wire.judge_pixel(params)
        _refuse_prefetch(caller)
        named = self._sites.get(sent["s"])
        kept = named.params if named else ()
        page = read_page(caller.referer, kept)
        if sent.get("p"):
            if not sent["p"].startswith("/"):
                raise wire.malformed("p")
            page = Page(page.host if page else "", read_path(sent["p"], kept), page.campaign if page else NO_CAMPAIGN)
        page = _page(page, "p")
        site = _admit(named, page.host, caller)
        _refuse_opted_out(site, caller)
        agent = self._agents.read(caller.user_agent)
        return self._fact(PIXEL, Kind.VIEW, site, page, sent, caller, agent, self._place(caller))

    def _fact(
        self, door: str, kind: Kind, site: Site, page: Page, sent: wire.Sent, caller: Caller, agent: Agent, place: Place
    ) -> Fact:
        session = sent.get("v")
        if session is None:
            visitor = self.identity.of_day(site.id, caller.address, caller.user_agent, caller.arrival)
        else:
            visitor = self.identity.of_session(site.id, session)
        named = sent.get("i")
        id = self._fresh_id() if named is None else self.identity.fact(site.id, named, visitor)
        properties, referrer = sent.get("d"), self._referrer_of(sent.get("r", ""), page.host, site.hosts)
        # By position, in the order of Fact: naming 38 fields takes 1.5 µs, a tenth of everything here.
        return Fact(
            site.id,
            kind,
            visitor,
            id,
            door,
            caller.arrival,
            sent.get("a", 0),
            page.path,
            site.window,
            judged(agent.bot, caller.user_agent, site.bots, site.not_bots) if site.bots or site.not_bots else agent.bot,
            "",  # page_type: the original's clients alone tell one
            cut(sent.get("t", ""), MAX_TEXT_BYTES),
            page.host,
            referrer,
            *page.campaign,
            place.country or None,
            place.region or None,
            place.city or None,
            place.latitude,
            place.longitude,
            agent.browser,
            agent.browser_version,
            agent.os,
            agent.os_version,
            agent.device,
            self._language((sent.get("l") or caller.accept_language)[:MAX_TAG]),
            screen_of(sent.get("w", 0)),
            sent.get("n", ""),
            {key: wire.property_text(value) for key, value in properties.items()} if properties else None,
            wire.within(sent.get("e", 0), wire.MAX_AGE),
            wire.within(sent.get("c", 0), 100),
            session is None,
            *self._source(page, referrer),
        )

    def _source(self, page: Page, referrer: str) -> tuple[str, str]:
        """Where the reader came from, and what kind of source that is."""
        source, medium, name, _, _ = page.campaign
        return self._sources.read(referrer.partition("/")[0], source or page.tag, medium, name, page.click)

    def _referrer_of(self, address: str, host: str, own: Sequence[str]) -> str:
        """Where the reader came from, if not from a host of the site."""
        referrer = (self._referrer if len(address) <= REMEMBERED else read_referrer)(address, host) if address else ""
        return "" if referrer and own and allows(own, referrer.partition("/")[0]) else referrer

    def _site_of(self, item: object) -> str:
        """The site that a refused item named, "" if there is no such site: a stranger's words do not become ledger lines."""
        named = item.get("s") if isinstance(item, Mapping) else None
        return named if isinstance(named, str) and named in self._sites else ""

    def _place(self, caller: Caller) -> Place:
        if caller.place is not None:
            return caller.place
        if self._cities is not None:
            try:
                place = place_of_record(self._cities(caller.address))
            except ValueError:  # not an address, or an IPv6 one and the file has only IPv4
                place = None
            if place is not None:
                return place
        return place_of_country(self._countries(caller.address))


def language_of(tag: str) -> str:
    """The first two parts of a BCP 47 tag, or of the first one in an Accept-Language header: "en-GB", "zh-Hans"; "" if none."""
    match = _LANGUAGE(tag)
    if match is None:
        return ""
    language, part = match[1].lower(), match[2]
    if part is None:
        return language
    return f"{language}-{part.title() if len(part) == 4 else part.upper()}"


def screen_of(width: float) -> str:
    """The class of a screen this many CSS pixels wide; "" for 0, which stands for not known."""
    return _SCREENS[bisect_right(_SCREEN_LIMITS, width)]


def _page(page: Page | None, key: str) -> Page:
    if page is None:
        raise wire.malformed(key)
    if not fits(page.path, MAX_PATH_BYTES):
        raise Refuse(Reason.MALFORMED, key, f"a path of at most {MAX_PATH_BYTES} bytes")
    return page


def _refuse_prefetch(caller: Caller) -> None:
    if caller.prefetch:
        raise Refuse(Reason.PREFETCH, "fact")


def _refuse_opted_out(site: Site, caller: Caller) -> None:
    if reason := opted_out(site, dnt=caller.dnt, gpc=caller.gpc):
        raise Refuse(reason, "fact")


def opted_out(site: Site, *, dnt: bool, gpc: bool) -> Reason | None:
    """Why a reader is left out whose browser sends that, if the site says so."""
    sent = {Reason.DNT: dnt, Reason.GPC: gpc}
    return next((reason for reason in sent if sent[reason] and reason in site.opt_outs), None)


def _admit(site: Site | None, page_host: str, caller: Caller) -> Site:
    """The site, if it is one, and takes this fact. One with hosts takes what comes from them (Origin, else Referer, else what
    the fact says) and is about them. This is the last thing that is judged: a malformed fact is told the same for every site.
    """
    if site is None:
        raise Refuse(Reason.SITE, "s")
    if not site.hosts:
        return site
    sender = host_of(caller.origin) or host_of(caller.referer) or page_host
    if not (allows(site.hosts, sender) and allows(site.hosts, page_host)):
        raise Refuse(Reason.HOST, "s")
    return site


def allows(hosts: Sequence[str], host: str) -> bool:
    """Whether a host is one of a site's."""
    return host in hosts or any(allowed.startswith("*.") and host.endswith(allowed[1:]) for allowed in hosts)


def _refuse(taken: Taken, refuse: Refuse, index: int | None, site: str, door: str) -> None:
    taken.errors.append(refuse.told(index))
    taken.refused.append((site, door, refuse.reason))
