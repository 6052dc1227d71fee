"""A look that a job process takes again and again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from ..fhir.outcomes import Unavailable


async def rounds(look: Callable[[], Awaitable[object]], every: float, what: str, log: logging.Logger) -> None:
    """Look once in so many seconds, until this is cancelled; where the database is away, `what` waits for the next."""
    while True:
        try:
            await look()
        except Unavailable as down:
            log.warning("%s could not be looked for: %s", what, down.message)
        await asyncio.sleep(every)
