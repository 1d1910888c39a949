"""A process that is meant to be killed, starved or watched: it writes to one store and says each thing it acknowledges.

child.py journal PATH SYNCHRONOUS   one append for each line read, which is how many facts; says the head, or the error
child.py journal-forever PATH       appends until killed; says the head after each
child.py history PATH               one append of so many rows for each line read; says the position, or the error
child.py history-forever PATH       appends until killed; says the position after each

"limit N" lets no file grow by more than N bytes, "lift" ends that, "reopen" reopens the journal.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from pathlib import Path

from footfall.errors import FootfallError
from footfall.history.duckdb import open_history
from footfall.journal.sqlite import open_journal
from footfall.model import Fact, FactRow, LedgerRow, Rows, VisitRow

STORE = "0123456789abcdef"


def fact(number: int) -> Fact:
    return Fact("my-site", 0, number, number, "script", 1_764_072_000_000 + number, 0, f"/{number}", title="x" * (number % 700))


def rows(first: int, count: int) -> Rows:
    """Each record makes a row in three tables."""
    found = Rows()
    for seq in range(first, first + count):
        one = fact(seq)
        found.facts.append(FactRow(seq, 0, one.time, True, seq, one))
        found.visits.append(VisitRow(seq, 1, seq, one.time, one.time, one.path, one.path, 1, 0, 0, one))
        found.ledger.append(LedgerRow(seq, 2, "my-site", "script", 0, "stored", "", 1))
    return found


def obeyed(line: str, folder: Path) -> bool:
    """Whether it was about limits: RLIMIT_FSIZE makes writes fail as a full disk does, and can be lifted."""
    command, _, size = line.strip().partition(" ")
    if command not in ("limit", "lift"):
        return False
    largest = max(file.stat().st_size for file in folder.iterdir())
    limit = largest + int(size) if command == "limit" else resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    return True


async def journal(path: Path, synchronous: str, *, forever: bool) -> None:
    opened = await open_journal(path, STORE, synchronous=synchronous)
    head = await opened.head()
    print("ready", flush=True)
    while line := "7" if forever else sys.stdin.readline():
        try:
            if line.startswith("reopen"):
                head = await opened.reopen()
            elif not obeyed(line, path.parent):
                head = await opened.append([fact(head + 1 + k) for k in range(int(line))])
            print(head, flush=True)
        except FootfallError as error:
            print(type(error).__name__, flush=True)
    await opened.close()


async def history(path: Path, *, forever: bool) -> None:
    opened = await open_history(path, STORE)
    print("ready", flush=True)
    position = await opened.position()
    while line := "40" if forever else sys.stdin.readline():
        try:
            if not obeyed(line, path.parent):
                await opened.append(rows(position + 1, int(line)), position + int(line))
                position = await opened.position()
            print(position, flush=True)
        except FootfallError as error:
            print(type(error).__name__, flush=True)
    await opened.close()


if __name__ == "__main__":
    what, path = sys.argv[1], Path(sys.argv[2])
    forever = what.endswith("-forever")
    if what.startswith("journal"):
        asyncio.run(journal(path, sys.argv[3] if len(sys.argv) > 3 else "FULL", forever=forever))
    else:
        asyncio.run(history(path, forever=forever))
