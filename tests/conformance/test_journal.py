"""Every journal keeps the promises of journal/base.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from footfall.errors import JournalFailed, StoreMismatch
from footfall.journal.base import Journal
from footfall.model import (
    Adopt,
    ContentRow,
    Erase,
    Fact,
    FactRow,
    Import,
    LedgerRow,
    MinuteRow,
    Publish,
    Record,
    Refused,
    Sweep,
    VisitRow,
)

OpenJournal = Callable[..., Awaitable[Journal]]
AFact = Callable[..., Fact]


async def records_of(journal: Journal, after: int = 0) -> list[Record]:
    """Everything behind `after`, and a check that the batches say their own seqs truly."""
    found: list[Record] = []
    async for last, records in journal.follow(after):
        found += records
        assert last == after + len(found)
    return found


async def test_records_come_back_in_order_whatever_their_kind(open_a_journal: OpenJournal, a_fact: AFact) -> None:
    """Facts and all commands survive a close, with consecutive seqs from 1."""
    everything: list[Record] = [
        a_fact(1, path="/\x00ü🎈", country="", city=None, latitude=-0.0, props={"a": "b\x00"}, visitor=2**64 - 1, id=2**63),
        Sweep(1, "*"),
        Publish("my-site", 2, "post", "slug", "Title", True),
        Import("my-site", 3, (a_fact(2), a_fact(3))),
        Erase("my-site", 4, path="/1", visitor=2**64 - 1),
        Refused(5, (("my-site", "script", "too_old", 3),)),
        Adopt(
            "my-site",
            6,
            (FactRow(1, 0, 3, True, 2**64 - 1, a_fact(7, props={"a": "b"})),),
            (VisitRow(1, 0, 9, 1, 2, "/", "/", 1, 0, 0, a_fact(7)),),
            (MinuteRow(1, 0, "my-site", 60_000, 8, "/", "", 0),),
            (LedgerRow(1, 0, "my-site", "script", 0, "stored", "", 3),),
            (ContentRow(1, 0, "my-site", "post", "slug", "Title", True),),
        ),
    ]
    journal = await open_a_journal()
    assert await journal.head() == 0
    assert await journal.append(everything[:4]) == 4
    assert await journal.append(everything[4:]) == 7
    await journal.close()
    await journal.close()

    again = await open_a_journal()
    assert await again.head() == 7
    assert await records_of(again) == everything
    assert await records_of(again, 3) == everything[3:]
    assert await records_of(again, 7) == []


async def test_an_append_of_nothing_changes_nothing(open_a_journal: OpenJournal, a_fact: AFact) -> None:
    """The head stays where it is."""
    journal = await open_a_journal()
    await journal.append([a_fact()])
    assert await journal.append([]) == 1
    assert await records_of(journal) == [a_fact()]


async def test_following_while_appending_ends_at_the_head(open_a_journal: OpenJournal, a_fact: AFact) -> None:
    """A reader in the middle of the journal sees what is appended meanwhile, too, without a gap."""
    journal = await open_a_journal()
    long = "x" * 16_000
    for number in range(200):
        await journal.append([a_fact(number, path=long)])
    seen: list[int] = []
    async for last, _ in journal.follow(0):
        seen.append(last)
        if last == 100:
            await journal.append([a_fact(200)])
    assert seen == list(range(1, 202))


async def test_a_trim_forgets_whole_batches_and_keeps_the_head(open_a_journal: OpenJournal, a_fact: AFact) -> None:
    """Seqs go on after a trim of everything, also after a new start."""
    journal = await open_a_journal()
    for first in (1, 4, 7):
        await journal.append([a_fact(first + k) for k in range(3)])
    await journal.trim(5)
    assert (await journal.tail(), await journal.head()) == (3, 9)
    assert [record.id for record in await records_of(journal, 3) if isinstance(record, Fact)] == [4, 5, 6, 7, 8, 9]

    await journal.trim(9, wipe=True)
    assert (await journal.tail(), await journal.head()) == (9, 9)
    await journal.close()
    again = await open_a_journal()
    assert (await again.tail(), await again.head()) == (9, 9)
    assert await again.append([a_fact(10)]) == 10
    assert await records_of(again, 9) == [a_fact(10)]


async def test_a_long_trim_lets_appends_through(open_a_journal: OpenJournal, a_fact: AFact) -> None:
    """More batches than one step of a trim holds, and the newest stay."""
    journal = await open_a_journal()
    for number in range(1, 301):
        await journal.append([a_fact(number)])
    await journal.trim(299)
    assert (await journal.tail(), await journal.head()) == (299, 300)


@pytest.mark.parametrize("after", [0, 2, 10])
async def test_following_from_where_nothing_is_known_is_refused(open_a_journal: OpenJournal, a_fact: AFact, after: int) -> None:
    """Before the tail, or behind the head: something else is ahead of this journal."""
    journal = await open_a_journal()
    for number in (1, 4, 7):
        await journal.append([a_fact(number)] * 3)
    await journal.trim(5)
    with pytest.raises(StoreMismatch, match="repair: "):
        await records_of(journal, after)


async def test_another_store_is_refused(open_a_journal: OpenJournal) -> None:
    """A journal put into the folder of another store says so, and what to do."""
    await (await open_a_journal()).close()
    with pytest.raises(StoreMismatch, match="repair: "):
        await open_a_journal("fedcba9876543210")


async def test_what_cannot_be_written_fails_whole_and_reopen_tells_the_truth(open_a_journal: OpenJournal, a_fact: AFact) -> None:
    """A lone surrogate has no bytes: nothing of its batch is stored, and nothing is appended before `reopen`."""
    journal = await open_a_journal()
    await journal.append([a_fact(1)])
    bad: Sequence[Record] = [a_fact(2), a_fact(3, path="\ud800")]
    with pytest.raises(JournalFailed):
        await journal.append(bad)
    with pytest.raises(JournalFailed):
        await journal.append([a_fact(2)])
    assert await journal.reopen() == 1
    assert await journal.append([a_fact(2)]) == 2
    assert await records_of(journal) == [a_fact(1), a_fact(2)]


async def test_a_closed_journal_takes_nothing(open_a_journal: OpenJournal, a_fact: AFact) -> None:
    """Not even by mistake."""
    journal = await open_a_journal()
    await journal.close()
    with pytest.raises(JournalFailed):
        await journal.append([a_fact()])


async def test_a_copy_is_the_journal_at_one_moment(open_a_journal: OpenJournal, tmp_path: Path, a_fact: AFact) -> None:
    """It holds what was durable when it was made, and tells from where on; the journal goes on."""
    journal = await open_a_journal()
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
    (tmp_path / "copy" / "j.sqlite").replace(tmp_path / "j.sqlite")
    copied = await open_a_journal()
    assert await records_of(copied, 2) == [a_fact(3), a_fact(4)]
