"""A body that is sent as it is read: no faster than its reader takes it, and no longer than there is one.

Whatever ends it, its stream is told how much left (security.md AUDX-05).
"""

import asyncio
from contextlib import aclosing

from .exchange import Headers, Request, Send, Stream
from .telemetry import faulted

PATIENCE = 60.0
"""Seconds in which a reader takes no piece before it is given up (LOAD-02)."""


async def poured(request: Request, stream: Stream, status: int, headers: Headers, send: Send) -> None:
    """Send the reply. Where the body breaks off, so does the connection: a length was promised."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if request.method == "HEAD":
        await send({"type": "http.response.body", "body": b""})
        await stream.closed(0, whole=True)
        return
    sent, whole = 0, False
    leaving = asyncio.ensure_future(_left(request))
    try:
        async with aclosing(stream.pieces()) as pieces:  # type: ignore[type-var]  # they are generators
            async for piece in pieces:
                if leaving.done():
                    return
                async with asyncio.timeout(PATIENCE):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                sent += len(piece)
        await send({"type": "http.response.body", "body": b""})
        whole = True
    except (OSError, TimeoutError) as error:
        faulted(error, request.id, "a body that was being sent")
    finally:
        leaving.cancel()
        await asyncio.shield(_told(request, stream, sent, whole=whole))


async def _left(request: Request) -> None:
    """Until the caller has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _told(request: Request, stream: Stream, sent: int, *, whole: bool) -> None:
    try:
        await stream.closed(sent, whole=whole)
    except Exception as error:  # noqa: BLE001  what left has left; that it is not on record goes to the log
        faulted(error, request.id, "the closing entry of a body")
