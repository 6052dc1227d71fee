"""No request works for ever: what outlives its deadline is cancelled, and its caller told 503 (LOAD-05).

One sweep for all of them instead of a timer each, which would cost a quarter of a whole read: a request is given up
at most a second late.
"""

import asyncio
from typing import Any

from ..fhir.outcomes import Unavailable

SWEEP = 1.0
Task = asyncio.Task[Any]


class TooLong(Unavailable):
    """The request took too long and was given up; try again, or ask for less at once."""


class Deadlines:
    """Tasks at work and when each has to be done."""

    __slots__ = ("_loop", "_missed", "_seconds", "_sweeping", "_until")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: dict[Task, float] = {}
        self._missed: set[Task] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sweeping = False

    def begin(self) -> Task:
        """The current task begins its work."""
        loop = self._loop
        if not self._sweeping or loop is None:
            loop = self._loop = asyncio.get_running_loop()
            self._sweeping = True
            loop.call_later(SWEEP, self._sweep, loop)
        task = asyncio.current_task(loop)
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        self._until[task] = loop.time() + self._seconds
        return task

    def end(self, task: Task) -> None:
        """It is done."""
        del self._until[task]
        if self._missed:
            self._missed.discard(task)

    def missed(self, task: Task) -> bool:
        """Was it cancelled from here? Then the cancellation is over."""
        if task not in self._missed:
            return False
        task.uncancel()
        return True

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for task, until in self._until.items():
            if until <= now and task not in self._missed:
                self._missed.add(task)
                task.cancel()
        self._sweeping = bool(self._until)
        if self._sweeping:
            loop.call_later(SWEEP, self._sweep, loop)
