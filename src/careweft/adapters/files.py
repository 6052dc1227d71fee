"""ports.Files on a disk: a temporary file, fsync, rename, fsync of the folder (security.md CRASH-04)."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from ..ports.files import Piece

CHUNK = 256 * 1024
WRITING = ".writing"
"""The folder of what is not whole yet."""


class DiskFiles:
    """Objects as files below a folder that only we may read."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def create(self, name: str) -> "DiskSink":
        """As ports.Files."""
        return DiskSink(self._root, self._at(name))

    async def read(self, name: str, start: int, length: int) -> AsyncIterator[bytes]:
        """As ports.Files."""
        opened = await asyncio.to_thread(self._at(name).open, "rb")
        with opened:
            opened.seek(start)
            while length > 0:
                piece = await asyncio.to_thread(opened.read, min(CHUNK, length))
                if not piece:
                    raise OSError(f"{name} ends early")
                length -= len(piece)
                yield piece

    async def pour(self, name: str, start: int, length: int, into: Callable[[Piece], object]) -> None:
        """As ports.Files."""
        await asyncio.to_thread(self._poured, name, start, length, into)

    def _poured(self, name: str, start: int, length: int, into: Callable[[Piece], object]) -> None:
        room = memoryview(bytearray(min(CHUNK, length)))
        with self._at(name).open("rb", buffering=0) as opened:
            opened.seek(start)
            while length > 0:
                read = opened.readinto(room[:length])
                if not read:
                    raise OSError(f"{name} ends early")
                length -= read
                into(room[:read])

    async def names(self, folder: str) -> Sequence[str]:
        """As ports.Files; what was left half written by who was killed is counted too."""
        return await asyncio.to_thread(self._names, self._root / folder)

    async def remove(self, names: Sequence[str]) -> None:
        """As ports.Files; folders that are empty then go too."""
        await asyncio.to_thread(self._remove, names)

    def _at(self, name: str) -> Path:
        return self._root / name

    def _names(self, folder: Path) -> list[str]:
        if not folder.is_dir():
            return []
        return sorted(str(one.relative_to(self._root)) for one in folder.rglob("*") if one.is_file())

    def _remove(self, names: Sequence[str]) -> None:
        for name in names:
            path = self._at(name)
            path.unlink(missing_ok=True)
            for folder in path.parents:
                if folder == self._root or not _emptied(folder):
                    break


def _emptied(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:  # somebody's file is in it, or it is gone
        return not folder.exists()
    return True


class DiskSink:
    """ports.Sink: bytes go to a temporary file, which gets its name when it is whole.

    Who is cancelled leaves a thread at work: one operation follows the other, and after `drop` nothing is written.
    """

    def __init__(self, root: Path, target: Path) -> None:
        self._root, self._target = root, target
        self._path = root / WRITING / secrets.token_hex(16)
        self._file: BinaryIO | None = None
        self._dropped = False
        self._turn = Lock()

    async def write(self, data: bytes) -> None:
        """As ports.Sink."""
        await asyncio.to_thread(self._whole, data)

    def _whole(self, data: bytes) -> None:
        with self._turn:
            file = self._opened()
            left = memoryview(data)
            while left:
                left = left[file.write(left) :]

    def _opened(self) -> BinaryIO:
        if self._dropped:
            raise ValueError("what was dropped is not written")
        if self._file is None:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            self._file = self._path.open("xb", buffering=0)
        return self._file

    async def keep(self) -> None:
        """As ports.Sink."""
        await asyncio.to_thread(self._keep)

    def _keep(self) -> None:
        with self._turn:
            file = self._opened()
            os.fsync(file.fileno())
            file.close()
            self._target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.rename(self._target)
            for folder in (self._target.parent, self._target.parent.parent):
                _synced(folder)

    async def drop(self) -> None:
        """As ports.Sink."""
        await asyncio.to_thread(self._drop)

    def _drop(self) -> None:
        with self._turn:
            self._dropped = True
            if self._file is not None:
                self._file.close()
                self._path.unlink(missing_ok=True)
                self._target.unlink(missing_ok=True)


def _synced(folder: Path) -> None:
    """The names in a folder are durable."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
