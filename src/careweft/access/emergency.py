"""Emergency access: a practitioner sees more for at most an hour, says why, and it is reported.

45 CFR 164.312(a)(2)(ii).
"""

from dataclasses import field
from datetime import datetime, timedelta

from ..values import dataclass

MOST = timedelta(minutes=60)
SHORTEST, LONGEST = 10, 500
ACTION = "emergency-access"
"""What the journal calls its begin; its end is `emergency-end`."""
END = "emergency-end"


class EmergencyRefused(ValueError):
    """It is not opened; the message says to the practitioner what is wanted."""


@dataclass(frozen=True, slots=True)
class Emergency:
    """The account sees every patient of the tenant, or the one `patient`, from `begins` until `ends`."""

    id: str
    tenant: int
    account: str
    user: str
    patient: str | None
    reason: str = field(repr=False)
    begins: datetime
    ends: datetime
    ended: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Is it in force?"""
        return self.begins <= now < self.ends and self.ended is None


def opened(
    id_: str,
    tenant: int,
    account: str,
    user: str,
    reason: str,
    now: datetime,
    *,
    minutes: int = 60,
    patient: str | None = None,
) -> Emergency:
    """An emergency as it may be opened. Raises EmergencyRefused for who is no practitioner, for a reason that says
    nothing and for more than an hour.
    """
    if user.partition("/")[0] not in ("Practitioner", "PractitionerRole"):
        raise EmergencyRefused("emergency access is for practitioners")
    said = " ".join(reason.split())
    if not SHORTEST <= len(said) <= LONGEST:
        raise EmergencyRefused(f"the reason wants {SHORTEST} to {LONGEST} characters")
    length = timedelta(minutes=minutes)
    if not timedelta() < length <= MOST:
        raise EmergencyRefused("emergency access lasts at least one and at most 60 minutes")
    return Emergency(id_, tenant, account, user, patient, said, now, now + length)
