"""What a person grants, over everything that is real: accounts, records, permits, tokens, doors (OAUTH-21, SMART-07).

The pages are left out: their steps are taken by hand, as `web/oauth` takes them.
"""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from careweft import surfaces
from careweft.accounts.changes import Create, OpenSession, Relate, SetEnabled, Unrelate
from careweft.adapters import clock
from careweft.app import open_house
from careweft.oauth import secrets
from careweft.oauth.authorization import Pick
from careweft.oauth.frame import Context
from careweft.ports.clients import Client
from careweft.ports.people import Account, Session
from careweft.web import Front
from tests.oauth.flow import CHALLENGE, EVERYTHING, REDIRECT, VERIFIER
from tests.store.house import entry
from tests.web.desk import opened
from tests.web.twins import patient, pulse
from tests.world import count

pytestmark = pytest.mark.anyio
CONTEXT = Context("request-1")
API = surfaces.find("provider", "patient")
RECORDS = [
    *(patient(name, birthDate="1990-02-03") for name in ("ana", "cleo", "dora")),
    *(pulse(f"pulse-{name}", name) for name in ("ana", "cleo", "dora")),
    {"resourceType": "Practitioner", "id": "y", "name": [{"family": "Yolanda"}]},
    {"resourceType": "RelatedPerson", "id": "ben", "patient": {"reference": "Patient/cleo"}},
]
COPIES = count(20, 50)
PEOPLE = {
    "ana": ("patient", "Patient/ana"),
    "ben": ("representative", "RelatedPerson/ben"),
    "yolanda": ("practitioner", "Practitioner/y"),
}

SEEN = {
    "Patient/ana": 200, "Observation/pulse-ana": 200, "Patient/cleo": 404, "Observation/pulse-cleo": 404,
    "Condition?patient=ana": 403, "Observation?patient=cleo": 200,
}  # fmt: skip


@dataclass
class Town:
    """A tenant with people who are signed in, and an application."""

    desk: object
    sessions: dict
    relation: str

    @property
    def base(self):
        return API.url(self.desk.house.settings.public_url, self.desk.tenant.id)

    async def ask(self, who, scope, patient_=None):
        """The question, with whoever is picked."""
        granting, tenant, session = self.desk.house.auth.granting, self.desk.tenant, self.sessions[who]
        pairs = {
            "response_type": "code", "client_id": "app", "redirect_uri": REDIRECT, "state": "s", "scope": scope,
            "aud": self.base, "code_challenge": CHALLENGE, "code_challenge_method": "S256", "prompt": "consent",
        }  # fmt: skip
        request = await granting.begin(tenant, list(pairs.items()), CONTEXT)
        step = await granting.step(tenant, request, session, CONTEXT)
        if isinstance(step, Pick):
            request = await granting.pick(tenant, step.request, session, patient_)
            step = await granting.step(tenant, request, session, CONTEXT)
        return step

    async def code(self, who, scope, patient_=None, without=()):
        """A yes to all but `without`, as the form of a token request."""
        step = await self.ask(who, scope, patient_)
        keys = [one.key for one in step.permissions if one.key not in without]
        url = await self.desk.house.auth.granting.permit(
            self.desk.tenant, step.request, self.sessions[who], keys, CONTEXT
        )
        code = dict(parse_qsl(urlsplit(url).query))["code"]
        return {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}

    async def tokens(self, who, scope, patient_=None, without=()):
        """What the token endpoint answers to that."""
        return await self.token(**await self.code(who, scope, patient_, without))

    async def token(self, **form):
        path = f"/auth/{self.desk.tenant.id}/oauth2/v1/token"
        async with self.client() as client:
            return (await client.post(path, data=form | {"client_id": "app"})).json()

    async def status(self, token, path):
        async with self.client({"authorization": f"Bearer {token}"}) as client:
            return (await client.get(f"{self.base}/{path}")).status_code

    async def soon(self, status, token, path):
        """It becomes so within five seconds."""
        async with asyncio.timeout(5):
            while await self.status(token, path) != status:
                await asyncio.sleep(0.1)

    def client(self, headers=None):
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.desk.front),
            base_url=self.desk.house.settings.public_url,
            headers={"accept": "*/*", **(headers or {})},
        )

    async def change(self, *changes):
        await self.desk.house.register.change(self.desk.tenant.number, changes, entry(self.desk.tenant.number))


@asynccontextmanager
async def settled(database, folder):
    async with opened(database, folder) as desk:
        await desk.load(*RECORDS)
        number, now = desk.tenant.number, clock.now()
        town = Town(desk, {}, secrets.identifier())
        for name, (role, record) in PEOPLE.items():
            who = Account(secrets.identifier(), number, name, name.title(), None, role, record)
            sid, key = secrets.identifier(), secrets.identifier().encode()[:32]
            await town.change(Create(who, now), OpenSession(sid, key, who.id, now, ("pwd",), "", None, False))
            town.sessions[name] = Session(sid, who, now, now, now, ("pwd",))
        ben = town.sessions["ben"].account.id
        await town.change(
            Relate(town.relation, ben, "cleo", "child", None, False, True, None, None, now),
            Relate(secrets.identifier(), ben, "ana", "parent", None, False, True, None, None, now),
        )
        usual = {"redirect_uris": (REDIRECT,), "approved": True}
        app = Client("app", number, "App", "patient", "native", "provider", "none", EVERYTHING, **usual)
        await desk.house.clients.save(app)
        yield town


async def test_what_people_grant_and_take_back(module_database, tmp_path):
    """One town, one walk: a patient, a representative, a practitioner; limits, reuse, ends."""
    async with settled(module_database, tmp_path) as town:
        # A patient sees herself and nobody else, and of that what she ticked.
        scope = "launch/patient openid fhirUser offline_access patient/*.rs"
        mine = await town.tokens("ana", scope, without=("record:Condition",))
        assert mine["patient"] == "ana"
        token = mine["access_token"]
        for path, status in SEEN.items():
            assert await town.status(token, path) == status, path

        # A representative picks one of two; the relation ends, and with it everything.
        about = await town.tokens("ben", "launch/patient offline_access patient/*.rs", "cleo")
        assert about["patient"] == "cleo"
        assert await town.status(about["access_token"], "Patient/cleo") == 200
        assert await town.status(about["access_token"], "Patient/ana") == 404
        await town.change(Unrelate(town.relation, "cleo", clock.now()))
        await town.soon(401, about["access_token"], "Patient/cleo")
        gone = await town.token(grant_type="refresh_token", refresh_token=about["refresh_token"])
        assert gone["error"] == "invalid_grant"

        # A practitioner finds patients by name, and reads by rights of their own.
        step = await town.ask("yolanda", "launch/patient openid fhirUser user/*.rs", "dora")
        assert step.patient.name == "Dora"
        found = await town.desk.house.auth.granting.search(
            town.desk.tenant, step.request, town.sessions["yolanda"], "dora"
        )
        assert [(one.patient, one.born) for one in found] == [("dora", "1990-02-03")]
        theirs = await town.tokens("yolanda", "launch/patient openid fhirUser user/*.rs", "dora")
        assert await town.status(theirs["access_token"], "Practitioner/y") == 200
        assert await town.status(theirs["access_token"], "Patient/dora") == 200

        # Refreshed, reused, and so over.
        second = await town.token(grant_type="refresh_token", refresh_token=mine["refresh_token"])
        assert await town.status(second["access_token"], "Patient/ana") == 200
        reused = await town.token(grant_type="refresh_token", refresh_token=mine["refresh_token"])
        assert reused["error"] == "invalid_grant"
        await town.soon(401, second["access_token"], "Patient/ana")
        rows = await town.desk.sql("select reason from audit where reason like '%ALARM%'")
        assert len(rows) == 1

        # Switched off: nothing of the account works, whatever it granted.
        again = await town.tokens("ana", "launch/patient offline_access patient/*.rs")
        await town.change(SetEnabled(town.sessions["ana"].account.id, enabled=False))
        await town.soon(401, again["access_token"], "Patient/ana")
        assert (await town.token(grant_type="refresh_token", refresh_token=again["refresh_token"]))["error"]

        # No secret that was issued lies in the database.
        dump = str(await town.desk.sql("select * from permit")) + str(await town.desk.sql("select * from code"))
        for secret in (mine["refresh_token"], again["refresh_token"], token):
            assert secret not in dump
            assert secret.rsplit("_", 1)[-1] not in dump


async def crowd(town, other, form):
    """Many at once, half of them at another process's door: how many were answered with tokens."""
    path = f"/auth/{town.desk.tenant.id}/oauth2/v1/token"
    doors = [
        httpx.AsyncClient(transport=httpx.ASGITransport(front), base_url=town.desk.house.settings.public_url)
        for front in (town.desk.front, other)
    ]
    asked = [doors[n % 2].post(path, data=form | {"client_id": "app"}) for n in range(COPIES)]
    answers = await asyncio.gather(*asked)
    for one in doors:
        await one.aclose()
    assert {answer.status_code for answer in answers} <= {200, 400, 503}
    return [answer.json() for answer in answers if answer.status_code == 200]


async def test_of_fifty_at_two_doors_one_is_answered(module_database, tmp_path):
    """OAUTH-06, OAUTH-18: one code, one refresh token, over two processes; and then nothing of it works."""
    async with settled(module_database, tmp_path) as town, open_house(town.desk.house.settings) as second:
        other = Front(second.site())
        for _ in range(count(1, 200)):
            form = await town.code("ana", "launch/patient offline_access patient/*.rs")
            (winner,) = await crowd(town, other, form)
            await town.soon(401, winner["access_token"], "Patient/ana")
            given = await town.tokens("ana", "launch/patient offline_access patient/*.rs")
            refresh = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
            (winner,) = await crowd(town, other, refresh)
            await town.soon(401, winner["access_token"], "Patient/ana")
            assert await crowd(town, other, refresh | {"refresh_token": winner["refresh_token"]}) == []
