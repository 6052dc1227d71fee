"""What is granted of what was asked for: https://www.rfc-editor.org/rfc/rfc6749#section-3.3

The grant is the part of the request that lies within the registration, never more (AUTHZ-06, SMART-14); it goes back
in the answer's `scope`. What is no scope of this API is dropped; where nothing is left, the request is refused. A
scope that was asked for as SMART 1 spells it comes back so (SCOPE-02).
"""

from collections.abc import Iterable, Iterator

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
    held = [one for text in registered for one in read_all(text) if meant(one, surface)]
    found = tuple(dict.fromkeys(common(asked, held)))
    if not found:
        raise InvalidScope("Invalid scope: nothing of it was registered for this application")
    if sum(len(str(one)) + 1 for one in found) > MOST:
        raise InvalidScope(f"Invalid scope: what would be granted is longer than {MOST} characters")
    return found


def sensitive(requested: str, registered: Iterable[str]) -> tuple[str, ...]:
    """The words for sensitive records that were asked for and are registered (`access.labels`)."""
    held = frozenset(registered)
    return tuple(one for one in words(requested) if one in held)


def meant(scope: Scope, surface: Surface) -> bool:
    """Is the scope about a type of this surface, at the level of its audience?"""
    return scope.level == surface.audience and (scope.type == "*" or scope.type in surface.by_type)


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
    if held.type not in ("*", type_) or not may:
        return None
    only = tuple(dict.fromkeys((*asked.only, *held.only)))
    part = Scope(asked.level, type_, may, only)
    return Scope.read(spell(part, v1=asked.spelled_v1))


def wider(one: Scope, other: Scope) -> bool:
    """Does `one` allow all that `other` does, and more?"""
    return one != other and one.type in ("*", other.type) and one.may >= other.may and set(one.only) <= set(other.only)
