"""What reading a search needs to know beside its text."""

from dataclasses import dataclass
from datetime import datetime, tzinfo


@dataclass(frozen=True, slots=True)
class Context:
    """`now` for `ap`, the tenant's `zone` for dates without offset, `base` to know our own absolute references by."""

    now: datetime
    zone: tzinfo
    base: str
