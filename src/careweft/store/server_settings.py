"""The settings of the embedded PostgreSQL, sized for this machine: a production server is its operator's own to set."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

MEGABYTE = 2**20
LIMIT_FILE = Path("/sys/fs/cgroup/memory.max")

FIXED = {
    "max_connections": "200",
    "jit": "off",  # our queries take less time than compiling them
    "random_page_cost": "1.1",
    "max_wal_size": "4GB",
    "min_wal_size": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Logs say that something failed, never with which values: no statement, no detail, no context line of a COPY.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgres-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
}


def text(own: Path, extra: Mapping[str, str]) -> str:
    """postgresql.conf: what fits this machine, then `extra`, then the operator's own file where there is one."""
    settings = {**FIXED, **sized(memory()), **_by_platform(), **extra}
    lines = [f"{name} = '{_quoted(value)}'" for name, value in settings.items()]
    head = f"# Written at every start of careweft. Your own settings go into {own.name} beside this file."
    return "\n".join([head, *lines, f"include_if_exists = '{_quoted(str(own))}'", ""])


def sized(total: int) -> dict[str, str]:
    """Shared buffers a quarter of the memory, at most 2 GB; the planner is told of half, and sorts get their share.

    >>> sized(8 * 2**30)["shared_buffers"], sized(2**28)["shared_buffers"]
    ('2048MB', '64MB')
    """
    return {
        "shared_buffers": _megabytes(min(max(total // 4, 32 * MEGABYTE), 2048 * MEGABYTE)),
        "effective_cache_size": _megabytes(max(total // 2, 64 * MEGABYTE)),
        "maintenance_work_mem": _megabytes(min(max(total // 32, 32 * MEGABYTE), 512 * MEGABYTE)),
        "work_mem": _megabytes(min(max(total // 512, 4 * MEGABYTE), 32 * MEGABYTE)),
    }


def memory() -> int:
    """The bytes of memory that we may use: the machine's, or the container's limit where that is less."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = LIMIT_FILE.read_text().strip() if LIMIT_FILE.is_file() else "max"
    return min(machine, int(limit)) if limit.isdecimal() else machine


def _by_platform() -> dict[str, str]:
    """A query whose client has gone ends within a second, where the kernel tells (Linux)."""
    return {"client_connection_check_interval": "1s"} if sys.platform == "linux" else {}


def _megabytes(size: int) -> str:
    return f"{size // MEGABYTE}MB"


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")
