"""Chance and identity for the sample: every draw and every id follows from the seed and a name."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """One named stream of draws; the same seed and name give the same draws for ever.

    Only `random()` is taken from the generator: it alone is promised to repeat between Python releases.
    """

    __slots__ = ("_counts", "_draw", "_key")

    def __init__(self, seed: int, name: str) -> None:
        self._draw = random.Random(f"{seed}/{name}").random  # noqa: S311
        self._key = blake2b(f"{seed}/{name}".encode(), digest_size=16)
        self._counts: dict[str, int] = {}

    def id(self, kind: str) -> str:
        """The next opaque id of this stream for a kind of thing, shaped as a UUID (RFC 9562 version 8)."""
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        key = self._key.copy()
        key.update(f"/{kind}/{count}".encode())
        h = key.hexdigest()
        return f"{h[:8]}-{h[8:12]}-8{h[13:16]}-a{h[17:20]}-{h[20:]}"

    def digits(self, kind: str, count: int) -> str:
        """A number of so many digits, as stable as an id."""
        return str(int(self.id(kind).replace("-", ""), 16))[-count:]

    def whether(self, probability: float) -> bool:
        """True with the given probability."""
        return self._draw() < probability

    def number(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self._draw() * (high - low + 1))

    def one(self, choices: Sequence[T]) -> T:
        """One of the choices, all equally likely."""
        return choices[int(self._draw() * len(choices))]

    def weighted(self, choices: Sequence[tuple[T, float]]) -> T:
        """One of the choices, as likely as its weight."""
        left = self._draw() * sum(weight for _, weight in choices)
        for choice, weight in choices:
            left -= weight
            if left < 0:
                return choice
        return choices[-1][0]

    def spread(self) -> float:
        """A bell-shaped draw around 0 with standard deviation 1, never beyond 3.5 (sum of four even draws)."""
        draw = self._draw
        return (draw() + draw() + draw() + draw() - 2.0) * 1.7320508

    def around(self, mean: float, deviation: float, digits: int = 0) -> Decimal:
        """A measured value around a mean, rounded as an instrument would."""
        return rounded(mean + deviation * self.spread(), digits)

    def day(self, first: date, last: date) -> date:
        """A day from first to last, both included; first when the span is empty."""
        return first + timedelta(days=self.number(0, max(0, (last - first).days)))


def rounded(value: float, digits: int) -> Decimal:
    """The value with so many decimal places.

    >>> rounded(4.0, 1)
    Decimal('4.0')
    """
    return Decimal(f"{value:.{digits}f}")
