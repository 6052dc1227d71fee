"""Do they who granted something still stand where they stood? Asked whenever a token is made of a permit.

An account that was switched off, a session that ended, a relation that is over: each ends what hung on it, also where
nobody wrote a revocation because only time had passed (SMART-07, AUTHZ-19).
"""

from collections.abc import Awaitable, Callable

from ..ports.charts import Charts
from ..ports.people import People
from ..ports.permits import Permit
from ..tenancy import Tenant
from ..values import dataclass

Alive = Callable[[int, str], Awaitable[bool]]
"""Is this session of this tenant still one?"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whom to ask: accounts, their sessions, the patients whom they may act for or see."""

    people: People
    alive: Alive
    charts: Charts

    async def lost(self, tenant: Tenant, permit: Permit) -> str | None:
        """Why this permit buys nothing any more, None where it does. Raises Unavailable."""
        account = await self.people.find(tenant.number, permit.account)
        if account is None or not account.enabled:
            return "the account was switched off"
        if account.fhir_user != permit.user:
            return "the account stands for another record now"
        if permit.session is not None and not await self.alive(tenant.number, permit.session):
            return "the session has ended"
        if permit.patient is None:
            return None
        chart = await self.charts.find(tenant, account, permit.patient)
        return "the person may not act for this patient any more" if chart is None else None
