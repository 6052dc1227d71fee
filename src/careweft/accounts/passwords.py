"""Passwords at rest: argon2id, then sealed under the master key, so that a copy of the database gives nothing to try.

https://www.rfc-editor.org/rfc/rfc9106 and OWASP's least costs (WEB-04). Hashing runs in threads of its own, few of
them, so that a crowd that signs in leaves the processor to the records (LOAD-09).
"""

import asyncio
import base64
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from .needs import Sealing
from .refusals import Slow

T = TypeVar("T")

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)
LONGEST = 128
THREADS = 1
"""Of one process; there is one process for each core."""
WAITING = 256
"""So many may wait for a thread; who comes after them is asked to come again."""


class Passwords:
    """Makes and compares what is kept of passwords."""

    def __init__(
        self, sealing: Sealing, threads: int = THREADS, waiting: int = WAITING, hasher: PasswordHasher = HASHER
    ) -> None:
        self._sealing = sealing
        self._hasher = hasher
        self._nobody = _nobodys(hasher)
        self._most = waiting
        self._waiting = 0
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="passwords")

    async def keep(self, account: str, password: str) -> bytes:
        """What is kept of a password of this account. Raises Slow (`busy`)."""
        return self._sealing.seal(
            (await self._run(lambda: self._hasher.hash(spelled(password)))).encode(), place(account)
        )

    async def fits(self, account: str, kept: bytes | None, password: str) -> bool:
        """Is this the password? It takes as long where there is none (OATK-16). Raises Slow (`busy`)."""
        hashed = self._nobody if kept is None else self._sealing.open(kept, place(account)).decode()
        given = spelled(password[: 4 * LONGEST])
        return await self._run(lambda: self._verified(hashed, given)) and kept is not None

    def _verified(self, hashed: str, given: bytes) -> bool:
        try:
            return self._hasher.verify(hashed, given)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= self._most:
            raise Slow("busy", 5)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def spelled(password: str) -> bytes:
    """The password in one spelling, however the keyboard composed its letters (NIST SP 800-63B-4, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def place(account: str) -> str:
    """What a sealed hash is bound to, so that it opens in no other row."""
    return f"password {account}"


def _nobodys(hasher: PasswordHasher) -> str:
    """What is compared with where there is no account or it has no password: the hash of no password that is known.

    Written down instead of computed, so that no process starts with a hash that nobody may ever need.
    """
    salt, hashed = (base64.b64encode(secrets.token_bytes(n)).decode().rstrip("=") for n in (16, hasher.hash_len))
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${costs}${salt}${hashed}"
