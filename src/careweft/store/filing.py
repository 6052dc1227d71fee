"""ports.Filing over PostgreSQL, for one tenant."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from ..access.reach import Narrowed, Reach
from ..fhir.outcomes import Forbidden, PreconditionFailed, Unavailable, Unprocessable
from ..ports.filing import Draft, Filed
from ..ports.journal import Entry
from ..ports.records import Shown, Version
from .bodies import whole
from .bound import Bound
from .found import Found
from .pool import Connection, Pool, Row
from .reads import Reads
from .records import PostgresRecords
from .registry import Registries
from .visible import Sight
from .writing import Line, Undone, line, written

LOCK = "select pg_advisory_xact_lock($1)"
OUTSIDE = "The record lies outside of what this token may write."
SEVERAL = "If-None-Exist finds more than one record."


class PostgresFiling:
    """Files into one tenant. `turns` lets one conditional create of this process at a time hold a connection while its
    search takes another, so that a crowd of them cannot hold all.
    """

    def __init__(
        self,
        bound: Bound,
        pool: Pool,
        reads: Reads,
        registries: Registries,
        records: PostgresRecords,
        turns: asyncio.Lock,
    ) -> None:
        self._bound = bound
        self._pool = pool
        self._registries = registries
        self._records = records
        self._turns = turns
        self._sight = Sight(bound, pool, reads)

    async def create(
        self, draft: Draft, reach: Reach, beside: Sequence[Draft], entry: Entry, unless: Narrowed | None = None
    ) -> Filed:
        """As ports.Filing."""
        first = await self._line(draft, reach)
        others = await self._others(beside)
        if unless is None:
            return self._filed(draft, first, await written(self._pool, first, entry, others))
        found: list[Shown] = []

        async def before(connection: Connection) -> None:
            await connection.execute(LOCK, self._lock(draft.type))
            found[:] = (await self._records.search(unless)).matches
            if found:
                raise Undone

        async with self._turns:
            try:
                row = await written(self._pool, first, entry, others, before)
            except Undone:
                if len(found) > 1:
                    raise PreconditionFailed(SEVERAL) from None
                row = None
        return await self._there(found[0], unless) if row is None else self._filed(draft, first, row)

    async def _there(self, one: Shown, unless: Narrowed) -> Filed:
        """What If-None-Exist found. Unavailable where it was deleted just now: the next try creates."""
        version = await self._records.read(one.type, one.id, unless.reach)
        if version is None or version.body is None:
            raise Unavailable
        return Filed("there", version)

    async def update(self, draft: Draft, reach: Reach, beside: Sequence[Draft], entry: Entry, expected: int) -> Filed:
        """As ports.Filing."""
        first = await self._line(draft, reach, expected)
        return self._filed(draft, first, await written(self._pool, first, entry, await self._others(beside)))

    async def _line(self, draft: Draft, reach: Reach, expected: int | None = None) -> Line:
        """The draft, ready to be put. Forbidden where the reach would not show it."""
        await self._registries.refresh()
        made = line(self._bound, self._registries, draft.type, draft.id, draft.resource, expected)
        if not reach.wide and not await self._sight.shows(reach, self._as_found(made)):
            raise Forbidden(OUTSIDE)
        return made

    async def _others(self, beside: Sequence[Draft]) -> list[Line]:
        return [line(self._bound, self._registries, one.type, one.id, one.resource, None) for one in beside]

    def _as_found(self, made: Line) -> Found:
        """What the row will be, as `visible` judges rows."""
        assert made.packed is not None  # noqa: S101  a draft is no deletion
        never = datetime.min.replace(tzinfo=UTC)
        return Found(
            made.type,
            made.id,
            1,
            never,
            made.patients,
            self._bound.bodies,
            made.packed.body,
            made.packed.dic,
            made.packed.kid,
            made.labels,
        )

    def _filed(self, draft: Draft, made: Line, row: Row) -> Filed:
        if row["outcome"] == "conflict":
            raise PreconditionFailed
        if row["outcome"] == "refused":
            raise Unprocessable(f"{draft.type}/{draft.id} belongs to another patient, and stays with that one.")
        version, updated = row["ver"], row["updated"]
        body = whole(draft.type, draft.id, version, updated, made.content)
        return Filed(row["outcome"], Version(draft.type, draft.id, version, updated, body, made.patients))

    def _lock(self, type_: str) -> int:
        """One conditional create of a type and tenant at a time, over all processes."""
        named = f"careweft conditional create {self._bound.tenant} {type_}".encode()
        return int.from_bytes(hashlib.blake2b(named, digest_size=8).digest(), "big", signed=True)
