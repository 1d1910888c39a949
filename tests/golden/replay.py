"""script/replay: golden traces against the real embedded engine on disk.

Each trace gets a fresh data folder, which belongs to a child process. The parent sends it one operation after the other and
compares the answers; after any of them it may kill the child with SIGKILL and let the next one open what that left behind.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is imported: a process that forks must have no second thread

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from footfall.api import Footfall
from footfall.clock import Clock
from footfall.logs import set_up
from tests.golden.player import CLOSE, RESTART, Player
from tests.golden.traces import OUTCOME, Answer, Trace, Unreadable, agrees, load, on_purpose
from tests.owner import Owner

_SHOWN = 3  # mismatches told in detail
_LONGEST_SHOWN = 2_000  # characters of a value told in detail
SKIPPED = "aggregateCounts"  # the original's own counters, which lag behind its rows until a backfill


@dataclass
class Report:
    """How the replay of one trace went. `mismatches` are told in words; what was `skipped` can be answered by nobody else."""

    trace: Trace
    mismatches: list[str] = field(default_factory=list)
    unsupported: int = 0
    skipped: int = 0

    def note(self, index: int, answer: Answer) -> None:
        """Compare an answer with what was recorded."""
        operation, outcome = self.trace.operations[index], self.trace.outcomes[index]
        if operation["op"] == SKIPPED:
            self.skipped += 1
        elif "unsupported" in answer and "unsupported" not in outcome:
            self.unsupported += 1
        elif not agrees(answer, outcome):
            asked = {key: value for key, value in operation.items() if key not in OUTCOME}
            told = (f"  operation {index}: {_short(asked)}", f"expected {_short(outcome)}", f"answered {_short(answer)}")
            self.mismatches.append("\n    ".join(told))

    def line(self) -> str:
        """The one line of the file."""
        line = f"{self.trace.name}: {len(self.trace.operations)} operations, {len(self.mismatches)} mismatches"
        return f"{line}, {self.unsupported} unsupported" if self.unsupported else line


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + " ..."


async def _open(folder: Path, clock: Clock) -> Footfall:
    return await Footfall.open(folder, clock=clock)


def replay(trace: Trace, *, restart_every: int = 0, crash_every: int = 0) -> Report:
    """Replay one trace, restarting or crashing after every so many operations (0: never)."""
    report = Report(trace)
    with tempfile.TemporaryDirectory(prefix="footfall-replay-") as temporary, ExitStack() as running:
        opening = partial(_open, Path(temporary, "data"))
        owner = running.enter_context(Owner(Player(opening, trace.operations[0]["at_ms"] if trace.operations else 0)))
        for index, operation in enumerate(trace.operations):
            report.note(index, owner.ask(operation))
            if crash_every and (index + 1) % crash_every == 0:
                running.close()
                owner = running.enter_context(Owner(Player(opening, operation["at_ms"])))
            elif restart_every and (index + 1) % restart_every == 0:
                owner.ask(RESTART)
        report.mismatches += [f"  at the end, totals and rows: {sentence}" for sentence in owner.ask(CLOSE)]
    return report


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(
        prog="script/replay",
        description="Replay golden traces against the real embedded engine on disk; one line for each file.",
        epilog="Exit code: 0 all agree, 1 something differs, 2 a file cannot be read. aggregateCounts is skipped: Footfall keeps"
        " no counters besides those that getStats tells.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--restart-every", type=int, default=0, metavar="N", help="close and open again after every N operations")
    parser.add_argument("--crash-every", type=int, default=0, metavar="N", help="SIGKILL the owner after every N operations")
    parser.add_argument(
        "--on-purpose", action="store_true", help="where tests/golden/expected says that Footfall means to differ, expect that"
    )
    given = parser.parse_args(arguments)
    set_up("console")
    skipped, code = 0, 0
    for file in given.files:
        try:
            trace = load(file)
        except Unreadable as error:
            print(error, file=sys.stderr)
            code = 2
            continue
        if given.on_purpose:
            trace = on_purpose(trace)
        report = replay(trace, restart_every=given.restart_every, crash_every=given.crash_every)
        print(report.line(), flush=True)
        _tell(report)
        skipped += report.skipped
        code = max(code, 1 if report.mismatches else 0)
    if skipped:
        print(f"{SKIPPED} was skipped {skipped} times: Footfall keeps no counters besides those of getStats.", file=sys.stderr)
    return code


def _tell(report: Report) -> None:
    """The first mismatches in detail."""
    for mismatch in report.mismatches[:_SHOWN]:
        print(mismatch, file=sys.stderr)
    if len(report.mismatches) > _SHOWN:
        print(f"  and {len(report.mismatches) - _SHOWN} more", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
