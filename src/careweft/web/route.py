"""What a row of the route table says: which requests it takes, from whom, what answers, what browsers may do."""

from collections.abc import Awaitable, Callable
from dataclasses import field
from enum import Enum
from typing import Literal

from ..access.scopes import LETTER
from ..surfaces.model import Surface
from ..values import dataclass
from .exchange import Reply, Request

Handler = Callable[[Request], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Public:
    """Anyone may; it shows nobody's records and leaves no audit entry."""


@dataclass(frozen=True, slots=True)
class Right:
    """A bearer token of this surface that `decide` allows this interaction on this type."""

    surface: Surface
    type: str
    interaction: str

    @property
    def scope(self) -> str:
        """The least scope that holds this right."""
        return f"{self.surface.audience}/{self.type}.{LETTER[self.interaction]}"


@dataclass(frozen=True, slots=True)
class Feeding:
    """A bearer token of this surface; the handler asks `decide` for the right to each record that comes."""

    surface: Surface


@dataclass(frozen=True, slots=True)
class Bulk:
    """A bearer token of this surface, of a client that may export; the handler asks for the right to each type."""

    surface: Surface


@dataclass(frozen=True, slots=True)
class ClientAuthenticated:
    """The handler's own first step authenticates a registered client."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in at the tenant; others are sent to sign in first. `roles` may: everyone where empty."""

    roles: frozenset[str] = frozenset()
    enrolling: bool = False
    """Also for a session that may only set up its second factor."""
    platform: bool = False
    """Of no tenant: a developer or an administrator; the path names none either."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody with a browser, signed in or not: the handler finds out who, by a form of ours that was filled in.

    `platform` as Person has it.
    """

    platform: bool = False


@dataclass(frozen=True, slots=True)
class Ops:
    """For the one who runs the machine: `local` answers over the loopback only, unless the site is told otherwise."""

    local: bool = False


Policy = Public | Right | Feeding | Bulk | ClientAuthenticated | Person | Visitor | Ops


AUDITED = Right | Feeding | Bulk | ClientAuthenticated | Person | Visitor


class Cors(Enum):
    """Which origins a browser may call this from (OAUTH-30)."""

    NONE = "none"
    ANY = "any"
    REGISTERED = "registered"


@dataclass(frozen=True, slots=True)
class Route:
    """One row. `path` has `{tenant}`, `{id}` and `{vid}` as whole segments; `action` is the audit entry's word;
    `speaks` is the language of its refusals.
    """

    methods: tuple[str, ...]
    path: str
    policy: Policy
    answer: Handler
    name: str
    action: str
    surface: str = ""
    cors: Cors = Cors.NONE
    speaks: Literal["fhir", "oauth", "page"] = "fhir"
    page: str = ""
    """Where the form is that is sent here, with the placeholders of `path`."""
    paced: bool = False
    """Whoever asks too often is told to wait (OATK-15)."""
    audited: bool = field(init=False)
    """It comes near records or credentials, so that each interaction leaves one audit entry."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "audited", isinstance(self.policy, AUDITED))


class Unguarded(Exception):
    """A row of the route table has no policy that the guard knows (GEN-03): the server does not start."""


def checked(route: Route) -> Route:
    """This row, or `Unguarded` where nobody said who may use it, or where it is no row at all."""
    if not isinstance(route.policy, Policy):
        raise Unguarded(f"{' '.join(route.methods)} {route.path} wants a policy, not {route.policy!r}")
    if isinstance(route.policy, Right) and (not route.policy.type or "{tenant}" not in route.path):
        raise Unguarded(f"{' '.join(route.methods)} {route.path} grants a right without a tenant and a type")
    if isinstance(route.policy, Person) and ("{tenant}" in route.path) == route.policy.platform:
        raise Unguarded(f"{' '.join(route.methods)} {route.path} is for a person of no tenant")
    return route
