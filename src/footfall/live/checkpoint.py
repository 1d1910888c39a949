"""The fold's state as bytes and back. Pure.

`capture` copies between two batches, cheaply: entries never change in place, so copies are shallow. `encoded` turns the copy into
slices, in any thread, a bounded piece of work each; `restored` reads them. The format's version is Fold's VERSION plus FORMAT.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import msgspec

from footfall.live import fold as folding
from footfall.live.fold import Fold, Line
from footfall.live.minutes import Moment
from footfall.live.pages import Item, Known, Pages
from footfall.live.presence import Presence, Reader
from footfall.live.runs import Runs
from footfall.live.sightings import Seen, Spot
from footfall.live.site import SiteState
from footfall.live.visits import Visit

FORMAT = f"1.{folding.VERSION}"
_SLICE = 4_000  # entries encoded at once: some milliseconds
_BYTES = 1 << 19  # raw bytes in one slice: even, and a multiple of the key size

Entry = TypeVar("Entry")


class _Head(msgspec.Struct, array_like=True, tag="head"):
    seq: int
    now: int
    counted_to: int


class _Closing(msgspec.Struct, array_like=True, tag="closing"):
    """A piece of the heap, in its order."""

    entries: list[tuple[int, int, int, str]]


class _Ledger(msgspec.Struct, array_like=True, tag="ledger"):
    lines: list[tuple[Line, int]]


class _Keys(msgspec.Struct, array_like=True, tag="keys"):
    """A piece of a run. `owner`: ".ids", ".counted", or a site whose visitors these are; `run` counts within the owner."""

    owner: str
    run: int
    keys: bytes
    values: bytes


class _Site(msgspec.Struct, array_like=True, tag="site"):
    site: str
    views: int
    since: int | None
    next_row: int
    content: list[tuple[str, str, Item]]
    era: int = 0


class _Paths(msgspec.Struct, array_like=True, tag="paths"):
    site: str
    known: list[Known]


class _Readers(msgspec.Struct, array_like=True, tag="readers"):
    site: str
    readers: list[tuple[int, Reader]]


class _Places(msgspec.Struct, array_like=True, tag="places"):
    site: str
    places: list[tuple[Spot, Seen]]


class _Visits(msgspec.Struct, array_like=True, tag="visits"):
    site: str
    visits: list[tuple[int, list[Visit]]]


class _Minute(msgspec.Struct, array_like=True, tag="minute"):
    """A piece of a minute."""

    site: str
    minute: int
    moments: list[tuple[int, Moment]]


_Part = _Head | _Closing | _Ledger | _Keys | _Site | _Paths | _Readers | _Places | _Visits | _Minute
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Part)


def capture(fold: Fold) -> Fold:
    """A copy of the state (without undelivered rows) that later folding does not touch."""
    twin = Fold()
    twin.seq, twin.now = fold.seq, fold.now
    twin.ids, twin.counted = fold.ids.copy(), fold.counted.copy()
    twin.closing, twin.ledger = list(fold.closing), dict(fold.ledger)
    for id, state in fold.sites.items():
        copy = twin.site(id)
        copy.era, copy.views, copy.since, copy.visitors = state.era, state.views, state.since, state.visitors.copy()
        copy.pages = state.pages.copy()
        copy.presence.readers, copy.presence.next_row = dict(state.presence.readers), state.presence.next_row
        copy.visits.open = dict(state.visits.open)
        copy.minutes, copy.sightings = state.minutes.copy(), state.sightings.copy()
    return twin


def encoded(captured: Fold) -> Iterator[bytes]:
    """The slices of a captured state."""
    for part in _parts(captured):
        yield _encoder.encode(part)


def _parts(captured: Fold) -> Iterator[_Part]:
    yield _Head(captured.seq, captured.now, captured.counted.newest)
    yield from (_Closing(piece) for piece in _sliced(captured.closing))
    yield from (_Ledger(piece) for piece in _sliced(captured.ledger.items()))
    yield from _keys(".ids", captured.ids)
    yield from _keys(".counted", captured.counted.times)
    for id, state in captured.sites.items():
        yield from _site_parts(id, state)


def _site_parts(id: str, state: SiteState) -> Iterator[_Part]:
    content = [(kind, slug, item) for (kind, slug), item in state.pages.content.items()]
    yield _Site(id, state.views, state.since, state.presence.next_row, content, state.era)
    yield from _keys(id, state.visitors)
    yield from (_Paths(id, piece) for piece in _sliced(state.pages.known()))
    yield from (_Readers(id, piece) for piece in _sliced(state.presence.readers.items()))
    yield from (_Places(id, piece) for piece in _sliced(state.sightings.items()))
    open_visits = ((visitor, list(visits)) for visitor, visits in state.visits.open.items())
    yield from (_Visits(id, piece) for piece in _sliced(open_visits))
    for minute, moments in state.minutes.moments.items():
        yield from (_Minute(id, minute, piece) for piece in _sliced(moments.items()))


def _keys(owner: str, runs: Runs) -> Iterator[_Keys]:
    for number, (keys, values) in enumerate(runs.parts()):
        for at in range(0, len(keys), _BYTES):
            yield _Keys(owner, number, keys[at : at + _BYTES], values[at : at + _BYTES])


def _sliced(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    entries = iter(entries)
    while piece := list(islice(entries, _SLICE)):
        yield piece


def restored(parts: Sequence[bytes], now: int) -> Fold:
    """The fold that was captured; presence indexed at `now` or the fold's own time, whichever is later.

    Raises msgspec.DecodeError or ValueError for bytes that are no checkpoint of this format.
    """
    fold, runs = Fold(), dict[str, list[tuple[bytearray, bytearray]]]()
    decoded = [_decoder.decode(part) for part in parts]
    if not decoded or not isinstance(decoded[0], _Head):
        raise ValueError("a checkpoint begins with its head")
    known: dict[str, list[Known]] = {}
    readers: dict[str, dict[int, Reader]] = {}
    sites: list[_Site] = []
    for part in decoded:
        if isinstance(part, _Head):
            fold.seq, fold.now, fold.counted.newest = part.seq, part.now, part.counted_to
        elif isinstance(part, _Closing):
            fold.closing.extend(part.entries)
        elif isinstance(part, _Ledger):
            fold.ledger.update(part.lines)
        elif isinstance(part, _Keys):
            pieces = runs.setdefault(part.owner, [])
            if part.run == len(pieces):
                pieces.append((bytearray(), bytearray()))
            pieces[part.run][0].extend(part.keys)
            pieces[part.run][1].extend(part.values)
        elif isinstance(part, _Site):
            sites.append(part)
            fold.site(part.site)
        elif isinstance(part, _Paths):
            known.setdefault(part.site, []).extend(part.known)
        elif isinstance(part, _Readers):
            readers.setdefault(part.site, {}).update(part.readers)
        elif isinstance(part, _Places):
            fold.site(part.site).sightings.spots.update(part.places)
        elif isinstance(part, _Minute):
            fold.site(part.site).minutes.restore(part.minute, part.moments)
        else:
            fold.site(part.site).visits.open.update((visitor, tuple(visits)) for visitor, visits in part.visits)
    fold.ids = _runs(runs.get(".ids", []), valued=True)
    fold.counted.times = _runs(runs.get(".counted", []), valued=True)
    for part in sites:
        state = fold.site(part.site)
        state.era, state.views, state.since = part.era, part.views, part.since
        state.visitors = _runs(runs.get(part.site, []), valued=False)
        state.pages = Pages.of(known.get(part.site, []), part.content)
        state.presence = Presence.of(readers.get(part.site, {}), part.next_row, max(now, fold.now))
    fold.weigh()
    return fold


def _runs(parts: Iterable[tuple[bytearray, bytearray]], *, valued: bool) -> Runs:
    return Runs.from_parts([(bytes(keys), bytes(values)) for keys, values in parts], valued=valued)
