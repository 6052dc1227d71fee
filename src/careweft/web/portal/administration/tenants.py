"""The tenants and their owners: a new tenant, and an invitation for who looks after it."""

import uuid

from ....accounts.refusals import Refused
from ....accounts.shapes import email as address
from ....ports.people import Account
from ....registry.refusal import RegistrationRefused
from ....values import dataclass
from ...exchange import Reply, Request
from ...people import FIELDS, Errors, faults, visit
from ..people import nameable
from ..room import Room

HERE = "/administration/tenants"
WHERE = {**FIELDS, "email.shape": "email"}
Fields = dict[str, str]


@dataclass(frozen=True, slots=True)
class Tenants:
    """The handlers of `/administration/tenants`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET`"""
        return await self._page(request)

    async def create(self, request: Request) -> Reply:
        """`POST`: a tenant with its first signing keys."""
        filled = await self.room.take(request)
        said = {"name": filled.one("name", 200).strip(), "zone": filled.one("zone", 60).strip() or "UTC"}

        async def work() -> Reply:
            self.room.fresh(request)
            if not said["name"] or not said["name"].isprintable():
                raise RegistrationRefused("write the organization's name")
            try:
                made = await self.room.tenants.create(
                    said["name"], str(uuid.uuid4()), said["zone"], (), (), self.room.entry(request, "tenant create")
                )
            except ValueError as wrong:
                raise RegistrationRefused(str(wrong)) from wrong
            await self.room.keyring.signing(made.number)
            return self.room.done(HERE, "tenant")

        async def again(errors: Errors) -> Reply:
            return await self._page(request, errors, 422, said)

        return await self.room.attempt(request, "administration/tenants", work, again)

    async def invite(self, request: Request) -> Reply:
        """`POST …/owner`: a letter with a code goes to somebody who is to own a tenant."""
        filled = await self.room.take(request)
        said = {name: filled.one(name, 254).strip() for name in ("tenant", "owner", "email")}

        async def work() -> Reply:
            self.room.fresh(request)
            tenant = await self.room.tenant(said["tenant"])
            if not nameable(said["owner"]):
                raise RegistrationRefused("write their name")
            account = Account("", 0, "", said["owner"], address(said["email"]), "owner")
            await self.room.people.invitations.invite(
                tenant, account, visit(request, self.room.counter.jar), by=self.room.account(request), mail=True
            )
            return self.room.done(HERE, "invited")

        async def again(errors: Errors) -> Reply:
            return await self._page(request, errors, 422, said)

        try:
            return await self.room.attempt(request, "administration/tenants", work, again)
        except Refused as refused:
            return await self._page(request, faults(request, refused, WHERE), refused.status, said)

    async def _page(
        self, request: Request, errors: Errors = (), status: int = 200, said: Fields | None = None
    ) -> Reply:
        tenants = await self.room.tenants.all()
        owners = {
            one.number: [who for who in await self.room.people.means.register.all(one.number) if who.role == "owner"]
            for one in tenants
        }
        return self.room.show(
            request, "portal/administration/tenants.html", "tenants", status=status, errors=errors, tenants=tenants,
            owners=owners, filled=said or {}, choices=[(one.id, one.name) for one in tenants],
            mails=self.room.people.means.mail.works,
        )  # fmt: skip
