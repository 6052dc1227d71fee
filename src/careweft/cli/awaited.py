"""A command that awaits something: SIGTERM ends it as Ctrl+C does, between two steps of the loop.

An exception out of the signal's handler would come up wherever the process happens to be, inside a driver that has just
taken half a message too; what was to be released then is not, and the driver may fall over what it finds later.
"""

import signal
import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:  # loaded when something is awaited: a database that starts first starts sooner
    import asyncio

T = TypeVar("T")


def awaited(work: Coroutine[Any, Any, T], loop: "Callable[[], asyncio.AbstractEventLoop] | None" = None) -> T:
    """What `work` returns, on a loop of its own. Raises KeyboardInterrupt where a signal ended it: what it had begun
    was cancelled and has ended. Beside the main thread, where no signal is heard, it only runs.
    """
    import asyncio

    if threading.current_thread() is not threading.main_thread():
        with asyncio.Runner(loop_factory=loop) as runner:
            return runner.run(work)
    before = signal.getsignal(signal.SIGTERM)
    told = False

    async def watched() -> T:
        running, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101  `watched` runs in it

        def end(_: int, __: object) -> None:
            nonlocal told
            told = True
            running.call_soon_threadsafe(task.cancel)

        signal.signal(signal.SIGTERM, end)
        return await work

    try:
        with asyncio.Runner(loop_factory=loop) as runner:
            return runner.run(watched())
    except asyncio.CancelledError:
        if told:
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
