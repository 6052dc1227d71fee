"""Who may act for a patient: inviting, limiting and ending it; and for whom somebody acts (AUTHZ-19)."""

from collections.abc import Awaitable, Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ...accounts.refusals import Unfit
from ...accounts.relations import Terms
from ...tenancy import Tenant
from ...values import dataclass
from ..exchange import Reply, Request
from ..people import Errors
from ..relations import word
from .room import Room

HERE = "people"


@dataclass(frozen=True, slots=True)
class People:
    """The handlers of `/account/{tenant}/people`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET`"""
        return await self._page(request, {})

    async def invite(self, request: Request) -> Reply:
        """`POST`: a letter to somebody who may act for this patient."""
        filled = await self.room.take(request, HERE)
        written = {name: filled.one(name) for name in ("name", "email", "until")}

        async def work() -> Reply:
            terms = Terms(
                until=moment(written["until"], request.known_tenant), sensitive=filled.one("sensitive") == "yes"
            )
            await self.room.people.relations.invite(
                request.known_tenant, request.known_session, written["name"], written["email"], terms,
                self.room.visit(request),
            )  # fmt: skip
            return self.room.done(request, HERE, "people.invited")

        return await self._attempt(request, work(), written)

    async def limit(self, request: Request) -> Reply:
        """`POST …/limit`: another last day."""
        filled = await self.room.take(request, HERE)

        async def work() -> Reply:
            relation = filled.one("relation", 64)
            standing = await self.room.people.relations.of(request.known_tenant, request.known_session)
            one = next((one for one in standing if one.id == relation), None)
            until = moment(filled.one("until"), request.known_tenant)
            terms = Terms(one.kind, until, one.sensitive, one.types) if one else Terms(until=until)
            await self.room.people.relations.limit(
                request.known_tenant, request.known_session, relation, terms, self.room.visit(request)
            )
            return self.room.done(request, HERE, "people.limited")

        return await self._attempt(request, work(), {})

    async def end(self, request: Request) -> Reply:
        """`POST …/end`: within five seconds everywhere."""
        filled = await self.room.take(request, HERE)

        async def work() -> Reply:
            await self.room.people.relations.end(
                request.known_tenant, request.known_session, filled.one("relation", 64), self.room.visit(request)
            )
            return self.room.done(request, HERE, "people.ended")

        return await self._attempt(request, work(), {})

    async def _attempt(self, request: Request, work: Awaitable[Reply], written: Mapping[str, str]) -> Reply:
        return await self.room.attempt(
            request, HERE, work, lambda errors, status: self._page(request, written, errors, status)
        )

    async def _page(
        self, request: Request, written: Mapping[str, str], errors: Errors = (), status: int = 200
    ) -> Reply:
        tenant, session = request.known_tenant, request.known_session
        relations = [
            {"id": one.id, "name": one.name, "until": last(one.until), "waiting": not one.activated}
            for one in await self.room.people.relations.of(tenant, session)
        ]
        charges = await self.room.people.charges(tenant, session.account.id)
        return self.room.show(
            request, "people.html", HERE, status, own=(session.account.fhir_user or "").startswith("Patient/"),
            people=relations,
            charges=[
                {"name": one.name, "word": word(one.relation), "until": last(one.until)}
                for one in charges if one.relation != "self"
            ],
            filled={name: written.get(name, "") for name in ("name", "email", "until")}, errors=errors,
        )  # fmt: skip


def last(until: datetime | None) -> datetime | None:
    """The last moment of a relation that ends: its day is the one that a page names."""
    return None if until is None else until - timedelta(seconds=1)


def moment(text: str, tenant: Tenant) -> datetime | None:
    """The end of this day where the tenant is; None for no day. Raises Unfit (`relation.until`)."""
    if not text.strip():
        return None
    try:
        last = date.fromisoformat(text.strip())
        return datetime.combine(last + timedelta(days=1), time(), ZoneInfo(tenant.zone))
    except (ValueError, OverflowError):
        raise Unfit("relation.until") from None
