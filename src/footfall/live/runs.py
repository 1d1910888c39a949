"""Sets and maps of 64-bit keys that hold millions of entries in a few bytes each. Pure.

A small dict takes what is new; when it is full it becomes a sorted run, and runs of like size are merged (an LSM tree
in memory). Runs never change, so a copy of the whole is cheap. A directory over the leading bits of the keys finds the
few entries among which a key must be: keys have to be spread evenly, as hashes are. Most questions are for keys that are
new: eight bits a key, one of them set, say no to seven in eight of those before anything is searched.

Cost: 9.5 bytes a key, 17.5 with a value; a look-up is one bit for each run, and there are log2(n / HEAD) of them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

HEAD = 16_384  # entries in the dict before it becomes a run
LARGEST = 1 << 20  # runs of this size are not merged any further: no merge takes longer than some 25 ms
_PER_SLOT = 3  # the directory has one slot for 2**3 keys, on average
_BITS = 3  # the filter has 2**3 bits for a key, at least

U64 = npt.NDArray[np.uint64]


class Run:
    """Sorted distinct keys, with or without a value each."""

    __slots__ = ("directory", "filter", "filter_shift", "keys", "newest", "shift", "values")

    def __init__(self, keys: U64, values: U64 | None) -> None:
        bits = max(0, len(keys).bit_length() - 1 - _PER_SLOT)
        self.shift = 64 - bits
        starts = np.arange(1 << bits, dtype=np.uint64) << np.uint64(self.shift) if bits else np.zeros(1, np.uint64)
        bounds = np.append(np.searchsorted(keys, starts), len(keys)).astype(np.uint32)
        self.directory = array("I", bounds.tobytes())
        self.filter_shift = 64 - len(keys).bit_length() - _BITS
        self.filter = _filter(keys >> np.uint64(self.filter_shift), 1 << (61 - self.filter_shift))
        self.keys = _array(keys)
        self.values = None if values is None else _array(values)
        self.newest = int(values.max()) if values is not None and len(values) else 0

    def __len__(self) -> int:
        return len(self.keys)

    def find(self, key: int) -> int:
        """The index of `key`, or -1."""
        bit = key >> self.filter_shift
        if not self.filter[bit >> 3] >> (bit & 7) & 1:
            return -1
        directory, keys = self.directory, self.keys
        slot = key >> self.shift
        end = directory[slot + 1]
        at = bisect_left(keys, key, directory[slot], end)
        return at if at < end and keys[at] == key else -1

    def arrays(self) -> tuple[U64, U64 | None]:
        """Keys and values as numpy views."""
        values = None if self.values is None else np.frombuffer(self.values, dtype=np.uint64)
        return np.frombuffer(self.keys, dtype=np.uint64), values


def _run_of(pairs: dict[int, int], valued: bool) -> Run:
    keys = np.fromiter(pairs.keys(), dtype=np.uint64, count=len(pairs))
    order = np.argsort(keys)
    values = np.fromiter(pairs.values(), dtype=np.uint64, count=len(pairs))[order] if valued else None
    return Run(keys[order], values)


def _filter(bits: U64, size: int) -> bytes:
    """`size` bytes with these bits set; `bits` is sorted."""
    filled = np.zeros(size, np.uint8)
    if len(bits):
        place = bits >> np.uint64(3)
        first = np.flatnonzero(np.append(True, place[1:] != place[:-1]))
        ones = np.left_shift(np.uint8(1), (bits & np.uint64(7)).astype(np.uint8))
        filled[place[first]] = np.bitwise_or.reduceat(ones, first)
    return filled.tobytes()


def _array(numbers: U64) -> array[int]:
    copy = array("Q")
    copy.frombytes(np.ascontiguousarray(numbers).view(np.uint8).data)
    return copy


def _merged(runs: list[Run], cutoff: int) -> Run:
    """One run of all, oldest first; of a key that is in several the newest value stands; values <= cutoff are dropped."""
    arrays = [run.arrays() for run in runs]
    keys = np.concatenate([keys for keys, _ in arrays])
    order = np.argsort(keys, kind="stable")  # sorted parts: a linear merge
    keys = keys[order]
    keep = np.append(keys[1:] != keys[:-1], True)  # the last of equals is the newest
    valued = [values for _, values in arrays if values is not None]
    if not valued:
        return Run(keys[keep], None)
    values = np.concatenate(valued)[order]
    keep &= values > cutoff
    return Run(keys[keep], values[keep])


class Runs:
    """A growing set of keys (`valued=False`), or a map of keys to times from which old ones fall away (`valued=True`)."""

    __slots__ = ("_head", "_runs", "_valued")

    def __init__(self, *, valued: bool) -> None:
        self._valued = valued
        self._head: dict[int, int] = {}
        self._runs: list[Run] = []  # oldest first, sizes falling

    def __len__(self) -> int:
        """Entries held; a key that was put again may count twice until its runs are merged."""
        return len(self._head) + sum(len(run) for run in self._runs)

    def __contains__(self, key: int) -> bool:
        if key in self._head:
            return True
        for run in self._runs:
            bit = key >> run.filter_shift  # as in find: a call for each run would be most of what this takes
            if run.filter[bit >> 3] >> (bit & 7) & 1 and run.find(key) >= 0:
                return True
        return False

    def get(self, key: int) -> int | None:
        """The newest value of `key`, or None. Only for maps."""
        value = self._head.get(key)
        if value is not None:
            return value
        for run in reversed(self._runs):
            bit = key >> run.filter_shift
            if run.filter[bit >> 3] >> (bit & 7) & 1:
                at = run.find(key)
                if at >= 0 and run.values is not None:
                    return run.values[at]
        return None

    def add(self, key: int) -> None:
        """Put a key into a set. The caller has checked that it is not there."""
        self.put(key, 0, 0)

    def put(self, key: int, value: int, cutoff: int) -> None:
        """Put a pair into a map; whenever that fills the dict, pairs with values <= `cutoff` fall away."""
        self._head[key] = value
        if len(self._head) >= HEAD:
            self._seal(cutoff)

    def _seal(self, cutoff: int) -> None:
        sealed = [_run_of(self._head, self._valued)]
        self._head = {}
        self.drop(cutoff)
        total = len(sealed[0])
        while self._runs and len(self._runs[-1]) < 2 * total and len(self._runs[-1]) + total <= LARGEST:
            total += len(self._runs[-1])
            sealed.insert(0, self._runs.pop())
        self._runs.append(_merged(sealed, cutoff) if len(sealed) > 1 else sealed[0])

    def drop(self, cutoff: int) -> None:
        """Let go of the pairs of a map with values <= `cutoff`: of the dict's, and of whole runs that hold nothing newer."""
        if self._valued:
            self._head = {key: value for key, value in self._head.items() if value > cutoff}
            self._runs = [run for run in self._runs if run.newest > cutoff]

    def copy(self) -> Runs:
        """An independent copy, as cheap as its dict is small."""
        twin = Runs(valued=self._valued)
        twin._head = dict(self._head)
        twin._runs = list(self._runs)
        return twin

    def parts(self) -> Iterator[tuple[bytes, bytes]]:
        """(keys, values) of each run as raw little-endian bytes; values are empty for a set. The dict comes as a run."""
        for run in [*self._runs, _run_of(self._head, self._valued)]:
            if len(run):
                yield run.keys.tobytes(), b"" if run.values is None else run.values.tobytes()

    @classmethod
    def from_parts(cls, parts: Iterable[tuple[bytes, bytes]], *, valued: bool) -> Runs:
        """What `parts` gave. A smallest run that fits the dict becomes one again, so that the copy goes on alike."""
        runs = cls(valued=valued)
        for keys, values in parts:
            k = np.frombuffer(keys, dtype=np.uint64)
            runs._runs.append(Run(k, np.frombuffer(values, dtype=np.uint64) if valued else None))
        if runs._runs and len(runs._runs[-1]) < HEAD:
            last = runs._runs.pop()
            runs._head = dict(zip(last.keys, last.values or last.keys, strict=True))
        return runs

    @classmethod
    def of(cls, keys: U64, values: U64 | None = None) -> Runs:
        """A set of `keys` (any order, repeats allowed), or a map of them to `values` (the largest of a key stands)."""
        runs = cls(valued=values is not None)
        if values is None:
            keys = np.unique(keys)
        else:
            order = np.lexsort((values, keys))
            keys, values = keys[order], values[order]
            keep = np.append(keys[1:] != keys[:-1], True) if len(keys) else np.zeros(0, bool)
            keys, values = keys[keep], values[keep]
        if len(keys):
            runs._runs.append(Run(keys, values))
        return runs


_MASK = (1 << 64) - 1


def mix(key: int, number: int) -> int:
    """A 64-bit hash of a hash and a number, never 0: both halves of their product (the step of wyhash)."""
    product = (key ^ 0xA0761D6478BD642F) * (number ^ 0xE7037ED1A0B428DB)
    return ((product >> 64) ^ product) & _MASK or 1
