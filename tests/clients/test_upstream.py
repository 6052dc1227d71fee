"""A tenant's own identity provider, node-oidc-provider unmodified: who gets in, who does not, who is out again."""

import asyncio
import json
import re
import socket
import subprocess
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urljoin, urlsplit

import httpx
import pytest

from careweft.accounts.federation import Upstream
from careweft.accounts.refusals import Refused
from careweft.accounts.signin import Opened
from tests import world as tests_world
from tests.accounts.asking import key
from tests.accounts.world import GOOD, world

pytestmark = pytest.mark.node
SECRET = "a secret of the tests: at least this long"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@dataclass
class Idp:
    """The provider, and the browser of somebody who goes there."""

    here: object
    issuer: str
    people: Path
    told: list

    def knows(self, **people) -> None:
        """Who is known there, by login: the claims of each."""
        known = json.loads(self.people.read_text()) if self.people.exists() else {}
        self.people.write_text(json.dumps(known | people))

    @asynccontextmanager
    async def browser(self):
        async with httpx.AsyncClient(trust_env=False) as client:
            yield client

    async def there(self, client, begun, login) -> dict:
        """Sign in at the provider and allow what is asked; the parameters that come back."""
        reply = await client.get(begun.url)
        while True:
            where = urljoin(str(reply.request.url), reply.headers.get("location", ""))
            if reply.is_redirect and urlsplit(where).path.endswith("/upstream/back"):
                return dict(parse_qsl(urlsplit(where).query))
            if reply.is_redirect:
                reply = await client.get(where)
                continue
            assert reply.status_code == 200, reply.text
            action = re.search(r'action="([^"]+)"', reply.text)[1]
            prompt = re.search(r'name="prompt" value="(\w+)"', reply.text)[1]
            form = {"prompt": prompt} | ({"login": login, "password": "any"} if prompt == "login" else {})
            reply = await client.post(urljoin(str(reply.request.url), action), data=form)

    async def signed_in(self, login, client=None):
        """What becomes of somebody who signs in there."""
        begun = await self.here.desk.federation.begin(self.here.tenant, "/account")
        async with nullcontext(client) if client else self.browser() as used:
            answer = await self.there(used, begun, login)
        return await self.here.desk.federation.finish(self.here.tenant, answer, begun.binding, self.here.visit())

    async def signs_out(self, client) -> None:
        """Sign out at the provider, which tells everybody over the back channel."""
        reply = await client.get(f"{self.issuer}/session/end?client_id=careweft")
        xsrf = re.search(r'name="xsrf" value="(\w+)"', reply.text)[1]
        await client.post(f"{self.issuer}/session/end/confirm", data={"xsrf": xsrf, "logout": "yes"})


@pytest.fixture(scope="module")
async def idp(module_database, tmp_path_factory):
    """The provider as a process on the loopback, known to one tenant by its claim `mrn`."""
    node, clients = tests_world.node("oidc-provider")
    port, told = free_port(), []
    issuer, people = f"http://localhost:{port}", tmp_path_factory.mktemp("idp") / "people.json"

    async def logout(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1])
        told.append(parse_qs((await reader.readexactly(length)).decode())["logout_token"][0])
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(logout, "127.0.0.1", 0)
    heard = f"http://localhost:{listening.sockets[0].getsockname()[1]}/logout"
    async with world(module_database, allow=frozenset({f"localhost:{port}"})) as here:
        people.write_text("{}")
        redirect = here.desk.federation.redirect_uri(here.tenant)
        process = subprocess.Popen(
            [node, str(clients / "upstream.mjs"), str(port), str(people), redirect, heard],
            cwd=clients, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        try:
            line = ""
            while line.strip() != "ready":
                line = await asyncio.wait_for(asyncio.to_thread(process.stdout.readline), 60)
                assert process.poll() is None
            upstream = Upstream(
                here.tenant.number, issuer, "Maple sign-in", "careweft", SECRET, type="Patient", claim="mrn",
                system="urn:mrn",
            )  # fmt: skip
            await here.desk.federation.save(here.tenant, upstream, here.visit())
            yield Idp(here, issuer, people, told)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
            listening.close()


@pytest.fixture
async def there(idp):
    """The provider, asked by a clock that is right: its tokens tell the time."""
    from careweft.adapters import clock

    idp.here.clock.at = clock.now()
    await idp.here.pool.fetch("delete from throttle")
    idp.told.clear()
    return idp


async def test_the_first_time_a_claim_names_one_record(there):
    here, record = there.here, await there.here.patient(name="Zoe Park")
    there.knows(zoe={"mrn": record, "name": "Z. P.", "email": "zoe@mail.example.org", "email_verified": True})
    done = await there.signed_in("zoe")

    assert (done.came.account.fhir_user, done.came.account.name) == (f"Patient/{record}", "Zoe Park")
    assert (done.came.account.email, done.back) == ("zoe@mail.example.org", "/account")
    assert isinstance(done.came, Opened)
    assert [one.relation for one in await here.desk.charges(here.tenant, done.came.account.id)] == ["self"]
    session = await here.sessions.find(here.tenant.number, done.came.cookie)
    assert session.amr[0] == "ext"
    entry = (await here.entries("sign-in"))[-1]
    assert (entry["status"], entry["person"]) == (200, f"Patient/{record}")


async def test_afterwards_issuer_and_subject_are_enough(there):
    """Another claim, another address, another name: the same person, by the same account."""
    here, record, other = there.here, await there.here.patient(), await there.here.patient()
    there.knows(kay={"mrn": record, "email": "kay@mail.example.org", "email_verified": True})
    first = await there.signed_in("kay")
    there.knows(kay={"mrn": other, "email": "new@mail.example.org", "email_verified": True})
    second = await there.signed_in("kay")
    there.knows(kay={"mrn": "none", "email": "third@mail.example.org", "email_verified": False})
    third = await there.signed_in("kay")

    assert len({one.came.account.id for one in (first, second, third)}) == 1
    found = await here.people.find(here.tenant.number, first.came.account.id)
    assert (found.fhir_user, found.email) == (f"Patient/{record}", "new@mail.example.org")


async def test_an_account_that_is_there_is_linked_once(there):
    """Who had a password goes on with the same account; another subject with the same claim does not get it."""
    here, record = there.here, await there.here.patient()
    ana = await here.person(fhir_user=f"Patient/{record}")
    there.knows(ana={"mrn": record}, eve={"mrn": record})
    assert (await there.signed_in("ana")).came.account.id == ana.id

    assert await key(there.signed_in("eve")) == "upstream.several"
    assert await key(here.desk.sign_in.password(here.tenant, ana.username, GOOD, here.visit())) == "sign-in"


STRANGERS = {
    "no claim": ({}, "upstream.unknown"),
    "nobody's": ({"mrn": "nobody's"}, "upstream.unknown"),
    "empty": ({"mrn": ""}, "upstream.unknown"),
    "no text": ({"mrn": ["twins-there"]}, "upstream.unknown"),
    "two records": ({"mrn": "twins-there"}, "upstream.several"),
    "an address alone": ({"email": "ana@mail.example.org", "email_verified": True}, "upstream.unknown"),
}


@pytest.mark.parametrize("who", STRANGERS)
async def test_who_is_not_one_record_is_nobody(there, who):
    """Each row: the claims of somebody who comes for the first time, and the refusal."""
    here = there.here
    for _ in range(2 if who == "two records" else 0):
        await here.patient(identifier=[{"system": "urn:mrn", "value": "twins-there"}])
    claims, said = STRANGERS[who]
    login = f"stranger-{list(STRANGERS).index(who)}"
    there.knows(**{login: claims})
    with pytest.raises(Refused) as refused:
        await there.signed_in(login)

    assert (refused.value.key, refused.value.entry.user) == (said, None)


async def test_an_account_that_is_off_stays_out(there):
    here, record = there.here, await there.here.patient()
    there.knows(off={"mrn": record})
    account = (await there.signed_in("off")).came.account
    await here.desk.office.switch(here.tenant, account, here.visit(), enabled=False)

    assert await key(there.signed_in("off")) == "upstream.unknown"


async def test_what_comes_back_is_held_to_the_browser_that_went(there):
    """Another browser, a state used twice, another issuer, an error, no code: none of it signs anybody in."""
    here, record = there.here, await there.here.patient()
    there.knows(bea={"mrn": record})
    federation, tenant = here.desk.federation, here.tenant

    async def answered():
        begun = await federation.begin(tenant, "/")
        async with there.browser() as client:
            return begun, await there.there(client, begun, "bea")

    begun, answer = await answered()
    other = await federation.begin(tenant, "/")
    for wrong, binding in [
        (answer, other.binding),
        (answer, ""),
        (answer | {"state": "0" * 64}, begun.binding),
        (answer | {"iss": "https://evil.example"}, begun.binding),
        ({"state": answer["state"], "error": "access_denied"}, begun.binding),
        ({"state": answer["state"]}, begun.binding),
        ({}, begun.binding),
    ]:
        assert await key(federation.finish(tenant, wrong, binding, here.visit())) == "upstream.failed"
    assert answer["iss"] == there.issuer  # RFC 9207
    assert await key(federation.finish(here.other, answer, begun.binding, here.visit())) == "upstream.none"
    await federation.finish(tenant, answer, begun.binding, here.visit())
    assert await key(federation.finish(tenant, answer, begun.binding, here.visit())) == "upstream.failed"
    begun, answer = await answered()
    crossed, _ = await answered()
    state = answer | {"state": parse_qs(urlsplit(crossed.url).query)["state"][0]}  # the nonce is another's
    assert await key(federation.finish(tenant, state, crossed.binding, here.visit())) == "upstream.failed"


async def test_signing_out_there_ends_the_session_here(there):
    """Back-channel logout: that browser's session ends, the same person's in another browser stays."""
    here, record = there.here, await there.here.patient()
    there.knows(liv={"mrn": record})
    async with there.browser() as one, there.browser() as two:
        first, second = await there.signed_in("liv", one), await there.signed_in("liv", two)
        await there.signs_out(one)
    for _ in range(100):
        if there.told:
            break
        await asyncio.sleep(0.05)
    token = there.told[0]
    federation = here.desk.federation
    forged = token[:-6] + ("AAAAAA" if not token.endswith("AAAAAA") else "BBBBBB")
    assert await key(federation.back_channel(here.tenant, forged, here.visit())) == "upstream.failed"
    assert await key(federation.back_channel(here.other, token, here.visit())) == "upstream.none"
    assert await here.sessions.find(here.tenant.number, first.came.cookie)
    await federation.back_channel(here.tenant, token, here.visit())

    assert await here.sessions.find(here.tenant.number, first.came.cookie) is None
    assert await here.sessions.find(here.tenant.number, second.came.cookie)
    revoked = await here.rows("select 1 from revocation where key = $1", f"session:{first.came.session}")
    assert len(revoked) == 1


async def test_signing_out_there_through_the_browser(there):
    """Front-channel logout names the upstream session; another issuer's or none ends nothing."""
    here, record = there.here, await there.here.patient()
    there.knows(max={"mrn": record})
    done = await there.signed_in("max")
    row = await here.rows("select upstream_sid from session where id = $1", done.came.session)
    sid, federation = row[0]["upstream_sid"], here.desk.federation

    assert (
        await key(federation.front_channel(here.tenant, "https://evil.example", sid, here.visit())) == "upstream.failed"
    )
    assert await key(federation.front_channel(here.tenant, there.issuer, "", here.visit())) == "upstream.failed"
    assert await here.sessions.find(here.tenant.number, done.came.cookie)
    await federation.front_channel(here.tenant, there.issuer, sid, here.visit())
    assert await here.sessions.find(here.tenant.number, done.came.cookie) is None


async def test_a_provider_that_is_switched_off_lets_nobody_in(there):
    here = there.here
    federation = here.desk.federation
    known = await federation.of(here.tenant)
    assert known.secret == SECRET
    assert SECRET not in repr(known)
    assert SECRET.encode() not in (await here.rows("select secret from upstream"))[0]["secret"]
    await federation.save(here.tenant, replace(known, enabled=False), here.visit())
    try:
        assert await federation.offered(here.tenant) is None
        assert await key(federation.begin(here.tenant, "/")) == "upstream.none"
    finally:
        await federation.save(here.tenant, known, here.visit())


async def test_the_guard_of_fetches_holds_for_providers_too(there):
    """WEB-03: a provider on this machine that nobody allowed is never asked."""
    here = there.here
    known = await here.desk.federation.of(here.tenant)
    for issuer in ("http://localhost:1", "https://127.0.0.1", "https://169.254.169.254", "http://idp.example.org"):
        await here.desk.federation.save(here.tenant, replace(known, issuer=issuer), here.visit())
        assert await key(here.desk.federation.begin(here.tenant, "/")) == "upstream.failed"
    await here.desk.federation.save(here.tenant, known, here.visit())
