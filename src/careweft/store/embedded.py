"""The embedded PostgreSQL: made at the first start, found again after a crash, stopped when its last user leaves.

data/postgres/        the cluster, 0700, the service user's
data/socket           the only way in: a 0700 folder, or a link to a short one where the path would be too long
data/passwords.json   0600, ours: the three roles' SCRAM passwords
data/postgres.conf    written at every start; settings of your own go into postgres.local.conf beside it
data/launch.lock      held while a server is being started or stopped
data/users.lock       shared by everyone who uses it
data/started          the process number of the server that careweft started; one started by hand is left alone
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from . import binaries, cluster, launch, postmaster, service_user
from .cluster import ADMIN, DATABASE, OWNER, SERVER, EmbeddedError
from .postmaster import Postmaster
from .service_user import ServiceUser

__all__ = ["Embedded", "EmbeddedError", "start"]


@dataclass(slots=True)
class Embedded:
    """A running embedded database. Its URLs hold passwords: they are never shown."""

    data: Path
    socket: Path
    pid: int
    _passwords: Mapping[str, str] = field(repr=False)
    _users: int | None = field(repr=False)

    @property
    def url(self) -> str:
        """For migrations: the role that owns the schema."""
        return self.dsn(OWNER)

    @property
    def server_url(self) -> str:
        """For everything else: the role that owns nothing and stands under row-level security."""
        return self.dsn(SERVER)

    @property
    def admin_url(self) -> str:
        """For backup, restore and tests: the cluster's superuser."""
        return self.dsn(ADMIN, "postgres")

    def dsn(self, role: str, database: str = DATABASE) -> str:
        """The URL of one role in one database over the private socket."""
        return f"postgresql://{role}:{self._passwords[role]}@/{database}?host={quote(str(self.socket), safe='/')}"

    def running(self) -> bool:
        """Whether the server that was started or found is still there."""
        return postmaster.works_in(self.pid, self.data / "postgres")

    def stop(self) -> None:
        """Leave. The last user stops the server, if careweft started it; a second call does nothing."""
        users, self._users = self._users, None
        if users is None:
            return
        with _held(self.data / "launch.lock"):
            try:
                if alone(users):
                    launch.stop(self.data)
            finally:
                os.close(users)


def start(
    data: Path, *, pg_bin: Path | None = None, account: str = "postgres", settings: Mapping[str, str] | None = None
) -> Embedded:
    """The database of this data folder, started if it does not run; blocks until it takes connections.

    `pg_bin` names the programs, `account` whom root becomes for it, `settings` adds lines to postgres.conf.
    Raises EmbeddedError, with what to do, where that cannot be. Two callers at once get the same server.
    """
    try:
        return _start(data.absolute(), pg_bin, account, settings or {})
    except (binaries.NoPostgres, OSError) as why:
        raise EmbeddedError(f"the embedded database in {data} could not be started: {why}") from why


def _start(data: Path, pg_bin: Path | None, account: str, settings: Mapping[str, str]) -> Embedded:
    user = _prepare(data, account)
    folder = data / "postgres"
    with _held(data / "launch.lock"):
        found = Postmaster.read(folder)
        running = launch.ready(folder, found.pid) if found else None
        if running is None:
            programs = binaries.reachable(binaries.find(pg_bin, cluster.made_by(folder)), user)
            if not folder.exists():
                cluster.make(data, programs, user)
            running = launch.launch(data, programs, user, settings)
        users = _lock(data / "users.lock", fcntl.LOCK_SH)
        return Embedded(data, running.socket, running.pid, cluster.passwords(data), users)


def _prepare(data: Path, account: str) -> ServiceUser:
    """The data folder, made or made passable, and who will own the cluster in it; never a word to its parents."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    user = service_user.choose(data / "postgres", account)
    owner = data.stat().st_uid
    if owner != os.geteuid():
        raise EmbeddedError(
            f"{data} belongs to uid {owner}: run careweft as that user, or name another folder (--data)"
        )
    if user.uid == 0:
        raise EmbeddedError(
            f"{data}/postgres belongs to root, as whom PostgreSQL does not run: give it to another user"
        )
    if user.switch:
        data.chmod(data.stat().st_mode & 0o7777 | 0o711)
    barrier = user.barrier(data)
    if barrier is not None:
        raise EmbeddedError(
            f"the database runs as {user}, which may not pass {barrier} to reach {data}: "
            f"name another folder (--data /var/lib/careweft), or let others pass that one (chmod o+x {barrier})"
        )
    return user


@contextlib.contextmanager
def _held(lock: Path) -> Iterator[None]:
    descriptor = _lock(lock, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def _lock(file: Path, kind: int) -> int:
    """Take a lock of the kernel's: it ends when its holder closes it or dies, however that comes."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, kind)
    return descriptor


def alone(users: int) -> bool:
    """Whether nobody but the holder of this lock on users.lock uses the server."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
