"""One direct connection that hears of changes: https://www.postgresql.org/docs/current/sql-notify.html

A notification is a help, never a promise: whoever relies on one also reads again, here once a second, and forgets what
it holds when the connection was lost meanwhile.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from .faults import GONE
from .pool import Connection

Connect = Callable[[], Awaitable[Connection]]
"""Opens a new connection that nothing else uses; not through a pooler that shares sessions."""

LOG = logging.getLogger(__name__)
CHANNEL = "careweft"


class Listener:
    """Tells its hearers of changes of the kind they named, and lets its readers read again every second."""

    def __init__(self, connect: Connect, every: float = 1.0, patience: float = 2.0) -> None:
        self._connect = connect
        self._every = every
        self._patience = patience
        self._hearers: list[tuple[str, Callable[[str], None]]] = []
        self._readers: list[Callable[[Connection], Coroutine[Any, Any, None]]] = []

    def hear(self, kind: str, tell: Callable[[str], None]) -> None:
        """Call `tell` with what changed (tenant, client, key, revocation); with "" when anything may have changed."""
        self._hearers.append((kind, tell))

    def reread(self, read: Callable[[Connection], Coroutine[Any, Any, None]]) -> None:
        """Call `read` on every new connection and then once a second."""
        self._readers.append(read)

    async def run(self) -> None:
        """Listen until cancelled; a lost connection is opened again."""
        while True:
            try:
                await self._listen()
            except GONE:
                await asyncio.sleep(self._every / 5)
            except Exception as failure:  # noqa: BLE001  nobody is told anything until it works again
                LOG.warning("changes cannot be heard of: %s", type(failure).__name__)
                await asyncio.sleep(self._every)

    async def _listen(self) -> None:
        async with asyncio.timeout(self._patience):
            connection = await self._connect()
        try:
            async with asyncio.timeout(self._patience):
                await connection.add_listener(CHANNEL, self._heard)
            for _, tell in self._hearers:
                tell("")
            while True:
                async with asyncio.timeout(self._patience):
                    for read in self._readers:
                        await read(connection)
                await asyncio.sleep(self._every)
        finally:
            connection.terminate()

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        kind, _, what = str(payload).partition(" ")
        for wanted, tell in self._hearers:
            if wanted == kind:
                tell(what)
