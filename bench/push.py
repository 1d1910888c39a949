"""Push: from a fact's way in to every viewer's screen, with thousands of viewers on one process while facts arrive.

100 facts a second come over keep-alive connections, each at its time, whether or not the one before was answered. A viewer's
message tells the views so far; the oldest fact that it is the first to tell gives the message's delay, counted from before that
fact was sent, so the true time from commit to receipt is less. Server, viewers and sender share the two cores.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.facts import bodies, headers
from bench.report import ROOT, table
from bench.server import Server, started

RATE = 100  # facts a second
SECONDS = 15
SENDERS = 16
COUNTS = (0, 5_000, 10_000)
LIMITS = {5_000: 1_000, 10_000: 2_000}  # ms

Floats = npt.NDArray[np.float64]


def run() -> None:
    """Print the tables."""
    rows, gone = [], []
    for count in COUNTS:
        folder = Path(tempfile.mkdtemp(prefix="footfall-bench-"))
        try:
            with started(folder) as server:
                row, forgotten = _measure(server, count, folder)
        finally:
            shutil.rmtree(folder)
        rows.append(row)
        gone += forgotten
    table(
        f"Push: {RATE} facts a second for {SECONDS} s, one process",
        ("viewers", "messages each", "p50 ms", "p99 ms", "max ms", "p99 target", "answers: p50 ms", "p99 ms", "max ms",
         "server CPU", "fan-out ms", "KB a viewer", "lost"),
        rows,
    )  # fmt: skip
    table("Push: viewers that vanish", ("viewers", "how", "seconds until forgotten"), gone)


def _measure(server: Server, count: int, folder: Path) -> tuple[tuple[object, ...], list[tuple[object, ...]]]:
    asyncio.run(_send(server.port, 2, "warm"))
    views = server.report()["received"]
    before = server.report()["rss"]
    notes = folder / "notes"
    with watching(server, count, notes) as child:
        server.report()
        sent, answered = asyncio.run(_send(server.port, SECONDS, "run"))
        time.sleep(3)
        report = server.report()
        lost = ended(child)
        forgotten = _forgotten(server)
    gone: list[tuple[object, ...]] = [(count, "connections reset", forgotten)] if count else []
    if count:
        with watching(server, count, folder / "unread") as child:
            child.kill()
            gone.append((count, "process killed", _forgotten(server)))
    answers = (answered - sent) * 1000
    delays: tuple[object, ...] = ("", "", "", "", "")
    if count:
        times = _delays(np.fromfile(notes), sent, views)
        delays = (len(times) / count, *np.percentile(times, (50, 99)).tolist(), float(times.max()), f"< {LIMITS[count]}")
    each = (report["rss"] - before) / count / 1024 if count else ""
    row = (count, *delays, *np.percentile(answers, (50, 99)).tolist(), float(answers.max()),
           f"{report['cpu'] / report['seconds']:.0%}", report["fan_out_ms"], each, lost)  # fmt: skip
    return row, gone


def _delays(notes: Floats, sent: Floats, before: int) -> Floats:
    """ms from sending the oldest fact that a message is the first to tell, to its coming, for every message of every viewer."""
    came, told = notes[0::2], notes[1::2].astype(int) - before
    versions = np.unique(told[told > 0])
    oldest = np.concatenate([[0], versions[:-1]])  # what the version before told: the next fact is the oldest new one
    keep = (told > 0) & (told <= len(sent))
    at = oldest[np.searchsorted(versions, told[keep])]
    delays: Floats = (came[keep] - sent[at]) * 1000
    return delays


async def _send(port: int, seconds: int, prefix: str) -> tuple[Floats, Floats]:
    """(when each fact was sent, when it was answered), in order of sending."""
    total = seconds * RATE
    requests = []
    for n, body in enumerate(bodies(total, prefix)):
        lines = [name + b": " + value for name, value in headers(n + (0 if prefix == "warm" else 1_000_000), len(body))]
        requests.append(b"POST /e HTTP/1.1\r\n" + b"\r\n".join(lines) + b"\r\n\r\n" + body)
    sent, answered = np.zeros(total), np.zeros(total)
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(SENDERS):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))

    async def one(n: int) -> None:
        sent[n] = time.monotonic()
        connection = await free.get()
        connection[1].write(requests[n])
        answer = await connection[0].readuntil(b"\r\n\r\n")
        answered[n] = time.monotonic()
        free.put_nowait(connection)
        assert answer.startswith(b"HTTP/1.1 204"), answer

    began, tasks = time.monotonic(), []
    for n in range(total):
        await asyncio.sleep(max(0.0, began + n / RATE - time.monotonic()))
        tasks.append(asyncio.create_task(one(n)))
    await asyncio.gather(*tasks)
    while not free.empty():
        free.get_nowait()[1].close()
    return sent, answered


@contextmanager
def watching(server: Server, count: int, notes: Path) -> Iterator[subprocess.Popen[str]]:
    """So many viewers in a process of their own, all let in; gone when it is left."""
    command = [sys.executable, "-m", "bench.viewers", str(server.port), str(count), str(notes)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError("the viewers were not let in")
        yield process
    finally:
        process.kill()
        process.wait()


def ended(child: subprocess.Popen[str]) -> str:
    """How many viewers were lost before it ended them."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write("end\n")
    child.stdin.flush()
    return child.stdout.readline().strip()


def _forgotten(server: Server) -> float:
    """Seconds until the server knows of no viewer any more; 60 at most."""
    began = time.monotonic()
    while server.report()["viewers"] and time.monotonic() - began < 60:
        time.sleep(0.05)
    return time.monotonic() - began
