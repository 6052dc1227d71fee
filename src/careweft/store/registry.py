"""Which search parameters this database has indexed, and by which version (architecture decision 21)."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from ..access.reach import Narrowed
from ..fhir import labels
from ..fhir.definitions import COMPARTMENT, RESOURCES, SEARCH, SearchParam
from ..fhir.outcomes import Unavailable
from ..fhir.search.include import parameters
from ..fhir.search.kinds import composite
from ..fhir.search.parse import modifiers
from ..fhir.search.query import AnyOf, Chain, Has
from .memory import Flights
from .pool import Connection, Pool

FORMS = {
    "token": 1,
    "reference": 1,
    "date": 1,
    "string": 1,
    "number": 1,
    "quantity": 1,
    "uri": 2,
    "composite": 2,
    "special": 1,
}
"""Raise a kind's number when its index rows are made differently: its parameters are then rebuilt by `reindex`."""

SAY = """insert into param (p, type, code, digest, ready)
  select p, type, code, digest, type <> all($5) from unnest($1::int2[], $2::text[], $3::text[], $4::bytea[])
    x(p, type, code, digest)
  on conflict (p) do update set code = excluded.code, digest = excluded.digest, ready = excluded.ready"""
USED = "select rt from unnest($1::int2[]) rt where exists (select from res where res.rt = rt.rt)"
RAISE = """insert into ixgen (rt, ixv) select rt, 1 from unnest($1::int2[]) rt
  on conflict (rt) do update set ixv = ixgen.ixv + 1"""
LOCKED = "select pg_advisory_xact_lock($1, rt) from (select rt from unnest($2::int4[]) rt order by rt) sorted"
RAISE_LOCK = 20210  # of pg_advisory_xact_lock, with the type's number; require_index_version in SQL shares it

PARAMS = "(select md5(string_agg(p || ' ' || encode(digest, 'hex'), ',' order by p)) from param)"
TOLD = f"select exists (select from told where program = $1 and params = {PARAMS})"
TELL = f"""insert into told (program, params) select $1, {PARAMS}
  on conflict (one) do update set program = excluded.program, params = excluded.params"""

LABELLED = "_security"
"""The parameter of every type that is rebuilt when the table of sensitive codes changes, and the labels with it."""
DECIDES = (Path(__file__), Path(__file__).parents[1] / "fhir")
"""The files that what `digest` says can depend on."""


def digest(param: SearchParam) -> bytes:
    """What the index rows of a parameter depend on."""
    forms = [FORMS[param.kind], *(FORMS[part.param.kind] for part in composite.parts(param))]
    typed = ["of-type"] if param.kind == "token" and "of-type" in modifiers(param) else []
    form = ",".join([*map(str, forms), *typed])
    parts: tuple[str, ...] = (param.kind, form, param.expression, ",".join(param.targets), repr(param.components))
    parts += (labels.VERSION,) if param.code == LABELLED else ()
    parts += tuple(digest(one).hex() for one in composite.places(param) if one != param and param.kind == "composite")
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=8).digest()


def wanted() -> list[tuple[SearchParam, bytes]]:
    """Every parameter of this program with its digest."""
    return [(param, digest(param)) for params in SEARCH.values() for param in params.values()]


def program() -> bytes:
    """What tells one program's parameters from another's without making them: a fifteenth of the work."""
    said = hashlib.blake2b(f"{FORMS} {labels.VERSION}".encode(), digest_size=16)
    for place in DECIDES:
        for file in sorted(place.rglob("*")) if place.is_dir() else (place,):
            if file.suffix in (".py", ".tsv"):
                said.update(file.read_bytes())
    return said.digest()


async def sync(connection: Connection) -> list[str]:
    """Tell the database this program's parameters; returns the types whose records have to be indexed again.

    A parameter that is new or changed is ready at once where no record of its type exists, else after `reindex`.
    """
    mark = program()
    if await connection.fetchval(TOLD, mark):
        return []
    known = {row["p"]: bytes(row["digest"]) for row in await connection.fetch("select p, digest from param")}
    changed = [(param, said) for param, said in wanted() if known.get(param.number) != said]
    async with connection.transaction():
        used = await _say(connection, changed) if changed else []
        await connection.execute(TELL, mark)
    return used


async def _say(connection: Connection, changed: Sequence[tuple[SearchParam, bytes]]) -> list[str]:
    numbers = {RESOURCES[param.type]: param.type for param, _ in changed}
    await connection.execute(LOCKED, RAISE_LOCK, list(numbers))
    used = sorted(numbers[row["rt"]] for row in await connection.fetch(USED, list(numbers)))
    await connection.execute(
        SAY,
        [param.number for param, _ in changed],
        [param.type for param, _ in changed],
        [param.code for param, _ in changed],
        [said for _, said in changed],
        used,
    )
    await connection.execute(RAISE, list(numbers))
    return used


READ = "select rt, ixv, array(select code from param where not ready and p / 64 = rt) as rebuilding from ixgen"
LASTS = 5.0


class Registries:
    """What this process may rely on: it indexes by the versions it found at its start, and looks every five seconds
    whether parameters are being rebuilt or a later program has raised a version.
    """

    def __init__(self, pool: Pool, now: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._now = now
        self._until = float("-inf")
        self._own: dict[int, int] = {}
        self._rebuilding: dict[int, frozenset[str]] = {}
        self._moved: frozenset[int] = frozenset()
        self._flights: Flights[None, None] = Flights()

    async def refresh(self, *, at_once: bool = False) -> None:
        """Read the registry, if what is known is older than five seconds. Raises Unavailable."""
        if at_once:
            await self._read()
        elif self._now() >= self._until:
            await self._flights.join(None, self._read)

    async def _read(self) -> None:
        rows = await self._pool.fetch(READ)
        self._own = self._own or {row["rt"]: row["ixv"] for row in rows}
        self._rebuilding = {row["rt"]: frozenset(row["rebuilding"]) for row in rows if row["rebuilding"]}
        self._moved = frozenset(row["rt"] for row in rows if row["ixv"] != self._own.get(row["rt"]))
        self._until = self._now() + LASTS

    def version(self, type_: str) -> int:
        """The index version of the rows that this process writes; `refresh` has been called before."""
        return self._own[RESOURCES[type_]]

    async def require(self, narrowed: Narrowed) -> None:
        """Raise Unavailable where a parameter of this search, its order, reach or includes is not fully indexed."""
        await self.refresh()
        if self._rebuilding or self._moved:
            for type_, code in _used(narrowed):
                self._check(type_, code)

    def _check(self, type_: str, code: str) -> None:
        rt = RESOURCES[type_]
        if rt in self._moved:
            raise Unavailable(f"{type_} is indexed by a later version of this server; this one has to be restarted")
        if code in self._rebuilding.get(rt, ()):
            raise Unavailable(f"search parameter {code} of {type_} is being indexed; `careweft reindex` ends that")


def _used(narrowed: Narrowed) -> Iterator[tuple[str, str]]:
    """Every parameter that decides what this search finds, brings, and in which order."""
    query = narrowed.query
    yield from _asked(query.type, query.where)
    yield from ((query.type, key.param) for key in query.sort)
    for reach in (narrowed.reach, *narrowed.backward.values(), *narrowed.sought.values()):
        yield from (one for way in reach.ways for one in _asked(reach.type, way.where))
        for code in COMPARTMENT.get(reach.type, ()) if any(way.confined for way in reach.ways) else ():
            yield reach.type, code
        yield from {(lead.type, lead.param) for way in reach.ways if way.sight for lead in way.sight.leads}
    for include in query.includes:
        if include.reverse:
            yield from ((include.source, param.code) for param in parameters(include.source, include.param))


def _asked(type_: str, where: Iterable[AnyOf]) -> Iterator[tuple[str, str]]:
    """The parameters that these groups test, those that chains follow and end at among them."""
    for test in (test for group in where for test in group.tests):
        match test.value:
            case Has(source, by, rest):
                yield source, by
                yield from _asked(source, rest)
            case Chain(target, rest):
                yield type_, test.param
                yield from _asked(target, rest)
            case _:
                yield type_, test.param
