"""How a tenant's decision narrows what an application asks for: scopes, types, Groups, networks, lifetime, last day."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from .. import surfaces
from ..access import networks
from ..access.scopes import LETTER, LETTERS, Scope, spell
from ..surfaces.model import Offer
from .application import LONGEST_LIFETIME, Application, usual
from .authorization import Narrowing
from .refusal import RegistrationRefused

MOST_GROUPS = 50
FURTHEST = timedelta(days=3660)
ALONE = frozenset({"openid", "launch/create"})
"""Words that are of use without any record: an application where people only sign in, an EHR that only opens others."""


def wanted(asked: Application) -> tuple[str, ...]:
    """The scopes that an application asks for."""
    return asked.scopes or usual(asked)


def meet(one: Scope, other: Scope) -> Scope | None:
    """What two scopes both allow, or None.

    >>> str(meet(Scope.read("system/*.rs"), Scope.read("system/Patient.cruds")))
    'system/Patient.rs'
    """
    if one.level != other.level or ("*" not in (one.type, other.type) and one.type != other.type):
        return None
    may = one.may & other.may
    if not may:
        return None
    type_ = other.type if one.type == "*" else one.type
    only = tuple(dict.fromkeys((*one.only, *other.only)))
    return Scope.read(spell(Scope(one.level, type_, may, only)))


def within(allowed: Iterable[str], asked: Sequence[str]) -> tuple[str, ...]:
    """What of `allowed` lies within `asked`: both a tenant's yes and a developer's wish are needed.

    >>> within(["system/*.rs", "openid"], ["system/Patient.r", "launch"])
    ('system/Patient.r',)
    """
    found: list[str] = []
    for text in allowed:
        scope = Scope.read(text)
        if scope is None or text in asked:
            found += [text] * (text in asked)
            continue
        held = [other for one in asked if (other := Scope.read(one))]
        found += [str(both) for one in held if (both := meet(scope, one))]
    return tuple(dict.fromkeys(found))


def types(asked: Application) -> tuple[str, ...]:
    """The resource types that the application's scopes reach on its API, in the order of the offers."""
    scopes = [one for text in wanted(asked) if (one := Scope.read(text))]
    return tuple(offer.type for offer in offers(asked) if any(one.type in ("*", offer.type) for one in scopes))


def offers(asked: Application) -> tuple[Offer, ...]:
    """What the API of the application's side and kind offers; nothing where records are only filed."""
    if asked.access == surfaces.INTAKE.side:
        return ()
    return surfaces.find(asked.access, "system" if asked.type == "system" else "patient").offers


def only_types(scopes: Iterable[str], kept: frozenset[str], asked: Application) -> Iterator[str]:
    """The scopes with these types alone; one for all types becomes one for each, unless all are kept."""
    every = types(asked)
    for text in scopes:
        scope = Scope.read(text)
        if scope is None or (scope.type != "*" and scope.type in kept) or kept >= frozenset(every):
            yield text
        elif scope.type == "*":
            yield from (spelled for one in offers(asked) if one.type in kept and (spelled := each(scope, one)))


def each(scope: Scope, offer: Offer) -> str | None:
    """A scope for all types as one for this type, with the letters that mean something there."""
    letters = {LETTER[one] for one in (*offer.can, *offer.operations) if one in LETTER}
    may = frozenset(one for one in LETTERS if one in letters and one in scope.may)
    made = replace(scope, type=offer.type, may=may, text="")
    return spell(made) if may and Scope.read(spell(made)) else None


def checked(narrowing: Narrowing, asked: Application, now: datetime) -> Narrowing:
    """The narrowing as it is kept. Raises RegistrationRefused where it is more than was asked for, or none."""
    scopes = within(narrowing.scopes, wanted(asked))
    if set(scopes) != set(narrowing.scopes):
        raise RegistrationRefused("scopes want to lie within what the application asks for")
    if not any(Scope.read(one) or one in ALONE for one in scopes):
        raise RegistrationRefused("at least one kind of record has to be allowed; else refuse the request")
    if narrowing.bulk and not asked.bulk:
        raise RegistrationRefused("bulk export was not asked for")
    if len(narrowing.groups) > MOST_GROUPS or (narrowing.groups and not narrowing.bulk):
        raise RegistrationRefused(f"groups want bulk export, and to be at most {MOST_GROUPS}")
    check_life(narrowing, now)
    return replace(narrowing, scopes=scopes, networks=spelled(narrowing.networks))


def check_life(narrowing: Narrowing, now: datetime) -> None:
    """OAUTH-17, and a last day that lies ahead."""
    if narrowing.lifetime is not None and not 60 <= narrowing.lifetime <= LONGEST_LIFETIME:
        raise RegistrationRefused(f"lifetime wants 60 to {LONGEST_LIFETIME} seconds, not {narrowing.lifetime}")
    if narrowing.expires is not None and not now < narrowing.expires < now + FURTHEST:
        raise RegistrationRefused("the last day wants to lie ahead, within ten years")


def spelled(given: Iterable[str]) -> tuple[str, ...]:
    """Networks as they are kept. Raises RegistrationRefused."""
    try:
        found = tuple(dict.fromkeys(networks.spelled(one) for one in given))
    except ValueError as wrong:
        raise RegistrationRefused(str(wrong)) from wrong
    if len(found) > networks.MOST:
        raise RegistrationRefused(f"networks want to be at most {networks.MOST}")
    return found


def everything(asked: Application) -> Narrowing:
    """All that an application asks for."""
    return Narrowing(wanted(asked), asked.bulk)
