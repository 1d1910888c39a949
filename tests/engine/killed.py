"""What must hold when the process that owns the data folder is killed, run as a program: python -m tests.engine.killed SCENARIO.

A program of its own, because it forks; see tests/owner.py. Exit code 0 if all is well, otherwise it says what was wrong.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is imported: a process that forks must have no second thread

import asyncio
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall import rules
from footfall.errors import Busy
from footfall.live.stats import stats
from footfall.logs import set_up
from footfall.model import Erase, Fact, Kind, Reclassify, Record, Sweep
from footfall.store import Store, open_store
from tests.engine.conftest import rows_of
from tests.owner import Owner
from tests.unit.live.made import SITE, START, fact, streams

_decode = msgspec.json.Decoder(list[Record]).decode
Look = dict[str, Any]


class Engine:
    """The work of the owner: a store whose time stands where the last request put it."""

    def __init__(self, folder: Path, now: int) -> None:
        self._folder = folder
        self._now = now
        self._store: Store

    async def open(self) -> None:
        self._store = await open_store(self._folder, lambda: self._now)

    async def answer(self, request: dict[str, Any]) -> object:
        """One of the methods below, by name, with its arguments; "busy" if the engine says so."""
        try:
            return await getattr(self, request.pop("do"))(**request)
        except Busy:
            return "busy"

    async def records(self, batches: list[str], now: int) -> object:
        """Batches handed over at once, in order; what became of each record: an outcome, or a command's result."""
        self._now = now
        engine = self._store.engine
        answers = list[object]()
        for is_facts, group in groupby(map(_decode, batches), key=lambda batch: isinstance(batch[0], Fact)):
            if is_facts:
                verdicts = await asyncio.gather(*(engine.record(batch) for batch in group))  # type: ignore[arg-type]  # all facts
                answers += [verdict.outcome for batch in verdicts for verdict in batch]
            else:
                answers += [await engine.command(command) for batch in group for command in batch]  # type: ignore[arg-type]  # none
        return answers

    async def checkpoint(self) -> None:
        await self._store.keeper.take()

    async def look(self, now: int) -> object:
        """Everything, after all that is final became rows; the statistics before that."""
        self._now = now
        engine = self._store.engine
        looks: Look = {"verify": await engine.verify(), "seq": engine.fold.seq}
        looks["stats"] = {site: msgspec.to_builtins(stats(state, now)) for site, state in sorted(engine.fold.sites.items())}
        self._now += 3 * rules.WINDOW_KEPT
        await engine.command(Sweep(self._now))
        while engine.fold.sweepable(self._now):
            await engine.command(Sweep(self._now))
        looks["rows"] = await rows_of(self._store)
        return looks

    async def limit(self, file_bytes: int | None) -> None:
        """No file may grow beyond so many bytes more than the journal's WAL has now; None: any."""
        size = (self._folder / "journal.sqlite-wal").stat().st_size
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most if file_bytes is None else size + file_bytes, most))


class Session:
    """A data folder and whoever owns it at the moment."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running = ExitStack()
        self._now = START
        self._owner = self._running.enter_context(Owner(Engine(folder, START)))
        self.crashes = 0

    def send(self, batches: Sequence[Sequence[Record]], *, wait: bool = True) -> Any:
        self._now = max([self._now, *(_time(record) for batch in batches for record in batch)])
        encoded = [msgspec.json.encode(batch).decode() for batch in batches]
        request = {"do": "records", "batches": encoded, "now": self._now}
        return self._owner.ask(request) if wait else self._owner.tell(request)

    def do(self, what: str, **arguments: object) -> Any:
        return self._owner.ask({"do": what, **arguments})

    def look(self) -> Look:
        looks: Look = self.do("look", now=self._now)
        return looks

    def crash(self) -> None:
        self.crashes += 1
        self._running.close()
        self._owner = self._running.enter_context(Owner(Engine(self._folder, self._now)))

    def close(self) -> None:
        self._running.close()


@contextmanager
def session() -> Iterator[Session]:
    """On an empty folder."""
    with tempfile.TemporaryDirectory(prefix="footfall-killed-") as folder:
        opened = Session(Path(folder, "data"))
        try:
            yield opened
        finally:
            opened.close()


def _time(record: Record) -> int:
    return record.arrival if isinstance(record, Fact) else record.at


def plain(rows: Look) -> Look:
    """Rows in their order without what names a record, and the ledger without retries, added up."""
    cut = {table: [row[2:] for row in found] for table, found in rows.items() if table != "ledger"}
    lines = Counter[str]()
    for *line, count in (row[2:] for row in rows["ledger"]):
        if "retry" not in line:
            lines[str(line)] += count
    return cut | {"ledger": lines}


# --- any batches, sent again, crashed anywhere ---

Plan = list[tuple[int, bool, bool, bool, bool]]  # for each batch: its size, and whether then to ...
STEP = st.tuples(st.integers(1, 5), *[st.booleans()] * 4)


def batches_and_crashes(examples: int) -> None:
    """Cutting a stream into other batches, sending any batch again and crashing between any two steps, or in the middle of
    one, changes no total and no row; sending again adds lines of `retry` to the ledger and nothing else."""
    crashes = 0

    @settings(max_examples=examples, derandomize=True, deadline=None, database=None)
    @given(streams(most=25, least=10), st.lists(STEP, min_size=25, max_size=25))
    def check(records: Sequence[Record], plan: Plan) -> None:
        nonlocal crashes
        with session() as one_by_one:
            for record in records:
                one_by_one.send([[record]])
            wanted = one_by_one.look()
        with session() as chopped:
            again = _chop(chopped, records, plan)
            found = chopped.look()
            crashes += chopped.crashes
        assert wanted["verify"] == found["verify"] == []
        assert found["stats"] == wanted["stats"]
        assert plain(found["rows"]) == plain(wanted["rows"])
        if not again:
            assert found == wanted  # the same seq and n, too

    check()
    print(f"{examples} streams, {crashes} crashes")


def _chop(target: Session, records: Sequence[Record], plan: Plan) -> bool:
    """Carry out a plan; whether anything was sent more than once."""
    rest, again = list(records), False
    for size, split, resend, checkpoint, crash in plan:
        batch, rest = rest[:size], rest[size:]
        facts = [record for record in batch if isinstance(record, Fact)]
        if not batch:
            break
        repeatable = all(_repeatable(one, batch[-1]) for one in facts)
        if len(facts) == len(batch) and repeatable and resend and crash:
            target.send([batch], wait=False)  # killed in the middle: nobody knows what became of it
            target.crash()
            target.send([batch])
            again = True
            continue
        parts = [[record] for record in batch] if split or len(facts) < len(batch) else [batch]
        target.send(parts)
        if resend and facts and repeatable:
            assert set(target.send([facts])) == {"retry"}
            again = True
        if checkpoint:
            target.do("checkpoint")
        if crash:
            target.crash()
    if rest:
        target.send([[record] for record in rest])
    return again


def _repeatable(one: Fact, last: Record) -> bool:
    """Whether a fact may be sent again when `last` has been: it has an id of its own that is still known."""
    return (
        one.door != rules.ORIGINAL
        and one.age <= rules.LATENESS - rules.CLOCK_TOLERANCE
        and one.arrival > _time(last) - rules.WINDOW_KEPT
    )


# --- a change of rows that is interrupted ---


def erase_interrupted(rounds: int) -> None:
    """Killed at any moment of an erase, then asked for it again: as if it had been done once."""
    _interrupted(rounds, Erase(SITE, START + 22_000, path="/gone"), 8)


def reclassify_interrupted(rounds: int) -> None:
    """The same of facts that are a bot's after all."""
    _interrupted(rounds, Reclassify(SITE, START + 22_000, "owner", (("path", "is", "/gone"),)), 8)


def _interrupted(rounds: int, change: Record, count: int) -> None:
    pages = [fact(path=path, visitor=visitor) for visitor in range(1, 9) for path in ("/gone", "/stays")]
    beats = [fact(Kind.BEAT, "/gone", visitor=visitor, at=START + 21_000) for visitor in range(1, 5)]

    def prepare(target: Session) -> None:
        target.send([pages[:6]])
        target.do("checkpoint")
        target.send([pages[6:], beats])

    with session() as undisturbed:
        prepare(undisturbed)
        assert undisturbed.send([[change]]) == [count]
        assert set(undisturbed.send([[*pages, *beats]])) == {"retry"}
        wanted = undisturbed.look()
    finished = 0
    for round in range(rounds):
        with session() as target:
            prepare(target)
            target.send([[change]], wait=False)
            time.sleep(0.004 * round)  # anywhere from before it is written to after it is done
            target.crash()
            finished += target.send([[change]]) == [0]
            target.crash()
            assert set(target.send([[*pages, *beats]])) == {"retry"}
            found = target.look()
        assert found["verify"] == []
        assert found["stats"] == wanted["stats"], (found["stats"], wanted["stats"])
        assert plain(found["rows"]) == plain(wanted["rows"])
    print(f"{rounds} changes interrupted, {finished} of them had been carried out or were finished by the next start")


# --- a journal that cannot be written ---


def journal_full(rounds: int) -> None:
    """At any byte: Busy, nothing half done, and it recovers by itself; sent again with the same ids all is there exactly once."""
    for round in range(rounds):
        with session() as target:
            first = [fact(path=f"/{number}", visitor=number) for number in range(1, 11)]
            long = [fact(path="/" + "x" * 3_000 + str(number), visitor=number) for number in range(1, 11)]
            assert set(target.send([first])) == {"stored"}
            target.do("limit", file_bytes=4_200 * round)
            assert target.send([long]) == "busy"
            assert target.send([[fact()]]) == "busy"  # also what would have fitted
            assert target.do("look", now=START) == "busy"
            target.do("limit", file_bytes=None)
            while (answer := target.send([first + long])) == "busy":
                time.sleep(0.05)
            assert answer[:10] == ["retry"] * 10
            assert len(set(answer[10:])) == 1  # all of the batch had become durable, or nothing
            target.crash()
            assert set(target.send([first + long])) == {"retry"}
            found = target.look()
        assert found["verify"] == []
        assert found["stats"][SITE]["totalPageViews"] == len(found["rows"]["facts"]) == 20
    print(f"{rounds} times full")


SCENARIOS: dict[str, Callable[[int], None]] = {
    scenario.__name__: scenario for scenario in (batches_and_crashes, erase_interrupted, reclassify_interrupted, journal_full)
}

if __name__ == "__main__":
    set_up("console", open(os.devnull, "w"))  # noqa: SIM115 - until the process ends
    SCENARIOS[sys.argv[1]](int(sys.argv[2]))
