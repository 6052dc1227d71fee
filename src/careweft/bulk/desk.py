"""What the doors of Bulk Data need beside the records."""

from ..ports.approvals import Approvals
from ..ports.files import Files
from ..ports.jobs import Jobs
from ..values import dataclass

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Desk:
    """Jobs, their files, and who may have what de-identified. A tenant has at most `at_once` exports at work; files are
    kept for `longest` seconds after
    their making at the most, whoever asks.
    """

    jobs: Jobs
    files: Files
    approvals: Approvals
    at_once: int = 2
    longest: float = 30 * DAY
