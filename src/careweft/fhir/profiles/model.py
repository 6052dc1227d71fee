"""What a profile says, as values: https://hl7.org/fhir/R4/profiling.html"""

from typing import Any

from ...values import dataclass


@dataclass(frozen=True, slots=True)
class TypeRef:
    """One type that an element may have; of a Reference, what it may lead to."""

    code: str
    profiles: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Binding:
    """From which codes an element takes its own."""

    strength: str
    value_set: str


@dataclass(frozen=True, slots=True)
class Slicing:
    """How the slices of a repeating element are told apart; `discriminators` are pairs of type and path."""

    discriminators: tuple[tuple[str, str], ...]
    ordered: bool = False
    rules: str = "open"


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule in FHIRPath."""

    key: str
    severity: str
    expression: str


@dataclass(frozen=True, slots=True)
class Element:
    """One element, or one slice of it, with all that lies under it."""

    path: str
    slice: str = ""
    min: int = 0
    max: int | None = None
    types: tuple[TypeRef, ...] = ()
    fixed: Any = None
    pattern: Any = None
    binding: Binding | None = None
    slicing: Slicing | None = None
    must_support: bool = False
    constraints: tuple[Invariant, ...] = ()
    content_reference: str = ""
    children: tuple["Element", ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A profile in full. `elements` begins with the root, under which the others lie."""

    url: str
    version: str
    type: str
    kind: str
    elements: tuple[Element, ...]
