"""The guard gives a person's token the sight of this moment, and asks nobody about any other token.

AUTHZ-19, GEN-04.
"""

from dataclasses import dataclass, field, replace

import pytest

from careweft.access.caller import Caller
from careweft.access.scopes import read_all
from careweft.access.sight import EVERYBODY, NOBODY, Sight
from careweft.fhir.outcomes import Unavailable
from careweft.web.guard import Sighted
from tests.web.twins import MAPLE, base, world
from tests.web.twins import patient as person

pytestmark = pytest.mark.anyio

CALLER = Caller("app", MAPLE.id, "", read_all("user/*.rs"), None, "Practitioner/y", account="sub")


@dataclass
class Sights:
    """ports.Sights that count how often they are asked."""

    sight: Sight | None = EVERYBODY
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def of(self, tenant, account, user):  # noqa: ARG002
        self.asked.append((account, user))
        if self.sight is None:
            raise Unavailable
        return self.sight

    async def sees(self, tenant, account, user, patient):
        raise NotImplementedError


async def test_the_same_sight_gives_the_same_caller():
    """So that what is remembered by callers holds; another sight gives another one at once."""
    sights = Sights()
    sighted = Sighted(sights)
    first, again = await sighted.of(CALLER, MAPLE), await sighted.of(CALLER, MAPLE)
    assert first is again
    assert first == replace(CALLER, sight=EVERYBODY)
    sights.sight = NOBODY
    assert (await sighted.of(CALLER, MAPLE)).sight is NOBODY


async def get(doors, bearer, path="Patient/ana"):
    async with doors.client(headers=bearer) as client:
        return await client.get(f"{base('provider', 'patient')}/{path}")


async def test_a_relation_that_ends_is_felt_at_the_next_request():
    """In `user/` scopes and in the `patient/` scopes of the same person alike."""
    sights = Sights(Sight(frozenset({"ana"})))
    doors = world(sights=sights)
    doors.maple().put(person("ana"), "ana")
    bearer = await doors.bearer("patient/*.rs", patient="ana", user="RelatedPerson/r")
    assert (await get(doors, bearer)).status_code == 200
    sights.sight = NOBODY
    assert (await get(doors, bearer)).status_code == 404
    assert set(sights.asked) == {("sub", "RelatedPerson/r")}


async def test_what_cannot_be_told_is_refused():
    """503 where nobody can say whom a person sees."""
    doors = world(sights=Sights(None))
    doors.maple().put(person("ana"), "ana")
    bearer = await doors.bearer("user/*.rs", user="Practitioner/y")
    assert (await get(doors, bearer)).status_code == 503


async def test_tokens_of_no_person_ask_nobody():
    """System tokens, and patient tokens that a terminal minted, cost what they cost before."""
    sights = Sights()
    doors = world(sights=sights)
    doors.maple().put(person("ana"), "ana")
    assert (await get(doors, await doors.bearer("patient/*.rs", patient="ana"))).status_code == 200
    assert sights.asked == []


async def test_where_no_accounts_are_kept_nobody_is_seen():
    """Closed by default: a site without sights shows a person nothing."""
    doors = world()
    doors.maple().put(person("ana"), "ana")
    bearer = await doors.bearer("patient/*.rs", patient="ana", user="Patient/ana")
    assert (await get(doors, bearer)).status_code == 404
