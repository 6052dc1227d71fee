"""A few seconds' memory of what the database said, dropped as soon as it is heard to have changed.

What many ask for at once, as all do after a start, is asked of the database once.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from functools import partial
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Flights(Generic[Key, Value]):
    """One read of a key at a time; whoever asks meanwhile gets its answer, and who goes away takes it from nobody."""

    def __init__(self) -> None:
        self._flying: dict[Key, asyncio.Task[Value]] = {}

    async def join(self, key: Key, read: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
        """What the read under way brings, or one that begins now. Raises what the read raises."""
        flying = self._flying.get(key)
        if flying is None:
            flying = self._flying[key] = asyncio.create_task(read())
            flying.add_done_callback(partial(self._landed, key))
        return await asyncio.shield(flying)

    def _landed(self, key: Key, flying: "asyncio.Task[Value]") -> None:
        del self._flying[key]
        if not flying.cancelled():
            flying.exception()  # somebody may have waited for it, or nobody any more


class Memory(Generic[Key, Value]):
    """Holds at most `most` values for `lasts` seconds; what is not there (None) is never held."""

    def __init__(self, lasts: float = 3.0, most: int = 10_000, now: Callable[[], float] = time.monotonic) -> None:
        self._lasts = lasts
        self._most = most
        self._now = now
        self._held: dict[Key, tuple[Value, float]] = {}
        self._changes = 0
        self._flights: Flights[tuple[Key, int], Value | None] = Flights()

    async def get(self, key: Key, read: Callable[[], Awaitable[Value | None]]) -> Value | None:
        """The value of `key`, read anew if it is not held any more."""
        held = self.held(key)
        if held is not None:
            return held  # a read that began before a change is not the answer to who asks after it
        return await self._flights.join((key, self._changes), partial(self._read, key, read))

    async def _read(self, key: Key, read: Callable[[], Awaitable[Value | None]]) -> Value | None:
        before, until = self._changes, self._now() + self._lasts
        value = await read()
        if value is not None and before == self._changes:  # else it may have been read before the change
            self._keep(key, value, until)
        return value

    def held(self, key: Key) -> Value | None:
        """The value of `key` if it is in memory and fresh: what most requests meet, without a turn of the loop."""
        held = self._held.get(key)
        return held[0] if held is not None and held[1] > self._now() else None

    def drop(self, key: Key) -> None:
        """Forget one value."""
        self._changes += 1
        self._held.pop(key, None)

    def clear(self) -> None:
        """Forget all."""
        self._changes += 1
        self._held.clear()

    def _keep(self, key: Key, value: Value, until: float) -> None:
        if len(self._held) >= self._most:
            self._held.clear()
        self._held[key] = (value, until)
