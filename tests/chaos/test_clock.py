"""A clock that was set back: a little is borne, more is refused, because the order of all times would be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from footfall.clock import process_clock
from footfall.model import Fact
from footfall.rules import MINUTE
from footfall.store import open_store

from .conftest import Start
from .load import Load
from .story import Story

pytestmark = pytest.mark.slow


async def _written_ahead(folder: Path, minutes: float) -> None:
    """A folder whose last record is so many minutes in the future."""
    clock = process_clock()
    store = await open_store(folder, lambda: clock() + int(minutes * MINUTE))
    await store.engine.record([Fact("chaos", 0, 1, 1, "script", store.engine.now(), 0, "/")])
    await store.close()


async def test_far_behind_is_refused(start: Start, tmp_path: Path) -> None:
    """More than five minutes: exit code 1, the repair is named, and nothing was changed."""
    await _written_ahead(tmp_path / "data", 7)
    for _ in range(2):
        code, said = start().refused()
        assert code == 1, said
        assert "behind the last record" in said
        assert "repair: set the machine's clock right" in said
        assert "Traceback" not in said


async def test_a_little_behind_goes_on(start: Start, tmp_path: Path) -> None:
    """Less than five minutes: facts are taken, and totals stay right."""
    await _written_ahead(tmp_path / "data", 4)
    server = start().ready()
    server.add_site("chaos")
    load = Load(Story("chaos", 1), 1)
    for _ in range(50):
        load.add(load.story.request())
    await load.finish(server.port)
    assert server.snapshot("chaos")["views"] == 1 + len(load.story.model.views)
    assert server.differences() == []
    server.stop()
