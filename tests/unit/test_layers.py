"""Who may know what: the pure rooms know no clock and no world outside, and arrows between rooms point one way."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import footfall

ROOT = Path(footfall.__file__).parent

USUAL = frozenset(
    {"__future__", "array", "bisect", "collections", "dataclasses", "enum", "functools", "heapq", "itertools", "math"}
    | {"msgspec", "operator", "re", "types", "typing"}
)
# Room: what it may import from outside Footfall. All of it computes; none of it knows the time, a file or another machine.
PURE = {
    "errors": USUAL,
    "rules": USUAL,
    "model": USUAL,
    "live": USUAL | {"numpy", "hashlib"},
    "intake": USUAL | {"base64", "hashlib", "ipaddress", "json", "re2", "urllib.parse"},
    "convex": USUAL | {"base64", "binascii", "json", "struct"},
    "query": USUAL | {"datetime", "json", "numpy", "re2", "zoneinfo"},
    "definitions": USUAL | {"datetime"},
}
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}
OUTSIDE = {"open", "print", "input", "exec", "eval", "__import__"}

# From below to above: a module may import what is in its own room and what is in the rows below it, nothing of its own row.
# docs/architecture.md explains each.
ROOMS = (
    {"errors", "rules"},
    {"model"},
    {"cities", "clock", "config", "folder", "logs", "supervised", "worker"},
    {"intake", "live", "manifest"},
    {"convex", "journal"},
    {"history", "registry"},
    {"access", "batch", "content", "hold", "keys", "query", "recount", "sink", "tally"},
    {"definitions", "engine", "hub"},
    {"backfill", "checkpoints", "cluster", "export", "handover", "housekeeping", "imports", "ledger", "questions", "removals"},
    {"backup", "original", "store"},
    {"api", "house"},
    {"__init__", "http"},
    {"admin", "fill", "serve"},
    {"demo", "migrate", "moving"},
    {"cli"},
    {"__main__"},
)
BACKENDS = ("sqlite", "duckdb", "jetstream", "clickhouse")
WIRING = {"store", "migrate"}  # the only places that name backends: opened to serve, and to carry from some to others
# The embedded registry's tables are in the journal's file, a cluster's is reached over the journal's connection.
SHARED = {("registry.sqlite", "journal.sqlite"), ("registry.jetstream", "journal.jetstream_connection")}

MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts): path.read_text() for path in ROOT.rglob("*.py")}


def imports(source: str) -> set[str]:
    """The full names of all modules that a source imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import hides where an arrow goes"
            assert node.module is not None
            # `from footfall.live import fold` names a module, `from footfall.model import Fact` a thing in one
            found |= (
                {f"{node.module}.{alias.name}" for alias in node.names} if node.module.startswith("footfall") else {node.module}
            )
    return found


def own_imports(source: str) -> set[str]:
    """The modules of Footfall that a source imports, without the `footfall.` in front."""
    names = {name.removeprefix("footfall.") for name in imports(source) if name.startswith("footfall.")}
    known = {module.removesuffix(".__init__") for module in MODULES}
    return {name if name in known else name.rpartition(".")[0] or "__init__" for name in names}


def impurities(source: str, allowed: frozenset[str]) -> list[str]:
    """What in a source reaches outside: a module that is not allowed, a clock, a file."""
    found = [
        name
        for name in imports(source)
        if not name.startswith("footfall") and name not in allowed and name.partition(".")[0] not in allowed
    ]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and node.id in OUTSIDE:
            found.append(node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and (node.value.id, node.attr) in CLOCKS:
            found.append(f"{node.value.id}.{node.attr}")
        if isinstance(node, ast.AsyncFunctionDef | ast.Await):
            found.append("async")
    return sorted(found)


def height_of(module: str) -> int:
    """In which row a module stands."""
    return next(height for height, rooms in enumerate(ROOMS) if room_of(module) in rooms)


def room_of(module: str) -> str:
    """The file or folder that a module is, or is in."""
    return module.partition(".")[0]


def wrong_arrows(module: str, targets: set[str]) -> list[str]:
    """Those of the modules that `module` imports which it may not know."""
    room, wrong = room_of(module), []
    for target in targets - {target for target in targets if room_of(target) == room or (module, target) in SHARED}:
        backend = target.rpartition(".")[2] in BACKENDS and room not in WIRING
        impure = room in PURE and room_of(target) not in PURE and not target.endswith(".base")  # a contract is a shape
        if height_of(target) >= height_of(module) or backend or impure:
            wrong.append(target)
    return sorted(wrong)


@pytest.mark.parametrize("module", sorted(module for module in MODULES if module.partition(".")[0] in PURE))
def test_pure(module: str) -> None:
    """A pure module imports and calls only what computes: time and all else outside are arguments."""
    assert impurities(MODULES[module], PURE[module.partition(".")[0]]) == []


def reached(module: str, seen: frozenset[str] = frozenset()) -> frozenset[str]:
    """A module and what it imports of its own room, and so on."""
    for target in {module} | {target for target in own_imports(MODULES[module]) if room_of(target) == room_of(module)}:
        if target in MODULES and target not in seen:
            seen = reached(target, seen | {target})
    return seen


def of_one_size(module: str) -> list[str]:
    """What a module imports that is there on one machine alone, or in a cluster alone."""
    named = own_imports(MODULES[module])
    return sorted(target for target in named if room_of(target) == "cluster" or target.rpartition(".")[2] in BACKENDS)


SAME = {module for module in MODULES if room_of(module) in PURE} | {"engine", "hub", "sink"} | reached("http.app")


@pytest.mark.parametrize("module", sorted(SAME))
def test_the_same_on_one_machine_and_in_a_cluster(module: str) -> None:
    """The fold and all that is pure, the hub and the doors know neither a cluster nor a database."""
    assert of_one_size(module) == []


def test_what_is_of_one_size_is_found() -> None:
    """The test above looks at the doors, and sees a part of a cluster and a backend where there is one."""
    assert {"live.fold", "query.compile", "http.collect", "http.convex.sockets"} <= SAME
    assert {"cluster.node", "journal.sqlite", "journal.jetstream"} <= set(of_one_size("store"))


@pytest.mark.parametrize("module", sorted(MODULES))
def test_arrows(module: str) -> None:
    """A module knows only what is below it."""
    assert wrong_arrows(module, own_imports(MODULES[module])) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import time", ["time"]),
        ("from time import time", ["time"]),
        ("import os.path", ["os.path"]),
        ("def f():\n    import asyncio", ["asyncio"]),
        ("import urllib.request", ["urllib.request"]),
        ("import sqlite3, duckdb", ["duckdb", "sqlite3"]),
        ("from starlette.requests import Request", ["starlette.requests"]),
        ("from datetime import datetime\ndatetime.now()", ["datetime", "datetime.now"]),
        ("open('x')", ["open"]),
        ("async def f(): ...", ["async"]),
        ("import msgspec.json, collections.abc, urllib.parse", []),
        ("from footfall.model import Fact", []),
    ],
)
def test_impurities_are_found(source: str, found: list[str]) -> None:
    """The test above sees a clock, a file, a network and a loop where there is one."""
    assert impurities(source, PURE["intake"]) == found


@pytest.mark.parametrize(
    ("module", "target", "wrong"),
    [
        ("rules", "model", True),
        ("model", "rules", False),
        ("rules", "live.fold", True),
        ("live.fold", "rules", False),
        ("live.fold", "intake.collect", True),
        ("live.fold", "engine", True),
        ("live.fold", "cluster.node", True),
        ("intake.identity", "registry.jetstream_secrets", True),
        ("engine", "cluster.node", True),
        ("live.fold", "live.visits", False),
        ("query.compile", "history.base", False),
        ("query.compile", "history.duckdb", True),
        ("query.compile", "history.clickhouse", True),
        ("history.duckdb", "history.base", False),
        ("history.duckdb", "http.app", True),
        ("engine", "sink", False),
        ("engine", "journal.sqlite", True),
        ("engine", "http.app", True),
        ("http.app", "engine", False),
        ("http.app", "history.duckdb", True),
        ("store", "history.duckdb", False),
        ("store", "http.app", True),
        ("store", "hub", False),
        ("registry.sqlite", "journal.sqlite", False),
        ("registry.sqlite", "history.base", True),
        ("live.fold", "clock", True),
        ("query.people", "live.fold", False),
        ("query.people", "registry.base", False),
        ("config", "engine", True),
        ("config", "folder", True),
        ("folder", "http.app", True),
        ("hub", "engine", True),
        ("engine", "hub", True),
        ("sink", "engine", True),
        ("recount", "hub", True),
        ("engine", "store", True),
        ("api", "house", True),
        ("house", "http.app", True),
        ("house", "api", True),
        ("http.app", "cli", True),
        ("http.app", "serve", True),
        ("http.app", "http.doors", False),
        ("serve", "admin", True),
        ("demo.run", "serve", False),
        ("demo.run", "cli", True),
        ("engine", "__init__", True),
        ("convex.told", "live.snapshot", False),
        ("live.fold", "convex.values", True),
        ("original", "engine", False),
        ("original", "http.app", True),
        ("api", "original", False),
        ("cli", "demo.run", False),
    ],
)
def test_wrong_arrows_are_found(module: str, target: str, wrong: bool) -> None:
    """The test above sees an arrow that points up, aside, at a backend, or out of what is pure."""
    assert wrong_arrows(module, {target}) == ([target] if wrong else [])


def test_the_public_names_are_an_arrow_too() -> None:
    """Who imports the package itself imports all that it stands on."""
    assert own_imports("from footfall import Footfall, logs\nfrom footfall.live import fold") == {"__init__", "logs", "live.fold"}


def test_the_documented_rooms_are_these() -> None:
    """The table of docs/architecture.md has the same rows in the same order, and a star at what is pure."""
    text = (
        (Path(__file__).parents[2] / "docs" / "architecture.md")
        .read_text("utf-8")
        .partition("\n## Rooms\n")[2]
        .partition("\n## ")[0]
    )
    told: list[tuple[str, str, str]] = re.findall(r"^\| (\d+) \| `(\w+)(?:\.py|/)`( \*)? \|", text, re.MULTILINE)
    assert sorted(told) == sorted(
        (str(height), room, " *" if room in PURE else "") for height, rooms in enumerate(ROOMS, 1) for room in rooms
    )
    assert [int(height) for height, _, _ in told] == sorted(int(height) for height, _, _ in told)
