"""Networks that a tenant, or its decision about an application, names (OPS-01): on every machine door."""

import asyncio
import base64
from dataclasses import replace

import httpx
import pytest

from careweft import surfaces
from careweft.adapters import clock
from careweft.cli.apps import operator, terminal
from careweft.registry.application import Application
from careweft.registry.authorization import Narrowing
from careweft.registry.narrowing import spelled

from .desk import opened

APP = Application("Night report", "system", "provider", "secret", scopes=("system/*.rs",))
SYSTEM = surfaces.find("provider", "system")
INSIDE, OUTSIDE = "192.0.2.7", "203.0.113.7"


def caller(desk, address, **headers):
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(desk.front, client=(address, 50_000)),
        base_url=desk.house.settings.public_url,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


async def authorized(desk, networks=()):
    """An application of the desk's tenant with this narrowing: its client_id and secret."""
    made = await desk.house.registry.register(APP, None, operator(), terminal())
    await desk.house.registry.ask(made.registration.id, desk.tenant, "", operator(), terminal())
    narrowing = Narrowing(("system/*.rs",), networks=networks)
    await desk.house.registry.approve(made.registration.id, desk.tenant, narrowing, operator(), terminal())
    return made.registration.id, made.secret


async def asked(desk, address, client, secret, **headers):
    """A token request from this address."""
    basic = base64.b64encode(f"{client}:{secret}".encode()).decode()
    async with caller(desk, address, authorization=f"Basic {basic}", **headers) as web:
        form = {"grant_type": "client_credentials", "scope": "system/Patient.rs"}
        return await web.post(f"/auth/{desk.tenant.id}/oauth2/v1/token", data=form)


async def read(desk, address, token):
    async with caller(desk, address, authorization=f"Bearer {token}") as web:
        return await web.get(SYSTEM.url("", desk.tenant.id) + "/Patient")


async def endpoint(desk, address, path, token):
    """The error of an endpoint that takes an access token."""
    async with caller(desk, address, authorization=f"Bearer {token}") as web:
        answer = await web.post(f"/auth/{desk.tenant.id}/oauth2/v1/{path}", json={})
        return answer.json()["error"]


async def test_an_application_calls_from_its_networks_alone(database, tmp_path):
    """At the token door whatever it proves, at the API with a token that is good; each refusal is in the journal."""
    async with opened(database, tmp_path) as desk:
        client, secret = await authorized(desk, ("192.0.2.0/24",))
        token = (await asked(desk, INSIDE, client, secret)).json()["access_token"]
        assert (await read(desk, INSIDE, token)).status_code == 200

        for given in (secret, "wrong"):
            refused = await asked(desk, OUTSIDE, client, given)
            assert (refused.status_code, refused.json()["error"]) == (403, "access_denied")
        assert "network" in (await desk.audited())["reason"]
        assert (await asked(desk, INSIDE, client, "wrong")).status_code == 401
        for path in ("userinfo", "launch"):
            errors = [await endpoint(desk, address, path, token) for address in (INSIDE, OUTSIDE)]
            assert errors == ["insufficient_scope", "access_denied"]
        assert (await read(desk, OUTSIDE, token)).status_code == 403
        row = await desk.audited()
        assert (row["status"], row["client"], row["address"]) == (403, client, OUTSIDE)


async def test_a_tenant_is_called_from_its_networks_alone(database, tmp_path):
    """By nobody else, with or without a token; a change holds within five seconds; what is public stays so."""
    async with opened(database, tmp_path) as desk:
        client, secret = await authorized(desk)
        token = (await asked(desk, OUTSIDE, client, secret)).json()["access_token"]
        entry = terminal().entry(clock.now(), "tenant set", "root", desk.tenant.number, None)
        await desk.house.tenants.save(replace(desk.tenant, networks=("192.0.2.0/24",)), entry)

        async with asyncio.timeout(5):
            while (await read(desk, OUTSIDE, token)).status_code != 403:
                await asyncio.sleep(0.01)
        assert (await asked(desk, OUTSIDE, client, secret)).status_code == 403
        assert (await read(desk, OUTSIDE, "nonsense")).status_code == 403
        assert (await read(desk, INSIDE, token)).status_code == 200
        assert (await read(desk, INSIDE, "nonsense")).status_code == 401
        async with caller(desk, OUTSIDE) as web:
            assert (await web.get(SYSTEM.url("", desk.tenant.id) + "/metadata")).status_code == 200


@pytest.mark.parametrize(
    ("forwarded", "status"),
    [
        ("192.0.2.7", 200),
        ("::ffff:192.0.2.7", 200),
        ("203.0.113.7, 192.0.2.7", 200),
        ("192.0.2.7, 203.0.113.7", 403),
        ("192.000.002.007", 403),
        ("3221225991", 403),
        ("192.0.2.7%eth0", 403),
        ("2001:db8::7", 403),
        ("", 403),
        ("unknown", 403),
    ],
)
async def test_the_address_is_what_the_trusted_hop_saw(database, tmp_path, forwarded, status):
    """Behind one trusted proxy: the last address it added counts, however the rest of the chain was made up."""
    async with opened(database, tmp_path, trusted_proxies=1) as desk:
        client, secret = await authorized(desk, ("192.0.2.0/24",))

        assert (await asked(desk, "10.0.0.1", client, secret, x_forwarded_for=forwarded)).status_code == status


@pytest.mark.parametrize("text", ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::ffff:10.0.0.0/104"])
def test_networks_as_they_are_written(text):
    assert spelled([text, text]) == spelled([text])
