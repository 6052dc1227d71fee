"""Whoever leaves before the answer is there wants no more of it: the work is given up, at PostgreSQL too (FATK-03).

Only work that takes longer than a moment is watched, so that quick answers pay nothing for it.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any, ClassVar, TypeVar

from ..fhir.outcomes import FhirRefusal
from .exchange import Request

T = TypeVar("T")
MOMENT = 0.05


class CallerLeft(FhirRefusal):
    """The caller left before the answer was ready; nobody reads this but the audit journal."""

    status: ClassVar[int] = 499
    code: ClassVar[str] = "incomplete"


async def unless_left(request: Request, work: Awaitable[T]) -> T:
    """What `work` gives, for a request whose body has been read. Raises CallerLeft where nobody waits any more."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine runs in a task
    watch = _Watch(request, task)
    try:
        return await work
    except asyncio.CancelledError:
        if not watch.left:
            raise
        task.uncancel()
        raise CallerLeft from None
    finally:
        watch.end()


class _Watch:
    """Cancels a task when the caller of its request disconnects."""

    __slots__ = ("_hearing", "_request", "_soon", "_task", "left")

    def __init__(self, request: Request, task: "asyncio.Task[Any]") -> None:
        self.left = False
        self._request = request
        self._task = task
        self._hearing: asyncio.Task[None] | None = None
        self._soon = asyncio.get_running_loop().call_later(MOMENT, self._begin)

    def end(self) -> None:
        self._soon.cancel()
        if self._hearing is not None:
            self._hearing.cancel()

    def _begin(self) -> None:
        self._hearing = asyncio.get_running_loop().create_task(self._hear())

    async def _hear(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self.left = True
        self._task.cancel()
