"""What is granted of what was asked for: https://www.rfc-editor.org/rfc/rfc6749#section-3.3

The grant is the part of the request that lies within the registration, never more (AUTHZ-06, SMART-14); it goes back
in the answer's `scope`. What is no scope of this API is dropped; where nothing is left, the request is refused. A
scope that was asked for as SMART 1 spells it comes back so (SCOPE-02).
"""

from collections.abc import Iterable, Iterator, Sequence

from ..access.decide import TAKEN
from ..access.labels import words
from ..access.scopes import Scope, read_all, spell
from ..surfaces.model import Surface
from .errors import InvalidScope

MOST = 4096
"""Characters of a granted scope: a token has to fit into a header of 8 KB (SCOPE-07)."""


def granted(requested: str, registered: Iterable[str], surface: Surface) -> tuple[Scope, ...]:
    """The granted scopes; raises InvalidScope where none is, or where they make no token that could be sent."""
    asked = [one for one in read_all(requested) if meant(one, surface)]
    if not asked:
        raise InvalidScope(f"Invalid scope: use {surface.audience}/ scopes of resource types that this API offers")
    found = held(asked, registered, surface)
    if not found:
        raise InvalidScope("Invalid scope: nothing of it was registered for this application")
    return short(found)


def within(requested: str, registered: Sequence[str], surface: Surface) -> tuple[str, ...]:
    """The part of a request that lies within the registration, words such as openid first; raises InvalidScope where
    that is nothing.
    """
    words = spoken(requested, registered)
    asked = [one for one in read_all(requested) if meant(one, surface)]
    found = (*words, *map(str, short(held(asked, registered, surface))))
    if not found:
        raise InvalidScope("Invalid scope: nothing of it was registered for this application")
    return found


def spoken(requested: str, registered: Sequence[str]) -> tuple[str, ...]:
    """The scopes without a resource type, such as openid, that are asked for and registered. Of a refresh token for
    ever and one for the session the former is meant.
    """
    asked = dict.fromkeys(one for one in requested.split(" ") if one in registered and Scope.read(one) is None)
    return tuple(one for one in asked if one != "online_access" or "offline_access" not in asked)


def held(asked: Sequence[Scope], registered: Iterable[str], surface: Surface) -> tuple[Scope, ...]:
    """What of these resource scopes was registered."""
    had = [one for text in registered for one in read_all(text) if meant(one, surface)]
    return tuple(dict.fromkeys(common(asked, had)))


def short(found: tuple[Scope, ...]) -> tuple[Scope, ...]:
    """The same, if a token that says them all could be sent; raises InvalidScope."""
    if sum(len(str(one)) + 1 for one in found) > MOST:
        raise InvalidScope(f"Invalid scope: what would be granted is longer than {MOST} characters")
    return found


def covered(requested: str, permitted: Sequence[str]) -> tuple[str, ...]:
    """Each scope of a request, all of which lie within what is permitted; raises InvalidScope where one does not: at a
    refresh nothing is dropped in silence (RFC 6749 section 6).
    """
    had = read_all(" ".join(permitted))
    for text in requested.split():
        scope = Scope.read(text)
        if not (text in permitted if scope is None else any(one == scope or wider(one, scope) for one in had)):
            raise InvalidScope("Invalid scope: more than was granted")
    return tuple(dict.fromkeys(requested.split()))


def sensitive(requested: str, registered: Iterable[str]) -> tuple[str, ...]:
    """The words for sensitive records that were asked for and are registered (`access.labels`)."""
    held = frozenset(registered)
    return tuple(one for one in words(requested) if one in held)


def meant(scope: Scope, surface: Surface) -> bool:
    """Is the scope about a type of this surface, at a level of its audience?"""
    return scope.level in TAKEN[surface.audience] and (scope.type == "*" or scope.type in surface.by_type)


def common(asked: Iterable[Scope], held: Iterable[Scope]) -> Iterator[Scope]:
    """What each pair has in common, widest first, so that what it already covers is not said twice."""
    registered = tuple(held)
    for one in asked:
        parts = [part for other in registered if (part := both(one, other))]
        yield from (part for part in parts if not any(wider(other, part) for other in parts))


def both(asked: Scope, held: Scope) -> Scope | None:
    """What two scopes both allow, in the spelling of the first; None where that is nothing."""
    type_ = held.type if asked.type == "*" else asked.type
    may = asked.may & held.may
    if asked.level != held.level or held.type not in ("*", type_) or not may:
        return None
    only = tuple(dict.fromkeys((*asked.only, *held.only)))
    part = Scope(asked.level, type_, may, only)
    return Scope.read(spell(part, v1=asked.spelled_v1))


def wider(one: Scope, other: Scope) -> bool:
    """Does `one` allow all that `other` does, and more?"""
    return (
        one != other
        and one.level == other.level
        and one.type in ("*", other.type)
        and one.may >= other.may
        and set(one.only) <= set(other.only)
    )
