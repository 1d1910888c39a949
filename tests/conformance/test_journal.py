"""Every journal keeps the promises of journal/base.py."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence

import pytest

from footfall.errors import JournalFailed, StoreMismatch
from footfall.journal.base import Behind, Journal, Position
from footfall.journal.jetstream import open_partition
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
from tests.conformance.conftest import Backing

OpenJournal = Callable[..., Awaitable[Journal]]
AFact = Callable[..., Fact]


async def records_of(journal: Journal, after: Position) -> list[Record]:
    """Everything behind `after`, and a check that seqs grow."""
    found: list[Record] = []
    async for last, records in journal.follow(after):
        assert records
        assert after <= last - len(records)
        found += records
        after = last
    assert after == await journal.head()
    return found


async def test_records_come_back_in_order_whatever_their_kind(open_a_journal: OpenJournal, a_fact: AFact) -> None:
    """Facts and all commands survive a close; whoever knows a seq can go on behind it, also in the middle of a batch."""
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
    start = await journal.head()
    fourth = await journal.append(everything[:4])
    last = await journal.append(everything[4:])
    assert start < fourth - 3 < fourth < last
    await journal.close()
    await journal.close()

    again = await open_a_journal()
    assert (await again.tail(), await again.head()) == (start, last)
    assert await records_of(again, start) == everything
    assert await records_of(again, fourth - 1) == everything[3:]
    assert await records_of(again, fourth) == everything[4:]
    assert await records_of(again, last) == []


async def test_an_append_of_nothing_changes_nothing(open_a_journal: OpenJournal, a_fact: AFact) -> None:
    """The head stays where it is."""
    journal = await open_a_journal()
    start = await journal.head()
    last = await journal.append([a_fact()])
    assert await journal.append([]) == last
    assert await records_of(journal, start) == [a_fact()]


async def test_following_while_appending_ends_at_the_head(open_a_journal: OpenJournal, a_fact: AFact) -> None:
    """A reader in the middle of the journal sees what is appended meanwhile, too, without a gap."""
    journal = await open_a_journal()
    long, start = "x" * 16_000, await journal.head()
    appended = [await journal.append([a_fact(number, path=long)]) for number in range(200)]
    seen: list[Position] = []
    async for last, _ in journal.follow(start):
        seen.append(last)
        if len(seen) == 100:
            appended.append(await journal.append([a_fact(200)]))
    assert seen == appended == sorted(set(appended))


async def test_a_trim_forgets_whole_batches_and_keeps_the_head(open_a_journal: OpenJournal, a_fact: AFact) -> None:
    """Seqs go on after a trim of everything, also after a new start."""
    journal = await open_a_journal()
    third, sixth, ninth = [await journal.append([a_fact(first + k) for k in range(3)]) for first in (1, 4, 7)]
    await journal.trim(sixth - 1)
    assert (await journal.tail(), await journal.head()) == (third, ninth)
    assert [record.id for record in await records_of(journal, third) if isinstance(record, Fact)] == [4, 5, 6, 7, 8, 9]

    await journal.trim(ninth, wipe=True)
    assert (await journal.tail(), await journal.head()) == (ninth, ninth)
    await journal.close()
    again = await open_a_journal()
    assert (await again.tail(), await again.head()) == (ninth, ninth)
    assert await again.append([a_fact(10)]) > ninth
    assert await records_of(again, ninth) == [a_fact(10)]


async def test_a_long_trim_lets_appends_through(open_a_journal: OpenJournal, a_fact: AFact) -> None:
    """More batches than one step of a trim holds, and the newest stay."""
    journal = await open_a_journal()
    appended = [await journal.append([a_fact(number)]) for number in range(1, 301)]
    await journal.trim(appended[-2])
    assert (await journal.tail(), await journal.head()) == tuple(appended[-2:])


@pytest.mark.parametrize("place", ["at the start", "in what is gone", "behind the head"])
async def test_following_from_where_nothing_is_known_is_refused(open_a_journal: OpenJournal, a_fact: AFact, place: str) -> None:
    """Before the tail, or behind the head: something else is ahead of this journal."""
    journal = await open_a_journal()
    start = await journal.head()
    third, sixth, ninth = [await journal.append([a_fact(number)] * 3) for number in (1, 4, 7)]
    await journal.trim(sixth - 1)
    with pytest.raises(StoreMismatch, match="repair: "):
        await records_of(journal, {"at the start": start, "in what is gone": third - 1, "behind the head": ninth + 1}[place])


async def test_another_store_is_refused(open_a_journal: OpenJournal) -> None:
    """A journal put into the folder of another store says so, and what to do."""
    await (await open_a_journal()).close()
    with pytest.raises(StoreMismatch, match="repair: "):
        await open_a_journal("fedcba9876543210")


async def test_what_cannot_be_written_fails_whole_and_reopen_tells_the_truth(open_a_journal: OpenJournal, a_fact: AFact) -> None:
    """A lone surrogate has no bytes: nothing of its batch is stored, and nothing is appended before `reopen`."""
    journal = await open_a_journal()
    start = await journal.head()
    first = await journal.append([a_fact(1)])
    bad: Sequence[Record] = [a_fact(2), a_fact(3, path="\ud800")]
    with pytest.raises(JournalFailed):
        await journal.append(bad)
    with pytest.raises(JournalFailed):
        await journal.append([a_fact(2)])
    assert await journal.reopen() == first
    assert await journal.append([a_fact(2)]) > first
    assert await records_of(journal, start) == [a_fact(1), a_fact(2)]


async def test_a_closed_journal_takes_nothing(open_a_journal: OpenJournal, a_fact: AFact) -> None:
    """Not even by mistake."""
    journal = await open_a_journal()
    await journal.close()
    with pytest.raises(JournalFailed):
        await journal.append([a_fact()])


async def test_a_partition_tells_what_is_behind_a_position(backing: Backing, a_fact: AFact) -> None:
    """Messages, and when the first of them was appended; a message counts until all of it is passed."""
    before = time.time_ns() // 1_000_000
    partition = await open_partition(await backing.client(), 6, "0123456789abcdef", replicas=1, name=backing.name)
    assert await partition.behind(partition.start) == Behind()
    first, second = [await partition.append([a_fact(number)] * 3) for number in (1, 2)]
    found = [await partition.behind(position) for position in (partition.start, first - 1, first, second)]
    assert [behind.messages for behind in found] == [2, 2, 1, 0]
    assert before <= found[0].since == found[1].since <= found[2].since <= time.time_ns() // 1_000_000
    await partition.trim(first)
    assert await partition.behind(partition.start) == found[2]
