"""Startup: opening a data folder of 10 million views from a checkpoint, from the rows alone, and a small store by `serve`."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from bench.bigstore import VIEWS, VISITORS, copied
from bench.report import ROOT, table
from bench.server import SITE
from footfall.store import open_store

PATIENCE = 30.0  # seconds for a server to answer


def run() -> None:
    """Print the table."""
    folder, newest = copied("startup")
    try:
        counted, from_rows = asyncio.run(_open(folder, newest + 1_000))
        recovered, from_checkpoint = asyncio.run(_open(folder, newest + 2_000))
        size = sum(file.stat().st_size for file in folder.iterdir())
    finally:
        shutil.rmtree(folder)
    assert counted == recovered, (counted, recovered)
    first, second = _serve()
    table(
        f"Startup: {counted[0]:,} views by {counted[1]:,} visitors, {size >> 20:,} MB on disk",
        ("what", "seconds", "target"),
        [
            ("opening the data folder from a checkpoint", from_checkpoint, "<= 3"),
            ("opening it without one: counted from the rows", from_rows, "<= 20"),
            ("`footfall serve` on a new folder, process start to first answer", first, ""),
            ("`footfall serve` on the same folder again", second, "< 3"),
        ],
    )


async def _open(folder: Path, now: int) -> tuple[tuple[int, int], float]:
    """((views, visitors), seconds). Closing leaves a checkpoint."""
    began = time.perf_counter()
    store = await open_store(folder, lambda: now)
    seconds = time.perf_counter() - began
    state = store.engine.fold.site(SITE)
    found = state.views, len(state.visitors)
    await store.keeper.take()
    await store.close()
    assert found == (VIEWS, VISITORS), found
    return found, seconds


def _serve() -> tuple[float, float]:
    folder = Path(tempfile.mkdtemp(prefix="footfall-bench-"))
    try:
        return _start(folder), _start(folder)
    finally:
        shutil.rmtree(folder)


def _start(folder: Path) -> float:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "footfall", "serve", "--data-folder", str(folder), "--port", str(port)]
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not _answers(port):
            if time.perf_counter() - began > PATIENCE or process.poll() is not None:
                raise RuntimeError("the server did not start")
            time.sleep(0.01)
        return time.perf_counter() - began
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).close()
    except (urllib.error.URLError, ConnectionError):
        return False
    return True
