"""The shapes that travel: records into the journal, verdicts out of the fold, rows into history.

Pure data: no decision is made here (rules.py decides), and nothing here knows how or where it is stored.
Times are integer milliseconds since 1970 UTC. Ids and visitors are unsigned 64-bit integers.
Records are encoded as MessagePack arrays: a field may be appended with a default, never moved, removed or renamed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

import msgspec

from footfall.rules import REPEAT_WINDOW


class Kind(IntEnum):
    """What a fact tells."""

    VIEW = 0
    BEAT = 1
    EVENT = 2
    LEAVE = 3


class Fact(msgspec.Struct, frozen=True, array_like=True, tag="fact", gc=False):
    """One thing a reader did, after intake: everything the fold needs to judge it again and again alike.

    `id` and `visitor` are hashes made at intake: the client's own id and session are never stored.
    `country`, `city`, `latitude`, `longitude` are None when not given ("" and 0 count as given).
    """

    site: str
    kind: int
    visitor: int
    id: int
    door: str
    arrival: int
    age: int
    path: str
    window: int = REPEAT_WINDOW
    bot: str = ""  # why it is taken for a bot; "" for people
    page_type: str = ""
    title: str = ""
    hostname: str = ""
    referrer: str = ""  # host and path, no scheme, no query
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    utm_content: str = ""
    utm_term: str = ""
    country: str | None = None  # ISO 3166-1 alpha-2 where Footfall found it, free text from the original's clients
    region: str | None = None
    city: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    browser: str = ""
    browser_version: str = ""
    os: str = ""
    os_version: str = ""
    device: str = ""  # Desktop, Mobile, Tablet, or ""
    language: str = ""
    screen: str = ""  # class by width: "xs", "sm", "md", "lg", "xl", or ""
    name: str = ""  # of a custom event
    props: dict[str, str] | None = None
    engaged: int = 0  # milliseconds of engagement told by a leave or a beat
    scroll: int = 0  # deepest scroll in percent
    storageless: bool = False  # the visitor is a daily hash of address and user agent, not a client's session
    source: str = ""  # where the reader came from, by name: "Google", "newsletter", a host; "" for nowhere
    channel: str = ""  # what kind of source that is: "Organic Search"; "" only in facts from before there were channels

    @property
    def time(self) -> int:
        """When it happened: arrival less age."""
        return self.arrival - self.age


class Sweep(msgspec.Struct, frozen=True, array_like=True, tag="sweep", gc=False):
    """The clock's record: closes what no fact can change any more, a bounded number each time.

    With `cleanup` set to a site (or "*") it also removes that site's stale presence rows; its result is their number.
    """

    at: int
    cleanup: str = ""


class Publish(msgspec.Struct, frozen=True, array_like=True, tag="publish", gc=False):
    """A post or page of a site, as its content stands now. `kind` is "post" or "page"."""

    site: str
    at: int
    kind: str
    slug: str
    title: str
    published: bool


class Import(msgspec.Struct, frozen=True, array_like=True, tag="import", gc=False):
    """One chunk of views from elsewhere (a fact's `arrival` is its own time, age 0).

    Lateness, presence and repeats do not apply; ids that are known were left out before it was appended.
    """

    site: str
    at: int
    facts: tuple[Fact, ...]


class Adopt(msgspec.Struct, frozen=True, array_like=True, tag="adopt", gc=False):
    """One chunk of an export's rows: they were judged where they come from and are taken as they stand, under the (seq, n) of
    this record. Of each kind as many as fit into a chunk; the result is how many facts were taken."""

    site: str
    at: int
    facts: tuple[FactRow, ...] = ()
    visits: tuple[VisitRow, ...] = ()
    minutes: tuple[MinuteRow, ...] = ()
    ledger: tuple[LedgerRow, ...] = ()
    content: tuple[ContentRow, ...] = ()


class Erase(msgspec.Struct, frozen=True, array_like=True, tag="erase", gc=False):
    """A barrier: the facts of a site that match every given field are removed; the result is how many views that were
    counted went. None matches anything; `first` and `last` bound the time, both included."""

    site: str
    at: int
    path: str | None = None
    visitor: int | None = None
    page_type: str | None = None
    first: int | None = None
    last: int | None = None

    @property
    def whole(self) -> bool:
        """Whether it is about everything of the site."""
        return (self.path, self.visitor, self.page_type, self.first, self.last) == (None, None, None, None, None)


class Reclassify(msgspec.Struct, frozen=True, array_like=True, tag="reclassify", gc=False):
    """A barrier: the facts of a site that match all that is given are a bot's, `bot` says why, or with "" a person's after all;
    the result is how many that were not so before. `where` are conditions on what is kept of a fact: (field, is | is_not |
    contains | contains_not, value); other fields are as in Erase."""

    site: str
    at: int
    bot: str = ""
    where: tuple[tuple[str, str, str], ...] = ()
    visitor: int | None = None
    first: int | None = None
    last: int | None = None


class Refused(msgspec.Struct, frozen=True, array_like=True, tag="refused", gc=False):
    """Counts of what intake turned away, by (site, door, reason); travels with the collector's next batch."""

    at: int
    counts: tuple[tuple[str, str, str, int], ...]


Command = Sweep | Publish | Import | Erase | Reclassify | Refused | Adopt
Record = Fact | Sweep | Publish | Import | Erase | Reclassify | Refused | Adopt


class Verdict(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What became of a fact. `outcome`: stored, repeat, early, retry, bot, rejected; `reason` only with rejected and bot."""

    outcome: str
    reason: str = ""


STORED = Verdict("stored")
REPEAT = Verdict("repeat")
EARLY = Verdict("early")
RETRY = Verdict("retry")
TOO_OLD = Verdict("rejected", "too_old")
TOO_MANY_PATHS = Verdict("rejected", "too_many_paths")
SITE_FULL = Verdict("rejected", "site_full")
FAULT = Verdict("rejected", "fault")


# --- rows: what history keeps. Each carries (seq, n) of the record that made it: its identity and its order. ---


class FactRow(msgspec.Struct, frozen=True, gc=False):
    """A view or an event, or a beat or leave that tells of engagement. `counted` is True for views that are no repeat and no
    bot's; `visit` is 0 for bots, imports, and beats and leaves that fall into none."""

    seq: int
    n: int
    time: int
    counted: bool
    visit: int
    fact: Fact


class VisitRow(msgspec.Struct, frozen=True, gc=False):
    """A visit that no fact can change any more. `first` is the fact that started it: site, visitor, source, place, device."""

    seq: int
    n: int
    visit: int
    start: int
    end: int
    entry: str
    exit: str
    views: int
    events: int
    engaged: int
    first: Fact


class MinuteRow(msgspec.Struct, frozen=True, gc=False):
    """One visitor in one minute (its beginning, ms): on which page at its end, from where, in which visit (0: none)."""

    seq: int
    n: int
    site: str
    minute: int
    visitor: int
    path: str
    country: str
    visit: int


class LedgerRow(msgspec.Struct, frozen=True, gc=False):
    """An increment: so many facts of a door had this outcome in the hour that began at `hour`."""

    seq: int
    n: int
    site: str
    door: str
    hour: int
    outcome: str
    reason: str
    count: int


class ContentRow(msgspec.Struct, frozen=True, gc=False):
    """What a Publish said. The newest row of (site, kind, slug) holds; the oldest gives its age."""

    seq: int
    n: int
    site: str
    kind: str
    slug: str
    title: str
    published: bool


class Judgement(NamedTuple):
    """What a row of facts is from now on."""

    seq: int
    n: int
    bot: str
    counted: bool
    visit: int


class Rejudged(msgspec.Struct, frozen=True, gc=False):
    """Facts of a site that are judged otherwise than before."""

    site: str
    facts: Sequence[Judgement]


@dataclass(slots=True)
class Rows:
    """What a run of whole records adds to history, in order. `erase`, `rejudged`: a barrier's change, which then stands alone."""

    facts: list[FactRow] = field(default_factory=list)
    visits: list[VisitRow] = field(default_factory=list)
    minutes: list[MinuteRow] = field(default_factory=list)
    ledger: list[LedgerRow] = field(default_factory=list)
    content: list[ContentRow] = field(default_factory=list)
    erase: Erase | None = None
    rejudged: Rejudged | None = None

    @property
    def alone(self) -> bool:
        """Whether it is a barrier's change."""
        return self.erase is not None or self.rejudged is not None

    def __len__(self) -> int:
        rows = len(self.facts) + len(self.visits) + len(self.minutes) + len(self.ledger) + len(self.content)
        return rows + (len(self.rejudged.facts) if self.rejudged is not None else 0) + self.alone


# --- documents of the registry ---


class Goal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What readers are hoped to do: a custom event by name, or a view of a page (`*` stands for anything); one of both.

    Its `id`, like that of a segment and of an annotation, is a number that its site never gives again; 0: none yet.
    """

    name: str
    event: str = ""
    path: str = ""
    id: int = 0


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Filters with a name, as a question has them (query/reading.py)."""

    name: str
    filters: list[Any]
    id: int = 0


class Annotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happened `at` a day (2026-11-29) or a time of it (2026-11-29T13:05), by the site's clock."""

    at: str
    text: str
    id: int = 0


class Site(msgspec.Struct, frozen=True):
    """A website that is counted.

    `hosts`: who may send facts for it (exact host names, `*.` allowed in front; empty: any).
    `visibility`: "private", "public", or "link": who brings the secret `link` sees it too. `frames`: the origins whose pages may
    show its card in a frame (empty: any for a public site, none else). `params`: query parameters that stay in its paths.
    `grid`: places are rounded to this many degrees before anyone sees them.
    `k` (1 to 10): so many different visitors make a page or place fit for strangers; pages that match one of `patterns` (`*`
    stands for anything, "/blog/*") are so from the start. `timezone`: by whose clock days begin (IANA).
    `content`: folders of Markdown that say what it has published (content/source.py has how one is written).
    `retention`: facts of more than so many days ago are erased; 0: none.
    `convex`: whether the original's own clients may come ("rounded", "exact": how getStats tells coordinates), or "off".
    `numbered`: the highest id that any of its goals, segments and annotations ever had.
    `bots`, `not_bots`: parts of user agents that are a bot's, or a person's, whatever the lists say.
    `opt_outs`: what a browser may send so that its reader is left out: "dnt", "gpc".
    """

    id: str
    name: str = ""
    hosts: tuple[str, ...] = ()
    visibility: str = "private"
    params: tuple[str, ...] = ()
    grid: float = 1.0
    window: int = REPEAT_WINDOW
    created: int = 0
    k: int = 3
    patterns: tuple[str, ...] = ()
    link: str = ""
    frames: tuple[str, ...] = ()
    content: tuple[str, ...] = ()
    retention: int = 0
    convex: str = "off"
    timezone: str = "UTC"
    goals: tuple[Goal, ...] = ()
    segments: tuple[Segment, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    numbered: int = 0
    bots: tuple[str, ...] = ()
    not_bots: tuple[str, ...] = ()
    opt_outs: tuple[str, ...] = ()


Table = Sequence[tuple[object, ...]]
