"""Answers kept for a minute: each is worked out once, however many ask at the same time or after.

It has no clock and knows no question: `minute` is an argument, and a new one forgets all answers of the last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable

MOST_BYTES = 32 << 20  # of finished answers; past it they are worked out and not kept


class Memory:
    """Answers by question."""

    def __init__(self) -> None:
        self._minute = -1
        self._bytes = 0
        self._answers: dict[Hashable, asyncio.Task[bytes]] = {}

    def has(self, question: Hashable, minute: int) -> bool:
        """Whether the answer is there or on its way."""
        self._turn(minute)
        return question in self._answers

    async def get(self, question: Hashable, minute: int, work: Callable[[], Awaitable[bytes]]) -> bytes:
        """The answer, by `work` if need be. What it raises is raised to all who wait, and not kept."""
        self._turn(minute)
        task = self._answers.get(question)
        if task is None:
            task = self._answers[question] = asyncio.create_task(self._worked_out(question, minute, work))
            task.add_done_callback(_looked_at)
        return await asyncio.shield(task)  # who asked first may leave before the others

    async def _worked_out(self, question: Hashable, minute: int, work: Callable[[], Awaitable[bytes]]) -> bytes:
        keep = False
        try:
            answer = await work()
            keep = self._bytes + len(answer) <= MOST_BYTES
            return answer
        finally:
            if minute == self._minute:
                if keep:
                    self._bytes += len(answer)
                else:
                    del self._answers[question]

    def _turn(self, minute: int) -> None:
        if minute != self._minute:
            self._minute, self._bytes, self._answers = minute, 0, {}


def _looked_at(task: asyncio.Task[bytes]) -> None:
    """A failure is told to those who wait; when all of them have left it is nobody's."""
    if not task.cancelled():
        task.exception()
