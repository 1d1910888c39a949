"""Golden traces: how a file is read, what counts as the same value, and where Footfall differs on purpose.

A trace is `{"name", "description", "operations": [...]}`: calls of the original module with their results, recorded one after
the other from an empty store. It knows nothing of Footfall.

An expected file is `{"name", "why", "operations": {"INDEX": answer}}`: the answers of Footfall, `{"result"}`, `{"error"}` or
`{"unsupported": true}`, where they are not those of the trace.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
EXPECTED = HERE / "expected"

# What each operation must carry besides at_ms, op and its outcome. `args` may always be left out.
INPUTS: Mapping[str, Sequence[str]] = {
    "publish": ("kind", "slug", "title", "published"),
    "insertRaw": ("table", "doc"),
    "insertRawMany": ("table", "columns", "rows"),
    "deleteRaw": ("table", "match"),
}

OUTCOME = ("result", "error", "error_detail", "chunks")  # keys of an operation that say what came of it

Operation = Mapping[str, Any]
Answer = Mapping[str, Any]


class Unreadable(Exception):
    """The file is no trace; says why."""


@dataclass(frozen=True)
class Trace:
    """A trace as read. `outcomes` has one answer for each operation, `deliberate` the indexes that an expected file replaced."""

    name: str
    operations: Sequence[Operation]
    outcomes: Sequence[Answer]
    deliberate: frozenset[int] = frozenset()


def load(file: Path) -> Trace:
    """Read a trace. Raises Unreadable."""
    try:
        trace = json.loads(file.read_bytes())
        operations = trace["operations"]
        for index, operation in enumerate(operations):
            _check(index, operation)
        return Trace(trace.get("name", file.stem), operations, [_outcome(operation) for operation in operations])
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror}") from error
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise Unreadable(f"{file}: no trace ({type(error).__name__}: {error})") from error


def _check(index: int, operation: Operation) -> None:
    if not isinstance(operation["op"], str) or type(operation["at_ms"]) is not int:
        raise ValueError(f"operation {index}: op must be a string and at_ms an integer")
    if ("result" in operation) == ("error" in operation):
        raise ValueError(f"operation {index}: exactly one of result and error must be there")
    for name in INPUTS.get(operation["op"], ()):
        if name not in operation:
            raise ValueError(f"operation {index}: {operation['op']} without {name}")


def _outcome(operation: Operation) -> Answer:
    return {key: operation[key] for key in ("result", "error", "chunks") if key in operation}


def on_purpose(trace: Trace) -> Trace:
    """The trace with the outcomes that Footfall means to have; as it is if there is no expected file of its name."""
    file = EXPECTED / f"{trace.name}.json"
    if not file.exists():
        return trace
    wanted = {int(index): answer for index, answer in json.loads(file.read_bytes())["operations"].items()}
    outcomes = [wanted.get(index, outcome) for index, outcome in enumerate(trace.outcomes)]
    return Trace(trace.name, trace.operations, outcomes, frozenset(wanted))


def agrees(answer: Answer, outcome: Answer) -> bool:
    """Whether an answer is the outcome; chunks are compared where they were recorded."""
    if "chunks" in outcome and not same(answer.get("chunks"), outcome["chunks"]):
        return False
    if any((kind in answer) != (kind in outcome) for kind in ("result", "error", "unsupported")):
        return False
    return same(answer.get("result"), outcome.get("result")) and same(answer.get("error"), outcome.get("error"))


def same(one: object, two: object) -> bool:
    """JSON values alike: numbers by value, booleans are no numbers, arrays in order, objects in any."""
    one, two = number(one), number(two)
    if isinstance(one, bool) or isinstance(two, bool):
        return one is two
    if isinstance(one, int | float) and isinstance(two, int | float):
        return one == two or (math.isnan(one) and math.isnan(two))
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(same(one[key], two[key]) for key in one)
    return type(one) is type(two) and one == two


def number(value: object) -> object:
    """`{"$float": "NaN"}` and the like as the number that JSON cannot hold; anything else as it is."""
    if isinstance(value, dict) and value.keys() == {"$float"}:
        return float(value["$float"])
    return value


def found(kind: str) -> list[Path]:
    """The files of a kind, "traces" or "quirks", sorted by name: those beside this file, and those of the folder that
    FOOTFALL_GOLDEN names, if it does."""
    folders = [HERE, *map(Path, filter(None, [os.environ.get("FOOTFALL_GOLDEN")]))]
    files = {file.name: file for folder in folders for file in (folder / kind).glob("*.json")}
    return [files[name] for name in sorted(files)]
