"""Connections to PostgreSQL: a free list of them, without a pool's reset on every use (architecture decision 3)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias

import asyncpg

from ..fhir.outcomes import Unavailable
from .faults import reported

Row: TypeAlias = asyncpg.Record
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Humble: TypeAlias = Callable[[int], None]

WAIT = 1.0
STATEMENT = 10.0
PARTING = 5.0
SETTINGS = {
    "application_name": "careweft",
    "statement_timeout": str(int(STATEMENT * 1000)),
    "idle_in_transaction_session_timeout": "60000",
    "timezone": "UTC",
    "datestyle": "ISO",
    "jit": "off",
}


class TooCostly(Unavailable):
    """The search takes longer than this server allows; narrow it down."""

    code = "too-costly"


class Pool:
    """At most `size` connections, opened when they are needed and kept. Every method raises Unavailable while the
    database does not answer, and works again as soon as it does. `humble` is told the process number of each backend.
    """

    def __init__(
        self,
        url: str,
        size: int = 8,
        wait: float = WAIT,
        settings: dict[str, str] | None = None,
        humble: Humble = lambda _: None,
    ) -> None:
        self._url = url
        self._humble = humble
        self._wait = wait
        self._settings = SETTINGS | (settings or {})
        self._free: list[Connection] = []
        self._turns = asyncio.Semaphore(size)
        self._closed = False
        self._leaving: set[asyncio.Task[None]] = set()

    async def connect(self) -> Connection:
        """A connection of its own, for a caller that keeps it."""
        connection: Connection = await asyncpg.connect(
            self._url, timeout=5, statement_cache_size=400, server_settings=self._settings
        )
        self._humble(connection.get_server_pid())
        return connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for the length of the block. Raises Unavailable when none gets free within a second."""
        await self._turn()
        try:
            with reported(), _in_time():
                connection = await self._take()
                try:
                    yield connection
                except asyncpg.PostgresError:
                    self._back(connection)
                    raise
                except asyncio.CancelledError:
                    self._leave(connection)
                    raise
                except BaseException:
                    connection.terminate()  # whoever left in the middle may have left a query behind
                    raise
                self._back(connection)
        finally:
            self._turns.release()

    async def fetch(self, sql: str, *args: Any) -> Sequence[Row]:
        """The rows of one statement."""
        async with self.connection() as connection:
            return await connection.fetch(sql, *args)

    async def fetchrow(self, sql: str, *args: Any) -> Row | None:
        """The first row of one statement."""
        async with self.connection() as connection:
            return await connection.fetchrow(sql, *args)

    async def close(self) -> None:
        """End every connection that is free, and let the others end when they are given back."""
        self._closed = True
        while self._free:
            await self._free.pop().close()
        await asyncio.gather(*self._leaving)

    async def _turn(self) -> None:
        if not self._turns.locked():
            await self._turns.acquire()
            return
        try:
            async with asyncio.timeout(self._wait):  # wait_for may swallow a cancellation that comes with the turn
                await self._turns.acquire()
        except TimeoutError:
            raise Unavailable("All database connections are busy; try again shortly.") from None

    async def _take(self) -> Connection:
        while self._free:
            connection = self._free.pop()
            if not connection.is_closed():
                return connection
        return await self.connect()

    def _leave(self, connection: Connection) -> None:
        """Whoever left in the middle left a statement behind: PostgreSQL is told to cancel it, and then goodbye."""
        task = asyncio.create_task(_parted(connection))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    def _back(self, connection: Connection) -> None:
        if self._closed or connection.is_closed():
            connection.terminate()
        else:
            self._free.append(connection)


async def _parted(connection: Connection) -> None:
    """Close a connection; the driver first has PostgreSQL cancel what still runs on it."""
    try:
        await connection.close(timeout=PARTING)
    except Exception:  # noqa: BLE001 - it is gone, one way or the other
        connection.terminate()


@contextmanager
def _in_time() -> Iterator[None]:
    """Say TooCostly where the statement's time was up."""
    try:
        yield
    except asyncpg.QueryCanceledError as late:
        raise TooCostly from late
