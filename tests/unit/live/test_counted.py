"""Counted views: whether one is near is what looking at every one of them finds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall import rules
from footfall.live import runs
from footfall.live.counted import Counted
from tests.unit.live.made import BOUNDED, MINUTE, START

WINDOWS = (rules.REPEAT_WINDOW, 10 * MINUTE, MINUTE, rules.REPEAT_CELL, 0)
SPANS = st.one_of(
    st.integers(0, 3 * rules.REPEAT_WINDOW),
    st.integers(0, 3 * rules.REPEAT_CELL),
    st.integers(0, 9).map(lambda at: at * 10 * MINUTE),
)
VIEW = st.tuples(SPANS, st.integers(-1, 1), st.sampled_from(WINDOWS), st.booleans())


@pytest.mark.parametrize("head", [1, 16_384])
@BOUNDED
@given(st.lists(VIEW, max_size=40))
def test_views_in_any_order_by_any_window(head: int, views: list[tuple[int, int, int, bool]]) -> None:
    """Judged ones count unless they repeat one; imported ones count whatever is near."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "HEAD", head)
        counted, times = Counted(), list[int]()
        for span, by, window, imported in views:
            time = START + span + by
            near = any(abs(time - other) < window for other in times)
            assert counted.copy().judge(7, 2, time, window, START - 2)
            if imported:
                counted.put(7, 1, time, START - 2)
            else:
                assert counted.judge(7, 1, time, window, START - 2) is not near
            if imported or not near:
                times.append(time)


def test_where_no_window_holds_memory_is_bounded_all_the_same() -> None:
    """A thousand views of one page by one visitor in ten seconds are four entries."""
    counted = Counted()
    for at in range(1_000):
        counted.put(7, 1, START + at * 10, 0)
    assert len(counted) == 4


def test_views_of_other_paths_can_be_added() -> None:
    """They are found then, also by what lies before them."""
    one, two = Counted(), Counted()
    one.put(7, 1, START, 0)
    two.put(7, 2, START + rules.REPEAT_WINDOW, 0)
    one.add(two, 0)
    assert not one.judge(7, 1, START + 1, rules.REPEAT_WINDOW, 0)
    assert not one.judge(7, 2, START + 1, rules.REPEAT_WINDOW, 0)
