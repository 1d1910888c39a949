"""SIGKILL under load: what was acknowledged is stored, exactly once, and nothing else is."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from . import books
from .conftest import Start
from .load import Load, sending
from .process import PLAIN, QUICK
from .story import Story

ROUNDS = 10

pytestmark = pytest.mark.slow


async def test_acknowledged_is_stored_exactly_once(start: Start, tmp_path: Path, seed: int, chance: random.Random) -> None:
    """Ten times the server dies at a random moment under 64 connections, sometimes again while it recovers.

    Every other one takes checkpoints, trims and sweeps all the time, so that deaths meet these too.
    """
    load = Load(Story("chaos", seed), seed)
    server = start().ready()
    server.add_site("chaos")
    told = []
    for number in range(ROUNDS):
        program = QUICK if number % 2 else PLAIN
        if number:
            server = start(program=program)
            if number % 3 == 0:
                await asyncio.sleep(chance.uniform(0.3, 1.0))
                server.kill()
                server = start(program=program)
            server.ready()
        before = load.acknowledged
        async with sending(load, server.port):
            await asyncio.sleep(chance.uniform(0.0, 0.6))
            server.kill()
        told.append(
            f"{load.acknowledged - before} facts acknowledged, {load.open} requests open, start {server.started_in:.2f} s"
        )
    server = start().ready()
    await load.finish(server.port)
    print(*told, f"in all {load.acknowledged} facts, {load.sent} sent, {load.statuses}, {load.unanswered} unanswered", sep="\n")
    live, differences = server.snapshot("chaos"), server.differences()
    stopped_in = server.stop()
    found = books.disagreements(await books.read(tmp_path / "data", "chaos"), load)
    assert differences + found == [], f"after {stopped_in:.1f} s of stopping; {server.log}"
    assert (live["views"], live["visitors"]) == (len(load.story.model.views), len(load.story.model.visitors))
    assert load.statuses.keys() <= {204, 400}, load.statuses
    assert load.unanswered > 0, "no request was ever cut off: the test has tested nothing"
