"""CPU per fact by stage: each stage alone in this process, on the real parts, over the same 20,000 facts.

The time is that of all threads of the process. Nothing else runs meanwhile, so the sum is less than what a busy server uses:
there, threads also wait for the interpreter and caches are shared with the load.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from bench.facts import bodies, headers
from bench.report import table
from bench.server import SITE
from footfall.config import Config
from footfall.house import House, open_house
from footfall.http.answers import Message
from footfall.http.app import App
from footfall.intake import Caller, TrustedProxies, read_caller
from footfall.live.fold import Fold
from footfall.model import STORED, Fact, Record, Site, Verdict

FACTS = 20_000
AT_ONCE = 32  # records of one append, as under load
STEP = 2_000  # rows of one step of the sink


def run() -> None:
    """Print the table."""
    folder = Path(tempfile.mkdtemp(prefix="footfall-bench-"))
    try:
        asyncio.run(_run(folder))
    finally:
        shutil.rmtree(folder)


async def _run(folder: Path) -> None:
    house = await open_house(Config(data_folder=folder, trusted_proxies=("127.0.0.1",), rate_limit=1e6))
    await house.put_site(Site(SITE))
    requests = [(body, headers(n, len(body))) for n, body in enumerate(bodies(FACTS))]
    trusted = TrustedProxies(("127.0.0.1",))
    now = house.engine.now

    callers: list[Caller] = []
    caller_us = _timed(lambda: callers.extend(read_caller("127.0.0.1", head, now(), trusted)[0] for _, head in requests))
    facts: list[Fact] = []
    pairs = list(zip(requests, callers, strict=True))
    for (body, _), caller in pairs[:2_000]:
        house.intake.collect(body, caller)  # user agents are read once
    collect_us = _timed(lambda: facts.extend(house.intake.collect(body, caller).facts[0] for (body, _), caller in pairs))
    doors_us = await _doors(house, requests) - caller_us - collect_us
    chunks: list[Sequence[Record]] = [facts[at : at + AT_ONCE] for at in range(0, FACTS, AT_ONCE)]
    encode = msgspec.msgpack.Encoder().encode
    encode_us = _timed(lambda: [encode(chunk) for chunk in chunks])
    fold = Fold()
    fold_us = _timed(lambda: [fold.apply(seq, fact) for seq, fact in enumerate(facts, 1)])
    engine_us = await _engine(house, facts)
    engine_only = engine_us[0] - encode_us - fold_us
    await house.close()
    rows = [
        ("door: head, body, answer", doors_us),
        ("read_caller", caller_us),
        ("intake.collect", collect_us),
        ("encode for the journal", encode_us),
        ("fold", fold_us),
        ("engine: queue, append, fsync, hand on", engine_only),
        ("rows to history", engine_us[1]),
    ]
    table("Ingest: CPU per fact by stage, without granian", ("stage", "µs"), [*rows, ("sum", sum(us for _, us in rows))])


def _timed(work: Callable[[], object]) -> float:
    """µs of CPU per fact."""
    began = time.process_time()
    work()
    return (time.process_time() - began) / FACTS * 1e6


class _Instant:
    """An engine that stores nothing."""

    def __init__(self, house: House) -> None:
        self.now = house.engine.now

    async def record(self, facts: Sequence[Fact], refused: Sequence[tuple[str, str, str]] = ()) -> list[Verdict]:
        assert not refused, "the facts are good"
        return [STORED]


async def _doors(house: House, requests: list[tuple[bytes, Sequence[tuple[bytes, bytes]]]]) -> float:
    """The application called without a server, over an engine that stores nothing."""
    app = App(house.config, house)
    sent: list[int] = []

    async def send(message: Message) -> None:
        if "status" in message:
            sent.append(message["status"])

    async with app.running():
        assert app._doors is not None
        app._doors.collect._engine = _Instant(house)
        began = time.process_time()
        for body, head in requests:
            message = {"type": "http.request", "body": body, "more_body": True}

            async def receive(message: Message = message) -> Message:
                return message

            scope = {"type": "http", "method": "POST", "path": "/e", "headers": head, "client": ("127.0.0.1", 1), "root_path": ""}
            await app(scope, receive, send)
        used = time.process_time() - began
    assert sent == [204] * FACTS
    return used / FACTS * 1e6


async def _engine(house: House, facts: list[Fact]) -> tuple[float, float]:
    """(engine with journal, rows to history): the sink waits while the engine works, then works alone."""
    sink, history = house.engine.sink, house._store.history
    append, waiting = history.append, asyncio.Event()

    async def later(rows: object, position: int) -> None:
        await waiting.wait()
        await append(rows, position)  # type: ignore[arg-type]  # handed on as it came

    history.append = later  # type: ignore[method-assign]  # the only way to see the two apart
    began = time.process_time()
    for at in range(0, FACTS, 64):
        await asyncio.gather(*(house.engine.record([fact]) for fact in facts[at : at + 64]))
    engine = time.process_time() - began
    began = time.process_time()
    waiting.set()
    await sink.wait(house.engine.fold.seq)
    return engine / FACTS * 1e6, (time.process_time() - began) / FACTS * 1e6
