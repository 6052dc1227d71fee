"""Tenants on PostgreSQL."""

import asyncio

import pytest

from careweft.fhir.outcomes import Unavailable
from careweft.store.pool import Pool
from tests.store.house import Process, connected, process, tenant

ID = "0b1d3c6e-6a5e-4a55-9d6e-3f1c8a5b2c11"


async def test_a_tenant_is_found_by_its_id(database):
    async with process(database) as one:
        made = await one.tenants.create("Northwind", ID, "America/New_York", ("nw",), ("NW1", "NW2"))

        assert await one.tenants.find(ID) == made
        assert made.zone == "America/New_York"
        assert made.care_records == ("NW1", "NW2")
        assert await one.tenants.all() == [made]


@pytest.mark.parametrize(
    "id_",
    [
        "",
        "x",
        ID.upper(),
        f"{{{ID}}}",
        ID.replace("-", ""),
        ID + " ",
        ID + "\n",
        "%00",
        "\0",
        "١" + ID[1:],
        "0b1d3c6e-6a5e-4a55-9d6e-3f1c8a5b2c12",
    ],
)
async def test_other_spellings_find_nothing(database, id_):
    """An id is compared letter by letter: what PostgreSQL would also take for this UUID is not it."""
    async with process(database) as one:
        await one.tenants.create("Northwind", ID, "UTC", (), ())

        assert await one.tenants.find(id_) is None


@pytest.mark.parametrize(
    ("id_", "zone", "said"),
    [
        (ID.upper(), "UTC", "lower-case UUID"),
        ("7", "UTC", "lower-case UUID"),
        (ID, "Mars/Olympus", "IANA time zone"),
        (ID, "", "IANA"),
    ],
)
async def test_a_tenant_that_cannot_be_is_refused(database, id_, zone, said):
    async with process(database) as one:
        with pytest.raises(ValueError, match=said):
            await one.tenants.create("Northwind", id_, zone, (), ())


async def test_an_id_is_given_once(database):
    async with process(database) as one:
        await one.tenants.create("Northwind", ID, "UTC", (), ())
        with pytest.raises(ValueError, match="already a tenant"):
            await one.tenants.create("Southwind", ID, "UTC", (), ())


async def test_each_tenant_has_a_hash_key_of_its_own(database):
    async with process(database) as one, connected(database.owner_url) as owner:
        for _ in range(3):
            await tenant(one)

        assert await owner.fetchval("select count(distinct hash_key) from tenant") == 3


async def test_a_change_is_heard_of(database):
    """What another process changes is seen at once, not only when memory runs out."""
    async with process(database) as one, process(database) as other:
        made = await tenant(one)
        assert (await other.tenants.find(made.id)).name == made.name
        async with connected(database.owner_url) as owner:
            await owner.execute("update tenant set name = 'Westwind'")
        async with asyncio.timeout(1):
            while (await other.tenants.find(made.id)).name != "Westwind":
                await asyncio.sleep(0.01)


async def test_no_database_no_answer():
    """503, not 404."""
    gone = Process(Pool("postgresql://careweft_server@127.0.0.1:9/none"))
    with pytest.raises(Unavailable):
        await gone.tenants.find(ID)
