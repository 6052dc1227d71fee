"""Reads the committed tables beside this file, and makes a value only when it is first asked for."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

V = TypeVar("V")
FOLDER = Path(__file__).parent


def rows(name: str) -> Iterator[list[str]]:
    """The cells of every line of this table, comments left out."""
    return (line.split("\t") for line in text(name).splitlines() if not line.startswith("#"))


def sections(name: str) -> dict[str, str]:
    """A table cut at its heads (`=...`): the head's cells, joined by tabs, to the lines under it."""
    parts = text(name).split("\n=")[1:]
    return {head: lines for head, _, lines in (part.partition("\n") for part in parts)}


def text(name: str) -> str:
    """The whole table."""
    return (FOLDER / name).read_text(encoding="utf-8")


class Lazy(Mapping[str, V]):
    """A mapping with its keys known at start, whose values are made at first use and then kept."""

    __slots__ = ("_keys", "_made", "_make")

    def __init__(self, keys: Callable[[], Mapping[str, object]], make: Callable[[str], V]) -> None:
        self._keys: Callable[[], Mapping[str, object]] = keys
        self._make = make
        self._made: dict[str, V] = {}

    def __getitem__(self, key: str) -> V:
        try:
            return self._made[key]
        except KeyError:
            if key not in self._keys():
                raise
        return self._made.setdefault(key, self._make(key))

    def __contains__(self, key: object) -> bool:
        return key in self._keys()

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys())

    def __len__(self) -> int:
        return len(self._keys())
