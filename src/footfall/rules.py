"""Every number and decision of the mission that is not data. Pure: no clock, no I/O, no state.

Times are integer milliseconds since 1970 UTC; spans are milliseconds. Boundaries are written out as `<` or `<=` on
purpose: the golden traces exercise each at the limit and one millisecond to either side.
"""

from __future__ import annotations

import re

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

REPEAT_WINDOW = 30 * MINUTE  # the original's DEDUP_WINDOW_MS; a site may set a shorter one of its own, or 0: none
REPEAT_CELL = 10 * SECOND  # no window but 0 is shorter than this
PRESENCE_TIMEOUT = 2 * MINUTE  # the original's SESSION_TIMEOUT_MS
EARLY_BEAT = 20 * SECOND  # the original's HEARTBEAT_DEDUP_MS
LEAVE_GRACE = 10 * SECOND  # how long a reader stays "here" after leaving, so that a page change is no departure
VISIT_GAP = 30 * MINUTE
LATENESS = 30 * MINUTE  # how far back a fact's time may lie from now, the latest time that any record carried
WINDOW_KEPT = REPEAT_WINDOW + LATENESS  # ids, counted views and open visits stay this long
MINUTE_FINAL = MINUTE + LATENESS  # a minute is final so long after its beginning
CARRIED_OVER = 30 * MINUTE  # how long after midnight a visitor of yesterday may go on as the same
CLOCK_TOLERANCE = 5 * MINUTE  # a start further behind the last record than this is refused

BACKFILL_CHUNK = 500  # the original's BACKFILL_BATCH_SIZE
SWEEP_VISITS = 2_000  # how many visits one sweep closes at most
SWEEP_MINUTES = 5_000  # how many moments of final minutes one sweep takes at most
MAX_FACTS_PER_REQUEST = 100
RETAIN_FACTS = 500_000  # how many facts retention erases at once
REJUDGED_FACTS = 200_000  # how many facts a reclassification is about at most: they are judged in memory, some 700 bytes each

RESERVED = frozenset({"api", "new", "all", "site", "sites", "live", "login", "logout", "settings", "static", "assets", "admin"})
SITE_IDS = f"2 to 32 of a-z, 0-9 and -, and not one of {', '.join(sorted(RESERVED))}"

MAX_PATH_BYTES = 16 * 1024
MAX_SESSION_BYTES = 1024
MAX_TEXT_BYTES = 2_048  # titles, referrers, names, property values
MAX_PROPERTIES = 30

# What one site may take of the memory. A fact beyond is rejected whole: `too_many_paths`, `site_full`.
MAX_PATHS = 200_000  # different paths with counted views, which are kept for ever,
MAX_PATHS_BYTES = 32 << 20  # and their bytes
TITLE_KEPT = 200  # characters of a page's title as its views report it
MAX_READERS = 4_000_000  # readers, and visitors with an open visit

# What things weigh against the cap on all memory of the windows, in entries of some 17 bytes (an id, a counted view).
VISIT_WEIGHT = 60
READER_WEIGHT = 20
MOMENT_WEIGHT = 10

# What strangers see of a public site (live/public.py).
MOST_K = 10  # a site's k, how many different visitors make a page or a place fit for strangers, is at most this; 0: none do
PLACE_DAYS = 30  # how long it counts that somebody was seen at a place
PLACE_CELL = 1.0  # degrees: coordinates are no finer than this for strangers
PLACES_KEPT = 20_000  # places of a site that are remembered; past it another one is not fit for strangers
PLACES_CLOCK = 30 * SECOND  # places are told at most this often
TREND_MINUTES = 30
ARRIVALS = 12

# Policies of presence: whether a view is a sign of life, and whether any beat inside EARLY_BEAT is skipped.
ORIGINAL = "original"  # the original's clients: a view never touches presence, a beat inside 20 s is skipped whole
SCRIPT = "script"  # our own script
PIXEL = "pixel"  # readers without JavaScript
CONVEX = "convex"  # the original's clients on the wire: as ORIGINAL, and what they send again is recognised by its id
DOORS = (ORIGINAL, SCRIPT, PIXEL, CONVEX)
THE_ORIGINALS = frozenset({ORIGINAL, CONVEX})
CONVEX_EXPORT = "convex-export"  # no door: the source of views that an export of the original's platform brought


OTHER = "other"  # the page type of a path that has no title by the rules

# Text that a spreadsheet takes for a formula begins so; in CSV a ' goes before it, and before a ' of its own, so that exactly
# one can be taken away again. The last four are full width.
FORMULA = ("=", "+", "-", "@", "'", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def is_site_id(id: str) -> bool:
    """Whether a site may be called so."""
    return re.fullmatch(r"[a-z0-9-]{2,32}", id) is not None and id not in RESERVED


def too_old(age: int) -> bool:
    """Whether a fact whose time lies so far back (ms) comes too late to be judged."""
    return age > LATENESS


def is_repeat(time: int, counted: int, window: int) -> bool:
    """Whether a view at `time` repeats one counted at `counted` (same visitor, same path), before or after it."""
    return abs(time - counted) < window


def is_early(last_seen: int, time: int) -> bool:
    """Whether a beat at `time` comes too soon after the last sign of life to be told."""
    return time - last_seen < EARLY_BEAT


def is_present(deadline: int, now: int) -> bool:
    """Whether a reader whose presence runs out at `deadline` is here at `now`. At the deadline itself: no longer."""
    return now < deadline


def is_stale(last_seen: int, now: int) -> bool:
    """Whether the original's clean-up removes a session. At exactly the timeout it neither shows nor goes."""
    return last_seen < now - PRESENCE_TIMEOUT


def retained_from(now: int, days: int) -> int:
    """Where what is kept for so many days begins: whole UTC days, today not counted."""
    return now - now % DAY - days * DAY


def in_visit(start: int, end: int, time: int) -> bool:
    """Whether a fact at `time` belongs to a visit that spans [start, end]."""
    return start - VISIT_GAP < time < end + VISIT_GAP


def slug_of(path: str) -> str:
    """The slug that a path names: the path less one slash in front."""
    return path[1:] if path.startswith("/") else path


def title_of(path: str, posts: dict[str, str], pages: dict[str, str]) -> tuple[str, str]:
    """(title, page type) of a path, by the original's rules: first match wins; the stored page type is never read.

    `posts` and `pages` map the slugs of what is published to titles.
    """
    if path in ("/", ""):
        return "Home", "home"
    if path == "/stats":
        return "Stats", "stats"
    slug = slug_of(path)
    if slug in posts:
        return posts[slug], "blog"
    if slug in pages:
        return pages[slug], "page"
    return path, OTHER
