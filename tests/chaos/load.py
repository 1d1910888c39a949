"""Many connections that send a story and repeat everything that was not acknowledged, with the same ids.

It counts what it sent and what was acknowledged; what that must lead to is the story's model.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .story import Request, Story
from .wire import Answer, Connection, NoAnswer

CONNECTIONS = 64
AGAIN = 0.02  # how many acknowledged requests are sent once more all the same


class Load:
    """Lives through any number of servers: what one left open is taken up with the next."""

    def __init__(self, story: Story, seed: int) -> None:
        self.story = story
        self.acknowledged = 0  # facts, each request once
        self.sent = 0  # facts, each attempt
        self.answered = 0  # facts, each attempt that was answered 204 or 400
        self.sent_no = 0  # of `sent` those that are malformed,
        self.answered_no = 0  # and of `answered`
        self.first_answer = asyncio.Event()  # set anew by `sending`
        self.statuses: Counter[int] = Counter()
        self.unanswered = 0
        self.no_retry_after = 0  # answers of 503 that did not say when to come back
        self._random = random.Random(seed)
        self._open: deque[Request] = deque()

    @property
    def open(self) -> int:
        """How many requests wait to be acknowledged."""
        return len(self._open)

    def add(self, request: Request) -> None:
        """One more to send."""
        self._open.append(request)

    async def run(self, *ports: int, until: asyncio.Event, fresh: bool = True, pause: float = 0.01) -> None:
        """Send over all connections until told to stop, or, with no `fresh` ones, until all are acknowledged."""
        starts = (ports[number % len(ports) :] + ports[: number % len(ports)] for number in range(CONNECTIONS))
        await asyncio.gather(*(self._sender(Connection(*start), until, fresh, pause) for start in starts))

    async def finish(self, *ports: int) -> None:
        """Send what is open until all of it is acknowledged."""
        await self.run(*ports, until=asyncio.Event(), fresh=False)

    async def _sender(self, connection: Connection, until: asyncio.Event, fresh: bool, pause: float) -> None:
        try:
            while not until.is_set():
                if not self._open and not fresh:
                    return
                request = self._open.popleft() if self._open else self.story.request()
                if not await self._send(connection, request, until):
                    await asyncio.sleep(pause)
        finally:
            connection.close()

    async def _send(self, connection: Connection, request: Request, until: asyncio.Event) -> bool:
        """Whether it was acknowledged; else it is open again."""
        acknowledged = False
        try:
            answer = await self._attempt(connection, request)
            acknowledged = answer.status in (204, 400)
            if acknowledged:
                self.acknowledged += request.accepted
        except NoAnswer:
            self.unanswered += 1
        finally:
            if not acknowledged:
                self._open.append(request)
        if acknowledged and not until.is_set() and self._random.random() < AGAIN:
            try:
                await self._attempt(connection, request)
            except NoAnswer:
                self.unanswered += 1
        return acknowledged

    async def _attempt(self, connection: Connection, request: Request) -> Answer:
        self.sent += request.facts
        self.sent_no += request.facts - request.accepted
        answer = await connection.post(request.body, request.headers)
        self.statuses[answer.status] += 1
        if answer.status in (204, 400):
            self.answered += request.facts
            self.answered_no += request.facts - request.accepted
            self.first_answer.set()
            assert answer.status == (204 if request.facts == request.accepted else 400), answer
        if answer.status == 503 and int(answer.headers.get("retry-after", 0)) < 1:
            self.no_retry_after += 1
        return answer


@asynccontextmanager
async def sending(load: Load, *ports: int, pause: float = 0.01) -> AsyncIterator[None]:
    """The load runs within, which is entered at the first answer; what is under way when it is left is waited for."""
    until = asyncio.Event()
    load.first_answer.clear()
    running = asyncio.create_task(load.run(*ports, until=until, pause=pause))
    first = asyncio.create_task(load.first_answer.wait())
    try:
        await asyncio.wait([running, first], return_when=asyncio.FIRST_COMPLETED)
        yield
    finally:
        first.cancel()
        until.set()
        await running
