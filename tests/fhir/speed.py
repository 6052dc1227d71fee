"""What work costs on a quiet core, whatever else this machine does just now."""

import gc
import json
import time
from collections.abc import Callable

MIB = 1024 * 1024
QUIET = 0.016  # what the yardstick takes on a quiet core of the machine that the limits were set on
YARDSTICK = json.dumps([{"url": "http://example.org", "code": [{"text": "x" * 40, "on": 1}]}] * (MIB // 95))


def costs_less(work: Callable[[], object], limit: float) -> bool:
    """Whether this takes less processor time than so many seconds, scaled by how slow a yardstick right after it was.

    A busy machine gets five tries.
    """
    return any(seconds(work) / max(1.0, seconds(lambda: json.loads(YARDSTICK)) / QUIET) < limit for _ in range(5))


def seconds(work: Callable[[], object]) -> float:
    """Seconds of processor time that this takes; what the tests have gathered before is kept from the collector, as a
    server keeps what it loaded. It stays so: what later tests do is no slower for it.
    """
    gc.collect()
    gc.freeze()
    start = time.process_time()
    work()
    return time.process_time() - start
