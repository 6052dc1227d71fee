"""How far an export is, and when it is worth asking again."""

from datetime import datetime
from math import ceil

from ..ports.jobs import Job

LONGEST = 120
NEARLY = 98


def percent(job: Job) -> int:
    """How much is done; all of it only when the files are there."""
    if job.state == "finishing":
        return NEARLY
    return min(NEARLY - 1, (NEARLY - 1) * job.done // job.weight) if job.weight else 0


def progress(job: Job) -> str:
    """The value of X-Progress."""
    word = {"waiting": "Queued", "running": "Running", "finishing": "Finalizing"}[job.state]
    return f"{word} ({percent(job)}% complete)"


def wait(job: Job, now: datetime) -> int:
    """Seconds until the next poll: as long as it will take by what it took so far, and never so often that one who
    heeds it would be refused.
    """
    passed = max((now - job.created).total_seconds(), 0.0)
    done = percent(job)
    left = passed * (100 - done) / done if done else passed
    return ceil(min(max(left, passed / 5, 1), max(passed / 2, 1), LONGEST))
