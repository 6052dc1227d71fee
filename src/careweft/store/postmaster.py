"""A running PostgreSQL as its lock file shows it: https://www.postgresql.org/docs/current/storage-file-layout.html

The file may be stale after a crash or a reboot, and its process number may by then belong to something else: so the
process is believed only while it works in this very data folder.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

from ..values import dataclass

LOCK_FILE = "postmaster.pid"


@dataclass(frozen=True, slots=True)
class Postmaster:
    """The process, where its socket is, and whether it takes connections yet."""

    pid: int
    socket: Path
    ready: bool

    @classmethod
    def read(cls, cluster: Path) -> "Postmaster | None":
        """What runs in `cluster`; None where nothing does, whatever the lock file says."""
        try:
            lines = _text(cluster / LOCK_FILE).splitlines()
            pid = int(lines[0])
        except (OSError, ValueError, IndexError):
            return None
        if not works_in(pid, cluster):
            return None
        socket, status = (lines[index].strip() if len(lines) > index else "" for index in (4, 7))
        return cls(pid, Path(socket), status == "ready" and bool(socket))


def works_in(pid: int, cluster: Path) -> bool:
    """Whether the process lives and is the server of `cluster`, which is every PostgreSQL server's working folder."""
    process = Path(f"/proc/{pid}")
    try:
        return (process / "cwd").readlink() == cluster.resolve()
    except PermissionError:  # root in a container without CAP_SYS_PTRACE
        return str(cluster).encode() in (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return not Path("/proc/self").exists() and _commanded(pid, cluster)


def stop(pid: int, cluster: Path, *, patience: float = 30.0) -> None:
    """End the server: fast shutdown, and the immediate one (it recovers at the next start) if that takes too long."""
    for order in (signal.SIGINT, signal.SIGQUIT):
        if works_in(pid, cluster):
            os.kill(pid, order)
        if _gone(pid, cluster, patience):
            return


def _gone(pid: int, cluster: Path, patience: float) -> bool:
    until = time.monotonic() + patience
    while works_in(pid, cluster):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def _text(file: Path) -> str:
    """Read without following a link: the folder belongs to the service user, and we may be root."""
    with open(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), encoding="utf-8", errors="replace") as opened:
        return opened.read(4096)


def _commanded(pid: int, cluster: Path) -> bool:
    """Where there is no /proc (macOS): whether the command line names the folder."""
    shown = subprocess.run(["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return f"-D {cluster}" in shown.stdout
