"""64-bit keyed hashes: what an index row says of a value, and nothing else does (architecture decision 6).

The key is the tenant's own, so one tenant's hashes mean nothing to another and one GIN index serves all. A reference is
the target's own hash XOR the parameter's salt, so that chains can join in SQL in both directions.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

Form = TypeVar("Form")
Value = TypeVar("Value")

REMEMBERED = 50_000
_GAP = "\x1f"  # cannot stand in an id or code, and a system with it would only hash like itself


class Hashes:
    """Hashes values for one tenant; what repeats, such as codes and patients, is remembered."""

    __slots__ = ("_memo", "_salts", "_state", "remembered")

    def __init__(self, key: bytes) -> None:
        self._state = hashlib.blake2b(key=key, digest_size=8)
        self._memo: dict[Any, Any] = {}
        self.remembered: Callable[[Any], Any] = self._memo.get
        """What `known` says of a row, or `own` of a type and id, where it does not have to be made; else None."""
        self._salts: dict[int, int] = {}

    def known(self, row: tuple[Any, ...], make: Callable[..., Iterable[Form]]) -> Sequence[Form]:
        """What `make` says of a row of an Index; asked once for each row, so it may say it of nothing else."""
        found: Sequence[Form] | None = self._memo.get(row)
        return self._remember(row, tuple(make(self, *row))) if found is None else found

    def own(self, type_: str, id_: str) -> int:
        """A resource's own hash; a patient's is its `pat`."""
        found: int | None = self._memo.get((type_, id_))
        return self._remember((type_, id_), self._hash(f"{type_}/{id_}")) if found is None else found

    def reference(self, param: int, type_: str, id_: str) -> int:
        """`param` refers to this resource."""
        return self.own(type_, id_) ^ self.salt(param)

    def salt(self, param: int) -> int:
        """What keeps apart the references of two parameters."""
        found = self._salts.get(param)
        if found is None:
            found = self._salts[param] = self._hash(f"salt{_GAP}{param}")
        return found

    def code(self, param: int, code: str) -> int:
        """A code in whatever system."""
        return self._hash(f"c{param}{_GAP}{code}")

    def coding(self, param: int, system: str, code: str) -> int:
        """A code in this system; "" is none."""
        return self._hash(f"sc{param}{_GAP}{system}{_GAP}{code}")

    def system(self, param: int, system: str) -> int:
        """Any code of this system."""
        return self._hash(f"s{param}{_GAP}{system}")

    def display(self, param: int, folded: str) -> int:
        """A text beside a code."""
        return self._hash(f"d{param}{_GAP}{folded}")

    def uri(self, param: int, text: str) -> int:
        """A URI as a whole."""
        return self._hash(f"u{param}{_GAP}{text}")

    def exact(self, param: int, text: str) -> int:
        """A string, letter by letter."""
        return self._hash(f"x{param}{_GAP}{text}")

    def logical(self, param: int, system: str | None, code: str | None) -> int:
        """A reference's identifier: both places, or one of them with the other open."""
        return self._hash(f"l{param}{_GAP}{_place(system)}{_GAP}{_place(code)}")

    def pair(self, param: int, first: int, second: int) -> int:
        """Two parts of one element, each by its own hash."""
        return self._hash(f"p{param}{_GAP}{first}{_GAP}{second}")

    def typed(self, param: int, system: str, code: str, value: str) -> int:
        """An identifier's value, with its type."""
        return self._hash(f"t{param}{_GAP}{system}{_GAP}{code}{_GAP}{value}")

    def unit(self, text: str) -> int:
        """A quantity's system, code or unit; 0 for none."""
        return self._hash(f"q{text}") if text else 0

    def _remember(self, key: Any, value: Value) -> Value:
        if len(self._memo) >= REMEMBERED:
            self._memo.clear()
        self._memo[key] = value
        return value

    def _hash(self, text: str) -> int:
        state = self._state.copy()
        state.update(text.encode("utf-8", "surrogatepass"))
        return int.from_bytes(state.digest(), "big", signed=True)


def _place(text: str | None) -> str:
    """A place of a coded value; one left open differs from an empty one."""
    return "*" if text is None else f"={text}"
