"""The applications with which somebody shares records, and taking back what was given (OAUTH-21)."""

from typing import Any

from ...access.scopes import Scope
from ...ports.permits import Permit
from ...values import dataclass
from .. import pages
from ..exchange import Reply, Request
from ..texts import Say, known
from .room import Room

HERE = "apps"


@dataclass(frozen=True, slots=True)
class Apps:
    """The handlers of `/account/{tenant}/apps`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET`"""
        account, tenant = request.known_session.account, request.known_tenant
        standing = await self.room.permits.of_account(tenant.number, account.id, self.room.clock())
        names = {one.patient: one.name for one in await self.room.people.charges(tenant, account.id)}
        permits = [await self._told(request, one, names) for one in standing]
        return self.room.show(request, "apps.html", HERE, permits=permits)

    async def send(self, request: Request) -> Reply:
        """`POST`: take one back. Every process knows within five seconds."""
        filled = await self.room.take(request, HERE)
        account, tenant = request.known_session.account, request.known_tenant
        permit = await self.room.permits.find(tenant.number, filled.one("permit", 64))
        if permit is None or permit.account != account.id:
            raise pages.Ended
        patients = () if permit.patient is None else (permit.patient,)
        entry = self.room.entry(
            request, "take-back", client=permit.client, patient=permit.patient, patients=patients, id=permit.id
        )
        await self.room.permits.end(tenant.number, [permit.id], self.room.clock(), entry)
        return self.room.done(request, HERE, "apps.ended")

    async def _told(self, request: Request, permit: Permit, names: dict[str, str]) -> dict[str, Any]:
        client = await self.room.clients.find(permit.tenant, permit.client)
        return {
            "id": permit.id,
            "app": client.name if client else permit.client,
            "known": client is not None,
            "verified": client is not None and client.verified,
            "publisher": client.publisher if client else None,
            "patient": names.get(permit.patient, permit.patient) if permit.patient else None,
            "created": permit.created,
            "used": permit.used,
            "expires": permit.expires,
            "texts": sees(pages.say(request), permit.scopes),
        }


def sees(t: Say, scopes: tuple[str, ...]) -> list[str]:
    """What these scopes let an application see, in plain words."""
    found = []
    for text in scopes:
        scope = Scope.read(text)
        if scope is not None:
            kind = "record" if scope.may & set("rs") else "write"
            words = t("apps.all_records") if scope.type == "*" else t(f"record.{scope.type}")
            if kind == "write":
                words = t("write.other", what=words)
            found.append(f"{words} ({t('apps.in_part')})" if scope.only else words)
        else:
            kind = (
                "sensitive" if text.startswith("sensitive/") else "lasting" if text.endswith("_access") else "identity"
            )
            key = f"{kind}.{text.rpartition('/')[2]}"
            found += [t(key)] if known(key) else []
    return list(dict.fromkeys(found))
