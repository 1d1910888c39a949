"""A server under measurement, in a process of its own: `python -m bench.watched real DATA_FOLDER` or `... empty`.

`real` is what `footfall serve` runs, settings and all, with a probe beside it: a timer every 5 ms that notes how late it
comes, and whether history was being written meanwhile. `empty` is the ceiling: granian embedded in the same way, an
application that reads the body and answers 204. Either tells its address in a line of JSON on stdout; after that each line on
stdin is answered with a report, and the counts start anew.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop

from footfall.config import Config
from footfall.http.answers import Receive, Scope, Send
from footfall.model import Record
from footfall.serve import SWITCH_SECONDS, Running, _granian, _listen, raise_file_limit, serve

TICK = 0.005
VIEWERS = 12_000


class Probe:
    """How late the loop is, and what the process used, since the last report."""

    def __init__(self, running: Running | None) -> None:
        self._running = running
        self._writing = 0
        self._collecting = 0.0
        self._reset()
        gc.callbacks.append(self._collected)
        if running is not None:
            self._watch(running)

    def _reset(self) -> None:
        self._since, self._cpu = time.perf_counter(), time.process_time()
        self.late, self.late_writing, self.stalls, self.longest_collection = 0.0, 0.0, 0, 0.0
        self.appends, self.appending, self.records = 0, 0.0, 0
        self._wrote = False

    def _watch(self, running: Running) -> None:
        """Note when the sink writes and what the journal takes. The one look into private parts: only the bench wants to know."""
        history = running.house._store.history
        append = history.append

        async def noted(rows: Any, position: int) -> None:
            self._writing += 1
            self._wrote = True
            try:
                await append(rows, position)
            finally:
                self._writing -= 1

        journal = running.house.engine._journal
        append_records = journal.append

        async def timed(records: Sequence[Record]) -> int:
            began = time.perf_counter()
            try:
                return await append_records(records)
            finally:
                self.appending += time.perf_counter() - began
                self.appends += 1
                self.records += len(records)

        history.append = noted  # type: ignore[method-assign]  # see above
        journal.append = timed  # type: ignore[method-assign]

    def _collected(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._collecting = time.perf_counter()
        else:
            self.longest_collection = max(self.longest_collection, time.perf_counter() - self._collecting)

    async def run(self) -> None:
        """Look every TICK, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            wanted = loop.time() + TICK
            self._wrote = bool(self._writing)
            await asyncio.sleep(TICK)
            late = loop.time() - wanted
            self.stalls += late > 0.05
            if self._wrote:
                self.late_writing = max(self.late_writing, late)
            else:
                self.late = max(self.late, late)

    def report(self) -> dict[str, Any]:
        """What was noted since the last report."""
        told: dict[str, Any] = {
            "seconds": time.perf_counter() - self._since,
            "cpu": time.process_time() - self._cpu,
            "late_ms": self.late * 1000,
            "late_writing_ms": self.late_writing * 1000,
            "stalls": self.stalls,
            "collection_ms": self.longest_collection * 1000,
            "append_ms": self.appending / max(1, self.appends) * 1000,
            "per_append": self.records / max(1, self.appends),
            "rss": _rss(),
            "peak_rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
        if self._running is not None:
            engine = self._running.house.engine
            told["received"] = sum(engine.received().values())
            told["lag"] = engine.health().history_lag
            told["viewers"] = self._running.house.hub.viewers
            told["fan_out_ms"] = self._running.house.hub.fan_out_seconds * 1000
        self._reset()
        return told


def _rss() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()


def _talk(probe: Probe, address: str) -> None:
    def asked() -> None:
        if sys.stdin.readline():
            print(json.dumps(probe.report()), flush=True)

    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), asked)
    print(json.dumps({"address": address}), flush=True)


def real(folder: Path) -> None:
    """Until SIGTERM."""
    tasks = []

    def started(running: Running) -> None:
        probe = Probe(running)
        tasks.append(asyncio.create_task(probe.run()))
        _talk(probe, running.address)

    config = Config(data_folder=folder, port=0, trusted_proxies=("127.0.0.1",), rate_limit=1e6, max_viewers=VIEWERS)
    serve(config, started)


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body", False):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": [(b"access-control-allow-origin", b"*")]})
    await send({"type": "http.response.body", "body": b""})


async def _empty() -> None:
    config = Config(port=0, max_viewers=VIEWERS)
    with _listen(config.host, config.port) as listener:
        async with _granian(_answer, listener, config) as ended:  # type: ignore[arg-type]  # any ASGI callable will do
            probe = Probe(None)
            watching = asyncio.create_task(probe.run())
            _talk(probe, f"http://127.0.0.1:{listener.getsockname()[1]}")
            await ended
            watching.cancel()


def empty() -> None:
    """Until it is killed: there is nothing to drain."""
    raise_file_limit()
    sys.setswitchinterval(SWITCH_SECONDS)
    uvloop.run(_empty())


if __name__ == "__main__":
    os.set_blocking(sys.stdin.fileno(), True)
    if sys.argv[1] == "real":
        real(Path(sys.argv[2]))
    else:
        empty()
