"""People with browsers before the whole application: accounts by invitation, an application, cookies, forms."""

import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import httpx

from careweft import surfaces
from careweft.accounts.relations import Terms
from careweft.ports.clients import Client
from careweft.ports.people import Account, Visit
from careweft.web.preview.smart import challenge
from tests.world import Database

from .desk import Desk, opened

PASSWORD = "pebble-gondola-umber-kayak"
VISIT = Visit("a test")
REDIRECT = "https://app.example/back"
SCOPE = "launch/patient openid fhirUser offline_access patient/Patient.rs patient/Observation.rs sensitive/PSY"


@dataclass
class Town:
    """A tenant with Ana (a patient), Fay (acts for Kid and Old), Kim and Lee (practitioners), and one application."""

    desk: Desk
    client: Client
    accounts: dict[str, Account] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return f"/account/{self.desk.tenant.id}"

    @property
    def auth(self) -> str:
        return f"/auth/{self.desk.tenant.id}"

    def authorize(self, **more: str) -> str:
        """The address that the application sends a browser to."""
        iss = surfaces.find("provider", "patient").url(self.desk.house.settings.public_url, self.desk.tenant.id)
        asked = {
            "response_type": "code", "client_id": self.client.id, "redirect_uri": REDIRECT, "scope": SCOPE,
            "state": "s7", "aud": iss, "code_challenge": challenge("v" * 43), "code_challenge_method": "S256", **more,
        }  # fmt: skip
        return f"{self.auth}/oauth2/v1/authorize?{urlencode(asked)}"

    def browser(self, **headers: str) -> "Browser":
        return Browser(self, httpx.AsyncClient(
            transport=httpx.ASGITransport(self.desk.front), base_url=self.desk.house.settings.public_url,
            headers={"accept": "text/html", **headers},
        ))  # fmt: skip


@dataclass
class Browser:
    """Keeps cookies, follows redirects within the server, fills in the forms that pages show."""

    town: Town
    http: httpx.AsyncClient
    page: httpx.Response | None = None

    async def get(self, path: str) -> httpx.Response:
        self.page = await self._followed(await self.http.get(path))
        return self.page

    async def send(
        self,
        path: str,
        *,
        origin: str | None = "own",
        follow: bool = True,
        file: bytes | None = None,
        paper: bytes | None = None,
        **fields: Any,
    ) -> httpx.Response:
        """A form; one that takes a file is sent in parts, also where none was chosen (`file` b"")."""
        own = str(self.http.base_url).rstrip("/")
        headers = {} if origin is None else {"origin": own if origin == "own" else origin}
        sent = {"file": file, "paper": paper}
        files = {name: (f"a {name}" if body else "", body) for name, body in sent.items() if body is not None}
        answer = await self.http.post(path, data=fields, files=files, headers=headers)
        self.page = await self._followed(answer) if follow else answer
        return self.page

    async def fill(self, action: str = "", *, follow: bool = True, **fields: Any) -> httpx.Response:
        """Send the form of the page whose action ends so, with its hidden fields and these."""
        form = next(one for one in forms(self.page.text) if one.action.endswith(action))
        path = form.action or str(self.page.url)
        parts = {"file": b""} if form.parts else {}
        return await self.send(path, follow=follow, **{**form.hidden, **parts, **fields})

    async def sign_in(self, who: str) -> httpx.Response:
        """On the sign-in page that is shown."""
        return await self.fill("", username=who, password=PASSWORD)

    async def _followed(self, answer: httpx.Response) -> httpx.Response:
        while answer.status_code == 303 and answer.headers["location"].startswith("/"):
            answer = await self.http.get(answer.headers["location"])
        return answer

    @property
    def stamp(self) -> str:
        return forms(self.page.text)[-1].hidden["stamp"]


@dataclass
class Form:
    action: str
    parts: bool = False
    hidden: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.found.append(Form(given.get("action") or "", given.get("enctype") == "multipart/form-data"))
        if tag == "input" and given.get("type") == "hidden" and self.found and given.get("name"):
            self.found[-1].hidden[given["name"]] = given.get("value") or ""


def forms(html: str) -> list[Form]:
    """The forms in the main part of a page."""
    parser = _Forms()
    parser.feed(html)
    return parser.found


def text(html: str) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def patient(id_: str, family: str) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": id_,
        "name": [{"given": [family], "family": "Li"}],
        "birthDate": "1980-05-31",
    }


def practitioner(id_: str) -> dict[str, Any]:
    return {"resourceType": "Practitioner", "id": id_, "name": [{"family": id_.title()}]}


@asynccontextmanager
async def town(database: Database, folder: Any, **changes: Any) -> AsyncIterator[Town]:
    """The town; `changes` are fields of the Site."""
    async with opened(database, folder, **changes) as desk:
        tenant = desk.tenant
        kid = {**patient("kid", "Kit"), "birthDate": "2020-05-31"}
        await desk.load(*(patient(*one) for one in (("ana", "Ana"), ("fay", "Fay"), ("old", "Olga"))), kid)
        await desk.load(*map(practitioner, ("kim", "lee")))
        client = Client(
            uuid.uuid4().hex, tenant.number, "Sugar Diary", "patient", "native", "provider", "none",
            tuple(SCOPE.split()), redirect_uris=(REDIRECT,), approved=True, publisher="Diary Works",
        )  # fmt: skip
        await desk.house.clients.save(client)
        made = Town(desk, client)
        for name, role, record in (
            ("ana", "patient", "Patient/ana"), ("fay", "patient", "Patient/fay"),
            ("kim", "practitioner", "Practitioner/kim"), ("lee", "practitioner", "Practitioner/lee"),
        ):  # fmt: skip
            made.accounts[name] = await account(desk, name, role, record)
        for one, kind in (("kid", "child"), ("old", "parent")):
            await desk.house.people.relations.relate(tenant, made.accounts["fay"], one, Terms(kind=kind), VISIT)
        yield made


async def account(desk: Desk, name: str, role: str, record: str) -> Account:
    """An account, invited and activated as everybody's."""
    people, tenant = desk.house.people, desk.tenant
    waiting = Account("", tenant.number, "", name.title(), f"{name}@example.org", role, record)
    invitation = await people.invitations.invite(tenant, waiting, VISIT)
    joining = await people.invitations.open(tenant, invitation.code, None, VISIT)
    await people.invitations.activate(tenant, joining.ticket, name, PASSWORD, VISIT)
    return invitation.account
