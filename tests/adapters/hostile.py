"""Web servers on local sockets that behave as badly as they are told to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """Where it listens, what was asked of it, and how many were served at once at most."""

    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    busy: int = 0
    busiest: int = 0

    @property
    def target(self) -> str:
        return f"localhost:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.target}/jwks.json"


@asynccontextmanager
async def serving(answer: Answer, **options) -> AsyncIterator[Server]:
    """A server that reads a request's head and lets `answer` do the rest."""
    made = Server()

    async def serve(reader, writer):
        made.busy += 1
        made.busiest = max(made.busy, made.busiest)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            made.requests.append(head)
            await answer(head, writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            made.busy -= 1
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, **options)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


def reply(body: bytes, *headers: str, status: str = "200 OK") -> Answer:
    """Answer with this body."""

    async def answer(_head, writer):
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return answer
