"""The account that the embedded PostgreSQL runs as: ourselves, or one without privileges, since it refuses root.

Started as root it is `postgres` where that account exists, else a number of its own for this data folder; the folder's
owner remembers which.
"""

import grp
import os
import pwd
import secrets
import stat
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..values import dataclass

# Below 65536, so that it also exists where a container maps no more; above what systems hand out to people.
OWN_NUMBERS = range(40_000, 60_000)

# Nothing of our environment reaches PostgreSQL: it may hold secrets, and PG* variables would change its meaning.
ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/bin:/bin", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """An account by number; `switch` is whether we must become it, which only root can."""

    uid: int
    gid: int
    switch: bool

    def __str__(self) -> str:
        """The account's name, or its number where it has none."""
        return _name(self.uid) or f"uid {self.uid}"

    @property
    def named(self) -> bool:
        """Whether the system's account list knows it; initdb insists on that, the server does not."""
        return _name(self.uid) is not None

    def run(self, argv: Sequence[str], *, statements: str | None = None) -> subprocess.CompletedProcess[str]:
        """One program of PostgreSQL run to its end as this account, fed with `statements` where given."""
        return subprocess.run(
            argv,
            input=statements,
            stdin=subprocess.DEVNULL if statements is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd="/",
            env=ENVIRONMENT,
            user=self.uid if self.switch else None,
            group=self.gid if self.switch else None,
            extra_groups=[] if self.switch else None,
        )

    def own(self, path: Path) -> None:
        """Give one file or folder to this account."""
        if self.switch:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def own_tree(self, folder: Path) -> None:
        """Give a folder and all that is in it to this account."""
        self.own(folder)
        for parent, folders, files in os.walk(folder):
            for name in (*folders, *files):
                self.own(Path(parent, name))

    def passes(self, path: Path) -> bool:
        """Whether the permission bits let this account through a folder, or read a file."""
        return _permits(path.stat(), self.uid, self.gid)

    def barrier(self, path: Path) -> Path | None:
        """The first folder on the way to `path` (itself included) that this account cannot pass; None if none is."""
        if not self.switch:
            return None
        whole = path.resolve()
        return next((step for step in (*reversed(whole.parents), whole) if not self.passes(step)), None)


def ourselves() -> ServiceUser:
    """The account that this process runs as."""
    return ServiceUser(os.geteuid(), os.getegid(), switch=False)


def choose(cluster: Path, account: str) -> ServiceUser:
    """The account for the database in `cluster`: ourselves, the owner it has, `account`, or a number of its own."""
    if os.geteuid() != 0:
        return ourselves()
    if cluster.is_dir():
        status = cluster.stat()
        return ServiceUser(status.st_uid, status.st_gid, switch=True)
    try:
        entry = pwd.getpwnam(account)
    except KeyError:
        number = _unused(OWN_NUMBERS)
        return ServiceUser(number, number, switch=True)
    return ServiceUser(entry.pw_uid, entry.pw_gid, switch=True)


def maker(user: ServiceUser) -> ServiceUser:
    """Who may make a cluster, for which PostgreSQL wants an account with a name: `user`, else one lent `user`'s group.

    What it makes lies behind a folder that only that group passes, so that other processes of the lent account cannot
    reach it; it is given to `user` before anything is started from it.
    """
    if user.named or not user.switch:
        return user
    lent = next((entry for entry in _unprivileged() if entry.pw_uid != 0), None)
    return user if lent is None else ServiceUser(lent.pw_uid, user.gid, switch=True)


def _unprivileged() -> Iterable[pwd.struct_passwd]:
    return sorted(pwd.getpwall(), key=lambda entry: entry.pw_name != "nobody")


def _name(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None


def _unused(numbers: range) -> int:
    taken = {entry.pw_uid for entry in pwd.getpwall()} | {entry.gr_gid for entry in grp.getgrall()}
    return secrets.choice([number for number in numbers if number not in taken])


def _permits(status: os.stat_result, uid: int, gid: int) -> bool:
    wanted = stat.S_IXUSR if stat.S_ISDIR(status.st_mode) else stat.S_IRUSR
    if status.st_uid == uid:
        return bool(status.st_mode & wanted)
    if status.st_gid == gid:
        return bool(status.st_mode & wanted >> 3)
    return bool(status.st_mode & wanted >> 6)
