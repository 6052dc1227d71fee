"""The server process of the embedded PostgreSQL: started, waited for, stopped."""

import os
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from . import postmaster, server_settings, service_user
from .binaries import Binaries
from .cluster import EmbeddedError, write
from .postmaster import Postmaster
from .service_user import ServiceUser

LONGEST_SOCKET = 100  # bytes; the kernels' own limits are 103 (macOS) and 107 (Linux)
INTERLOCK = 10.0  # seconds: after kill -9 of a server its last workers may hold the shared memory for a moment
PORT = 5432  # part of the socket's name only
SOCKET = f".s.PGSQL.{PORT}"
SHORT, SHORT_FOR_ROOT = "/tmp", "/run"  # noqa: S108 - mkdtemp makes a folder of its own there

# The servers that this process started and must reap; kept for its life.
CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


def launch(data: Path, programs: Binaries, user: ServiceUser, settings: Mapping[str, str]) -> Postmaster:
    """Start the server, in a session of its own so that it outlives a kill of ours, and wait until it is ready."""
    socket = _socket(data, user)
    _clear(data / "postgres" / postmaster.LOCK_FILE, socket / f"{SOCKET}.lock", socket / SOCKET)
    write(data / "pg_hba.conf", "local all all scram-sha-256\nlocal replication all scram-sha-256\n", 0o644)
    write(data / "postgres.conf", server_settings.text(data / "postgres.local.conf", settings), 0o644)
    argv = [programs.program("postgres"), "-D", str(data / "postgres"), *fixed(data, socket)]
    until = time.monotonic() + INTERLOCK
    while True:
        process = _spawn(argv, data, user)
        server = ready(data / "postgres", process.pid)
        if server is not None:
            return server
        said = _said(data)
        if "still in use" not in said or time.monotonic() > until:
            raise EmbeddedError(f"the embedded database in {data} ended at its start: {said[-600:]}")
        time.sleep(0.2)


def _clear(*stale: Path) -> None:
    """Nothing runs here, so these are left from a crash, and the process number in them may by now be another's."""
    _reap()
    for file in stale:
        file.unlink(missing_ok=True)


def _reap() -> None:
    for child in CHILDREN.values():
        child.poll()


def _said(data: Path) -> str:
    """The server's last words: at first it writes to our file, later to its own. Both are terse and hold no values."""
    logs = [data / "postgres.log", *(data / "postgres" / "log").glob("*.log")]
    latest = sorted(
        (file for file in logs if file.is_file() and not file.is_symlink()), key=lambda file: file.stat().st_mtime
    )
    return "".join(file.read_text(errors="replace")[-300:] for file in latest[-2:]).strip()


def fixed(data: Path, socket: Path) -> list[str]:
    """What no settings file may change: where its files are, and that the socket is the only way in."""
    fixed = {
        "config_file": data / "postgres.conf",
        "hba_file": data / "pg_hba.conf",
        "unix_socket_directories": f'"{socket}"',
        "unix_socket_permissions": "0700",
        "listen_addresses": "",
        "port": PORT,
    }
    return [part for name, value in fixed.items() for part in ("-c", f"{name}={value}")]


def _spawn(argv: list[str], data: Path, user: ServiceUser) -> subprocess.Popen[bytes]:
    with (data / "postgres.log").open("wb") as log:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=service_user.ENVIRONMENT,
            user=user.uid if user.switch else None,
            group=user.gid if user.switch else None,
            extra_groups=[] if user.switch else None,
            start_new_session=True,
            umask=0o077,
        )
    CHILDREN[process.pid] = process
    write(data / "started", str(process.pid), 0o600)
    return process


def ready(cluster: Path, pid: int) -> Postmaster | None:
    """The server once it takes connections (after a crash it may first replay its log); None if it ended."""
    while _alive(pid, cluster):
        found = Postmaster.read(cluster)
        if found is not None and found.pid == pid and found.ready:
            return found
        time.sleep(0.01)
    return None


def _alive(pid: int, cluster: Path) -> bool:
    child = CHILDREN.get(pid)
    return child.poll() is None if child is not None else postmaster.works_in(pid, cluster)


def stop(data: Path) -> None:
    """End the server of this data folder if careweft started it; one started by hand is left alone."""
    cluster, marker = data / "postgres", data / "started"
    found = Postmaster.read(cluster)
    if found is not None and marker.exists() and marker.read_text() == str(found.pid):
        postmaster.stop(found.pid, cluster)
        marker.unlink()
        if (data / "socket").is_symlink():
            shutil.rmtree((data / "socket").readlink(), ignore_errors=True)
    _reap()


def _socket(data: Path, user: ServiceUser) -> Path:
    """The private folder of the socket: in the data folder, or elsewhere where its path would be too long."""
    folder = data / "socket"
    if len(os.fsencode(folder / SOCKET)) <= LONGEST_SOCKET:
        folder.mkdir(mode=0o700, exist_ok=True)
        user.own(folder)
        return folder
    if folder.is_symlink() and _private(folder.readlink(), user):
        return folder.readlink()
    folder.unlink(missing_ok=True)
    short = Path(tempfile.mkdtemp(prefix="careweft-", dir=SHORT_FOR_ROOT if user.switch else SHORT))
    user.own(short)
    folder.symlink_to(short)
    return short


def _private(folder: Path, user: ServiceUser) -> bool:
    """Whether the folder is still there and still the user's alone: others can write where it lies."""
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == user.uid and not status.st_mode & 0o077
