"""The load: wrk on the same cores, 64 keep-alive connections, realistic facts. Latencies are milliseconds."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from itertools import count
from pathlib import Path

CONNECTIONS = 64
SCRIPT = Path(__file__).with_name("facts.lua")
PER_RUN = 250_000  # visitors of one run; the script's arithmetic is exact up to 5 million of them

_SYSTEMS = (
    ("Windows NT 10.0; Win64; x64", "Chrome/{n}.0.0.0 Safari/537.36"),
    ("Macintosh; Intel Mac OS X 10_15_7", "Chrome/{n}.0.0.0 Safari/537.36"),
    ("X11; Linux x86_64", "Chrome/{n}.0.0.0 Safari/537.36"),
    ("Linux; Android 10; K", "Chrome/{n}.0.0.0 Mobile Safari/537.36"),
    ("Windows NT 10.0; Win64; x64", "Chrome/{n}.0.0.0 Safari/537.36 Edg/{n}.0.0.0"),
    ("iPhone; CPU iPhone OS 17_{m} like Mac OS X", "Version/17.{m} Mobile/15E148 Safari/604.1"),
    ("Macintosh; Intel Mac OS X 10_15_7", "Version/17.{m} Safari/605.1.15"),
)
_numbers = count()


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of wrk saw."""

    requests: int
    seconds: float
    p50: float
    p99: float
    p999: float
    max: float
    errors: int
    statuses: int  # answers that were not 2xx or 3xx

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


def agents() -> list[str]:
    """Some 200 user agents of browsers."""
    lines = []
    for n in range(30):
        for system, engine in _SYSTEMS:
            start = f"Mozilla/5.0 ({system.format(m=n % 7)}) AppleWebKit/537.36 (KHTML, like Gecko) "
            lines.append(start + engine.format(n=100 + n, m=n % 7))
    return sorted(set(lines))


def wrk(port: int, seconds: int, facts: int = 1, connections: int = CONNECTIONS) -> Load:
    """Run wrk. Every run has visitors and ids of its own."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing: apt-get install wrk")
    run = next(_numbers)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(agents()) + "\n")
        file.flush()
        prefix = f"bench{run:06d}-"
        script = ["-s", str(SCRIPT), f"http://127.0.0.1:{port}/e", "--", str(facts), str(run * PER_RUN), prefix, file.name]
        told = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "5s", *script],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    line = next(line for line in told.splitlines() if line.startswith("RESULT "))
    return Load(**json.loads(line.removeprefix("RESULT ")))
