"""How this process asks the system for memory: a job process has threads for its files, and each would keep a store.

What one thread frees, another cannot use then; with few arenas an export's memory stays flat (glibc alone has them).
"""

import ctypes
import gc
from contextlib import suppress

COLLECTIONS = 20_000, 20, 20
"""Objects made before the next search, searches before a wider one."""
ARENA_MAX = -8
"""M_ARENA_MAX of malloc.h."""
ARENAS = 2
MMAP_THRESHOLD = -3
"""M_MMAP_THRESHOLD of malloc.h."""
LARGE = 1024 * 1024
"""Bytes from which on a buffer has pages of its own, which go back to the system with it. glibc raises the limit by
itself otherwise, and what large records leave behind stays."""

TRIM_THRESHOLD = -1
"""M_TRIM_THRESHOLD of malloc.h."""
KEPT = 4 * 1024 * 1024
"""Bytes that stay for the next batch of an export: pages that come and go cost as much as what is done in them."""


def begin_frugal() -> None:
    """Few arenas from now on, where there are any; to be called before there are threads."""
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(ARENA_MAX, ARENAS)
        mallopt(MMAP_THRESHOLD, LARGE)
        mallopt(TRIM_THRESHOLD, KEPT)


def settle() -> None:
    """What this process has by now it keeps, so no search for cycles looks at it again; and there is seldom one: what
    is asked for and what is exported make hardly any, and the usual threshold would look every seven requests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTIONS)
