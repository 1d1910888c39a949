"""Every registry keeps the promises of registry/base.py."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from footfall.errors import Busy
from footfall.registry.base import Registry
from footfall.registry.sqlite import open_registry

OpenRegistry = Callable[[], Awaitable[Registry]]


async def test_documents_are_put_replaced_listed_and_removed(open_a_registry: OpenRegistry) -> None:
    """By kind and id, in order of id, after a close too."""
    registry = await open_a_registry()
    assert await registry.get("site", "b") is None
    await registry.put("site", "b", b'{"name": 1}')
    await registry.put("site", "b", b'{"name": 2}')
    await registry.put("site", "a", b"")
    await registry.put("goal", "b", b"other")
    await registry.close()
    await registry.close()

    again = await open_a_registry()
    assert await again.get("site", "b") == b'{"name": 2}'
    assert list((await again.list("site")).items()) == [("a", b""), ("b", b'{"name": 2}')]
    assert await again.list("nothing") == {}
    assert await again.delete("site", "b")
    assert not await again.delete("site", "b")
    assert await again.get("goal", "b") == b"other"


async def test_a_document_is_replaced_by_who_saw_it_last(open_a_registry: OpenRegistry) -> None:
    """Of two that saw the same the first; also where there was none, or one that was removed."""
    a, b = await open_a_registry(), await open_a_registry()
    assert await a.replace("site", "x", None, b"1")
    assert not await b.replace("site", "x", None, b"2")
    assert await b.replace("site", "x", b"1", b"2")
    assert not await a.replace("site", "x", b"1", b"3")
    assert await a.get("site", "x") == b"2"
    assert await a.delete("site", "x")
    assert not await b.replace("site", "x", b"2", b"3")
    assert await b.replace("site", "x", None, b"")
    assert await a.replace("site", "x", b"", b"4")
    assert await b.get("site", "x") == b"4"


async def test_of_many_changes_at_the_same_time_none_is_lost(open_a_registry: OpenRegistry) -> None:
    """Each adds its letter to what it found, and tries again when somebody was faster."""
    registries = [await open_a_registry() for _ in range(2)]

    async def add(registry: Registry, letter: bytes) -> None:
        while not await registry.replace("site", "x", seen := await registry.get("site", "x"), (seen or b"") + letter):
            pass

    letters = [b"%c" % (97 + number) for number in range(12)]
    await asyncio.gather(*(add(registries[number % 2], letter) for number, letter in enumerate(letters)))
    assert sorted(await registries[0].get("site", "x") or b"") == sorted(b"".join(letters))


async def test_a_checkpoint_comes_back_part_by_part(open_a_registry: OpenRegistry) -> None:
    """Empty, small and large parts, in order, also from an iterator that makes them as it goes."""
    parts = [b"", b"one", b"x" * 2_500_000, b""]
    registry = await open_a_registry()
    await registry.save_checkpoint(7, "v1", iter(parts))
    await registry.close()
    again = await open_a_registry()
    found = await again.load_checkpoint(7)
    assert found is not None
    assert (found.seq, list(found.parts)) == (7, parts)
    await again.save_checkpoint(8, "v1", [])
    empty = await again.load_checkpoint(8)
    assert empty is not None
    assert list(empty.parts) == []


async def test_two_are_kept_newest_first_and_by_version(open_a_registry: OpenRegistry) -> None:
    """A third one removes the oldest; one of another version is not offered."""
    registry = await open_a_registry()
    for seq in (1, 2, 3):
        await registry.save_checkpoint(seq, "v1", [b"%d" % seq])
    assert await registry.load_checkpoints("v1") == [3, 2]
    assert await registry.load_checkpoint(1) is None
    await registry.save_checkpoint(4, "v2", [b"4"])
    assert await registry.load_checkpoints("v1") == [3]
    assert await registry.load_checkpoints("v2") == [4]


async def test_one_at_the_same_seq_replaces_it(open_a_registry: OpenRegistry) -> None:
    """The newer one holds, and counts once."""
    registry = await open_a_registry()
    await registry.save_checkpoint(1, "v1", [b"1"])
    await registry.save_checkpoint(2, "v1", [b"old", b"older"])
    await registry.save_checkpoint(2, "v1", [b"new"])
    assert await registry.load_checkpoints("v1") == [2, 1]
    found = await registry.load_checkpoint(2)
    assert found is not None
    assert list(found.parts) == [b"new"]


async def test_those_before_a_barrier_are_dropped(open_a_registry: OpenRegistry) -> None:
    """The one at the barrier stays."""
    registry = await open_a_registry()
    for seq in (4, 5):
        await registry.save_checkpoint(seq, "v1", [b"x"])
    await registry.drop_checkpoints(5)
    assert await registry.load_checkpoints("v1") == [5]
    assert await registry.load_checkpoint(4) is None


async def test_one_that_was_cut_off_is_not_offered(open_a_registry: OpenRegistry) -> None:
    """The parts fail half way: nothing loads, the older ones hold, and the next save leaves no rest behind."""

    def breaks() -> Iterator[bytes]:
        yield b"first"
        raise ZeroDivisionError

    registry = await open_a_registry()
    await registry.save_checkpoint(1, "v1", [b"1"])
    with pytest.raises(ZeroDivisionError):
        await registry.save_checkpoint(2, "v1", breaks())
    assert await registry.load_checkpoints("v1") == [1]
    assert await registry.load_checkpoint(2) is None
    await registry.save_checkpoint(2, "v1", [b"2"])
    found = await registry.load_checkpoint(2)
    assert found is not None
    assert list(found.parts) == [b"2"]


async def test_a_drop_waits_for_a_save(open_a_registry: OpenRegistry) -> None:
    """It does not take the parts of one that is being written for leftovers."""
    loop, begun = asyncio.get_running_loop(), asyncio.Event()

    def parts() -> Iterator[bytes]:
        for number in range(20):
            if number == 3:
                loop.call_soon_threadsafe(begun.set)
            yield b"x" * 100_000

    registry = await open_a_registry()
    save = asyncio.create_task(registry.save_checkpoint(9, "v1", parts()))
    await begun.wait()
    await registry.drop_checkpoints(5)
    await save
    found = await registry.load_checkpoint(9)
    assert found is not None
    assert len(found.parts) == 20


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE pieces SET body = x'00' WHERE part = 1",
        "DELETE FROM pieces WHERE part = 1",
        "DELETE FROM pieces WHERE part = 2",
        "UPDATE pieces SET part = 5 - part",
    ],
)
async def test_a_damaged_one_does_not_load(tmp_path: Path, damage: str) -> None:
    """The SQLite registry: its checksum covers every part and their order."""
    registry = await open_registry(tmp_path / "j.sqlite")
    await registry.save_checkpoint(3, "v1", [b"a", b"b", b"c"])
    with sqlite3.connect(tmp_path / "j.sqlite") as other:
        assert other.execute(damage).rowcount
    other.close()
    assert await registry.load_checkpoint(3) is None
    await registry.close()


async def test_no_rest_of_old_checkpoints_stays(tmp_path: Path) -> None:
    """The SQLite registry: pieces of what was replaced, dropped or cut off are removed."""
    registry = await open_registry(tmp_path / "j.sqlite")
    for seq in (1, 2, 3, 3):
        await registry.save_checkpoint(seq, "v1", [b"a", b"b"])
    with sqlite3.connect(tmp_path / "j.sqlite") as other:
        assert other.execute("SELECT count(*) FROM pieces").fetchone() == (4,)
    other.close()
    await registry.close()


async def test_a_registry_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    """And a closed one takes nothing."""
    with pytest.raises(Busy):
        await open_registry(tmp_path / "missing" / "j.sqlite")
    registry = await open_registry(tmp_path / "j.sqlite")
    await registry.close()
    with pytest.raises(Busy):
        await registry.put("site", "a", b"")
