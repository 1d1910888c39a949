"""What tests of changes of rows are made of: rows of some hours, and changes of them."""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec

from footfall import rules
from footfall.history import rows as flat
from footfall.history.base import History, Statement
from footfall.journal.base import PARTITION_BITS, partition_of
from footfall.live.fold import Fold
from footfall.model import Erase, Fact, Kind, Reclassify, Record, Rows, Sweep
from footfall.recount.barriers import Barrier, change_of

NOON = 1_764_072_000_000
OTHER = 1 << PARTITION_BITS  # where the seqs of another partition begin
TABLES = {"facts": flat.FACTS, "visits": flat.VISITS, "minutes": flat.MINUTES}
LAST = NOON + 5 * rules.HOUR
BAD = (("browser", "is", "Bad"),)
CHANGES: dict[str, Barrier] = {
    "bots": Reclassify("", LAST, "owner", BAD),
    "people": Reclassify("", LAST, "", (("bot", "is", "library"),)),
    "erase": Erase("", LAST, path="/1"),
}


def records(seed: int) -> list[Record]:
    """Views and events of some readers over four hours, repeats among them; some are Bad, some were known to be bots. Most
    visits are final then."""
    chance, made, now = random.Random(seed), list[Record](), NOON
    for id in range(1, 61):
        now += chance.choice([0, rules.SECOND, 9 * rules.MINUTE])
        visitor, bot = chance.randrange(1, 8), chance.choice(["", "", "library"])
        browser = chance.choice(["Bad", "Good"])
        kind = chance.choice([Kind.VIEW, Kind.VIEW, Kind.EVENT])
        path = f"/{chance.randrange(3)}"
        made.append(Fact("", kind, visitor, id, rules.SCRIPT, now, 0, path, bot=bot, browser=browser, engaged=5))
    return [*made[:40], Sweep(now), *made[40:], Sweep(now)]


def rows_of(site: str, seqs_after: int) -> tuple[Rows, int]:
    """What those records make, of a site of its own and of readers of the partition, and the last seq."""
    fold, partition = Fold(), partition_of(seqs_after)
    for seq, record in enumerate(records(7), seqs_after + 1):
        if isinstance(record, Fact):
            record = msgspec.structs.replace(record, site=site, visitor=record.visitor + 10 * partition)
        fold.apply(seq, record)
    return fold.take_rows(), fold.seq


async def told(history: History, condition: str) -> list[Sequence[object]]:
    """All rows."""
    asked = (f"SELECT {', '.join(columns)} FROM {table} WHERE {condition} ORDER BY seq, n" for table, columns in TABLES.items())
    return [row for sql in asked for row in await history.fetch(Statement(sql))]


async def changed(history: History, seq: int, change: Barrier) -> int:
    """Carried out; its result."""
    rows, count = await change_of(history, seq, change)
    await history.append(rows, seq)
    return count
