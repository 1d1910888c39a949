"""What the owner defines for questions about a site: goals, segments (filters with a name) and annotations of the chart.

They are part of the site's document, so they go where it goes: into backups and exports, and away with it. What each must be is
judged here, whether it comes alone or with the whole site. It knows no request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from footfall.errors import InvalidInput
from footfall.model import Annotation, Goal, Segment, Site
from footfall.query.question import check_goals
from footfall.query.reading import read_filters

MOST = 100  # of each
LONGEST_NAME = 120  # characters
LONGEST_PATTERN = 2_048
LONGEST_TEXT = 200
MOST_FILTERS = 4_096  # bytes of a segment's filters as JSON
MOST_ID = 1_000_000_000
_AT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?", re.ASCII).fullmatch

Definition = Goal | Segment | Annotation


def check_goal(goal: Goal, site: Site) -> None:
    """Raises InvalidInput."""
    _check_name(goal, site.goals)
    if bool(goal.event) == bool(goal.path):
        raise InvalidInput("event", "either an event or a path like /thanks/*")
    for field, value in (("event", goal.event), ("path", goal.path)):
        if len(value) > LONGEST_PATTERN:
            raise InvalidInput(field, f"at most {LONGEST_PATTERN} characters")


def check_segment(segment: Segment, site: Site) -> None:
    """Raises InvalidInput; of a filter that cannot be read it names the place. A goal that it names may be gone."""
    _check_name(segment, site.segments)
    read_filters(segment.filters)  # first: what is nested too deep cannot be measured
    if not segment.filters or len(msgspec.json.encode(segment.filters)) > MOST_FILTERS:
        raise InvalidInput("filters", f"at least one filter, {MOST_FILTERS} bytes of JSON at most")


def check_annotation(annotation: Annotation, site: Site) -> None:
    """Raises InvalidInput."""
    try:
        if not _AT(annotation.at):
            raise ValueError
        datetime.fromisoformat(annotation.at)
    except ValueError as error:
        raise InvalidInput("at", "a day or a time by the site's clock: 2026-11-29 or 2026-11-29T13:05") from error
    if not annotation.text.strip() or len(annotation.text) > LONGEST_TEXT:
        raise InvalidInput("text", f"1 to {LONGEST_TEXT} characters")


def _check_name(one: Goal | Segment, all: Sequence[Goal | Segment]) -> None:
    if not one.name.strip() or len(one.name) > LONGEST_NAME:
        raise InvalidInput("name", f"1 to {LONGEST_NAME} characters")
    if sum(one.name == other.name for other in all) > 1:
        raise InvalidInput("name", f"one that no other {type(one).__name__.lower()} of the site has")


class Kind(NamedTuple):
    """What a kind of definition is made of: `field` is where a site has them."""

    field: str
    shape: type[Definition]
    check: Callable[[Any, Site], None]


KINDS = (
    Kind("goals", Goal, check_goal),
    Kind("segments", Segment, check_segment),
    Kind("annotations", Annotation, check_annotation),
)


def check_one(kind: Kind, one: Definition, site: Site) -> None:
    """Raises InvalidInput. What comes alone names goals that there are; with the whole site, as an export brings it, a segment
    may outlive its goal."""
    kind.check(one, site)
    if isinstance(one, Segment):
        check_goals(read_filters(one.filters), site.goals)


def check(site: Site, fields: Collection[str]) -> None:
    """Raises InvalidInput naming the one of these fields that cannot be."""
    for kind in KINDS:
        for at, one in enumerate(getattr(site, kind.field) if kind.field in fields else ()):
            try:
                kind.check(one, site)
            except InvalidInput as error:
                raise InvalidInput(f"{kind.field}[{at}].{error.field}", error.expected) from error


def with_ids(site: Site) -> Site:
    """The site, each of its definitions with an id. Raises InvalidInput for too many and for ids that cannot be, never for a
    site that it made: numbers that follow the highest one that may be given are ids too."""
    most = max(MOST_ID, site.numbered)
    found: dict[str, Sequence[Definition]] = {kind.field: getattr(site, kind.field) for kind in KINDS}
    for field, those in found.items():
        ids = [one.id for one in those if one.id]
        if len(those) > MOST or len(set(ids)) < len(ids) or not all(0 < id <= most for id in ids):
            raise InvalidInput(field, f"at most {MOST}, each with an id of its own from 1 to {MOST_ID}, or without one")
    highest = max([site.numbered, *(one.id for those in found.values() for one in those)])
    given: dict[str, tuple[Definition, ...]] = {}
    for field, those in found.items():
        fresh = iter(range(highest + 1, highest + 1 + len(those)))
        given[field] = tuple(one if one.id else msgspec.structs.replace(one, id=next(fresh)) for one in those)
        highest = max([highest, *(one.id for one in given[field])])
    return msgspec.structs.replace(site, **given, numbered=highest)
