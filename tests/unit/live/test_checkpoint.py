"""A checkpoint is the fold: what was stored and read again goes on exactly as the fold that was never stored."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.live import checkpoint, runs
from footfall.live.checkpoint import capture, encoded, restored
from footfall.live.fold import Fold
from footfall.live.snapshot import places_of, snapshot
from footfall.live.stats import stats
from footfall.model import Record
from tests.unit.live.made import BOUNDED, SITE, START, fact, folded, streams


def seen(fold: Fold) -> list[object]:
    """All that anybody can see of a fold."""
    fold.weigh()
    looks: list[object] = [fold.seq, fold.now, fold.ledger, sorted(fold.closing), fold.entries()]
    for name, site in sorted(fold.sites.items()):
        site.presence.advance(fold.now)
        sight = snapshot(name, site, fold.now, 1, places_of(site.presence.places, 1.0))
        looks += [name, stats(site, fold.now), msgspec.structs.replace(sight, arrivals=())]  # the feed is kept nowhere
        looks += [list(site.pages.known()), site.sightings.spots]
        looks += [site.visits.open, site.minutes.moments, {m: n for m, n in site.minutes.people.items() if n}]
        looks += [site.pages.numbers, list(site.pages.content), site.presence.next_row]
    return looks


@pytest.mark.parametrize("head", [1, 16_384])
@BOUNDED
@given(before=streams(), after=streams(), slice_size=st.sampled_from([1, 3, 4_000]))
def test_it_goes_on_alike(head: int, before: Sequence[Record], after: Sequence[Record], slice_size: int) -> None:
    """The same verdicts, the same rows with the same identity, the same sight, for any continuation."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "HEAD", head)
        patch.setattr(checkpoint, "_SLICE", slice_size)
        patch.setattr(checkpoint, "_BYTES", 16)
        one, _, _ = folded(before)
        two = restored(list(encoded(capture(one))), one.now)
        assert seen(two) == seen(one)
        after = [_later(record, one.now - START) for record in after]
        (_, verdicts_one, rows_one), (_, verdicts_two, rows_two) = folded(after, one), folded(after, two)
        assert verdicts_two == verdicts_one
        assert rows_two == rows_one
        assert seen(two) == seen(one)
        assert list(encoded(capture(two))) == list(encoded(capture(one)))


def _later(record: Record, by: int) -> Record:
    """The record as it would be had it come that much later; imported views stay where they are."""
    return msgspec.structs.replace(
        record, **{name: getattr(record, name) + by for name in ("at", "arrival") if hasattr(record, name)}
    )


@BOUNDED
@given(streams(), streams())
def test_a_capture_does_not_change(before: Sequence[Record], after: Sequence[Record]) -> None:
    """Whatever is folded after it was taken: it is encoded in a thread meanwhile."""
    fold, _, _ = folded(before)
    captured = capture(fold)
    parts = list(encoded(captured))
    folded([_later(record, fold.now - START) for record in after], fold)
    assert list(encoded(captured)) == parts


@pytest.mark.parametrize(
    "parts", [[], [b""], [b"\xff"], [msgspec.msgpack.encode(["head", 1])], [msgspec.msgpack.encode(["ledger", []])]]
)
def test_bytes_that_are_no_checkpoint(parts: list[bytes]) -> None:
    """They are refused, and an older checkpoint is tried."""
    with pytest.raises((ValueError, msgspec.DecodeError)):
        restored(parts, START)


def test_presence_is_indexed_at_the_time_of_the_start() -> None:
    """Who ran out of time while nothing was running is not here any more, but still has a row."""
    fold, _, _ = folded([fact()])
    late = restored(list(encoded(capture(fold))), START + 10 * 60_000)
    assert (len(late.site(SITE).presence.active), len(late.site(SITE).presence.readers)) == (0, 1)


def test_large_states_come_in_pieces_of_bounded_size() -> None:
    """So that no piece of work is long."""
    fold, _, _ = folded([fact(path=f"/{number}", visitor=number) for number in range(1, 9_001)])
    parts = list(encoded(capture(fold)))
    assert max(map(len, parts)) < 1 << 20
    assert seen(restored(parts, fold.now)) == seen(fold)
