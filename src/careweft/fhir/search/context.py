"""What reading a search needs to know beside its text."""

from datetime import datetime, tzinfo

from ...values import dataclass


@dataclass(frozen=True, slots=True)
class Context:
    """`now` for `ap`, the tenant's `zone` for dates without offset, `base` to know our own absolute references by."""

    now: datetime
    zone: tzinfo
    base: str
