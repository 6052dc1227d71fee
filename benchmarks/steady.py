"""A steady load: so many requests a second, whether or not the ones before were answered; prints how long they took.

python -m benchmarks.steady URL REQUESTS_A_SECOND SECONDS < paths (each on a line, asked in turn; the first is the bearer)
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

CONNECTIONS = 32


class Line:
    """A keep-alive connection."""

    def __init__(self, host: str, port: int) -> None:
        self._place = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> int:
        """The status; the body is read and dropped."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._place)
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
        return int(head[9:12])


async def load(url: str, bearer: str, paths: Sequence[str], rate: float, seconds: float) -> list[float]:
    """Seconds from when each request was due to when its answer was whole."""
    at = urlsplit(url)
    idle: asyncio.Queue[Line] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        idle.put_nowait(Line(at.hostname or "localhost", at.port or 80))
    took: list[float] = []

    async def one(path: str, due: float) -> None:
        line = await idle.get()
        head = f"GET {path} HTTP/1.1\r\nHost: {at.netloc}\r\nAuthorization: Bearer {bearer}\r\n\r\n"
        status = await line.ask(head.encode())
        took.append(time.monotonic() - due)
        idle.put_nowait(line)
        if status != 200:
            raise RuntimeError(f"{path} was answered with {status}")

    begun = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            due = begun + number / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            group.create_task(one(paths[number % len(paths)], due))
    return took


if __name__ == "__main__":
    token, *asked = sys.stdin.read().split()
    spent = sorted(asyncio.run(load(sys.argv[1], token, asked, float(sys.argv[2]), float(sys.argv[3]))))
    print(json.dumps([spent[int(part * (len(spent) - 1))] for part in (0.5, 0.99)]))
