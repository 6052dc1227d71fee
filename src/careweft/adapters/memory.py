"""How this process asks the system for memory: a job process works in many threads, and each would keep its own store.

What one thread frees, another cannot use then; with few arenas an export's memory stays flat (glibc alone has them).
"""

import ctypes
from contextlib import suppress

ARENA_MAX = -8
"""M_ARENA_MAX of malloc.h."""
ARENAS = 2


def begin_frugal() -> None:
    """Few arenas from now on, where there are any; to be called before there are threads."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(ARENA_MAX, ARENAS)
