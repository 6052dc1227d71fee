"""One decision, made from values: may this caller do this to that type here?

https://hl7.org/fhir/smart-app-launch/STU2/scopes-and-launch-context.html

Patient access takes `patient/` scopes, which show one patient, and `user/` scopes, which show whom that person may see.
Scopes only narrow: what is decided here is still confined by `narrow` before a row is read. The answer never depends on
data (AUTHZ-11).
"""

from collections.abc import Mapping
from types import MappingProxyType

from ..surfaces.model import Surface
from ..values import dataclass
from .caller import Caller
from .reach import REACH, How
from .scopes import LETTER, Scope

TAKEN: Mapping[str, frozenset[str]] = MappingProxyType(
    {"patient": frozenset({"patient", "user"}), "system": frozenset({"system"})}
)
"""The levels of scopes that a surface takes, by its audience."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may, by these scopes; `letter` is the one of `cruds` that the interaction needs."""

    letter: str
    scopes: tuple[Scope, ...]


@dataclass(frozen=True, slots=True)
class Denied:
    """It may not. `because` names scopes and types, never data."""

    because: str


def decide(caller: Caller, surface: Surface, type_: str, interaction: str) -> Allowed | Denied:
    """May `caller` do `interaction` (a code of TypeRestfulInteraction, or an operation's name) to `type_` on `surface`?

    An interaction that SCOPE-03 gives no letter, or that the surface does not offer, is denied.
    """
    offer = surface.by_type.get(type_)
    letter = LETTER.get(interaction)
    if offer is None or letter is None or not offer.does(interaction):
        return Denied(f"{surface.name} does not offer {interaction} of {type_}")
    return held(caller, surface, type_, letter)


def held(caller: Caller, surface: Surface, type_: str, letter: str) -> Allowed | Denied:
    """The scopes of `caller` that carry `letter` for `type_` at a level that this surface takes."""
    if type_ not in surface.by_type:
        return Denied(f"{surface.name} does not offer {type_}")
    if wrong := out_of_context(caller, surface):
        return Denied(wrong)
    levels = TAKEN[surface.audience]
    scopes = tuple(one for one in caller.scopes if one.level in levels and one.covers(type_) and letter in one.may)
    if not scopes:
        return Denied(f"a scope {surface.audience}/{type_}.{letter} is needed")
    if surface.audience == "patient" and REACH.get(type_, How.NEVER) is How.NEVER:
        return Denied(f"{type_} is not shown by patient access")
    return Allowed(letter, scopes)


def out_of_context(caller: Caller, surface: Surface) -> str | None:
    """Why no request of this token is answered at all (SMART-17), or None. One bad scope spoils the token: closed by
    default.
    """
    levels = {one.level for one in caller.scopes}
    if "patient" in levels and not caller.patient:
        return "the token has a patient/ scope and no patient"
    if "user" in levels and not caller.user:
        return "the token has a user/ scope and no fhirUser"
    if ("user" in levels or caller.personal) and caller.sight is None:
        return "nobody knows whom the user of this token may see"
    if surface.audience == "system" and (caller.patient or caller.user):
        return "a token of a patient or a user is not for system access"
    return None
