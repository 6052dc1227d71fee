"""Developers and owners with browsers, before the whole application over the real store."""

import base64
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx

from careweft import surfaces
from careweft.adapters import clock
from careweft.ports.people import Account, Visit
from careweft.registry.desk import Desk as Registry
from tests.world import Database

from .desk import Desk, opened
from .visitors import PASSWORD, Browser, forms

VISIT = Visit("a test")
SYSTEM = surfaces.find("provider", "system")
PATIENT = {"resourceType": "Patient", "id": "ana", "name": [{"given": ["Ana"], "family": "Li"}]}
PULSE = {
    "resourceType": "Observation", "id": "p1", "status": "final", "code": {"text": "pulse"},
    "subject": {"reference": "Patient/ana"},
}  # fmt: skip
ANSWERS: dict[str, dict[str, Any]] = {
    "type": {"type": "system"},
    "platform": {"platform": "web"},
    "access": {"access": "provider"},
    "auth": {"auth": "secret"},
    "details": {
        "name": "Night report", "publisher": "Dana Works", "description": "Counts at night.", "home": "", "policy": "",
        "terms": "", "launch_url": "", "jwks_uri": "", "jwks": "", "redirect_uris": "", "origins": "",
    },
    "scopes": {"scope": ["system/*.rs"]},
}  # fmt: skip


@dataclass
class Clinic:
    """A tenant with an owner, Olga; another one, Birch, with Otto; and whoever signs up."""

    desk: Desk
    other: Any
    owners: dict[str, Account] = field(default_factory=dict)

    @property
    def registry(self) -> Registry:
        return self.desk.house.registry

    def browser(self, **headers: str) -> "Client":
        return Client(self, httpx.AsyncClient(
            transport=httpx.ASGITransport(self.desk.front), base_url=self.desk.house.settings.public_url,
            headers={"accept": "text/html", **headers},
        ))  # fmt: skip

    async def letters(self, tenant: int = 0) -> list[Any]:
        """The letters that were written, newest first."""
        await self.desk.house.people.sign_up.settled()
        return [one.letter for one in await self.desk.house.outbox.box(tenant)]

    async def link(self, tenant: int = 0) -> str:
        """The path in the last letter."""
        letter = (await self.letters(tenant))[0]
        return "/" + re.search(r"https?://[^/]+/(\S+)", letter.body)[1]

    async def token(self, client: str, secret: str, scope: str = "system/*.rs", tenant: Any = None) -> httpx.Response:
        basic = base64.b64encode(f"{client}:{secret}".encode()).decode()
        async with self.web(authorization=f"Basic {basic}") as web:
            form = {"grant_type": "client_credentials", "scope": scope}
            return await web.post(f"/auth/{(tenant or self.desk.tenant).id}/oauth2/v1/token", data=form)

    async def read(self, token: str, path: str) -> int:
        async with self.web(authorization=f"Bearer {token}") as web:
            return (await web.get(SYSTEM.url("", self.desk.tenant.id) + path)).status_code

    def web(self, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.desk.front),
            base_url=self.desk.house.settings.public_url,
            headers=headers,
        )


class Client(Browser):
    """A browser that knows the ways of the portal."""

    async def sign_up(self, username: str = "dana", email: str = "dana@example.org") -> httpx.Response:
        """Until the developer is signed in."""
        await self.get("/developers/sign-up")
        await self.fill(
            "sign-up", username=username, given=username.title(), family="Ng", email=email, password=PASSWORD,
            again=PASSWORD, terms="yes",
        )  # fmt: skip
        await self.get(await self.town.link())
        return await self.fill("", username=username)

    async def register(self, **changes: dict[str, Any]) -> tuple[str, str]:
        """Through the guided set-up; the client_id and the secret that is shown."""
        await self.get("/developers")
        await self.fill("/developers/new")
        while not self.at("review"):
            step = str(self.page.url).rpartition("/")[2]
            await self.fill(step, **{**ANSWERS[step], **changes.get(step, {})})
        await self.fill("review")
        return self.shown("client-id"), self.shown("client-secret")

    async def ask(self, app: str, name: str, message: str = "for our report") -> httpx.Response:
        """Search a tenant by name and request authorization."""
        await self.get(f"/developers/applications/{app}/tenants?q={name}")
        form = next(one for one in forms(self.page.text) if "tenant" in one.hidden)
        return await self.send(form.action, **{**form.hidden, "message": message})

    def at(self, end: str) -> bool:
        return str(self.page.url).endswith(end)

    def shown(self, id_: str) -> str:
        found = re.search(rf'id="{id_}"[^>]*><code>([^<]*)', self.page.text)
        return found[1] if found else ""

    async def decide(self, app: str, do: str, **fields: Any) -> httpx.Response:
        """As an owner: the form that is shown for this step."""
        await self.get(f"/console/{self.town.desk.tenant.id}/applications/{app}")
        version = forms(self.page.text)[-1].hidden["version"]
        given = {"version": version, "code": "ended", "reason": "", **fields}
        return await self.send(
            f"/console/{self.town.desk.tenant.id}/applications/{app}", stamp=self.stamp, do=do, **given
        )


@asynccontextmanager
async def clinic(database: Database, folder: Any, **changes: Any) -> AsyncIterator[Clinic]:
    """The clinic; `changes` are fields of the Site."""
    async with opened(database, folder, **changes) as desk:
        await desk.load(PATIENT, PULSE)
        other = await desk.house.tenants.create("Birch Health", str(uuid.uuid4()), "UTC", ("birch-1",), ())
        made = Clinic(desk, other)
        for name, tenant in (("olga", desk.tenant), ("otto", made.other)):
            made.owners[name] = await owner(desk, name, tenant)
        yield made


async def owner(desk: Desk, name: str, tenant: Any, role: str = "owner", record: str | None = None) -> Account:
    """An account with this role, activated."""
    people = desk.house.people
    waiting = Account("", tenant.number, "", name.title(), f"{name}@example.org", role, record)
    invitation = await people.invitations.invite(tenant, waiting, VISIT)
    joining = await people.invitations.open(tenant, invitation.code, None, VISIT)
    await people.invitations.activate(tenant, joining.ticket, name, PASSWORD, VISIT)
    return invitation.account


async def signed_in(made: Clinic, name: str, tenant: Any = None) -> Client:
    """A browser in which this account is signed in with its second factor, as its role wants it."""
    account, at = made.owners[name], tenant or made.desk.tenant
    session, cookie = await opened_session(made, account, at)
    browser = made.browser()
    browser.http.cookies.set(f"careweft-{at.id}", cookie, domain="localhost.local")
    assert session
    return browser


async def opened_session(made: Clinic, account: Account, tenant: Any) -> tuple[str, str]:
    """A session of this account that has shown a second factor."""
    people = made.desk.house.people
    whole = replace(account, username=name_of(account), second_factor=True)
    told = await people.sign_in.proved(tenant, whole, ("pwd", "otp", "mfa"), VISIT)
    return told.session, told.cookie


def name_of(account: Account) -> str:
    return account.name.lower()


def later(minutes: float) -> timedelta:
    return timedelta(minutes=minutes)


def unique() -> str:
    return uuid.uuid4().hex[:12]


NOW = clock.now
