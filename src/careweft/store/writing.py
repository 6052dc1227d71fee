"""Resources written with their audit entry in one transaction: all of them, or none.

`put` in SQL decides about each: conflict, other patient, same content, new version.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg

from ..fhir.definitions import RESOURCES
from ..fhir.extract import extractor
from ..fhir.labels import labels_of_written
from ..fhir.outcomes import Unavailable
from ..ports.journal import Entry
from ..ports.records import Resource
from ..values import dataclass
from .bodies import Packed, tail
from .bound import Bound, patients
from .journal import APPEND, columns
from .pool import Connection, Pool, Row
from .registry import Registries
from .rows import NOTHING, rows

PUT = f"select * from put({', '.join(f'${n}' for n in range(1, 45))})"
TRIES = 3
REFUSED = ("conflict", "refused")
MADE = ("created", "updated", "deleted")


@dataclass(frozen=True, slots=True)
class Line:
    """One resource as `put` takes it."""

    type: str
    id: str
    args: Sequence[Any]
    patients: tuple[str, ...] = ()
    content: bytes = b""
    packed: Packed | None = None
    labels: int = 0


def line(
    bound: Bound, registries: Registries, type_: str, id_: str, resource: Resource | None, expected: int | None
) -> Line:
    """The arguments of `put`; `resource` None deletes, `expected` is the version of If-Match."""
    rt, ixv = RESOURCES[type_], registries.version(type_)
    if resource is None:
        return Line(type_, id_, (bound.tenant, rt, id_, None, None, None, 0, 0, None, expected, ixv, *NOTHING, 0))
    who = tuple(patients(type_, resource))
    content = tail(resource)
    packed = bound.bodies.pack(type_, id_, content)
    labelled = labels_of_written(resource, content)
    found = rows(type_, id_, extractor(type_)(resource, bound.zone), who, bound.hashes)
    args = (
        bound.tenant,
        rt,
        id_,
        who[0] if who else None,
        list(who[1:]) or None,
        packed.digest,
        packed.dic,
        packed.kid,
        packed.body,
        expected,
        ixv,
        *found.columns(),
        labelled,
    )
    return Line(type_, id_, args, who, content, packed, labelled)


class Undone(Exception):
    """The transaction is taken back; `row` is what `put` said, or None where somebody else's check did it."""

    def __init__(self, row: Row | None = None) -> None:
        super().__init__("nothing was written")
        self.row = row


Before = Callable[[Connection], Awaitable[None]]


async def written(
    pool: Pool, first: Line, entry: Entry, beside: Sequence[Line] = (), before: Before | None = None
) -> Row:
    """What `put` said of the first line. The others are written only where it made a version; where it was refused,
    nothing is, and no entry either. `before` runs first, in the same transaction, and may raise Undone.
    """
    async with pool.connection() as connection:
        for attempt in range(1, TRIES + 1):
            try:
                return await _transaction(connection, first, entry, beside, before)
            except Undone as undone:
                if undone.row is None:
                    refusal = undone
                    break
                return undone.row
            except asyncpg.UniqueViolationError:  # somebody else created the same id at the same moment
                if attempt == TRIES:
                    raise
        else:
            raise Unavailable
    raise refusal


async def _transaction(
    connection: Connection, first: Line, entry: Entry, beside: Sequence[Line], before: Before | None
) -> Row:
    async with connection.transaction():
        if before is not None:
            await before(connection)
        row = await connection.fetchrow(PUT, *first.args)
        assert row is not None  # noqa: S101  put returns one row
        if row["outcome"] in REFUSED:
            raise Undone(row)
        if row["outcome"] in MADE:
            for one in beside:
                await connection.fetchrow(PUT, *one.args)
        await connection.execute(APPEND, *columns([entry]))
        return row
