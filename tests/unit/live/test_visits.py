"""Visits: which facts join which, what a visit becomes, and when it is final."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall import rules
from footfall.live.runs import mix
from footfall.live.visits import Visit, Visits
from footfall.model import Fact, Kind
from tests.unit.live.made import BOUNDED, MINUTE, START, fact

GAP = rules.VISIT_GAP


def joined(visits: Visits, one: Fact, counted: bool = True) -> tuple[Visit | None, bool]:
    return visits.join(one, one.time, counted)


@pytest.mark.parametrize("by", [-GAP, -GAP + 1, GAP - 1, GAP])
def test_gaps_of_less_than_thirty_minutes(by: int) -> None:
    """Before or after; at exactly thirty minutes another visit begins."""
    visits = Visits()
    first, _ = joined(visits, fact())
    second, begun = joined(visits, fact(at=START + by))
    assert begun is (abs(by) == GAP)
    assert (first is not None and second is not None and first.id == second.id) is not begun


def test_a_visit_reaches_as_far_as_its_span() -> None:
    """Each fact carries it further, in both directions."""
    visits = Visits()
    for at in (0, 29, 58, -29):
        visit, begun = joined(visits, fact(path=f"/{at}", at=START + at * MINUTE))
        assert begun is (at == 0)
    assert visit is not None
    assert (visit.start, visit.end) == (START - 29 * MINUTE, START + 58 * MINUTE)
    assert (visit.entry, visit.exit, visit.views) == ("/-29", "/58", 4)


def test_the_earlier_of_two_takes_what_lies_between_and_they_stay_two() -> None:
    """Visits are never merged: what was told of them stands."""
    visits = Visits()
    early, _ = joined(visits, fact(at=START))
    late, _ = joined(visits, fact(at=START + 40 * MINUTE))
    between, begun = joined(visits, fact(at=START + 20 * MINUTE))
    assert early is not None
    assert late is not None
    assert between is not None
    assert (between.id, begun) == (early.id, False)
    again, _ = joined(visits, fact(at=START + 40 * MINUTE))  # both reach that far now
    assert again is not None
    assert again.id == early.id
    assert len(visits.open[1]) == 2


@pytest.mark.parametrize("kind", [Kind.BEAT, Kind.LEAVE])
def test_beats_and_leaves_start_nothing(kind: Kind) -> None:
    """They extend the visit they fall into, and may tell engagement, but move no page."""
    visits = Visits()
    assert joined(visits, fact(kind)) == (None, False)
    assert visits.open == {}
    joined(visits, fact(path="/a"))
    visit, _ = joined(visits, fact(kind, "/b", START + MINUTE, engaged=7), counted=False)
    assert visit is not None
    assert (visit.end, visit.entry, visit.exit, visit.views, visit.engaged) == (START + MINUTE, "/a", "/a", 1, 7)


def test_a_repeat_is_no_view_but_moves_the_exit() -> None:
    """The reader was there all the same."""
    visits = Visits()
    joined(visits, fact(path="/a"))
    joined(visits, fact(path="/b", at=START + 1))
    visit, _ = joined(visits, fact(path="/a", at=START + 2), counted=False)
    assert visit is not None
    assert (visit.views, visit.entry, visit.exit) == (2, "/a", "/a")


def test_a_repeat_first() -> None:
    """Of an imported view, which is in no visit: the visit begins on its page."""
    visits = Visits()
    joined(visits, fact(path="/a"), counted=False)
    visit, _ = joined(visits, fact(path="/b", at=START + 1))
    assert visit is not None
    assert (visit.views, visit.entry, visit.exit) == (1, "/a", "/b")


def test_an_event_first() -> None:
    """It starts a visit; pages come from views as soon as there is one."""
    visits = Visits()
    visit, begun = joined(visits, fact(Kind.EVENT, "/shop", name="buy"), counted=False)
    assert visit is not None
    assert (begun, visit.views, visit.events, visit.entry) == (True, 0, 1, "/shop")
    visit, _ = joined(visits, fact(path="/thanks", at=START + 1))
    assert visit is not None
    assert (visit.entry, visit.exit, visit.events) == ("/thanks", "/thanks", 1)


def test_the_identity_of_a_visit() -> None:
    """A hash of the visitor and of the fact that started it; the place and source are that fact's."""
    visits = Visits()
    first = fact(country="DE", referrer="example.org/")
    visit, _ = joined(visits, first)
    assert visit is not None
    assert (visit.id, visit.first) == (mix(1, first.id), first)


@pytest.mark.parametrize("late", [0, rules.LATENESS])
def test_final_an_hour_after_its_last_fact(late: int) -> None:
    """After the later of its time and its arrival."""
    visits = Visits()
    visit, _ = joined(visits, fact(at=START, age=late))
    assert visit is not None
    final = START + late + rules.WINDOW_KEPT
    assert visits.due(1, visit.id, final - 1) == final
    assert visits.due(1, visit.id, final) == visit
    visits.close(1, visit.id)
    assert visits.due(1, visit.id, final) is None
    assert visits.open == {}


def test_closing_one_of_two() -> None:
    """The other stays."""
    visits = Visits()
    one, _ = joined(visits, fact(at=START))
    two, _ = joined(visits, fact(at=START + GAP))
    assert one is not None
    visits.close(1, one.id)
    assert visits.open == {1: (two,)}


# --- any order ---


@dataclass
class Model:
    """A visit as the list of its facts, in the order in which they came."""

    facts: list[tuple[Fact, bool]] = field(default_factory=list)

    @property
    def times(self) -> list[int]:
        return [one.time for one, _ in self.facts]

    def shape(self) -> tuple[object, ...]:
        views = [(one.time, at, one.path) for at, (one, _) in enumerate(self.facts) if one.kind == Kind.VIEW]
        first = self.facts[0][0]
        return (
            mix(first.visitor, first.id),
            min(self.times),
            max(self.times),
            min(views, key=lambda view: view[0])[2] if views else first.path,
            max(views)[2] if views else first.path,
            sum(counted for _, counted in self.facts),
            sum(one.kind == Kind.EVENT for one, _ in self.facts),
            sum(one.engaged for one, _ in self.facts),
        )


STEP = st.tuples(
    st.sampled_from([Kind.VIEW, *Kind]), st.integers(-3, 6).map(lambda tens: tens * 10 * MINUTE), st.integers(1, 3), st.booleans()
)


@BOUNDED
@given(st.lists(STEP, max_size=25), st.lists(st.integers(-1, 1), min_size=25, max_size=25))
def test_every_fact_joins_the_earliest_visit_that_holds_it(steps: list[tuple[Kind, int, int, bool]], by: list[int]) -> None:
    """Against visits kept as lists of facts."""
    visits, models = Visits(), dict[int, list[Model]]()
    for number, ((kind, at, visitor, counted), off) in enumerate(zip(steps, by, strict=False)):
        one = fact(kind, f"/{number % 3}", START + at + off, 0, visitor, engaged=number)
        counted = counted and kind == Kind.VIEW
        mine = models.setdefault(visitor, [])
        holding = [model for model in mine if rules.in_visit(min(model.times), max(model.times), one.time)]
        begun = not holding and kind in (Kind.VIEW, Kind.EVENT)
        if begun:
            holding = [Model()]
            mine += holding
        joined_to = min(holding, key=lambda model: min(model.times, default=0), default=None)
        if joined_to is not None:
            joined_to.facts.append((one, counted))
        visit, was_begun = visits.join(one, one.time, counted)
        assert was_begun is begun
        assert (None if visit is None else visit.id) == (None if joined_to is None else joined_to.shape()[0])
    open_visits = {visitor: sorted(map(_shape, mine), key=str) for visitor, mine in visits.open.items()}
    assert open_visits == {
        visitor: sorted((model.shape() for model in mine), key=str) for visitor, mine in models.items() if mine
    }


def _shape(visit: Visit) -> tuple[object, ...]:
    return visit.id, visit.start, visit.end, visit.entry, visit.exit, visit.views, visit.events, visit.engaged
