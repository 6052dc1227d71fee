"""A developer's applications: the list, and the page of each with its credentials, keys, requests, team and history."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ...fhir import json
from ...ports.usage import Day
from ...registry import setup
from ...registry.application import usual
from ...registry.authorization import CODES, Said, now_is
from ...registry.pictures import made_anew
from ...registry.refusal import RegistrationRefused
from ...registry.registration import Registration
from ...values import dataclass
from .. import pages
from ..exchange import Reply, Request
from ..people import Errors
from . import requests
from .plot import bars
from .room import OVERLAPS, Room
from .wizard import own

MONTH = timedelta(days=30)
SOON = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Applications:
    """The handlers of `/developers` and `/developers/applications/{id}`."""

    room: Room

    async def every(self, request: Request) -> Reply:
        """`GET /developers`"""
        shelf, account = self.room.desk.shelf, self.room.account(request).id
        drafts = [one for one in await shelf.drafts(account) if "of" not in one.answers]
        return self.room.show(request, "portal/home.html", "home", apps=await shelf.of(account), drafts=drafts)

    async def show(self, request: Request) -> Reply:
        """`GET …/applications/{id}`"""
        return await self._page(request)

    async def rotate(self, request: Request) -> Reply:
        """`POST …/secret`: a new secret, shown on this very page and never again (WEB-09)."""
        filled = await self.room.take(request)
        overlap = OVERLAPS.get(filled.one("days", 3))
        held = await own(self.room, request)

        async def work() -> Reply:
            self.room.fresh(request)
            if overlap is None:
                raise RegistrationRefused("say how long the old secret is good for")
            made = await self.room.desk.rotate(held.id, overlap, self.room.developer(request), self.room.place(request))
            shown = self.room.show(request, "portal/created.html", app=made.registration, secret=made.secret, new=False)
            return shown._replace(recorded=True)

        return await self._attempt(request, work)

    async def picture(self, request: Request) -> Reply:
        """`POST …/logo`: a file is taken in and made anew, or the logo goes (WEB-02)."""
        filled, sent = await self.room.receive(request)
        held = await own(self.room, request)

        async def work() -> Reply:
            self.room.fresh(request)
            owner = f"application {held.id}"
            body = None if filled.one("do", 10) == "remove" else made_anew(sent)
            new = replace(held.asked, logo=self.room.shown_at(body) if body else None)
            await self.room.desk.edit(held.id, new, self.room.developer(request), self.room.place(request))
            if body:  # the one of before goes once nothing shows it any more
                await self.room.hang(owner, body)
            else:
                await self.room.pictures.drop(owner)
            return self.room.done(f"/developers/applications/{held.id}", "saved")

        return await self._attempt(request, work)

    async def keys(self, request: Request) -> Reply:
        """`POST …/keys`: fetch the key set now, and say what was found; what else came is not shown (WEB-03)."""
        await self.room.take(request)
        held = await own(self.room, request)
        if held.asked.jwks_uri is None:
            raise pages.Ended
        try:
            found, fault = list(await self.room.check(held.asked.jwks_uri)), ""
        except OSError as failure:
            found, fault = [], str(failure)
        return await self._page(request, keys={"kids": found, "fault": fault, "at": self.room.clock()})

    async def remove(self, request: Request) -> Reply:
        """`POST …/remove`: gone for good, in every tenant."""
        filled = await self.room.take(request)
        held = await own(self.room, request)

        async def work() -> Reply:
            self.room.fresh(request)
            if filled.one("name") != held.asked.name:
                raise RegistrationRefused("write the name of the application to remove it")
            await self.room.desk.remove(held.id, self.room.developer(request), self.room.place(request))
            await self.room.pictures.drop(f"application {held.id}")
            return self.room.done("/developers", "removed")

        return await self._attempt(request, work)

    async def share(self, request: Request) -> Reply:
        """`POST …/share`: another developer, by username, comes or goes."""
        filled = await self.room.take(request)
        held = await own(self.room, request)

        async def work() -> Reply:
            self.room.fresh(request)
            role = filled.one("role", 20)
            other = filled.one("account", 64) or await self._by_name(filled.one("username", 254).strip())
            if role not in ("owner", "member", "none"):
                raise RegistrationRefused("say what they are to be")
            await self.room.desk.share(
                held.id, other, None if role == "none" else role, self.room.developer(request), self.room.place(request)
            )
            return self.room.done(f"/developers/applications/{held.id}", "shared")

        return await self._attempt(request, work)

    async def leave(self, request: Request) -> Reply:
        """`POST …/leave`: take a request back, or give up what was authorized."""
        filled = await self.room.take(request)
        held = await own(self.room, request)

        async def work() -> Reply:
            tenant = await self.room.tenants.find(filled.one("tenant", 36))
            if tenant is None:
                raise RegistrationRefused("there is no such organization")
            said = Said(version=number(filled.one("version", 9)))
            actor, place = self.room.developer(request), self.room.place(request)
            await self.room.desk.step("leave", held.id, tenant, said, actor, place)
            return self.room.done(f"/developers/applications/{held.id}", "left")

        return await self._attempt(request, work)

    async def postman(self, request: Request) -> Reply:
        """`GET …/postman`: a collection for the tenants that authorized it."""
        held = await own(self.room, request)
        told = requests.postman(held, await self._places(held), self.room.base_url)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-disposition", b'attachment; filename="careweft.postman_collection.json"'),
        ]
        return Reply(200, headers, json.encode(told))

    async def _by_name(self, username: str) -> str:
        found = await self.room.people.by_username(0, username) if username else None
        if found is None or not found.enabled:
            raise RegistrationRefused("there is no developer of this username")
        return found.id

    async def _attempt(self, request: Request, work: Any) -> Reply:
        async def again(errors: Errors) -> Reply:
            return await self._page(request, errors, 422)

        return await self.room.attempt(request, f"developers/applications/{request.args['id']}", work, again)

    async def _places(self, held: Registration) -> list[dict[str, Any]]:
        """What every tenant that was asked decided, with where its APIs are once it said yes."""
        tenants = await self.room.tenants_by_number()
        now = self.room.clock()
        found = []
        for said in await self.room.desk.shelf.authorizations(held.id):
            said = now_is(said, now)  # noqa: PLW2901  as it is at this moment
            tenant = tenants[said.tenant]
            found.append({
                "tenant": tenant, "said": said, "why": CODES.get(said.code, ""),
                "bases": requests.bases(held, said, tenant, self.room.base_url),
            })  # fmt: skip
        return found

    async def _page(
        self, request: Request, errors: Errors = (), status: int = 200, keys: dict[str, Any] | None = None
    ) -> Reply:
        held = await own(self.room, request)
        shelf, now = self.room.desk.shelf, self.room.clock()
        places = await self._places(held)
        history = await shelf.history(held.id)
        members = await shelf.members(held.id)
        names = await self.room.names(0, [*(one.who for one in history), *(one.account for one in members)])
        use = [await self._use(held, one) for one in places if one["bases"]]
        return self.room.show(
            request, "portal/application.html", status=status, app=held, errors=errors, places=places,
            logo=pages.shown_here(held.asked.logo), keys=keys,
            scopes=held.asked.scopes or usual(held.asked), history=history, members=members, names=names,
            secrets=secrets(held, now), titles=setup.TITLES, overlaps=OVERLAPS, use=use,
            fetched=await self.room.fetched(held.asked.jwks_uri) if held.asked.jwks_uri else None,
            samples=requests.samples(held, places), trying=self.room.trial is not None,
        )  # fmt: skip

    async def _use(self, held: Registration, place: dict[str, Any]) -> dict[str, Any]:
        tenant, now = place["tenant"], self.room.clock()
        days: Sequence[Day] = await self.room.usage.days(tenant.number, held.id, now - MONTH)
        refusals = await self.room.usage.refusals(tenant.number, held.id)
        return {"tenant": tenant, "days": days, "plot": bars(days, now.date()), "refusals": refusals}


def secrets(held: Registration, now: Any) -> list[dict[str, Any]]:
    """The secrets that are good now: their number, their end, and whether that is soon."""
    good = [end for _, end in held.secrets if end is None or end > now]
    return [{"end": end, "soon": end is not None and end - now < SOON} for end in good]


def number(text: str) -> int | None:
    """The version that a form was shown with."""
    return int(text) if text.isascii() and text.isdigit() else None
