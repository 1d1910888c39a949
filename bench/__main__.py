"""`python -m bench NAME...`: runs benchmarks and prints their tables. Without a name it lists them."""

from __future__ import annotations

import sys
from collections.abc import Callable

from bench import cluster, ingest, page, push, query, startup, stats
from bench.report import heading

BENCHES: dict[str, tuple[Callable[[], None], str]] = {
    "ingest": (ingest.run, "durable facts per second against the same server's empty answer; latency, stalls, CPU by stage"),
    "startup": (startup.run, "opening 10 million stored views, from a checkpoint and without one; `serve` on a small store"),
    "stats": (stats.run, "get_stats at 10 million views, CPU of the fold per record, memory per visitor, entry and visit"),
    "query": (query.run, "panels of a site's page over 10 million stored views, from a database just opened and again"),
    "page": (page.run, "the live page in Chromium: bytes, CPU and frames while 500 points move five times a second"),
    "cluster": (cluster.run, "NATS, ClickHouse, three collectors and the sink on this machine: facts per second, CPU, recovery"),
    "push": (push.run, "thousands of live viewers on one process while facts arrive: delay, memory, viewers that vanish"),
}


def main(names: list[str]) -> int:
    """Run the named benchmarks; 2 for a name that is none."""
    unknown = [name for name in names if name not in BENCHES]
    if unknown or not names:
        for name in unknown:
            print(f"no benchmark is called {name!r}", file=sys.stderr)
        for name, (_, sentence) in BENCHES.items():
            print(f"{name:10} {sentence}")
        return 2 if unknown else 0
    print(heading())
    for name in names:
        BENCHES[name][0]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
