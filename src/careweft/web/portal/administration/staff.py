"""Who administers the installation: another one is invited by a letter, and one who left is switched off."""

from ....accounts.changes import SetEnabled
from ....accounts.refusals import Refused
from ....accounts.shapes import email as address
from ....fhir.outcomes import NotFound
from ....ports.people import Account
from ....registry.refusal import RegistrationRefused
from ....values import dataclass
from ...exchange import Reply, Request
from ...people import Errors, faults, visit
from ..people import nameable
from ..room import Room

HERE = "/administration/people"
ROLE = "administrator"
Fields = dict[str, str]


@dataclass(frozen=True, slots=True)
class Staff:
    """The handlers of `/administration/people`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET`"""
        return await self._page(request)

    async def invite(self, request: Request) -> Reply:
        """`POST`"""
        filled = await self.room.take(request)
        said = {name: filled.one(name, 254).strip() for name in ("name", "email")}

        async def work() -> Reply:
            self.room.fresh(request)
            if not nameable(said["name"]):
                raise RegistrationRefused("write their name")
            account = Account("", 0, "", said["name"], address(said["email"]), ROLE)
            await self.room.people.invitations.invite(
                None, account, visit(request, self.room.counter.jar), by=self.room.account(request), mail=True
            )
            return self.room.done(HERE, "invited")

        async def again(errors: Errors) -> Reply:
            return await self._page(request, errors, 422, said)

        try:
            return await self.room.attempt(request, "administration/people", work, again)
        except Refused as refused:
            return await self._page(request, faults(request, refused), refused.status, said)

    async def switch(self, request: Request) -> Reply:
        """`POST …/switch`: never one's own, and no developer."""
        filled = await self.room.take(request)
        by = self.room.account(request)
        found = await self.room.people.find(0, filled.one("account", 64))
        if found is None or found.id == by.id or found.role != ROLE:
            raise NotFound("There is no such administrator whom you could switch.")

        async def work() -> Reply:
            self.room.fresh(request)
            change = SetEnabled(found.id, enabled=filled.one("on", 3) == "yes")
            await self.room.people.means.record(
                None, "account-switch", visit(request, self.room.counter.jar), by, [change],
                reason=f"account {found.id}",
            )  # fmt: skip
            return self.room.done(HERE, "switched")

        async def again(errors: Errors) -> Reply:
            return await self._page(request, errors, 422)

        return await self.room.attempt(request, "administration/people", work, again)

    async def _page(
        self, request: Request, errors: Errors = (), status: int = 200, said: Fields | None = None
    ) -> Reply:
        staff = [one for one in await self.room.people.means.register.all(0) if one.role == ROLE]
        return self.room.show(
            request, "portal/administration/people.html", "people", status=status, errors=errors, staff=staff,
            filled=said or {}, mails=self.room.people.means.mail.works,
        )  # fmt: skip
