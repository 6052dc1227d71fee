"""How a tenant looks, kept by its owners: name, colours, logo; applications read it from the style document."""

from dataclasses import fields, replace

from ...oauth.style import COLOURS
from ...registry.pictures import made_anew, named
from ...registry.refusal import RegistrationRefused
from ...surfaces import issuers
from ...tenancy.look import Look, checked
from ...values import dataclass
from ..exchange import Reply, Request
from ..people import Errors
from .room import Room

LABELS = {
    "highlight": "Buttons and links", "background": "Background", "text": "Text", "error": "What went wrong",
    "success": "What went well",
}  # fmt: skip
Fields = dict[str, str]


@dataclass(frozen=True, slots=True)
class LookPage:
    """The handlers of `/console/{tenant}/look`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET`"""
        return self._page(request)

    async def send(self, request: Request) -> Reply:
        """`POST`: name and colours; each colour has to be readable where it stands."""
        filled = await self.room.take(request)
        tenant = request.known_tenant
        said = {name: filled.one(name, 200).strip() for name in ("name", *COLOURS)}

        async def work() -> Reply:
            self.room.fresh(request)
            if not said["name"] or not said["name"].isprintable():
                raise RegistrationRefused("write the name of the organization")
            colours = {name: said[name].lower() for name in COLOURS}
            try:
                look = checked(replace(tenant.look, **colours), COLOURS)
            except ValueError as wrong:
                raise RegistrationRefused(str(wrong)) from wrong
            changed = replace(tenant, name=said["name"], look=look)
            await self.room.tenants.save(changed, self.room.entry(request, "tenant look"))
            return self.room.done(f"/console/{tenant.id}/look", "saved")

        async def again(errors: Errors) -> Reply:
            return self._page(request, errors, 422, said)

        return await self.room.attempt(request, "console/look", work, again)

    async def picture(self, request: Request) -> Reply:
        """`POST …/look/logo`: a file is taken in, or the logo goes."""
        filled, sent = await self.room.receive(request)
        tenant = request.known_tenant

        async def work() -> Reply:
            self.room.fresh(request)
            entry, owner = self.room.entry(request, "tenant look"), f"tenant {tenant.number}"
            if filled.one("do", 10) == "remove":
                await self.room.pictures.drop(owner)
                await self.room.tenants.save(replace(tenant, look=replace(tenant.look, logo="")), entry)
            else:
                body = made_anew(sent)
                await self.room.hang(owner, body)
                await self.room.tenants.save(replace(tenant, look=replace(tenant.look, logo=named(body))), entry)
            return self.room.done(f"/console/{tenant.id}/look", "saved")

        async def again(errors: Errors) -> Reply:
            return self._page(request, errors, 422)

        return await self.room.attempt(request, "console/look", work, again)

    def _page(self, request: Request, errors: Errors = (), status: int = 200, said: Fields | None = None) -> Reply:
        tenant = request.known_tenant
        held = {one.name: getattr(tenant.look, one.name) for one in fields(Look)} | {"name": tenant.name}
        return self.room.show(
            request, "portal/look.html", "look", status=status, errors=errors, labels=LABELS, ours=COLOURS,
            filled=said or held, style_document=issuers.V2.style_url(self.room.base_url, tenant.id),
        )  # fmt: skip
