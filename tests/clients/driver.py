"""One real PyPI client, told what to do as driver.ts is.

    python driver.py http|socket - ADDRESS
    python driver.py watch - ADDRESS        prints the values of getStats as they come

A call holds the interpreter while it waits, so each of them that watches has a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from threading import Thread
from typing import Any

from convex import ConvexClient
from convex.http_client import ConvexHttpClient


class Driver:
    """One client, and those that watch."""

    def __init__(self, kind: str, address: str) -> None:
        self.client: Any = ConvexHttpClient(address) if kind == "http" else ConvexClient(address)
        self.address = address
        self.seen: list[list[Any]] = []

    def perform(self, command: dict[str, Any]) -> Any:
        """What a command asks for."""
        match command["do"]:
            case "query" | "mutation" | "action" as what:
                return getattr(self.client, what)(command["path"], command["args"])
            case "admin":
                self.client.set_admin_auth(command["key"])
            case "watch":
                for _ in range(command["clients"]):
                    values: list[Any] = []
                    self.seen.append(values)
                    Thread(target=self._watch, args=(values,), daemon=True).start()
            case "seen":
                return [{"last": values[-1] if values else None, "values": len(values), "errors": []} for values in self.seen]
        return None

    def _watch(self, values: list[Any]) -> None:
        command = [sys.executable, __file__, "watch", "-", self.address]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                values.append(json.loads(line))


def watch(address: str) -> None:
    """Print what comes."""
    for value in ConvexClient(address).subscribe("stats:getStats", {}):
        print(json.dumps(value), flush=True)


def main(kind: str, address: str) -> None:
    """Do what stdin says."""
    if kind == "watch":
        return watch(address)
    driver = Driver(kind, address)
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer: dict[str, Any] = {"result": driver.perform(command)}
        except Exception as error:  # noqa: BLE001  # whatever it is: the test reads it
            answer = {"error": str(error)}
        print(json.dumps({"id": command["id"], **answer}), flush=True)
    return None


main(sys.argv[1], sys.argv[3])
