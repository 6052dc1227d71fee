"""Whom a person sees where no rule says so: nobody."""

from ..access.sight import NOBODY, Sight
from ..tenancy import Tenant


class NoSights:
    """ports.Sights without anybody in sight."""

    async def of(self, _tenant: Tenant, _account: str, _user: str) -> Sight:
        """Nobody."""
        return NOBODY

    async def sees(self, _tenant: Tenant, _account: str, _user: str, _patient: str) -> bool:
        """No."""
        return False
