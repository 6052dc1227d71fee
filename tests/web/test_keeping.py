"""What owners keep in the console: signing keys, what people granted, Groups. Each act leaves its audit entry."""

import re

import pytest

from .developers import clinic, owner, signed_in
from .visitors import text

PERMIT = """
insert into permit (tenant, id, account, client, surface, scopes, asked, redirect_uri, fhir_context, banner, session,
  auth_time, created, expires, generation, standing)
values ($1, $2, $3, $4, 'careweft-provider-patient-access-server', '{}', '{}', 'https://app.example', '{}', true, $5,
  now(), now(), now() + interval '1 hour', 0, false)
"""


@pytest.fixture
async def made(database, tmp_path):
    async with clinic(database, tmp_path) as found:
        yield found


async def done(made, tenant=None):
    """What the journal says was done last: its word, by whom, about which application, and how it ended."""
    (row,) = await made.desk.sql(
        "select action, person, client, status from audit where tenant = $1 order by seq desc limit 1",
        (tenant or made.desk.tenant).number,
    )
    return tuple(row)


async def test_an_owner_makes_new_keys(made):
    """Published at once, and signed by when every cache has them; the old one stays trusted."""
    olga = await signed_in(made, "olga")
    url = f"/console/{made.desk.tenant.id}/keys"
    await olga.get(url)
    before = {one.kid for one in await made.desk.house.keyring.all(made.desk.tenant.number, 0.0)}
    assert all(kid in olga.page.text for kid in before)
    assert f"careweft keys rotate --tenant {made.desk.tenant.id}" in olga.page.text
    await olga.send(url, stamp=olga.stamp, follow=False)
    assert await done(made) == ("keys rotate", made.owners["olga"].id, None, 200)
    after = {one.kid for one in await made.desk.house.keyring.all(made.desk.tenant.number, 0.0)}
    assert len(after - before) == 2
    assert before <= after
    await olga.get(url)
    assert "published, signs soon" in olga.page.text


async def test_all_that_was_granted_to_an_application_ends(made):
    """Counted by application; an end is in this tenant alone, and for an application that people use here."""
    tenant, other = made.desk.tenant, made.other
    for place, id_, account, client, session in (
        (tenant, "p1", "ana", "app-1", None), (tenant, "p2", "ana", "app-1", "s"), (tenant, "p3", "bea", "app-1", None),
        (tenant, "p4", "ana", "app-2", None), (other, "p5", "ana", "app-1", None),
    ):  # fmt: skip
        await made.desk.sql(PERMIT, place.number, id_, account, client, session)
    made.owners["priya"] = await owner(made.desk, "priya", tenant, "privacy")
    priya = await signed_in(made, "priya")
    url = f"/console/{tenant.id}/grants"
    await priya.get(url)
    row = re.search(r"app-1 (\d+) (\d+) (\d+) never", text(priya.page.text))
    assert row[0] == "app-1 2 3 1 never"
    await priya.send(url, stamp=priya.stamp, client="app-9")
    assert priya.page.status_code == 404
    await priya.get(url)
    await priya.send(url, stamp=priya.stamp, client="app-1", follow=False)
    assert await done(made) == ("grants end", made.owners["priya"].id, "app-1", 200)
    left = await made.desk.sql("select id from permit where ended is null order by id")
    assert [one["id"] for one in left] == ["p4", "p5"]
    marks = await made.desk.sql("select tenant, key from revocation order by at desc limit 1")
    assert [tuple(one) for one in marks] == [(tenant.number, f"client:app-1@{tenant.id}")]


async def test_a_group_is_counted_made_and_deleted(made):
    """Nothing is kept before an owner says so; each step leaves its entry; another tenant's Group is none."""
    olga, otto = await signed_in(made, "olga"), await signed_in(made, "otto", made.other)
    url = f"/console/{made.desk.tenant.id}/groups"
    await olga.get(url)
    said = {"name": "Everybody", "definition": "include Patient?name=Li", "every": "86400"}
    await olga.send(url, stamp=olga.stamp, do="preview", **said)
    assert "It would have 1 member now." in olga.page.text
    assert (await done(made))[0] == "group-preview"
    assert await made.desk.sql("select from group_definition") == []
    await olga.send(url, stamp=olga.stamp, do="create", follow=False, **said)
    assert await done(made) == ("group-create", made.owners["olga"].id, None, 200)
    (held,) = await made.desk.sql("select id, size, every from group_definition")
    assert (held["size"], held["every"]) == (1, 86400)
    await otto.get(f"/console/{made.other.id}/groups")
    for do in ("refresh", "delete"):
        await otto.send(f"/console/{made.other.id}/groups/change", stamp=otto.stamp, group=held["id"], do=do)
        assert otto.page.status_code == 404
        await otto.get(f"/console/{made.other.id}/groups")
    for do, left in (("refresh", 1), ("delete", 0)):
        await olga.get(url)
        await olga.send(f"{url}/change", stamp=olga.stamp, group=held["id"], do=do, follow=False)
        assert await done(made) == (f"group-{do}", made.owners["olga"].id, None, 200)
        assert len(await made.desk.sql("select from group_definition")) == left


NO_GROUPS = (
    ({"definition": "everybody"}, "line 1"),
    ({"definition": "include Patient?nonsense=1"}, "nonsense"),
    ({"definition": ""}, "includes somebody"),
    ({"name": ""}, "name"),
    ({"every": "1"}, "how often"),
)


async def test_what_is_no_group_is_said(made):
    """The page comes again, with what was written."""
    olga = await signed_in(made, "olga")
    url = f"/console/{made.desk.tenant.id}/groups"
    await olga.get(url)
    for given, says in NO_GROUPS:
        whole = {"name": "X", "definition": "include Patient", "every": "3600", **given}
        await olga.send(url, stamp=olga.stamp, do="create", **whole)
        assert olga.page.status_code == 422
        assert says in text(olga.page.text).casefold()
        assert whole["definition"] in olga.page.text
    assert await made.desk.sql("select from group_definition") == []


async def test_what_owners_keep_wants_a_fresh_proof(made):
    """WEB-08: ten minutes after the last proof the password is asked for, and leads back."""
    olga = await signed_in(made, "olga")
    said = {"do": "create", "client": "x", "name": "X", "definition": "include Patient", "every": "3600"}
    for page in ("keys", "grants", "groups"):
        url = f"/console/{made.desk.tenant.id}/{page}"
        await olga.get(f"/console/{made.desk.tenant.id}/keys")
        await made.desk.sql("update session set auth_time = now() - interval '11 minutes'")
        await olga.send(url, stamp=olga.stamp, **said)
        assert "/again" in str(olga.page.url)
        await olga.fill("again", password="pebble-gondola-umber-kayak")
        assert str(olga.page.url).endswith(url)
