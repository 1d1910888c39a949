"""Rows of an export, checked before they are taken back: what history could not hold must not become durable. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from footfall.errors import InvalidInput
from footfall.model import Adopt, Kind
from footfall.rules import MAX_PATH_BYTES

_HASHES = frozenset({"visitor", "id", "visit"})  # unsigned, 64 bits; every other number is one that 63 bits hold
_KINDS = frozenset(Kind)
MOST = 2_000  # rows in a chunk


def check_adopted(chunk: Adopt, site: str) -> None:
    """Raises InvalidInput naming the first field that does not fit."""
    if chunk.site != site:
        raise InvalidInput("site", f"{site}, as the address has it")
    rows = [*chunk.facts, *chunk.visits, *chunk.minutes, *chunk.ledger, *chunk.content]
    if len(rows) > MOST:
        raise InvalidInput("body", f"at most {MOST} rows")
    _check(rows, site)
    for row in chunk.facts:
        if row.fact.kind not in _KINDS:
            raise InvalidInput("kind", "0 (a view), 1 (a beat), 2 (an event) or 3 (a leave)")
        if row.time != row.fact.time:
            raise InvalidInput("ts_ms", "arrival_ms less age_ms")


def _check(structs: Iterable[msgspec.Struct], site: str) -> None:
    for struct in structs:
        for name in struct.__struct_fields__:
            value = getattr(struct, name)
            if name == "site" and value != site:
                raise InvalidInput("site", f"{site} in every row")
            if isinstance(value, msgspec.Struct):
                _check([value], site)
            elif isinstance(value, int) and not 0 <= value < 1 << (64 if name in _HASHES else 63):
                raise InvalidInput(name, "a whole number that history can hold, 0 or more")
            elif isinstance(value, float) and not math.isfinite(value):
                raise InvalidInput(name, "a finite number")
            elif isinstance(value, str) and len(value.encode()) > MAX_PATH_BYTES:
                raise InvalidInput(name, f"at most {MAX_PATH_BYTES} bytes")
