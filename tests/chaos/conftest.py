"""What the chaos suite shares: servers that are always stopped, a seed that is always told."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .process import Server

Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers, by default on one folder; kills those that a test leaves behind."""
    servers: list[Server] = []

    def begin(*options: str, folder: Path | None = None, **how: object) -> Server:
        servers.append(Server(folder or tmp_path / "data", *options, **how))  # type: ignore[arg-type]  # Server's business
        return servers[-1]

    yield begin
    for server in servers:
        server.close()


@pytest.fixture
def seed() -> int:
    """A failing run tells its seed, and CHAOS_SEED repeats it."""
    chosen = int(os.environ.get("CHAOS_SEED", time.time_ns() % 1_000_000))
    print(f"CHAOS_SEED={chosen}")
    return chosen


@pytest.fixture
def chance(seed: int) -> random.Random:
    """Chance that can be repeated."""
    return random.Random(seed)
