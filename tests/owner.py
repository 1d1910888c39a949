"""A child process that owns a data folder, so that it may be killed with SIGKILL at any moment.

The parent has every module imported, no thread started and nothing open; it forks the child, which serves one
request after the other. So the next child, ready within milliseconds, opens what the killed one left behind. To be run from a
process of its own: a process of pytest has threads, and a fork takes none of them along.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from types import TracebackType
from typing import Any, Protocol

_LONGEST = 1 << 28  # bytes of one message


class Work(Protocol):
    """What the child does. Requests and answers are JSON."""

    async def open(self) -> None:
        """Open the data folder."""
        ...

    async def answer(self, request: Any) -> object:
        """Do what is asked."""
        ...


class Owner:
    """The child, seen from the parent. Leaving the context kills it, whatever it is doing."""

    def __init__(self, work: Work) -> None:
        here, there = socket.socketpair()
        self._pid = os.fork()
        if self._pid == 0:
            here.close()
            _be_owner(there, work)
        there.close()
        self._socket = here
        self._stream = here.makefile("rwb")

    def __enter__(self) -> Owner:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.kill(self._pid, signal.SIGKILL)  # it is a child of ours and not waited for yet, so the pid is still its own
        os.waitpid(self._pid, 0)
        self._stream.close()
        self._socket.close()

    def ask(self, request: object) -> Any:
        """The answer; when it comes, what was done is done."""
        self.tell(request)
        answer = self._stream.readline()
        if not answer:
            raise RuntimeError("the process that owns the data folder died; its own words are above")
        return json.loads(answer)

    def tell(self, request: object) -> None:
        """Ask without waiting for the answer."""
        self._stream.write(json.dumps(request).encode() + b"\n")
        self._stream.flush()


def _be_owner(there: socket.socket, work: Work) -> None:
    """Serve requests until killed; never returns."""
    code = 1
    try:
        asyncio.run(_serve(there, work))
        code = 0
    except Exception:  # noqa: BLE001 - whatever it is: a forked child must not go on with its parent's work
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


async def _serve(there: socket.socket, work: Work) -> None:
    reader, writer = await asyncio.open_unix_connection(sock=there, limit=_LONGEST)
    await work.open()
    while line := await reader.readline():
        writer.write(json.dumps(await work.answer(json.loads(line))).encode() + b"\n")
        await writer.drain()
