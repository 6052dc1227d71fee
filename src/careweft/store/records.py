"""ports.Records over PostgreSQL, for one tenant: read, version, history, search, and the write of a single resource.

What a row shows is found by `searches` and `reads`, and decided by `visible`.
"""

from collections.abc import Sequence

from ..access.reach import Narrowed, Reach
from ..fhir.definitions import RESOURCES
from ..fhir.outcomes import PreconditionFailed, Unprocessable
from ..ports.journal import Entry
from ..ports.records import Page, Place, Resource, Version, Written
from .bound import Bound
from .explain import Explained
from .found import Found, opened
from .frequency import Frequencies
from .pool import Pool
from .reads import Reads
from .registry import Registries
from .searches import Searches
from .visible import Sight
from .writing import line, written

VERSIONS = "select * from versions($1, $2, $3, $4, $5)"
CHUNK = 100


class PostgresRecords:
    """The clinical record of one tenant. `reads` and `frequencies` are shared by all tenants of the process."""

    def __init__(
        self, bound: Bound, pool: Pool, reads: Reads, frequencies: Frequencies, registries: Registries
    ) -> None:
        self._bound = bound
        self._pool = pool
        self._reads = reads
        self._registries = registries
        self._sight = Sight(bound, pool, reads)
        self._searches = Searches(bound, pool, reads, frequencies, self._sight)

    @property
    def outdated(self) -> bool:
        """Was a body met that cannot be opened with what was known when this was bound?"""
        return self._bound.bodies.outdated

    # One resource ----------------------------------------------------------------------------------------------------

    async def read(self, type_: str, id_: str, reach: Reach) -> Version | None:
        """As ports.Records."""
        row = await self._reads.get(self._bound.tenant, type_, id_)
        if row is None:
            return None
        if reach.wide:
            return None if row["lab"] & reach.withheld else opened(row, type_, id_, self._bound.bodies)
        return await self._shown(Found.of(row, type_, id_, self._bound.bodies), reach)

    async def version(self, type_: str, id_: str, version: int, reach: Reach) -> Version | None:
        """As ports.Records."""
        found = [one for one in await self._versions(type_, id_, version + 1, 1) if one.version == version]
        return await self._shown(found[0], reach) if found else None

    async def history(
        self, type_: str, id_: str, reach: Reach, count: int, before: int | None = None
    ) -> Sequence[Version]:
        """As ports.Records."""
        shown: list[Version] = []
        while len(shown) < count:
            found = await self._versions(type_, id_, before, CHUNK)
            shown += [one for one in [await self._shown(one, reach) for one in found] if one is not None]
            if len(found) < CHUNK:
                break
            before = found[-1].version
        return shown[:count]

    async def _shown(self, found: Found, reach: Reach) -> Version | None:
        """The version, if this reach shows it: a tombstone to whom it shows the version before."""
        judged = found
        if found.sealed is None and not reach.wide:  # a tombstone keeps the labels of the version before
            before = await self._versions(found.type, found.id, found.version, 1)
            judged = before[0] if before else found
        return found.version_of() if await self._sight.shows(reach, judged) else None

    async def _versions(self, type_: str, id_: str, before: int | None, count: int) -> list[Found]:
        rows_ = await self._pool.fetch(VERSIONS, self._bound.tenant, RESOURCES[type_], id_, before, count)
        return [Found.of(row, type_, id_, self._bound.bodies) for row in rows_]

    # Search ----------------------------------------------------------------------------------------------------------

    async def search(self, narrowed: Narrowed, after: Place | None = None) -> Page:
        """As ports.Records."""
        await self._registries.require(narrowed)
        return await self._searches.page(narrowed, after)

    async def explain(self, narrowed: Narrowed, *, run: bool) -> Explained:
        """How a search's first page is found, for an operator; nothing of what is found is told."""
        return await self._searches.explain(narrowed, run=run)

    # Write -----------------------------------------------------------------------------------------------------------

    async def write(
        self, type_: str, id_: str, resource: Resource | None, entry: Entry, expected: int | None = None
    ) -> Written:
        """Make `resource` the current version (None: delete it), with its audit entry in the same transaction.

        `expected` is the version of If-Match. Raises PreconditionFailed where the resource is at another, Unprocessable
        where the id belongs to another patient's resource, Unavailable.
        """
        made = line(self._bound, self._registries, type_, id_, resource, expected)
        row = await written(self._pool, made, entry)
        if row["outcome"] == "conflict":
            raise PreconditionFailed(f"If-Match names version {expected}; the resource is at {row['ver']}")
        if row["outcome"] == "refused":
            raise Unprocessable(f"{type_}/{id_} exists and belongs to another patient")
        return Written(row["outcome"], row["ver"], row["updated"])
