"""script/replay: golden traces against the real embedded engine on disk.

Each trace gets a fresh data folder, which belongs to a child process. The parent has every module imported, no thread started and
nothing open; it forks the child, sends it one operation after the other and compares the answers. So a child may be
killed with SIGKILL after any answer, and the next one, ready within milliseconds, opens what it left behind.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is imported: a process that forks must have no second thread

import argparse
import asyncio
import json
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from footfall.logs import set_up
from tests.golden.player import Player
from tests.golden.traces import OUTCOME, Answer, Operation, Trace, Unreadable, agrees, load, on_purpose

_LONGEST = 1 << 28  # bytes of one message
_SHOWN = 3  # mismatches told in detail
_LONGEST_SHOWN = 2_000  # characters of a value told in detail
SKIPPED = "aggregateCounts"  # the original's own counters, which lag behind its rows until a backfill
_RESTART = b"restart\n"
_CLOSE = b"close\n"


class Owner:
    """The child process that owns the data folder, seen from the parent."""

    def __init__(self, folder: Path, now: int) -> None:
        here, there = socket.socketpair()
        self._pid = os.fork()
        if self._pid == 0:
            here.close()
            _be_owner(there, folder, now)
        there.close()
        self._socket = here
        self._stream = here.makefile("rwb")

    def __enter__(self) -> Owner:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stream.close()
        self._socket.close()
        os.kill(self._pid, signal.SIGKILL)  # it is a child of ours and not waited for yet, so the pid is still its own
        os.waitpid(self._pid, 0)

    def play(self, operation: Operation) -> Answer:
        """The answer to an operation; when it comes, what was done is durable."""
        answer: Answer = json.loads(self._ask(json.dumps(operation).encode() + b"\n"))
        return answer

    def restart(self) -> None:
        """Let it close the engine and open it again from disk."""
        self._ask(_RESTART)

    def close(self) -> list[str]:
        """Let it close the engine; where the totals differ from a recount of the rows."""
        found: list[str] = json.loads(self._ask(_CLOSE))
        return found

    def _ask(self, line: bytes) -> bytes:
        self._stream.write(line)
        self._stream.flush()
        answer = self._stream.readline()
        if not answer:
            raise RuntimeError("the process that owns the data folder died; its own words are above")
        return answer


def _be_owner(there: socket.socket, folder: Path, now: int) -> None:
    """Serve operations until told to close; never returns."""
    code = 1
    try:
        asyncio.run(_serve(there, Player(folder, now)))
        code = 0
    except Exception:  # noqa: BLE001 - whatever it is: a forked child must not go on with its parent's work
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


async def _serve(there: socket.socket, player: Player) -> None:
    reader, writer = await asyncio.open_unix_connection(sock=there, limit=_LONGEST)
    await player.open()
    while line := await reader.readline():
        answer: object = None
        if line == _RESTART:
            await player.reopen()
        elif line == _CLOSE:
            answer = await player.close()
        else:
            answer = await player.play(json.loads(line))
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()


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


def replay(trace: Trace, *, restart_every: int = 0, crash_every: int = 0) -> Report:
    """Replay one trace, restarting or crashing after every so many operations (0: never)."""
    report = Report(trace)
    with tempfile.TemporaryDirectory(prefix="footfall-replay-") as temporary, ExitStack() as running:
        folder = Path(temporary, "data")
        owner = running.enter_context(Owner(folder, trace.operations[0]["at_ms"] if trace.operations else 0))
        for index, operation in enumerate(trace.operations):
            report.note(index, owner.play(operation))
            if crash_every and (index + 1) % crash_every == 0:
                running.close()
                owner = running.enter_context(Owner(folder, operation["at_ms"]))
            elif restart_every and (index + 1) % restart_every == 0:
                owner.restart()
        report.mismatches += [f"  at the end, totals and rows: {sentence}" for sentence in owner.close()]
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
