"""What is remembered of a token that was let in: each row changes one thing, and the next request is answered by it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from .twins import MAPLE, base

HERE = f"{base()}/Patient/ana"
OTHER = "00000000-0000-4000-8000-000000000000"


async def revoked(doors, key):
    await doors.revocations.revoke(MAPLE.number, key)


def fenced(doors, _):
    doors.clients.known = [replace(one, networks=("192.0.2.0/24",)) for one in doors.clients.known]


def walled(doors, _):
    tenants = doors.site.tenants
    tenants.known = tuple(replace(one, networks=("192.0.2.0/24",)) for one in tenants.known)


def gone(doors, _):
    doors.site.tenants.known = ()


def late(doors, seconds):
    doors.clock.now += timedelta(seconds=seconds)


def silent(doors, _):
    doors.revocations.heard = False


@pytest.mark.parametrize(
    ("change", "what", "status"),
    [
        (late, 3000, 200),
        (late, 3600, 401),
        (late, -120, 401),
        (revoked, "client:nightly", 401),
        (revoked, "client:nightly@" + MAPLE.id, 401),
        (revoked, "client:nightly@" + OTHER, 200),
        (revoked, "tenant:" + MAPLE.id, 401),
        (silent, None, 503),
        (fenced, None, 403),
        (walled, None, 403),
        (gone, None, 404),
    ],
)
async def test_the_next_request_meets_what_changed(doors, change, what, status):
    bearer = await doors.bearer("system/*.rs")
    async with doors.client(bearer) as client:
        assert [(await client.get(HERE)).status_code for _ in range(3)] == [200, 200, 200]
        came = change(doors, what)
        if came is not None:
            await came
        answer = await client.get(HERE)

    assert answer.status_code == status
    assert doors.journal.entries[-1].status == status


@pytest.mark.parametrize(
    ("path", "more", "status"),
    [
        (HERE, {}, 200),
        (f"{base()}/Observation/pulse-ana", {}, 403),
        (f"{base('payer')}/Patient/ana", {}, 401),
        (f"{base(audience='patient')}/Patient/ana", {}, 401),
        (HERE.replace(MAPLE.id, OTHER), {}, 404),
        (f"{HERE}?access_token=x", {}, 400),
        (HERE, {"authorization": "{} "}, 200),
        (HERE, {"authorization": "{}x"}, 401),
        (HERE, {"authorization": "{},x"}, 400),
    ],
)
async def test_a_pass_is_for_its_row_and_its_header_alone(doors, path, more, status):
    bearer = await doors.bearer("system/Patient.rs")
    shown = {name: value.format(bearer["authorization"]) for name, value in more.items()}
    async with doors.client(bearer) as client:
        assert (await client.get(HERE)).status_code == 200
        assert (await client.get(path, headers=shown)).status_code == status
        assert (await client.get(HERE)).status_code == 200


async def test_what_it_rests_on_is_measured_once(doors):
    """The second request asks for no signature and no right: the Caller and the reach are the same objects."""
    seen = []
    bearer = await doors.bearer("system/*.rs")
    passes = doors.front._guard._passes
    assert passes._known == {}
    async with doors.client(bearer) as client:
        for _ in range(3):
            assert (await client.get(HERE)).status_code == 200
            seen.append(dict(passes._known))
    assert len(seen[0]) == 1
    assert seen[0] == seen[1] == seen[2]


async def test_a_person_s_token_is_looked_at_each_time(doors):
    bearer = await doors.bearer("user/*.rs", user="Practitioner/p1")
    async with doors.client(bearer) as client:
        await client.get(f"{base(audience='patient')}/Patient/ana")

    assert doors.front._guard._passes._known == {}
