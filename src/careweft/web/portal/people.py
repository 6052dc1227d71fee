"""The people of a tenant: owners invite others, patients and practitioners, and switch accounts off."""

from datetime import date

from ...accounts.changes import SetEnabled
from ...accounts.refusals import Again, Refused
from ...accounts.roles import ROLES
from ...accounts.shapes import email as address
from ...fhir.outcomes import NotFound
from ...ports.people import Account
from ...values import dataclass
from .. import pages
from ..exchange import Reply, Request
from ..people import FIELDS, Errors, faults, visit
from .room import Room

INVITED = ("owner", "privacy", "helpdesk", "analyst", "reader", "practitioner", "patient")
WHERE = {**FIELDS, "record.role": "record", "record.unknown": "record"}
ACTION = "account-switch"


@dataclass(frozen=True, slots=True)
class PeoplePages:
    """The handlers of `/console/{tenant}/people`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET`"""
        return await self._page(request)

    async def invite(self, request: Request) -> Reply:
        """`POST …/people`: a letter with a code goes to the address; a patient's birth date is asked beside it."""
        filled = await self.room.take(request)
        said = {name: filled.one(name, 254).strip() for name in ("role", "name", "email", "record", "birthdate")}
        try:
            self.room.fresh(request)
            account = invited(said)
            await self.room.people.invitations.invite(
                request.known_tenant, account, visit(request, self.room.counter.jar),
                fact=born(said), by=self.room.account(request), mail=True,
            )  # fmt: skip
        except Again:
            return self._again(request)
        except Refused as refused:
            return await self._page(request, faults(request, refused, WHERE), refused.status, said)
        except ValueError as wrong:
            return await self._page(request, [("", str(wrong))], 422, said)
        return self.room.done(f"/console/{request.known_tenant.id}/people", "invited")

    async def switch(self, request: Request) -> Reply:
        """`POST …/people/switch`: an account goes off, with its sessions and tokens, or on again; never one's own."""
        filled = await self.room.take(request)
        tenant, by = request.known_tenant, self.room.account(request)
        found = await self.room.people.find(tenant.number, filled.one("account", 64))
        if found is None or found.id == by.id:
            raise NotFound("There is no such account that you could switch.")
        try:
            self.room.fresh(request)
        except Again:
            return self._again(request)
        change = SetEnabled(found.id, enabled=filled.one("on", 3) == "yes")
        noted = visit(request, self.room.counter.jar)
        await self.room.people.means.record(tenant, ACTION, noted, by, [change], reason=f"account {found.id}")
        return self.room.done(f"/console/{tenant.id}/people", "switched")

    def _again(self, request: Request) -> Reply:
        request.reason = "a fresh proof is wanted"
        return pages.seen(f"/account/{request.known_tenant.id}/again?then=console/people")

    async def _page(
        self, request: Request, errors: Errors = (), status: int = 200, said: dict[str, str] | None = None
    ) -> Reply:
        accounts = await self.room.people.means.register.all(request.known_tenant.number)
        return self.room.show(
            request, "portal/people.html", "people", status=status, errors=errors, accounts=accounts,
            roles=[(one, one) for one in INVITED],
            filled=said or {},
        )  # fmt: skip


def invited(said: dict[str, str]) -> Account:
    """Who is invited. Raises ValueError, Unfit."""
    if said["role"] not in INVITED or said["role"] not in ROLES:
        raise ValueError("Say what they are to be.")
    if not nameable(said["name"]):
        raise ValueError("Write their name.")
    records = ROLES[said["role"]].records
    record = said["record"]
    if record and "/" not in record and records:
        record = f"{records[0]}/{record}"
    return Account("", 0, "", said["name"], address(said["email"]), said["role"], record or None)


def nameable(name: str) -> bool:
    """May somebody be called that?"""
    return bool(name) and name.isprintable() and len(name) <= 100


def born(said: dict[str, str]) -> date | None:
    """The fact that only a patient knows. Raises ValueError."""
    if said["role"] != "patient":
        return None
    try:
        return date.fromisoformat(said["birthdate"])
    except ValueError:
        raise ValueError("Write the patient's birth date, such as 1980-05-31: it is asked beside the code.") from None
