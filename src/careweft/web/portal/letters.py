"""The letters of the portal: to owners when they are asked, to developers when something was decided."""

import logging
from datetime import date

from ...accounts.letters import letter
from ...accounts.recovery import place
from ...registry.authorization import CODES, Authorization
from ...registry.registration import Registration
from ...tenancy import PLATFORM, Tenant
from .room import Room

LOG = logging.getLogger(__name__)
OWNERS = ("owner",)


async def told_owners(room: Room, held: Registration, tenant: Tenant, day: date) -> None:
    """Write to everybody who may decide; a letter that cannot be written keeps nobody from asking."""
    link = f"{room.base_url}/console/{tenant.id}/applications/{held.id}"
    try:
        for account in await room.people.means.register.all(tenant.number):
            if account.role in OWNERS and account.enabled:
                one = letter(
                    "request", account, place(tenant), app=held.asked.name, tenant=tenant.name, due=day, link=link
                )
                await room.people.means.write(tenant, one)
    except Exception as failure:  # noqa: BLE001  the request stands on the page all the same
        LOG.warning("a letter could not be written: %s", type(failure).__name__)


async def told_developer(room: Room, held: Registration, tenant: Tenant, said: Authorization) -> None:
    """Write to who asked what became of it."""
    reason = ". ".join(one for one in (CODES.get(said.code, ""), said.reason) if one)
    link = f"{room.base_url}/developers/applications/{held.id}"
    try:
        account = await room.people.find(PLATFORM.number, said.requested_by)
        if account is not None and account.enabled:
            one = letter(
                "decision", account, place(None), app=held.asked.name, tenant=tenant.name, state=str(said.state),
                reason=reason, link=link,
            )  # fmt: skip
            await room.people.means.write(PLATFORM, one)
    except Exception as failure:  # noqa: BLE001  the decision stands on the page all the same
        LOG.warning("a letter could not be written: %s", type(failure).__name__)
