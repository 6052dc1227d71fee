"""ports.Files on S3 or what speaks like it, by obstore: https://developmentseed.org/obstore/ (docs/adr/0501)."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import IO
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from ..ports.files import Piece

CHUNK = 1024 * 1024
SPOOLED = 8 * 1024 * 1024
"""Bytes of an object that are collected in memory; more of them on the local disk."""


class BucketFiles:
    """Objects below a prefix of one bucket."""

    def __init__(
        self,
        url: str,
        *,
        endpoint: str | None = None,
        region: str | None = None,
        key_id: str | None = None,
        secret: str | None = None,
    ) -> None:
        """`url` is s3://bucket/prefix. Without `key_id` the machine's own role is asked for."""
        parts = urlsplit(url)
        given = {
            "endpoint": endpoint,
            "region": region or "us-east-1",
            "access_key_id": key_id,
            "secret_access_key": secret,
        }
        plain = bool(endpoint and endpoint.startswith("http:"))
        config = {name: value for name, value in given.items() if value is not None}
        self._store = S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            config=config,  # type: ignore[arg-type]  # names of obstore's own, as plain text
            client_options={
                "allow_http": plain,
                "timeout": timedelta(minutes=5),
            },
            virtual_hosted_style_request=not endpoint,
        )

    async def create(self, name: str) -> "BucketSink":
        """As ports.Files."""
        return BucketSink(self._store, name)

    async def read(self, name: str, start: int, length: int) -> AsyncIterator[bytes]:
        """As ports.Files."""
        while length > 0:
            size = min(CHUNK, length)
            with told():
                piece = bytes(await obstore.get_range_async(self._store, name, start=start, length=size))
            if len(piece) != size:
                raise OSError(f"{name} ends early")
            start, length = start + size, length - size
            yield piece

    async def pour(self, name: str, start: int, length: int, into: Callable[[Piece], object]) -> None:
        """As ports.Files."""
        async for piece in self.read(name, start, length):
            into(piece)

    async def names(self, folder: str) -> Sequence[str]:
        """As ports.Files."""
        found: list[str] = []
        with told():
            async for page in obstore.list(self._store, prefix=folder or None):
                found += [one["path"] for one in page]
        return sorted(found)

    async def remove(self, names: Sequence[str]) -> None:
        """As ports.Files."""
        for at in range(0, len(names), 500):
            with told():
                await obstore.delete_async(self._store, list(names[at : at + 500]))


class BucketSink:
    """ports.Sink: collected here, and put as one object, which is there whole or not at all."""

    def __init__(self, store: S3Store, name: str) -> None:
        self._store = store
        self._name = name
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(SPOOLED)  # noqa: SIM115  closed by keep or drop

    async def write(self, data: bytes) -> None:
        """As ports.Sink."""
        await asyncio.to_thread(self._file.write, data)

    async def keep(self) -> None:
        """As ports.Sink."""
        self._file.seek(0)
        with told():
            await obstore.put_async(self._store, self._name, self._file)
        self._file.close()

    async def drop(self) -> None:
        """As ports.Sink."""
        self._file.close()


@contextmanager
def told() -> Iterator[None]:
    """Say OSError where the bucket does not do what it is asked for; what it said of itself stays out of our log."""
    try:
        yield
    except (NotFoundError, FileNotFoundError):
        raise FileNotFoundError("there is no such object") from None
    except (BaseError, OSError) as failure:
        raise OSError(f"the bucket does not answer: {type(failure).__name__}") from None
