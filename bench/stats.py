"""Statistics and fold in memory: get_stats over 10 million views, CPU per record, bytes per visitor, window entry and visit.

get_stats reads the live state alone, so the state is put together here (counters, a million visitors, readers) and no row is
stored. CPU is that of this thread. Memory is what tracemalloc sees, numpy and arrays included.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterable
from itertools import count
from statistics import median
from typing import TypeVar

import msgspec
import numpy as np

from bench.bigstore import VIEWS, VISITORS
from bench.report import table
from bench.server import SITE
from footfall import rules
from footfall.live.fold import Fold
from footfall.live.pages import Pages
from footfall.live.runs import Runs, mix
from footfall.live.site import SiteState
from footfall.live.stats import stats
from footfall.live.visits import Visits
from footfall.model import Fact, Kind, Sweep

NOW = 1_767_225_600_000
READERS = 10_000
WINDOW = 1_000_000  # entries of the ids' window while records are folded
FOLDED = 34_000  # records of each kind: twice what fills a window's dict
HOURS = 3

T = TypeVar("T")
_encode = msgspec.json.Encoder().encode


def run() -> None:
    """Print the tables."""
    _get_stats()
    _fold()
    _memory()


# --- get_stats ---


def _get_stats() -> None:
    rows: list[tuple[object, ...]] = []
    for pages, limit in ((1_000, 2), (100_000, 50)):
        state = _state(pages)
        paths = list(state.pages.numbers)
        stats(state, NOW)
        rows.append((f"{pages:,} paths", *_answered(state, lambda: None), f"<= {limit}"))
        for changed in (1, 100, 10_000):
            if changed <= pages:

                def change(some: list[str] = paths[:: pages // changed][:changed], state: SiteState = state) -> None:
                    for path in some:
                        state.pages.count(path, 1)

                rows.append((f"{pages:,} paths, {changed:,} just changed", *_answered(state, change), f"<= {limit}"))
        _fill(state, paths)
        rows.append((f"{pages:,} paths, {READERS:,} readers here", *_answered(state, lambda: None), f"<= {limit}"))
    table(
        f"get_stats at {VIEWS:,} views and {VISITORS:,} visitors (ms of CPU, of 15 calls)",
        ("state", "median", "longest", "JSON of the answer", "target"),
        rows,
    )


def _state(pages: int) -> SiteState:
    """A site with its views spread over so many pages, most on the first."""
    state = SiteState()
    weights = 1 / np.arange(1, pages + 1)
    views = (weights / weights.sum() * (VIEWS - pages)).astype(int) + 1
    views[0] += VIEWS - views.sum()
    state.pages = Pages.of(((f"/a-page-of-this-site/{n}", int(number), (1, 2), "", 0) for n, number in enumerate(views)), ())
    state.views, state.since = VIEWS, NOW - 30 * 24 * rules.HOUR
    state.visitors = Runs.of(np.random.default_rng(1).integers(1, 2**64, VISITORS, dtype=np.uint64))
    return state


def _fill(state: SiteState, paths: list[str]) -> None:
    """Readers, each somewhere, on the first thousand pages."""
    for n in range(READERS):
        fact = _fact(n, Kind.BEAT, mix(7, n), paths[n % min(1_000, len(paths))], NOW)
        state.presence.sign(fact, NOW, NOW)


def _answered(state: SiteState, before: Callable[[], None]) -> tuple[float, float, float]:
    """Median and longest ms of the answer, and the median ms of making it JSON."""
    answers, encodings = [], []
    for _ in range(15):
        before()
        began = time.thread_time()
        answer = stats(state, NOW)
        answers.append(time.thread_time() - began)
        began = time.thread_time()
        _encode(answer)
        encodings.append(time.thread_time() - began)
    return median(answers) * 1000, max(answers) * 1000, median(encodings) * 1000


# --- the fold ---


def _fact(n: int, kind: Kind, visitor: int, path: str, arrival: int) -> Fact:
    return Fact(
        SITE,
        kind,
        visitor,
        mix(3, n),
        rules.SCRIPT,
        arrival,
        0,
        path,
        title="A page",
        hostname="example.com",
        country="DE",
        latitude=52.5,
        longitude=13.5,
        browser="Chrome",
        os="Windows",
        device="Desktop",
        storageless=True,
    )


def _fold() -> None:
    fold, numbers = Fold(), count()
    started = time.perf_counter()
    step = 3_000_000 // WINDOW  # ms between two records: a million in 50 minutes, so that all stay in the windows
    visitors = [mix(11, n) for n in range(WINDOW)]
    for visitor in visitors:
        n = next(numbers)
        fold.apply(fold.seq + 1, _fact(n, Kind.VIEW, visitor, f"/page-{n % 1_000}", NOW + n * step))
        if n % 20_000 == 0:  # a minute
            fold.apply(fold.seq + 1, Sweep(fold.now, "*"))
            fold.take_rows()
    filled = time.perf_counter() - started
    kinds: dict[str, Callable[[int], tuple[Kind, int, str]]] = {
        "views by new visitors": lambda n: (Kind.VIEW, mix(13, n), f"/page-{n % 1_000}"),
        "views by known visitors": lambda n: (Kind.VIEW, visitors[-1 - n % FOLDED], f"/page-{(n + 1) % 1_000}"),
        "repeats": lambda n: (Kind.VIEW, visitors[-1 - n % FOLDED], f"/page-{(WINDOW - 1 - n % FOLDED) % 1_000}"),
        "beats": lambda n: (Kind.BEAT, visitors[-1 - n % FOLDED], f"/page-{n % 1_000}"),
        "leaves": lambda n: (Kind.LEAVE, visitors[-1 - n % FOLDED], f"/page-{n % 1_000}"),
    }
    mixed = list(kinds.values())
    kinds["mixed"] = lambda n: mixed[n % len(mixed)](n // len(mixed))
    rows = []
    for name, made in kinds.items():
        facts = []
        for n in range(FOLDED):
            kind, visitor, path = made(n)
            number = next(numbers)
            facts.append(_fact(number, kind, visitor, path, NOW + number * step))
        rows.append((name, *_folded(fold, facts), "<= 20"))
    began = time.thread_time()
    fold.apply(fold.seq + 1, Sweep(fold.now, "*"))
    took = time.thread_time() - began
    rows.append(("a sweep (one record a minute)", took * 1e6, took * 1000, "", "<= 50,000"))
    table(
        f"Fold with {len(fold.ids):,} ids, {len(fold.counted):,} counted views and {len(fold.closing):,} visits in the windows",
        ("records", "µs of CPU each", "longest, ms", "verdicts", "target"),
        rows,
    )
    print(f"\n(filling the windows with {WINDOW:,} records took {filled:.0f} s)")


def _folded(fold: Fold, facts: Iterable[Fact]) -> tuple[float, float, str]:
    verdicts: dict[str, int] = {}
    used = longest = 0.0
    gc.collect()
    for fact in facts:
        began = time.thread_time()
        verdict = fold.apply(fold.seq + 1, fact)
        took = time.thread_time() - began
        used += took
        longest = max(longest, took)
        outcome = getattr(verdict, "outcome", "none")
        verdicts[outcome] = verdicts.get(outcome, 0) + 1
    fold.take_rows()
    return used / FOLDED * 1e6, longest * 1000, ", ".join(f"{n:,} {outcome}" for outcome, n in verdicts.items())


# --- memory ---


def _memory() -> None:
    rows: list[tuple[object, ...]] = []
    visitors, size = _weighed(lambda: _visitors(Runs(valued=False)))
    rows.append(("exact visitor set", f"{len(visitors):,} visitors", size / len(visitors), "<= 16"))
    window, size = _weighed(lambda: _window(1))
    rows.append(("window of ids, after 1 hour", f"{len(window):,} entries", size / len(window), "<= 40"))
    live = len(window)
    window, size = _weighed(lambda: _window(HOURS))
    rows.append((f"window of ids, after {HOURS} hours", f"{live:,} live, {len(window):,} held", size / live, "<= 40"))
    visits, size = _weighed(_open_visits)
    rows.append(("open visits, without their first fact's texts", f"{len(visits.open):,} visits", size / len(visits.open), ""))
    fold, size = _weighed(_readers)
    rows.append(("all of the live state, one view each, all present", f"{len(fold.ids):,} visitors", size / len(fold.ids), ""))
    table("Memory", ("what", "how many", "bytes each", "target"), rows)


def _weighed(make: Callable[[], T]) -> tuple[T, int]:
    gc.collect()
    tracemalloc.start()
    made = make()
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return made, size


def _visitors(runs: Runs) -> Runs:
    for n in range(VISITORS):
        runs.add(mix(17, n))
    return runs


def _window(hours: int) -> Runs:
    """A million entries an hour, kept for an hour; the oldest fall away as the product lets them."""
    runs, step = Runs(valued=True), rules.HOUR / 1_000_000
    for n in range(hours * 1_000_000):
        now = NOW + int(n * step)
        runs.put(mix(19, n), now, now - rules.WINDOW_KEPT)
        if n % 16_667 == 0:
            runs.drop(now - rules.WINDOW_KEPT)  # the sweep, once a minute
    return runs


def _open_visits() -> Visits:
    visits = Visits()
    for n in range(100_000):
        visits.join(_fact(n, Kind.VIEW, mix(23, n), "/", NOW), NOW, True)
    return visits


def _readers() -> Fold:
    fold = Fold()
    for n in range(100_000):
        fold.apply(n + 1, _fact(n, Kind.VIEW, mix(29, n), f"/page-{n % 1_000}", NOW + n))
        if n % 1_000 == 0:
            fold.take_rows()
    fold.take_rows()
    return fold
