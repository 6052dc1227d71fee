"""`dataclass` as the standard library has it, whose frozen classes cost a start little.

The standard one writes and compiles up to six methods for each class as its module is loaded, which was a third of a
start of ours. Here a frozen class refuses changes and shows itself by what is compiled already, and its ways to begin,
to compare and to hash are written when they are first needed. `InitVar` is not known here. Any other class goes to the
standard library.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

OURS = frozenset({"frozen", "slots", "kw_only"})
"""What a class may ask for and still be made here."""
COMPARE = ("__eq__", "__hash__")
METHODS = ("__init__", "__repr__", *COMPARE)


def prepared(cls: Any, **asked: bool) -> Any:
    """A frozen class whose methods do what those of `dataclasses.dataclass(frozen=True)` do."""
    own = cls.__dict__
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, **asked)(cls)
    fields = dataclasses.fields(made)
    free = [name for name in METHODS if own.get(name) is None]  # None is `__hash__` where a class says how it compares
    if "__init__" in free:
        later(made, ["__init__"], lambda: {"__init__": beginning(made, fields)})
    compare = [name for name in free if name in COMPARE]
    later(made, compare, lambda: comparing(made, fields))
    if "__repr__" in free:
        made.__repr__ = showing([one.name for one in fields if one.repr])
    if asked.get("slots"):
        made.__getstate__, made.__setstate__ = state, revive
    for name, method in keeping(made, frozenset(one.name for one in fields)).items():
        if name in own:
            raise TypeError(f"{cls.__qualname__} is frozen and cannot have a {name} of its own")
        setattr(made, name, method)
    return made


def later(cls: Any, names: Sequence[str], write: Callable[[], Mapping[str, Any]]) -> None:
    """Give `cls` methods of these names, which are written at the first call of any."""

    def first(name: str) -> Callable[..., Any]:
        def call(self: Any, /, *given: Any, **named: Any) -> Any:
            written = write()
            for one in names:
                setattr(cls, one, written[one])
            return written[name](self, *given, **named)

        return call

    for name in names:
        setattr(cls, name, first(name))


def beginning(cls: Any, fields: Sequence["dataclasses.Field[Any]"]) -> Callable[..., None]:
    """An `__init__` that takes these fields and puts them into an instance that refuses changes."""
    scope: dict[str, Any] = {"__put": object.__setattr__, "__new": object()}
    said: dict[bool, list[str]] = {False: ["self"], True: []}
    lines = ["pass"]
    for one in fields:
        name, value, default = one.name, one.name, ""
        if one.default is not dataclasses.MISSING:
            scope[f"__{name}"], default = one.default, f"=__{name}"
        elif one.default_factory is not dataclasses.MISSING:
            scope[f"__{name}"], default = one.default_factory, "=__new"
            value = f"__{name}() if {name} is __new else {name}"
        if one.init:
            said[bool(one.kw_only)].append(name + default)
        elif default:
            value = f"__{name}" + ("()" if default == "=__new" else "")
        if one.init or default:
            lines.append(f"__put(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    takes = ", ".join([*said[False], *(["*", *said[True]] if said[True] else [])])
    exec(f"def __init__({takes}):\n " + "\n ".join(lines), scope)  # noqa: S102  names of fields, and nothing else
    written: Callable[..., None] = scope["__init__"]
    written.__qualname__, written.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    return written


def comparing(cls: Any, fields: Sequence["dataclasses.Field[Any]"]) -> Mapping[str, Any]:
    """The standard ways to compare and to hash."""
    parts = [(one.name, one.type, one) for one in fields]
    body = {name: getattr(cls, name) for name in ("__module__", "__qualname__", "__doc__")}
    twin = dataclasses.make_dataclass(cls.__name__, parts, namespace=body, init=False, repr=False, unsafe_hash=True)
    return vars(twin)


def showing(names: Sequence[str]) -> Callable[[Any], str]:
    """A `__repr__` with these fields."""

    @recursive_repr()
    def show(self: Any) -> str:
        return f"{self.__class__.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return show


def keeping(cls: Any, names: frozenset[str]) -> dict[str, Callable[..., None]]:
    """What refuses to change a field, or anything else of an instance of this very class."""

    def put(self: Any, name: str, value: Any) -> None:
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def drop(self: Any, name: str) -> None:
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    return {"__setattr__": put, "__delattr__": drop}


def state(self: Any) -> list[Any]:
    """What pickle and copy carry of an instance with slots."""
    return [getattr(self, one.name) for one in dataclasses.fields(self)]


def revive(self: Any, kept: Sequence[Any]) -> None:
    """The other way."""
    for one, value in zip(dataclasses.fields(self), kept, strict=True):
        object.__setattr__(self, one.name, value)


if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls: type | None = None, /, **asked: bool) -> Any:
        """As `dataclasses.dataclass`."""
        make = prepared if asked.get("frozen") and OURS.issuperset(asked) else dataclasses.dataclass
        if make is prepared:
            del asked["frozen"]
        return (lambda found: make(found, **asked)) if cls is None else make(cls, **asked)
