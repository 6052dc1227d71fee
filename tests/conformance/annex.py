"""What certification demands (us_core.txt, blue_button.txt, claims.txt), read into rows; the notation is told there."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"


@dataclass(frozen=True)
class Find:
    """A search: its parameters in order; `fixed` the values that one of them is asked with, one after the other."""

    params: tuple[str, ...]
    fixed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    token: tuple[str, ...] = ()
    ordered: tuple[str, ...] = ()
    several: tuple[str, ...] = ()
    include: str = ""
    status: bool = False

    @property
    def name(self) -> str:
        return "+".join(self.params)

    @classmethod
    def of(cls, params: str, options: list[str]) -> "Find":
        told = dict(one.split("=") for one in options if "=" in one)
        words = {key: tuple(told.pop(key, "").split(",")) if key in told else () for key in ("token", "ordered", "any")}
        include = told.pop("include", "")
        fixed = {key: tuple(value.split(",")) for key, value in told.items()}
        return cls(tuple(params.split("+")), fixed, words["token"], words["ordered"], words["any"], include,
                   "status?" in options)  # fmt: skip


@dataclass(frozen=True)
class Slice:
    """Which values at `path` are the slice `name`: those with one of `values` (system|code, or a type) at `where`."""

    path: str
    name: str
    where: str
    values: tuple[str, ...]


@dataclass
class Profile:
    """What one profile, or a type where `name` is empty, has to show."""

    name: str
    type: str
    by_reference: bool = False
    finds: list[Find] = field(default_factory=list)
    also: list[Find] = field(default_factory=list)
    must: list[str] = field(default_factory=list)
    leads: dict[str, tuple[str, ...]] = field(default_factory=dict)
    extensions: dict[str, str] = field(default_factory=dict)
    slices: list[Slice] = field(default_factory=list)
    either: list[tuple[str, ...]] = field(default_factory=list)
    ordered: tuple[str, ...] = ()
    several: tuple[str, ...] = ()
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    includes: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return US_CORE + self.name

    def take(self, key: str, words: list[str]) -> None:
        """One line of the notation."""
        first, *rest = words
        if key == "by":
            self.by_reference = True
        elif key in ("find", "also"):
            (self.finds if key == "find" else self.also).append(Find.of(first, rest))
        elif key == "must":
            self.must += words
        elif key == "leads":
            self.leads |= {path: tuple(to.split("|")) for path, _, to in (one.partition(">") for one in words)}
        elif key == "extension":
            self.extensions[first] = rest[0]
        elif key == "slice":
            path, _, name = first.partition(":")
            self.slices.append(Slice(path, name, rest[0], tuple(rest[1:])))
        elif key == "either":
            self.either.append(tuple(words))
        elif key in ("ordered", "any"):
            setattr(self, "ordered" if key == "ordered" else "several", tuple(words))
        elif key in ("values", "include"):
            (self.values if key == "values" else self.includes)[first] = tuple(rest)
        else:
            raise ValueError(f"{self.name or self.type}: no line begins with {key}")


@cache
def us_core() -> tuple[Profile, ...]:
    """Every profile, and after them what holds for whole types."""
    return tuple(read(HERE / "us_core.txt"))


@cache
def blue_button() -> tuple[Profile, ...]:
    return tuple(read(HERE / "blue_button.txt"))


@cache
def claims() -> tuple[Profile, ...]:
    """The profiles of CARIN Blue Button 2.0.0, with what each has to show."""
    return tuple(read(HERE / "claims.txt"))


def profiles() -> list[Profile]:
    """The US Core profiles alone."""
    return [one for one in us_core() if one.name]


def of_type(type_: str) -> Profile:
    """What holds for a whole type; nothing where the table has no such line."""
    return next((one for one in us_core() if not one.name and one.type == type_), Profile("", type_))


def read(path: Path) -> Iterator[Profile]:
    """The profiles of one table."""
    found: Profile | None = None
    for line, more in lines(path):
        if not line.startswith(" "):
            if found:
                yield found
            *name, type_ = line.split()
            found = Profile("".join(name), type_)
        elif found:
            key, *words = f"{line} {more}".split()
            found.take(key, words)
    if found:
        yield found


def lines(path: Path) -> Iterator[tuple[str, str]]:
    """Lines that say something, each with the text of those that go on from it."""
    waiting = ("", "")
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("    "):
            waiting = (waiting[0], f"{waiting[1]} {line.strip()}")
        elif line.strip() and not line.startswith("#"):
            if waiting[0]:
                yield waiting
            waiting = (line, "")
    yield waiting
