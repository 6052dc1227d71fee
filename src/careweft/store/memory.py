"""A few seconds' memory of what the database said, dropped as soon as it is heard to have changed."""

import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Memory(Generic[Key, Value]):
    """Holds at most `most` values for `lasts` seconds; what is not there (None) is never held."""

    def __init__(self, lasts: float = 3.0, most: int = 10_000, now: Callable[[], float] = time.monotonic) -> None:
        self._lasts = lasts
        self._most = most
        self._now = now
        self._held: dict[Key, tuple[Value, float]] = {}
        self._changes = 0

    async def get(self, key: Key, read: Callable[[], Awaitable[Value | None]]) -> Value | None:
        """The value of `key`, read anew if it is not held any more."""
        held = self.held(key)
        if held is not None:
            return held
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
