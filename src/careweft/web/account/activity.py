"""Who looked at somebody's records, and when: the audit journal, in plain words (AUD-13)."""

from typing import Any

from ...ports.activity import Act
from ...values import dataclass
from .. import pages
from ..exchange import Reply, Request
from ..texts import Say, known
from .room import Room

HERE = "activity"
MOST = 20
VERBS = {
    "read": "read", "vread": "read", "history-instance": "read", "search-type": "searched", "search": "searched",
    "history-type": "searched", "create": "wrote", "update": "wrote", "patch": "wrote", "delete": "wrote",
    "$everything": "exported", "$export": "exported", "$docref": "read", "authorize": "shared", "take-back": "ended",
    "emergency-access": "emergency", "emergency-end": "emergency", "relation": "relation",
}  # fmt: skip
"""How a page tells an action of the journal."""


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """The handler of `/account/{tenant}/activity`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET`, with `?before=` for what is older."""
        account, tenant, before = request.known_session.account, request.known_tenant, place(request.query)
        charges = await self.room.people.charges(tenant, account.id)
        names = {one.patient: one.name for one in charges}
        found = await self.room.activity.about(tenant.number, list(names), before=before, most=MOST) if names else []
        acts = [await self._told(request, one, names) for one in found]
        return self.room.show(
            request, "activity.html", HERE, acts=acts, several=len(names) > 1, paged=before is not None,
            older=found[-1].seq if len(found) == MOST else None,
        )  # fmt: skip

    async def _told(self, request: Request, act: Act, names: dict[str, str]) -> dict[str, Any]:
        t = pages.say(request)
        return {
            "at": act.at,
            "who": await self._who(request, t, act),
            "what": what(t, act),
            "about": ", ".join(names[one] for one in act.patients if one in names),
        }

    async def _who(self, request: Request, t: Say, act: Act) -> str:
        """The application and the person: yourself, or by the name in their record."""
        account, tenant = request.known_session.account, request.known_tenant
        client = await self.room.clients.find(tenant.number, act.client) if act.client else None
        app = client.name if client else act.client
        if act.user in (account.fhir_user, account.id):
            return t("activity.for_you", app=app) if app else t("activity.you")
        if act.user is None:
            return t("activity.system", app=app, tenant=tenant.name) if app else tenant.name
        someone = await self.room.people.means.records.someone(tenant, act.user)
        who = someone.name if someone else act.user
        return t("activity.someone", app=app, who=who) if app else who


def what(t: Say, act: Act) -> str:
    """What was done, and with which kind of record."""
    verb = t(f"activity.{VERBS.get(act.action, 'other')}")
    return f"{verb}: {t(f'record.{act.type}')}" if act.type and known(f"record.{act.type}") else verb


def place(query: bytes) -> int | None:
    """The place in the journal that `?before=` names."""
    name, _, value = query.partition(b"=")
    return int(value) if name == b"before" and value.isdigit() and len(value) < 19 else None
