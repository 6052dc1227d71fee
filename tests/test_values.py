"""`careweft.values.dataclass`: every row holds of the standard library's frozen classes too."""

import copy
import dataclasses
import pickle
import sys
import threading
from dataclasses import FrozenInstanceError, field
from types import SimpleNamespace

import pytest

from careweft import values


def made(dataclass):
    """A few classes, made by one of the two."""

    @dataclass(frozen=True, slots=True)
    class Name:
        """A name."""

        family: str
        given: tuple[str, ...] = ()
        secret: str = field(default="", repr=False)
        seen: list[int] = field(default_factory=list, compare=False)

    @dataclass(frozen=True, slots=True)
    class Formal(Name):
        """And a title."""

        title: str = field(default="", kw_only=True)
        whole: str = field(init=False, default="?")

        def __post_init__(self):
            object.__setattr__(self, "whole", f"{self.title} {self.family}")

    @dataclass(frozen=True)
    class Own:  # noqa: PLW1641  both write its hash
        """Compares in its own way."""

        text: str

        def __eq__(self, other):
            return isinstance(other, Own) and self.text.lower() == other.text.lower()

        def __repr__(self):
            return "own"

    @dataclass(frozen=True)
    class Nothing:
        """No field at all."""

    class Loose(Own):
        """No such class itself."""

    @dataclass(slots=True)
    class Open:
        """Not frozen."""

        count: int = 0

    found = SimpleNamespace(Name=Name, Formal=Formal, Own=Own, Nothing=Nothing, Loose=Loose, Open=Open)
    for cls in vars(found).values():  # pickle looks for a class where it says that it is
        cls.__qualname__ = cls.__name__
        setattr(sys.modules[__name__], cls.__name__, cls)
    return found


def refused(do):
    """What is said against it."""
    with pytest.raises((TypeError, FrozenInstanceError)) as why:
        do()
    return type(why.value).__name__, str(why.value)


FACTS = {
    "made": lambda c: [c.Name("Roe", ("Ana",)).given, c.Name("Roe").seen, c.Formal("Roe", title="Dr").whole],
    "made of names": lambda c: c.Name(given=("Ana",), family="Roe", seen=[1]).seen,
    "not shared": lambda c: c.Name("Roe").seen is c.Name("Roe").seen,
    "shown": lambda c: [repr(c.Name("Roe", secret="s")), repr(c.Formal("Roe")), repr(c.Own("a")), repr(c.Nothing())],
    "equal": lambda c: [
        c.Name("Roe", seen=[1]) == c.Name("Roe"),
        c.Name("Roe") == c.Name("Doe"),
        c.Name("Roe") == c.Formal("Roe"),
        c.Name("Roe") == ("Roe", (), ""),
        c.Own("A") == c.Own("a"),
        c.Nothing() == c.Nothing(),
        c.Name("Roe").__eq__(3) is NotImplemented,
    ],
    "hashed": lambda c: [hash(c.Name("Roe", ("Ana",))), len({c.Name("Roe"), c.Name("Roe")}), hash(c.Own("a"))],
    "kept": lambda c: [
        refused(lambda: setattr(c.Name("Roe"), "family", "Doe")),
        refused(lambda: setattr(c.Own("a"), "more", "Doe")),
        refused(lambda: delattr(c.Own("a"), "text")),
        refused(lambda: setattr(c.Loose("a"), "text", "b")),
    ],
    "looser below": lambda c: [(one := c.Loose("a")), setattr(one, "more", 1), one.more][-1],
    "too few": lambda c: refused(c.Name)[1].partition("__init__")[2],
    "too many": lambda c: refused(lambda: c.Nothing(1))[1].partition("__init__")[2],
    "replaced": lambda c: repr(dataclasses.replace(c.Name("Roe"), family="Doe")),
    "told": lambda c: [dataclasses.asdict(c.Name("Roe")), c.Name.__match_args__, c.Name.__slots__, c.Formal.__slots__],
    "copied": lambda c: [copy.copy(c.Name("Roe", seen=[1])).seen, copy.deepcopy(c.Formal("Roe", title="Dr")).whole],
    "pickled": lambda c: [repr(pickle.loads(pickle.dumps(one))) for one in (c.Name("Roe", ("Ana",)), c.Own("a"))],
    "open": lambda c: [(one := c.Open()), setattr(one, "count", 2), one == c.Open(2), c.Open.__hash__][1:],
}


@pytest.mark.parametrize("name", FACTS)
def test_a_frozen_class_is_as_the_standard_one(name):
    """Both say the same."""
    assert FACTS[name](made(values.dataclass)) == FACTS[name](made(dataclasses.dataclass))


def test_the_first_instance_may_be_made_by_many_threads():
    """Whoever comes first, each gets its own values."""
    name, found, together = made(values.dataclass).Name, [], threading.Barrier(8)

    def make(number):
        together.wait()
        found.append(name(str(number)).family)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert sorted(found) == list("01234567")
