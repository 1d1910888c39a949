"""Random sites with a past, made by the real fold, and random questions about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from footfall.errors import InvalidInput, Unanswerable
from footfall.live.fold import Fold
from footfall.live.site import SiteState
from footfall.model import Fact, Goal, Import, Kind, Rows, Sweep
from footfall.query.compile import steps_for
from footfall.query.dimensions import DIMENSIONS, GOAL, Dimension, named
from footfall.query.filters import And, Filter, HasDone, Is, Not, Or
from footfall.query.metrics import METRICS, Metric
from footfall.query.periods import Span
from footfall.query.question import Question, check
from footfall.rules import DAY, HOUR, LATENESS, MINUTE, SCRIPT
from tests.conformance.query.oracle import AVisit, World
from tests.unit.live.made import Choices

BEGIN = int(datetime(2026, 3, 28, 21, tzinfo=UTC).timestamp()) * 1000  # hours before Europe puts its clocks forward
AUTUMN = int(datetime(2026, 10, 24, 21, tzinfo=UTC).timestamp()) * 1000
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Auckland")
PATHS = ("/", "/a", "/a/b", "/É")
WORDS = ("", "x", "X", "É.x", "news'letter")
GOALS = (Goal("Sign up", event="sign up"), Goal("Read", path="/a*"), Goal("Home", path="/"))
PROPERTY = "event:props:k/~'$"
EVENTS = ("sign up", "other")
FIELDS = "title hostname referrer source channel utm_source utm_medium utm_campaign utm_content utm_term".split()
FIELDS += "country region city browser browser_version os os_version device language screen".split()


@dataclass
class Made:
    """A site: its rows, its live state, everything as the oracle sees it."""

    site: str
    rows: Rows
    state: SiteState
    upto: int
    world: World
    now: int
    begin: int


def made(site: str, seq: int, choices: Sequence[bytes]) -> Made:
    """Some facts of a few people within some days, late ones among them, with sweeps and imports in between."""
    fold, rows = Fold(), Rows()
    now = begin = (BEGIN, AUTUMN)[choices[0][0] % 2] if choices else BEGIN
    for drawn in choices:
        choice = Choices(drawn[1:])
        now += choice.of(
            (
                0,
                choice.number(0, MINUTE),
                choice.number(0, 20 * MINUTE),
                choice.number(0, 40 * MINUTE),
                choice.number(0, 9 * HOUR),
            )
        )
        seq += 1
        kind = choice.of(("fact",) * 12 + ("sweep", "sweep", "import"))
        if kind == "sweep":
            fold.apply(seq, Sweep(now))
        elif kind == "import":
            fact = _fact(site, seq, now, choice)
            fold.apply(seq, Import(site, now, (msgspec.structs.replace(fact, kind=Kind.VIEW, bot="", age=0),)))
        else:
            fact = _fact(site, seq, now, choice)
            fold.apply(seq, fact)
    taken = fold.take_rows()
    rows.facts, rows.visits, rows.minutes = taken.facts, taken.visits, taken.minutes
    state = fold.site(site)
    return Made(site, rows, state, seq, _world(rows, state), max(now, fold.now), begin)


def _fact(site: str, seq: int, now: int, choice: Choices) -> Fact:
    kind = choice.of((Kind.VIEW, Kind.VIEW, Kind.VIEW, Kind.EVENT, Kind.BEAT, Kind.LEAVE))
    told = kind in (Kind.BEAT, Kind.LEAVE)
    return Fact(
        site,
        kind,
        visitor=choice.number(0, 3) << 62 | 1,
        id=seq,
        door=SCRIPT,
        arrival=now,
        age=choice.of((0, 0, choice.number(0, LATENESS))),
        path=choice.of(PATHS),
        bot=choice.of(("", "", "", "", "", "", "", "crawler")),
        **{field: choice.of(WORDS) for field in FIELDS},  # type: ignore[arg-type]  # all of them are texts
        name=choice.of(EVENTS) if kind == Kind.EVENT else "",
        props={PROPERTY.removeprefix("event:props:"): choice.of(WORDS)} if choice.of((False, True)) else None,
        engaged=choice.number(0, 90_000) if told else 0,
        scroll=choice.number(0, 100) if told else 0,
    )


def _world(rows: Rows, state: SiteState) -> World:
    """History and the live state as one."""
    visits = {
        row.visit: AVisit(row.visit, row.start, row.end, row.entry, row.exit, row.views, row.events, row.first)
        for row in rows.visits
    }
    for visit in (visit for visits_of_one in state.visits.open.values() for visit in visits_of_one):
        visits[visit.id] = AVisit(
            visit.id, visit.start, visit.end, visit.entry, visit.exit, visit.views, visit.events, visit.first
        )
    minutes = [(row.minute, row.path, row.country) for row in rows.minutes]
    for minute, moments in state.minutes.moments.items():
        minutes += [(minute, moment.path, moment.country) for moment in moments.values() if moment.path is not None]
    return World(rows.facts, visits, minutes)


COUNTS, RATES = ("visitors", "visits", "pageviews", "events"), ("views_per_visit", "bounce_rate", "visit_duration")
TIMES = tuple(name for name in DIMENSIONS if name.startswith("time"))
VISITS = tuple(name for name in DIMENSIONS if name.startswith("visit"))
STAYED = ("event:page", "event:hostname", *VISITS)
PRESENT = ("event:page", "visit:country")
DONE = ("event:page", "event:title", "event:hostname", "event:name", PROPERTY)
# Metrics, dimensions and conditions that go together.
TOPICS = (
    ((*COUNTS, *RATES, "percentage"), VISITS, VISITS),
    ((*COUNTS, *RATES), (*TIMES, *TIMES, "visit:browser"), VISITS),
    ((*COUNTS, *RATES), ("event:page", *TIMES), (*VISITS, *DONE)),
    ((*COUNTS, "percentage"), (*DONE, *VISITS, *TIMES), (*VISITS, *DONE)),
    (("people", "people_peak", *COUNTS), (*PRESENT, *TIMES), PRESENT),
    (("time_on_page", "scroll_depth", *COUNTS), (*STAYED, *TIMES), STAYED),
    (
        ("conversion_rate", "group_conversion_rate", "visitors", "events"),
        ("event:goal", "event:goal", *VISITS, *TIMES, PROPERTY),
        (*VISITS, "event:page"),
    ),
)


def asked(made: Made, choice: Choices) -> Question | None:
    """Some question about the site that can be answered; None if the one that was drawn cannot."""
    named_metrics, grouped_by, filtered_by = choice.of(TOPICS)
    names = list(dict.fromkeys(choice.of(named_metrics) for _ in range(choice.number(1, 3))))
    grouped = list(dict.fromkeys(choice.of(grouped_by) for _ in range(choice.of((0, 1, 1, 1, 2)))))
    zone = ZoneInfo(choice.of(ZONES))
    start = made.begin + choice.of((-HOUR, -DAY, 0, choice.number(0, 30 * HOUR), choice.number(0, 2 * DAY)))
    length = choice.of((DAY, 40 * DAY, 3 * DAY, choice.number(1, 2 * DAY), choice.number(1, 9 * DAY)))
    metrics, dimensions = tuple(METRICS[name] for name in names), tuple(filter(None, map(named, grouped)))
    order = dict.fromkeys(choice.of([*names, *grouped]) for _ in range(choice.of((0, 0, 1, 2))))
    question = Question(
        made.site,
        Span(start, start + length, zone),
        metrics,
        made.now,
        dimensions,
        _filter(choice, filtered_by, 2),
        tuple((name, choice.of((True, False))) for name in order),
        choice.of((10_000, 10_000, 1, 2)),
        choice.of((0, 0, 0, 1)),
        choice.of((GOALS, GOALS, GOALS[:1], ())),
        choice.of((False, True)),
    )
    try:
        check(question)
        steps_for(question)
    except InvalidInput:
        return None
    return question


def every(site: str, span: Span, now: int, goals: tuple[Goal, ...] = GOALS) -> list[Question]:
    """A question for each dimension, and one for none: of all metrics that can be grouped by it."""
    grouped: list[tuple[Dimension, ...]] = [(), *((found,) for found in map(named, (*DIMENSIONS, GOAL, PROPERTY)) if found)]

    def of(metrics: Sequence[Metric], dimensions: tuple[Dimension, ...]) -> Question:
        return Question(site, span, tuple(metrics), now, dimensions, goals=goals)

    return [
        of([metric for metric in METRICS.values() if _can_be(of([metric], dimensions))], dimensions) for dimensions in grouped
    ]


def _can_be(question: Question) -> bool:
    try:
        check(question)
    except Unanswerable:
        return False
    return True


def _filter(choice: Choices, names: Sequence[str], depth: int) -> Filter:
    kinds = ("all", "all", "all", "is", "is", "and", "or", "not", "done", "goal")
    kind = choice.of(kinds if depth == 2 else kinds[3:9])
    if kind == "all":
        return And(())
    if kind == "goal":
        return And((_is(choice, "event:goal"), _filter(choice, names, 0)))
    if kind == "done":
        return HasDone(_is(choice, choice.of(("event:page", "event:name", PROPERTY))))
    if kind == "is" or depth == 0:
        return _is(choice, choice.of(names))
    if kind == "not":
        return Not(_filter(choice, names, depth - 1))
    return (And if kind == "and" else Or)((_filter(choice, names, depth - 1), _filter(choice, names, depth - 1)))


def _is(choice: Choices, name: str) -> Is:
    dimension = named(name)
    assert isinstance(dimension, Dimension)
    values: Sequence[str] = WORDS
    if name.endswith("page"):
        values = PATHS
    elif name == "event:name":
        values = ("pageview", *EVENTS)
    elif name == "event:goal":
        values = [goal.name for goal in GOALS]
        return Is("is", dimension, (choice.of(values),))
    op = choice.of(("is", "is", "contains", "matches"))
    if op == "matches":
        values = ("^$", "x", "^/a", ".", "(?i)x$")
    return Is(op, dimension, tuple(choice.of(values) for _ in range(choice.number(1, 2))), choice.of((True, True, False)))
