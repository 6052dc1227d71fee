"""Where files of exports lie: objects under a name, complete or not there at all."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

Piece = bytes | memoryview


class Sink(Protocol):
    """An object that is being written; nobody sees it before `keep`."""

    async def write(self, data: bytes) -> None:
        """More of it."""
        ...

    async def keep(self) -> None:
        """It is whole: durable and visible under its name on return."""
        ...

    async def drop(self) -> None:
        """It is not wanted; nothing of it stays."""
        ...


class Files(Protocol):
    """Names are ours: `<tenant>/<job>/<object>`. A failure of the place is an OSError."""

    async def create(self, name: str) -> Sink:
        """A new object."""
        ...

    def read(self, name: str, start: int, length: int) -> AsyncIterator[bytes]:
        """So many bytes of an object from `start` on, in pieces. FileNotFoundError where it is not there."""
        ...

    async def pour(self, name: str, start: int, length: int, into: Callable[[Piece], object]) -> None:
        """Hand so many bytes of an object to `into`, in pieces that last as long as its call, in whatever thread they
        are read. FileNotFoundError where it is not there.
        """
        ...

    async def names(self, folder: str) -> Sequence[str]:
        """The names of all objects below a folder; "" is everything."""
        ...

    async def remove(self, names: Sequence[str]) -> None:
        """Remove these objects; one that is not there is removed already."""
        ...
