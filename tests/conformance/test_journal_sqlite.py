"""The SQLite journal where it is a file: kills, full disks, damage, and the proof that it syncs."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from footfall.errors import JournalFailed, StoreMismatch
from footfall.journal.sqlite import open_journal
from footfall.model import Fact
from footfall.registry.sqlite import open_registry

STORE = "0123456789abcdef"
AChild = Callable[..., Any]
AFact = Callable[..., Fact]


async def ids_of(path: Path) -> list[int]:
    """The ids of all facts in the journal at `path`."""
    journal = await open_journal(path, STORE)
    found = [record.id async for _, records in journal.follow(0) for record in records if isinstance(record, Fact)]
    await journal.close()
    return found


async def test_what_was_acknowledged_survives_sigkill(tmp_path: Path, a_child: AChild) -> None:
    """Kills at some moment between or within appends: everything said is there, in order, once."""
    for patience in (5, 17, 2, 40):
        child = a_child("journal-forever", tmp_path / "j.sqlite")
        for _ in range(patience):
            assert child.hear()
        acknowledged = int(child.kill()[-1])
        ids = await ids_of(tmp_path / "j.sqlite")
        assert ids == list(range(1, len(ids) + 1))
        assert len(ids) >= acknowledged
        assert len(ids) % 7 == 0  # batches are whole


def syncs_before_each_answer(trace: str) -> list[int]:
    """How often the WAL was synced between each line read from stdin and the line written to stdout."""
    counts, count, asked = [], 0, False
    for line in trace.splitlines():
        if re.search(r" read\(0<", line):
            count, asked = 0, True
        elif re.search(r" f(data)?sync\(\d+<[^>]*-wal>\)", line):
            count += 1
        elif asked and re.search(r" write\(1<", line):
            counts.append(count)
            asked = False
    return counts


@pytest.mark.parametrize(("synchronous", "synced"), [("FULL", True), ("OFF", False)])
def test_every_append_is_synced_before_it_is_acknowledged(
    tmp_path: Path, a_child: AChild, synchronous: str, synced: bool
) -> None:
    """Seen from the system calls. With synchronous=OFF the same count is zero: so this test can tell the difference."""
    if shutil.which("strace") is None:
        missing = "strace is not installed (apt-get install strace): the fsync is not proved"
        assert not os.environ.get("FOOTFALL_TESTS_STRICT"), missing
        pytest.skip(missing)
    trace = tmp_path / "trace"
    watch = ("strace", "-f", "-y", "-e", "trace=read,write,fsync,fdatasync", "-o", str(trace))
    child = a_child("journal", tmp_path / "j.sqlite", synchronous, under=watch)
    child.hear()
    assert [child.ask("1") for _ in range(5)] == ["1", "2", "3", "4", "5"]
    child.process.stdin.close()
    child.close()
    counts = syncs_before_each_answer(trace.read_text())
    assert len(counts) >= 5
    assert [count > 0 for count in counts[:5]] == [synced] * 5


async def test_a_full_disk_fails_the_append_and_loses_nothing(tmp_path: Path, a_child: AChild) -> None:
    """Writes beyond a limit fail; then `reopen` tells the head, and appends go on when there is room."""
    child = a_child("journal", tmp_path / "j.sqlite", "FULL")
    child.hear()
    assert child.ask("5") == "5"
    child.ask("limit 8192")
    assert child.ask("500") == "JournalFailed"
    assert child.ask("1") == "JournalFailed"  # not before `reopen`
    assert child.ask("reopen") == "5"
    assert child.ask("500") == "JournalFailed"
    child.ask("lift")
    assert child.ask("reopen") == "5"
    assert child.ask("500") == "505"
    child.kill()
    assert await ids_of(tmp_path / "j.sqlite") == list(range(1, 506))


async def written(path: Path, a_fact: AFact, batches: int = 3) -> None:
    """A closed journal with so many batches of two facts."""
    journal = await open_journal(path, STORE)
    for number in range(batches):
        await journal.append([a_fact(2 * number + 1), a_fact(2 * number + 2)])
    await journal.close()


DAMAGES = {
    "body": "UPDATE batches SET body = CAST(substr(body, 1, 20) || x'ff' || substr(body, 22) AS BLOB) WHERE last = 4",
    "shorter": "UPDATE batches SET body = substr(body, 1, length(body) - 1) WHERE last = 4",
    "bounds": "UPDATE batches SET first = 2 WHERE last = 4",
    "missing": "DELETE FROM batches WHERE last = 4",
    "missing at the front": "DELETE FROM batches WHERE last = 2",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
async def test_damage_is_found_and_a_repair_named(tmp_path: Path, a_fact: AFact, damage: str) -> None:
    """A batch that changed or went missing behind the journal's back is never handed out."""
    path = tmp_path / "j.sqlite"
    await written(path, a_fact)
    with sqlite3.connect(path) as other:
        assert other.execute(damage).rowcount == 1
    other.close()
    journal = await open_journal(path, STORE)
    with pytest.raises(StoreMismatch, match="repair: "):
        [batch async for batch in journal.follow(0)]
    await journal.close()


async def test_a_changed_letter_is_found(tmp_path: Path, a_fact: AFact) -> None:
    """The records could still be read, and would be others: only the checksum knows."""
    path = tmp_path / "j.sqlite"
    await written(path, a_fact)
    with sqlite3.connect(path) as other:
        (body,) = other.execute("SELECT body FROM batches WHERE last = 4").fetchone()
        other.execute("UPDATE batches SET body = ? WHERE last = 4", (body.replace(b"my-site", b"by-site", 1),))
    other.close()
    with pytest.raises(StoreMismatch, match="repair: "):
        await ids_of(path)


async def test_a_torn_file_is_found(tmp_path: Path, a_fact: AFact) -> None:
    """A page of zeros in the middle of the file, as a disk may leave it."""
    path = tmp_path / "j.sqlite"
    await written(path, a_fact, 300)
    with path.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(bytes(4096))
    with pytest.raises(StoreMismatch, match="repair: "):
        await ids_of(path)


async def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    """And left alone."""
    path = tmp_path / "j.sqlite"
    path.write_bytes(b"not a database, but somebody's letters" * 200)
    before = path.read_bytes()
    with pytest.raises(StoreMismatch, match="repair: "):
        await open_journal(path, STORE)
    assert path.read_bytes() == before


async def test_a_folder_that_is_not_there_fails(tmp_path: Path) -> None:
    """Nothing can be made durable in it."""
    with pytest.raises(JournalFailed):
        await open_journal(tmp_path / "missing" / "j.sqlite", STORE)


def holds(path: Path, marker: bytes) -> bool:
    """Whether any file beside `path` holds these bytes."""
    return any(marker in file.read_bytes() for file in path.parent.iterdir())


async def test_what_is_wiped_is_in_no_file(tmp_path: Path, a_fact: AFact) -> None:
    """Looked for in the raw bytes of every file while the journal is open: journal, trimmed pages, checkpoints, WAL."""
    path = tmp_path / "j.sqlite"
    journal = await open_journal(path, STORE)
    registry = await open_registry(path)
    secret = "marker-of-one-reader"
    for number in range(1, 400):
        await journal.append([a_fact(number, path=f"/{secret}/{'x' * 5000 if number % 3 else ''}")])
    await registry.save_checkpoint(150, "v", [secret.encode() * 100])
    await journal.trim(150)
    assert holds(path, secret.encode())

    await registry.drop_checkpoints(399)
    await journal.trim(399, wipe=True)
    await registry.put("site", "my-site", b"still there")
    assert not holds(path, secret.encode())
    assert holds(path, b"still there")
    await registry.close()
    await journal.close()


async def test_trimmed_pages_are_used_again(tmp_path: Path, a_fact: AFact) -> None:
    """The file keeps the size of its longest stretch between two trims."""
    path = tmp_path / "j.sqlite"
    journal = await open_journal(path, STORE)
    sizes = []
    for round in range(4):
        for number in range(60):
            await journal.append([a_fact(number, path="/" + "x" * 12_000)])
        await journal.trim(60 * (round + 1), wipe=True)
        sizes.append(path.stat().st_size)
    assert sizes[0] > 60 * 12_000
    assert sizes[-1] < sizes[0] * 1.1
    await journal.close()


async def test_the_registry_and_the_journal_write_at_the_same_time(tmp_path: Path, a_fact: AFact) -> None:
    """Neither makes the other fail."""
    path = tmp_path / "j.sqlite"
    journal = await open_journal(path, STORE)
    registry = await open_registry(path)

    async def append() -> None:
        for number in range(200):
            await journal.append([a_fact(number)])

    async def save() -> None:
        for seq in range(1, 6):
            await registry.save_checkpoint(seq, "v", [os.urandom(1 << 19)] * 4)
            await registry.put("site", str(seq), b"{}")

    await asyncio.gather(append(), save())
    assert await journal.head() == 200
    assert await registry.load_checkpoints("v") == [5, 4]
    await registry.close()
    await journal.close()


async def test_seqs_count_from_one_without_a_gap(tmp_path: Path, a_fact: AFact) -> None:
    """As its only writer relies on."""
    journal = await open_journal(tmp_path / "j.sqlite", STORE)
    assert await journal.head() == 0
    assert await journal.append([a_fact(1), a_fact(2)]) == 2
    assert await journal.append([a_fact(3)]) == 3
    assert [(last, len(records)) async for last, records in journal.follow(0)] == [(2, 2), (3, 1)]
    assert [(last, len(records)) async for last, records in journal.follow(1)] == [(2, 1), (3, 1)]
    await journal.close()


async def test_a_copy_is_the_journal_at_one_moment(tmp_path: Path, a_fact: AFact) -> None:
    """It holds what was durable when it was made, and tells from where on; the journal goes on."""
    journal = await open_journal(tmp_path / "j.sqlite", STORE)
    for number in range(1, 5):
        await journal.append([a_fact(number)])
    await journal.trim(2)
    (tmp_path / "copy").mkdir()
    assert await journal.copy(tmp_path / "copy" / "j.sqlite") == 2
    await journal.append([a_fact(5)])
    assert await journal.head() == 5
    await journal.close()
    with pytest.raises(JournalFailed):
        await journal.copy(tmp_path / "copy" / "again.sqlite")
    copied = await open_journal(tmp_path / "copy" / "j.sqlite", STORE)
    assert [record async for _, records in copied.follow(2) for record in records] == [a_fact(3), a_fact(4)]
    await copied.close()
