"""Registered applications on PostgreSQL."""

import asyncio
import time
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest

from careweft.ports.clients import Client
from tests.store.house import client, connected, entry, process, tenant

SOON = datetime.now(UTC) + timedelta(days=3)
PAST = datetime.now(UTC) - timedelta(days=3)
KEYS = {"keys": [{"kty": "EC", "kid": "a"}, {"kty": "EC", "kid": "b"}]}


@pytest.fixture
def database(module_database):
    """One for the module: each test has tenants of its own in it."""
    return module_database


async def test_a_client_comes_back_whole(database):
    async with process(database) as one:
        whole = client(
            (await tenant(one)).number,
            secrets=((b"\x00" * 32, SOON), (b"\xff" * 32, None)),
            jwks_uri="https://keys.example.org/a",
            jwks=KEYS,
            redirect_uris=("https://app.example.org/cb",),
            origins=("https://app.example.org",),
            bulk=True,
            lifetime=43200,
            networks=("192.0.2.0/24", "2001:db8::/32"),
            groups=("everybody",),
            expires=SOON,
        )
        await one.clients.save(whole)

        assert await one.clients.find(whole.tenant, whole.id) == whole
        assert await one.clients.all(whole.tenant) == [whole]
        assert "xff" not in repr(whole)


async def test_a_client_belongs_to_one_tenant(database):
    """Another tenant does not find it; one that authorized the same application for itself has a row of its own."""
    async with process(database) as one:
        a, b = await tenant(one), await tenant(one)
        mine = client(a.number)
        await one.clients.save(mine)

        assert await one.clients.find(b.number, mine.id) is None
        assert await one.clients.all(b.number) == []

        await one.clients.save(replace(mine, tenant=b.number, scopes=("system/Patient.r",)))
        await one.clients.save(replace(mine, tenant=b.number, enabled=False))

        assert await one.clients.find(a.number, mine.id) == mine
        assert not one.revocations.dead([f"client:{mine.id}", f"client:{mine.id}@{a.id}"], 0.0)


@pytest.mark.parametrize("id_", ["", "x", "\0", "é", "'; drop table client", "a" * 10_000])
async def test_what_is_no_client_is_not_found(database, id_):
    async with process(database) as one:
        assert await one.clients.find(1, id_) is None


BEFORE = {
    "secrets": ((b"a" * 32, None), (b"b" * 32, SOON), (b"c" * 32, PAST)),
    "jwks": KEYS,
    "jwks_uri": "https://keys.example.org/a",
    "redirect_uris": ("https://a.example.org/", "https://b.example.org/"),
    "bulk": True,
    "enabled": True,
    "approved": True,
    "lifetime": 600,
}


@pytest.mark.parametrize(
    ("changes", "revoked"),
    [
        ({}, False),
        ({"name": "Day report"}, False),
        ({"enabled": False}, True),
        ({"approved": False}, True),
        ({"bulk": False}, True),
        ({"scopes": ("system/Patient.rs",)}, True),
        ({"scopes": ()}, True),
        ({"scopes": ("system/Observation.rs", "system/Patient.rs", "system/Encounter.rs")}, False),
        ({"scopes": ("system/Observation.rs", "system/Patient.r")}, True),
        ({"secrets": BEFORE["secrets"][:2]}, False),  # the one that had ended
        ({"secrets": BEFORE["secrets"][1:]}, True),
        ({"secrets": BEFORE["secrets"][:1]}, True),
        ({"secrets": ((b"a" * 32, PAST), *BEFORE["secrets"][1:])}, True),
        ({"secrets": ((b"a" * 32, SOON), *BEFORE["secrets"][1:])}, False),
        ({"secrets": (*BEFORE["secrets"], (b"d" * 32, None))}, False),
        ({"jwks": {"keys": KEYS["keys"][:1]}}, True),
        ({"jwks": {"keys": [KEYS["keys"][0], {"kty": "RSA", "kid": "b"}]}}, True),
        ({"jwks": {"keys": [*KEYS["keys"], {"kty": "EC", "kid": "c"}]}}, False),
        ({"jwks": None}, True),
        ({"jwks_uri": "https://keys.example.org/b"}, True),
        ({"jwks_uri": None}, True),
        ({"redirect_uris": ("https://a.example.org/",)}, True),
        ({"access": "payer"}, True),
        ({"auth": "none"}, True),
        ({"lifetime": 300}, False),
        ({"networks": ("192.0.2.0/24",)}, True),
        ({"groups": ("everybody",)}, True),
        ({"expires": SOON}, True),
        ({"origins": ("https://a.example.org",)}, False),
    ],
)
async def test_what_takes_a_right_away_revokes(database, changes, revoked):
    """Each row: what is changed, and whether the tokens of before are dead once it is saved."""
    async with process(database) as one, connected(database.owner_url) as owner:
        earlier = {row[0] for row in await owner.fetch("select key from revocation")}
        place = await tenant(one)
        before = client(place.number, **BEFORE)
        await one.clients.save(before)
        issued = time.time() - 1
        await one.clients.save(replace(before, **changes))
        written = [row[0] for row in await owner.fetch("select key from revocation") if row[0] not in earlier]

        assert written == ([f"client:{before.id}@{place.id}"] if revoked else [])
        async with asyncio.timeout(5):
            while one.revocations.dead(written, issued) != revoked:
                await asyncio.sleep(0.01)


async def test_a_change_is_heard_of_everywhere(database):
    """Another process that remembers the client, and its origins, sees the change at once."""
    async with process(database) as one, process(database) as other:
        mine = client((await tenant(one)).number, origins=("https://a.example.org",))
        await one.clients.save(mine)
        assert await other.clients.find(mine.tenant, mine.id) == mine
        assert await other.clients.origins(mine.tenant) == {"https://a.example.org"}

        await one.clients.save(changed := replace(mine, enabled=False))
        async with asyncio.timeout(1):
            while await other.clients.find(mine.tenant, mine.id) != changed or await other.clients.origins(mine.tenant):
                await asyncio.sleep(0.01)


async def test_without_a_notification_memory_runs_out(database):
    """A process that hears nothing is wrong for three seconds at most."""
    async with process(database) as one, process(database, listening=False) as deaf:
        mine = client((await tenant(one)).number)
        await one.clients.save(mine)
        assert (await deaf.clients.find(mine.tenant, mine.id)).enabled
        await one.clients.save(replace(mine, enabled=False))
        async with asyncio.timeout(4):
            while (await deaf.clients.find(mine.tenant, mine.id)).enabled:
                await asyncio.sleep(0.1)


async def test_a_change_and_its_entry_are_one(database):
    """The audit entry is written with the change, and where the change fails there is neither."""
    async with process(database) as one, connected(database.owner_url) as owner:
        mine = client((await tenant(one)).number)
        await one.clients.save(mine, entry(mine.tenant, action="client-create"))
        with pytest.raises(Exception, match="lifetime"):
            await one.clients.save(
                replace(mine, lifetime=43201, enabled=False), entry(mine.tenant, action="client-change")
            )

        assert [row[0] for row in await owner.fetch("select action from audit where tenant = $1", mine.tenant)] == [
            "client-create"
        ]
        assert await owner.fetchval("select count(*) from revocation where key like $1", f"%{mine.id}%") == 0


async def test_every_field_has_a_column(database):
    """A field added to Client without a column of its own would be lost in silence."""
    async with connected(database.owner_url) as owner:
        columns = {
            row[0]
            for row in await owner.fetch(
                "select attname from pg_attribute where attrelid = 'client'::regclass and attnum > 0"
            )
        }

    assert {field.name for field in fields(Client)} == columns - {"secret_ends"}


async def test_what_is_allowed_until_a_day_is_not_approved_after_it(database):
    """Also while it is in memory: the moment is looked at with every answer."""
    async with process(database) as one:
        mine = client((await tenant(one)).number, expires=one.now() + timedelta(seconds=0.5))
        await one.clients.save(mine)
        assert (await one.clients.find(mine.tenant, mine.id)).approved

        await asyncio.sleep(0.6)

        assert not (await one.clients.find(mine.tenant, mine.id)).approved


async def test_networks_are_those_of_clients_that_have_any(database):
    async with process(database) as one, process(database) as other:
        fenced = client((await tenant(one)).number, networks=("192.0.2.0/24",))
        await one.clients.save(fenced)
        await one.clients.save(client(fenced.tenant))
        assert await other.clients.networks(fenced.tenant) == {fenced.id: ("192.0.2.0/24",)}

        await one.clients.save(replace(fenced, networks=("198.51.100.0/24",)))
        async with asyncio.timeout(1):
            while (await other.clients.networks(fenced.tenant))[fenced.id] != ("198.51.100.0/24",):
                await asyncio.sleep(0.01)
