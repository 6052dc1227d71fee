"""Searches of one tenant: a page of matches in order, what comes along with them, and how many there are.

What is found by `compile` is decided by `visible`, row by row; nothing is counted or included that is not shown.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ..access.reach import Narrowed
from ..fhir.search.include import parameters, targets
from ..fhir.search.query import Include, Sort
from ..ports.records import Page, Place
from . import compile as compiler
from .bound import Bound
from .confirm import confirmed
from .explain import Explained, explain
from .found import Found, each
from .frequency import Frequencies
from .pool import Pool, Row
from .reads import Reads
from .visible import Sight
from .within import Circles

MOST_INCLUDED = 1000
DEEPEST = 8
"""Rounds of includes that iterate."""
COUNTED = 10_000
"""What `_total=estimate` counts one by one."""
CHUNK = 1000
LONGEST = timedelta(minutes=10)
"""No transaction that writes takes longer; one that began before a pager may end after its first page."""


class Searches:
    """Runs what `narrow` let through."""

    def __init__(self, bound: Bound, pool: Pool, reads: Reads, frequencies: Frequencies, sight: Sight) -> None:
        self._bound = bound
        self._pool = pool
        self._reads = reads
        self._frequencies = frequencies
        self._sight = sight
        self._circles = Circles(bound.tenant, bound.hashes, pool)

    async def page(self, narrowed: Narrowed, after: Place | None) -> Page:
        """A page from behind `after`, with its total where that is asked for or known without counting."""
        await self._frequencies.refresh()
        query = narrowed.query
        matches, following = await self._matches(narrowed, after) if query.count and narrowed.reach.ways else ([], None)
        if following is None and after is not None and not after.late:
            following = await self._late(narrowed, after)
        included, cut = await self._included(narrowed, matches)
        total: int | None = None
        if query.total != "none" and query.count and after is None and following is None:
            total = len(matches)
        elif query.total in ("estimate", "accurate"):
            total = await self._total(narrowed)
        return Page([one.shown() for one in matches], [one.shown() for one in included], following, cut, total)

    async def explain(self, narrowed: Narrowed, *, run: bool) -> Explained:
        """How the first page would be found, or with `run` was."""
        await self._frequencies.refresh()
        wanted = narrowed.query.count + 1
        statement = compiler.page(narrowed, await self._known(narrowed), None, wanted)
        return await explain(self._pool, statement, run=run)

    async def _total(self, narrowed: Narrowed) -> int:
        """How many there are; of an estimate the first ten thousand are counted, and only a caller who sees the whole
        type is told more: statistics know rows that others may not see (GEN-02).
        """
        if not narrowed.reach.ways:
            return 0
        plain = replace(narrowed, query=replace(narrowed.query, sort=(), count=CHUNK))
        most = COUNTED if narrowed.query.total == "estimate" else None
        if not narrowed.wide:
            return await self._one_by_one(plain, most)
        statement = compiler.every(plain, await self._known(plain))
        limit = "" if most is None else f" limit {most}"
        sql = f"select count(*) as n from ({statement.sql}{limit}) found"
        (row,) = await self._pool.fetch(sql, *statement.args)
        more = row["n"] == most and narrowed.reach.open and all(one.open for one in narrowed.sought.values())
        return await self._planned(statement) if more else int(row["n"])

    async def _known(self, narrowed: Narrowed) -> compiler.Known:
        """What a statement is written with."""
        patients = await self._circles.of(narrowed)
        return compiler.Known(self._bound.tenant, self._bound.hashes, self._frequencies, patients)

    async def _one_by_one(self, narrowed: Narrowed, most: int | None) -> int:
        """Rows that a hash found and the exact check shows."""
        found, after = 0, None
        while True:
            matches, after = await self._matches(narrowed, after)
            found += len(matches)
            if after is None or (most is not None and found >= most):
                return found if most is None else min(found, most)

    async def _planned(self, statement: compiler.Statement) -> int:
        """What the planner thinks, in two digits, which is as much as it knows."""
        (row,) = await self._pool.fetch(f"explain (format json) {statement.sql}", *statement.args)
        rows = max(COUNTED, int(json.loads(row[0])[0]["Plan"]["Plan Rows"]))
        return round(rows, 2 - len(str(rows)))

    async def _matches(self, narrowed: Narrowed, after: Place | None) -> tuple[list[Found], Place | None]:
        """A full page, as long as there is more: what a hash let in and the exact check put out is made up for."""
        count, reach = narrowed.query.count, narrowed.reach
        if after is not None and after.late:
            narrowed = replace(narrowed, query=replace(narrowed.query, sort=(Sort("_lastUpdated"),)))
        matches: list[Found] = []
        known = await self._known(narrowed)
        while True:
            wanted = count - len(matches) + 1
            statement = compiler.page(narrowed, known, after, wanted)
            found = await self._pool.fetch(statement.sql, *statement.args)
            opened = [each(row, self._bound.bodies) for row in found]
            sure = {one.id for one in await confirmed(narrowed, await self._sight.among(reach, opened), self._first)}
            for at, one in enumerate(opened):
                if one.id in sure:
                    if len(matches) == count:
                        return matches, _place(found[at - 1], after) if at else after
                    matches.append(one)
            if len(found) < wanted:
                return matches, None
            after = _place(found[-1], after)

    async def _late(self, narrowed: Narrowed, after: Place) -> Place | None:
        """Where a pager that is through goes on, if anything that it asks for has changed since its first page: that
        may come twice, and is never lost (decision 22).
        """
        begun = datetime.fromisoformat(after.seen.partition(" ")[0]) - LONGEST
        start = Place((begun.isoformat(),), 0, after.top, after.seen.partition(" ")[2], late=True)
        one = replace(narrowed, query=replace(narrowed.query, count=1))
        return start if (await self._matches(one, start))[0] else None

    async def _first(self, narrowed: Narrowed) -> Sequence[Found]:
        """What a search finds first."""
        return (await self._matches(narrowed, None))[0]

    async def _included(self, narrowed: Narrowed, matches: Sequence[Found]) -> tuple[list[Found], bool]:
        """What the includes bring: never a match again, nothing twice, at most a thousand; and whether that cut it.

        Where includes iterate, what was brought last is asked what it brings, until that is nothing new: a circle ends
        where it began. Nobody is asked who is not shown.
        """
        includes = narrowed.query.includes
        seen = {(one.type, one.id) for one in matches}
        found: list[Found] = []
        last = matches
        for _ in range(DEEPEST + 1):
            if not includes or not last or len(found) > MOST_INCLUDED:
                break
            last = await self._brought(narrowed, includes, last, seen)
            found += last
            includes = tuple(one for one in includes if one.iterate)
        else:  # one round more than allowed only tells whether there would have been more
            found = found[: len(found) - len(last)]
            return found[:MOST_INCLUDED], bool(last) or len(found) > MOST_INCLUDED
        return found[:MOST_INCLUDED], len(found) > MOST_INCLUDED

    async def _brought(
        self, narrowed: Narrowed, includes: Sequence[Include], last: Sequence[Found], seen: set[tuple[str, str]]
    ) -> list[Found]:
        """What these includes bring of what was brought last, and was not seen before."""
        found: list[Found] = []
        for include in includes:
            bring = self._backward if include.reverse else self._forward
            for one in await bring(narrowed, include, last):
                if (one.type, one.id) not in seen:
                    seen.add((one.type, one.id))
                    found.append(one)
        return found

    async def _forward(self, narrowed: Narrowed, include: Include, matches: Sequence[Found]) -> list[Found]:
        """The targets of the matches that this caller may read."""
        refs = dict.fromkeys(ref for one in matches for ref in targets(one.resource or {}, include))
        allowed = [ref for ref in refs if ref.type in narrowed.forward][: MOST_INCLUDED + 1]
        rows_ = await asyncio.gather(*(self._reads.get(self._bound.tenant, ref.type, ref.id) for ref in allowed))
        found: dict[str, list[Found]] = {}
        for row in rows_:
            if row is not None and row["body"] is not None:
                one = each(row, self._bound.bodies)
                found.setdefault(one.type, []).append(one)
        shown = {of: await self._sight.among(narrowed.forward[of], some) for of, some in found.items()}
        sure = {(one.type, one.id): one for some in shown.values() for one in some}
        return [sure[ref.type, ref.id] for ref in allowed if (ref.type, ref.id) in sure]

    async def _backward(self, narrowed: Narrowed, include: Include, matches: Sequence[Found]) -> list[Found]:
        """What refers to the matches and may be found by this caller."""
        reach = narrowed.backward.get(include.source)
        aimed = [one for one in matches if include.target in ("", one.type)]
        if reach is None or not aimed:
            return []
        tokens = [
            self._bound.hashes.reference(param.number, one.type, one.id)
            for param in parameters(include.source, include.param)
            for one in aimed
        ]
        known = await self._known(narrowed)
        statement = compiler.referring(include.source, reach, known, tokens, MOST_INCLUDED + 1)
        rows_ = await self._pool.fetch(statement.sql, *statement.args)
        return list(await self._sight.among(reach, [each(row, self._bound.bodies) for row in rows_]))


def _place(row: Row, before: Place | None) -> Place:
    """Where this row stands in the order of the search."""
    key = row["k"]
    if isinstance(key, datetime):
        key = key.replace(tzinfo=UTC).isoformat()  # '-infinity' comes without a zone
    keys = tuple(key) if isinstance(key, list) else (key,)
    if before is None:
        return Place(keys, row["rid"], row["top"], f"{row['moment'].isoformat()} {row['snapshot']}")
    return Place(keys, row["rid"], before.top, before.seen, before.late)
