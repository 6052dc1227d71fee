"""How far a caller sees: the only place where a Reach is made (architecture decision 19).

Each scope that holds is one way: its level, the patient's compartment as the reach table has it (of a `user/` scope
that of any patient in the person's sight), and its granular filter, all of which have to hold together. Several scopes
on one type are several ways, any of which is enough (SCOPE-06). The patient in context neither widens nor confines
`user/` scopes; and no scope of a token that a person granted shows whom that person may not see.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ..fhir.definitions import SEARCH
from ..fhir.labels import EVERY
from ..fhir.search.chain import hops
from ..fhir.search.query import AnyOf, Chain, Has, Include, Query, Test
from ..surfaces.model import Surface
from .caller import Caller
from .decide import TAKEN, Allowed, Denied, decide, held, out_of_context
from .filters import groups
from .labels import withheld
from .reach import _SEAL, REACH, How, Narrowed, Reach, Way
from .scopes import Scope
from .sight import EVERYBODY, Sight


def narrow(query: Query, caller: Caller, surface: Surface, zone: str = "UTC") -> Narrowed | Denied:
    """The search that may be run for `caller`, or why none may; `zone` (the tenant's) is for dates in scopes."""
    allowed = decide(caller, surface, query.type, "search-type")
    if isinstance(allowed, Denied):
        return allowed
    where = followed(query.where, caller, surface)
    if isinstance(where, Denied):
        return where
    query = replace(query, where=where)
    forward = _reaches(caller, surface, _brought(query, surface, reverse=False), "r", zone)
    backward = _reaches(caller, surface, _brought(query, surface, reverse=True), "s", zone)
    sought = _reaches(caller, surface, (hop.type for hop in hops(where)), "s", zone)
    return Narrowed(query, _seal(query.type, allowed, caller, zone), forward, backward, sought)


def reach(caller: Caller, surface: Surface, type_: str, letter: str, zone: str = "UTC") -> Reach | Denied:
    """The rows of `type_` that `letter` (r for read, vread, history; s for search) shows to `caller`, or why none."""
    allowed = held(caller, surface, type_, letter)
    return allowed if isinstance(allowed, Denied) else _seal(type_, allowed, caller, zone)


def followed(where: tuple[AnyOf, ...], caller: Caller, surface: Surface) -> tuple[AnyOf, ...] | Denied:
    """The same groups, confined to the chains over types that this caller may search (AUTHZ-10).

    A chain that names a type, or may mean but one, wants the right to it; one that may mean several goes to those that
    the caller may search. Either is Denied where none is left: as the search of that type would be.
    """
    groups_: list[AnyOf] = []
    for group in where:
        kept = _allowed(group, caller, surface)
        if isinstance(kept, Denied):
            return kept
        groups_.append(kept)
    return tuple(groups_)


def _allowed(group: AnyOf, caller: Caller, surface: Surface) -> AnyOf | Denied:
    tests = [_step(test, caller, surface) for test in group.tests]
    kept = tuple(one for one in tests if not isinstance(one, Denied))
    denied = [one for one in tests if isinstance(one, Denied)]
    return denied[0] if denied and not kept else replace(group, tests=kept)


def _step(test: Test, caller: Caller, surface: Surface) -> Test | Denied:
    """The test, if it is no chain or the caller may search wherever it leads."""
    if not isinstance(test.value, Chain | Has):
        return test
    right = decide(caller, surface, test.value.type, "search-type")
    rest = right if isinstance(right, Denied) else followed(test.value.where, caller, surface)
    return rest if isinstance(rest, Denied) else replace(test, value=replace(test.value, where=rest))


def nameable(caller: Caller, surface: Surface, type_: str, zone: str = "UTC") -> Reach | Denied:
    """The rows of `type_` that a record may name which `caller` writes: what it may read, or else find.

    The patient that a token is for may always be named: whoever holds it knows that one already.
    """
    caller = _naming(caller) if type_ == "Patient" else caller
    known = reach(caller, surface, type_, "r", zone)
    if isinstance(known, Reach):
        return known
    found = reach(caller, surface, type_, "s", zone)
    if isinstance(found, Reach) or type_ != "Patient" or surface.audience != "patient" or not caller.patient:
        return found
    if out_of_context(caller, surface):
        return found
    ways = tuple(_ways(type_, Scope("patient", type_, frozenset("r")), caller, zone))
    return Reach(type_, ways, _SEAL, withheld(caller.labels))


def _naming(caller: Caller) -> Caller:
    """This caller, whose own patient is seen also where a caregiver may not see the Patient itself."""
    sight, patient = caller.sight, caller.patient
    if sight is None or sight.patients is None or patient is None or not sight.surely(patient):
        return caller
    return replace(caller, sight=replace(sight, patients=sight.patients | {patient}))


def about(query: Query, caller: Caller, surface: Surface, patient: str, zone: str = "UTC") -> Narrowed | Denied:
    """As `narrow`, and within the compartment of this patient too: what operations about one patient search."""
    narrowed = narrow(query, caller, surface, zone)
    if isinstance(narrowed, Denied):
        return narrowed
    how, reach_ = REACH.get(query.type, How.NEVER), narrowed.reach
    known = (one for one in reach_.ways if one.patient in (None, patient))
    ways = (replace(one, how=how, patient=patient, sight=_left(one.sight, patient)) for one in known)
    return replace(narrowed, reach=Reach(query.type, tuple(dict.fromkeys(ways)), _SEAL, reach_.withheld))


def _reaches(caller: Caller, surface: Surface, types: Iterator[str], letter: str, zone: str) -> Mapping[str, Reach]:
    found = {type_: reach(caller, surface, type_, letter, zone) for type_ in types}
    return {type_: one for type_, one in found.items() if isinstance(one, Reach)}


def _brought(query: Query, surface: Surface, *, reverse: bool) -> Iterator[str]:
    """The types that the includes of a search may bring, as far as this surface offers them."""
    for include in query.includes:
        if include.reverse is reverse:
            wanted = {include.source} if reverse else _targets(include)
            yield from (one for one in surface.by_type if one in wanted or not wanted)


def _targets(include: Include) -> set[str]:
    """Where `_include` may lead; empty is anywhere."""
    if include.target:
        return {include.target}
    params = SEARCH[include.source]
    chosen = list(params.values()) if include.param == "*" else [params[include.param]]
    leads = [one.targets for one in chosen if one.kind == "reference"]
    return set() if () in leads else {type_ for targets in leads for type_ in targets}


def _seal(type_: str, allowed: Allowed, caller: Caller, zone: str) -> Reach:
    ways = dict.fromkeys(way for one in allowed.scopes for way in _ways(type_, one, caller, zone))
    whole = tuple(way for way in ways if way.open)
    return Reach(type_, whole[:1] or tuple(ways), _SEAL, withheld(caller.labels))


def _left(sight: Sight | None, patient: str) -> Sight | None:
    """What a sight still confines where rows are this patient's anyway."""
    return None if sight is None or sight.surely(patient) else sight


def _ways(type_: str, scope: Scope, caller: Caller, zone: str) -> Iterator[Way]:
    """The way that one scope opens, if it opens any. Where nothing confines it to patients, it is SHARED."""
    where = groups(type_, scope.only, zone)
    how = REACH[type_] if scope.level in TAKEN["patient"] else How.SHARED
    if how is How.SHARED:
        yield Way(scope.level, how, where=where)
        return
    patient = caller.patient if scope.level == "patient" else None
    sight = caller.sight if caller.personal or scope.level == "user" else EVERYBODY
    for part, closed in () if sight is None else _parts(sight, type_, caller.labels):
        if patient is not None and part.surely(patient) is False:
            continue
        left = None if part.whole else part if patient is None else _left(part, patient)
        yield Way(scope.level, how if patient or left else How.SHARED, patient, where, left, closed)


def _parts(sight: Sight, type_: str, labels: int) -> Iterator[tuple[Sight, int]]:
    """Whom a sight shows in records of this type, with the labels closed beside those that the caller's `labels` leave
    closed: of somebody for whom a caregiver may not see what is labelled, all of them (AUTHZ-19).
    """
    if not labels:
        yield sight.of(type_), 0
        return
    whole, open_ = sight.of(type_), sight.of(type_, labelled=True)
    yield open_, 0
    if rest := (whole.patients or frozenset()) - (open_.patients or frozenset()):
        yield Sight(rest), EVERY
