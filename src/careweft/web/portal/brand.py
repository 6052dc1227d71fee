"""What the published lists say of a tenant, kept by its owners, and that somebody looked through it every quarter."""

from dataclasses import fields, replace
from datetime import timedelta

from ...registry.refusal import RegistrationRefused
from ...surfaces import brands
from ...tenancy.brand import Brand, Branded, checked
from ...values import dataclass
from ..exchange import Reply, Request
from ..people import Errors
from .room import Room

QUARTER = timedelta(days=92)
LABELS = {
    "alias": "Other name", "url": "Web site", "logo": "Logo (https address)", "npi": "National Provider Identifier",
    "ccn": "CMS Certification Number", "phone": "Telephone", "line": "Street and number", "city": "City",
    "state": "State", "postal_code": "ZIP code", "portal_name": "Name of the portal",
    "portal_url": "Address of the portal",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class BrandPage:
    """The handlers of `/console/{tenant}/brand`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET`"""
        return self._page(request, await self._held(request))

    async def send(self, request: Request) -> Reply:
        """`POST`: save, or note that it was looked through."""
        filled = await self.room.take(request)
        held, now = await self._held(request), self.room.clock()
        said = Brand(**{one.name: filled.one(one.name, 400).strip() for one in fields(Brand)})

        async def work() -> Reply:
            self.room.fresh(request)
            reviewed = filled.one("do", 10) == "review"
            new = (
                replace(held, reviewed=now) if reviewed else replace(held, brand=kept(said), changed=now, reviewed=now)
            )
            tenant = request.known_tenant
            entry = self.room.place(request).entry(
                now, "tenant brand", self.room.account(request).id, tenant.number, None
            )
            await self.room.tenants.save_brand(new, entry)
            return self.room.done(f"/console/{tenant.id}/brand", "reviewed" if reviewed else "saved")

        async def again(errors: Errors) -> Reply:
            return self._page(request, replace(held, brand=said), errors, 422)

        return await self.room.attempt(request, "console/brand", work, again)

    async def _held(self, request: Request) -> Branded:
        listed = await self.room.tenants.brands()
        return next(one for one in listed if one.tenant.number == request.known_tenant.number)

    def _page(self, request: Request, held: Branded, errors: Errors = (), status: int = 200) -> Reply:
        due = held.reviewed is None or self.room.clock() - held.reviewed > QUARTER
        return self.room.show(
            request, "portal/brand.html", "brand", status=status, held=held, labels=LABELS, errors=errors, due=due,
            published=brands.url(self.room.base_url, request.known_tenant.id),
            values={one.name: getattr(held.brand, one.name) for one in fields(Brand)},
        )  # fmt: skip


def kept(said: Brand) -> Brand:
    """The brand, if it is one. Raises RegistrationRefused."""
    try:
        return checked(said)
    except ValueError as wrong:
        raise RegistrationRefused(str(wrong)) from wrong
