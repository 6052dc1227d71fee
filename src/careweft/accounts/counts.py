"""How often may be tried (WEB-06): rows, and the order in which they are asked.

A try is counted before it is made. A browser in which this person has signed in before is counted by itself, so that
nobody can shut somebody out of their own by guessing: what strangers use up is not theirs.
"""

import hashlib
import hmac
import logging
from collections.abc import Sequence
from dataclasses import field
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from ..values import dataclass
from .needs import Count, Throttle
from .refusals import Slow

LOG = logging.getLogger(__name__)

QUARTER = timedelta(minutes=15)
ACCOUNT = Count("account", 10, QUARTER, most=100, patience=4)
DEVICE = Count("device", 10, QUARTER, patience=4)
ADDRESS = Count("address", 300, QUARTER)
TENANT = Count("tenant", 3000, QUARTER)
FACTOR = Count("factor", 10, QUARTER, most=100, patience=4)
INVITATION = Count("invitation", 30, QUARTER)
RESET = Count("reset", 30, QUARTER)
SIGN_UP = Count("sign-up", 30, QUARTER)

Taken = tuple[Count, str]


@dataclass(frozen=True, slots=True)
class Counts:
    """Takes tries, forgives them, and knows browsers again by a cookie that only we can make."""

    throttle: Throttle
    key: bytes = field(repr=False)

    def tries(self, tenant: int, username: str, address: str | None, device: str | None) -> Sequence[Taken]:
        """The rows that a sign-in counts in; `device` names a browser that is known to belong to this account."""
        near = (ADDRESS, network(address))
        if device is not None:
            return near, (DEVICE, device)
        return near, (TENANT, str(tenant)), (ACCOUNT, f"{tenant} {username.lower()}")

    async def take(self, tries: Sequence[Taken], now: datetime) -> None:
        """Count one more in each. Raises Slow (`slow` with a wait, `locked`)."""
        for count, what in tries:
            wait = await self.throttle.take(count, what, now)
            if wait is None:
                continue
            LOG.warning("tries at the limit of an %s", count.name)  # an alert's hook: never who or what (AUD-05)
            if wait == timedelta.max:
                raise Slow("locked")
            raise Slow("slow", max(1, round(wait.total_seconds() + 0.5)))

    async def forgive(self, tries: Sequence[Taken]) -> None:
        """It was a success: forget what was counted for the person, and this one try elsewhere."""
        for count, what in tries:
            await self.throttle.forgive(count, what, wholly=count in (ACCOUNT, DEVICE, FACTOR))

    def device(self, account: str, nonce: str) -> str:
        """The cookie of a browser in which this account has signed in."""
        return f"{nonce}.{self._mac(account, nonce)}"

    def known(self, account: str | None, cookie: str) -> str | None:
        """The browser's name where the cookie is this account's, else None."""
        nonce, _, mac = cookie.partition(".")
        good = hmac.compare_digest(self._mac(account or "", nonce).encode(), mac.encode("utf-8", "replace"))
        return nonce if good and account is not None else None

    def _mac(self, account: str, nonce: str) -> str:
        return hmac.new(self.key, f"device {account} {nonce}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def network(address: str | None) -> str:
    """What is counted of an address: an IPv6 customer has a whole /64.

    >>> network("203.0.113.9"), network("2001:db8:1:2:3::4"), network(None)
    ('203.0.113.9', '2001:db8:1:2::/64', '-')
    """
    try:
        found = ip_address(address or "")
    except ValueError:
        return "-"
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else str(found)
