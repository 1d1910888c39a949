"""Sets and maps of 64-bit keys: the same as a set and a dict, whatever was sealed and merged on the way."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.live import runs as module
from footfall.live.runs import Runs, mix
from tests.unit.live.made import BOUNDED

KEYS = st.one_of(st.integers(0, 2**64 - 1), st.sampled_from([0, 1, 2, 2**63, 2**64 - 1]), st.integers(0, 40))


@pytest.fixture(params=[1, 2, 7, 16_384], scope="module")
def head(request: pytest.FixtureRequest) -> Iterator[None]:
    """Small dicts, so that a few keys make many runs; and the real size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "HEAD", request.param)
        yield


@pytest.mark.usefixtures("head")
@BOUNDED
@given(st.lists(KEYS, max_size=120), st.lists(KEYS, max_size=20))
def test_a_set(added: list[int], others: list[int]) -> None:
    """Holds what was added and nothing else; its length is exact; so are its copy's and a stored one's."""
    keys, model = Runs(valued=False), set[int]()
    for key in added:
        assert (key in keys) == (key in model)
        if key not in keys:
            keys.add(key)
        model.add(key)
    stored = Runs.from_parts(list(keys.parts()), valued=False)
    built = Runs.of(np.array(added, dtype=np.uint64))
    for copy in (keys, keys.copy(), stored, built):
        assert len(copy) == len(model)
        assert all((key in copy) == (key in model) for key in [*model, *others])


@pytest.mark.usefixtures("head")
@BOUNDED
@given(st.lists(st.tuples(KEYS, st.integers(1, 5)), max_size=120), st.lists(KEYS, max_size=20))
def test_a_map_of_times(steps: list[tuple[int, int]], others: list[int]) -> None:
    """The newest value of every key that is not older than the cutoff, which moves with time; older ones may be gone."""
    times, model, now = Runs(valued=True), dict[int, int](), 100
    for key, step in steps:
        now += step
        cutoff = now - 60
        times.put(key, now, cutoff)
        model[key] = now
        if step == 5:
            times.drop(cutoff)
    kept = {key: value for key, value in model.items() if value > now - 60}
    for copy in (times, times.copy(), Runs.from_parts(list(times.parts()), valued=True)):
        assert {key: copy.get(key) for key in kept} == kept
        for key in [*model, *others]:
            assert copy.get(key) in (model.get(key), None)


@pytest.mark.usefixtures("head")
@BOUNDED
@given(st.lists(st.tuples(KEYS, st.integers(0, 2**64 - 1)), max_size=60))
def test_a_map_built_at_once(pairs: list[tuple[int, int]]) -> None:
    """The largest value of a key stands."""
    table = np.array(pairs, dtype=np.uint64).reshape(-1, 2)
    built = Runs.of(table[:, 0], table[:, 1])
    wanted = {key: max(value for other, value in pairs if other == key) for key, _ in pairs}
    assert {key: built.get(key) for key in wanted} == wanted
    assert len(built) == len(wanted)


@pytest.mark.usefixtures("head")
@BOUNDED
@given(st.lists(KEYS, min_size=1, max_size=60, unique=True), KEYS)
def test_a_copy_goes_its_own_way(keys: list[int], extra: int) -> None:
    """Neither sees what the other takes in afterwards."""
    one = Runs(valued=True)
    for key in keys:
        one.put(key, 1, 0)
    two = one.copy()
    one.put(extra, 2, 0)
    two.put(extra, 3, 0)
    assert (one.get(extra), two.get(extra)) == (2, 3)


def test_a_hundred_thousand_keys_take_little_room() -> None:
    """8.5 bytes a key and 16.5 with a value, in logarithmically many runs."""
    keys, times = Runs(valued=False), Runs(valued=True)
    for number in range(100_000):
        keys.add(mix(1, number))
        times.put(mix(2, number), number + 1, 0)
    assert len(keys) == len(times) == 100_000
    assert all(mix(1, number) in keys and times.get(mix(2, number)) == number + 1 for number in range(0, 100_000, 97))
    assert mix(3, 1) not in keys
    assert times.get(mix(3, 1)) is None
    assert len(keys._runs) <= 18
    run = max(keys._runs, key=len)
    assert run.keys.itemsize * len(run.keys) + run.directory.itemsize * len(run.directory) <= 9.1 * len(run)


def test_old_times_give_room() -> None:
    """A map whose entries all age away does not grow."""
    times = Runs(valued=True)
    for now in range(50_000):
        times.put(mix(1, now), now, now - 1_000)
    assert len(times) <= 4 * module.HEAD + 4_000


@BOUNDED
@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_mixing(key: int, number: int) -> None:
    """A 64-bit number other than 0, another one for the next number."""
    assert 0 < mix(key, number) < 2**64
    assert mix(key, number) != mix(key, number + 1)
