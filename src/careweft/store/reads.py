"""Reads by id, coalesced: while one query is in flight the others wait, and the next one takes them all (decision 3).

At low load a read waits for nothing; at high load one round trip answers dozens.
"""

import asyncio
from collections.abc import Sequence
from operator import methodcaller

from ..fhir.definitions import RESOURCES
from .pool import Pool, Row

READ = """
select rt, id, ver, updated, subject, others, dic, kid, body, lab
from read_many($1, string_to_array($2, ' ')::int2[], string_to_array($3, ' '))
"""
"""Types and ids as two texts: an array costs its sender far more, and no id has a space."""
MOST = 200
FLIGHTS = 2  # at once for one tenant: one is answered while the other is asked

NUMBERS = {type_: str(number) for type_, number in RESOURCES.items()}
DONE = methodcaller("done")
Key = tuple[str, str]
Waiters = dict[Key, list["asyncio.Future[Row | None]"]]


class Reads:
    """Reads current versions for every tenant. A caller that goes away takes nobody else's answer with it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: dict[int, Waiters] = {}
        self._flying: dict[int, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.queries = 0

    def get(self, tenant: int, type_: str, id_: str) -> "asyncio.Future[Row | None]":
        """To be awaited: the row of `read_many`, None where there is none. Raises Unavailable."""
        loop = self._loop
        if loop is None:  # asked once: it asks the kernel for the number of this process
            loop = self._loop = asyncio.get_running_loop()
        answer: asyncio.Future[Row | None] = loop.create_future()
        waiting = self._waiting.get(tenant)
        if waiting is None:
            waiting = self._waiting[tenant] = {}
        key = (type_, id_)
        if key in waiting:
            waiting[key].append(answer)
        else:
            waiting[key] = [answer]
        flying = self._flying.get(tenant, 0)
        if not flying or (flying < FLIGHTS and len(waiting) >= MOST):
            self._begin(tenant, flying + 1)
        return answer

    def _begin(self, tenant: int, flying: int) -> None:
        """One more query, beside the one in flight where enough wait to be worth it."""
        self._flying[tenant] = flying
        task = asyncio.create_task(self._fly(tenant))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fly(self, tenant: int) -> None:
        try:
            while batch := self._take(tenant):
                await self._answer(tenant, batch)
        finally:
            left = self._flying[tenant] - 1
            if left:
                self._flying[tenant] = left
            else:
                del self._flying[tenant]

    def _take(self, tenant: int) -> Waiters:
        """Up to MOST keys for which somebody still waits."""
        waiting = self._waiting.pop(tenant, {})
        wanted = {key: waiters for key, waiters in waiting.items() if not all(map(DONE, waiters))}
        if len(wanted) <= MOST:
            return wanted
        keys = list(wanted)
        self._waiting[tenant] = {key: wanted[key] for key in keys[MOST:]}
        return {key: wanted[key] for key in keys[:MOST]}

    async def _answer(self, tenant: int, batch: Waiters) -> None:
        try:
            self.queries += 1
            rows = await self._pool.fetch(
                READ, tenant, " ".join([NUMBERS[type_] for type_, _ in batch]), " ".join([id_ for _, id_ in batch])
            )
        except BaseException as failure:
            _fail(batch, failure)
            if not isinstance(failure, Exception):
                raise
        else:
            _tell(batch, rows)


def _tell(batch: Waiters, rows: Sequence[Row]) -> None:
    found = {(row["rt"], row["id"]): row for row in rows}
    for (type_, id_), waiters in batch.items():
        row = found.get((RESOURCES[type_], id_))
        for one in waiters:
            if not one.done():
                one.set_result(row)


def _fail(batch: Waiters, failure: BaseException) -> None:
    for waiters in batch.values():
        for one in waiters:
            if one.done():
                continue
            if isinstance(failure, Exception):
                one.set_exception(failure)
            else:
                one.cancel()
