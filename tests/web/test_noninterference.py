"""What a caller may not see has no part in any answer (security.md GEN-02, AUTHZ-10, FATK-09).

Pairs of databases that hold the same records for a caller, and otherwise whatever; the same request to both has to be
answered alike: status, headers, total, entries, order, remarks, and links, which are followed, for a sealed link may
only differ in what is sealed. Some hundreds of requests in make test, 10,000 in make drill.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import quote

import pytest

from careweft import surfaces
from careweft.access.caller import Caller
from careweft.access.decide import Denied
from careweft.access.labels import WORDS, words
from careweft.access.labels import opened as opened_by
from careweft.access.narrow import narrow, reach
from careweft.access.reach import Reach
from careweft.access.scopes import itself, read_all
from careweft.access.sight import NOBODY, Lead, Sight
from careweft.fhir.definitions import RESOURCES
from careweft.fhir.outcomes import FhirRefusal
from careweft.fhir.search.context import Context
from careweft.fhir.search.parse import parse
from careweft.fhir.search.sort import sortable
from careweft.surfaces.model import Offer
from tests.fhir.chains import LINKS, chained, linked
from tests.fhir.strategies import IDS, Pair, search
from tests.store import shelf
from tests.store.house import connected
from tests.store.sight import visible
from tests.store.test_agree import Chance
from tests.web.twins import BASE, BIRCH, MAPLE, NOON, SightsTwin, World, world
from tests.world import Database, count

pytestmark = pytest.mark.anyio

TOWNS, REQUESTS = count(13, 104), count(25, 100)
SEED = 20261124
Json = dict[str, Any]

MOST = (
    "patient/Patient.rs patient/Observation.rs?status=final patient/Encounter.rs patient/Provenance.rs "
    "patient/Practitioner.rs patient/Organization.rs?active=true patient/Condition.rs"
)
FILTERED = (
    "system/Patient.rs?gender=female system/Observation.rs?status=final system/Practitioner.rs?active=true "
    "system/Encounter.rs?status=finished system/Organization.rs system/Group.rs?actual=true "
    "system/Condition.rs?category=8867-4 system/Provenance.rs?recorded=ge2024"
)
USER = MOST.replace("patient/", "user/")


def leads(*ends: tuple[str, str], to: str) -> Sight:
    return Sight(leads=tuple(Lead(type_, param, (to,)) for type_, param in ends))


PARENT = Sight(frozenset({"1", "2"}))
CLINIC = leads(("Patient", "organization"), ("Encounter", "service-provider"), to="Organization/1")
CARE = leads(("CareTeam", "participant"), ("Encounter", "participant"), to="Practitioner/1")
IN_EMERGENCY = replace(CARE, patients=frozenset({"a"}))
CALLERS = (
    # scopes, the patient of the token, and the sight of the person who granted it
    ("patient/*.rs", "1", None),
    (MOST, "1", None),
    ("patient/Observation.rs patient/Observation.s?status=final patient/Provenance.rs patient/Location.rs", "2", None),
    (FILTERED, None, None),
    ("system/Patient.rs system/Observation.rs system/Practitioner.rs system/Group.rs", None, None),
    ("system/*.rs", None, None),
    ("system/*.rs sensitive/R", None, None),
    ("user/*.rs", None, PARENT),
    (USER, None, CLINIC),
    ("user/*.rs sensitive/V", None, CARE),
    (f"{USER} patient/*.rs fhirUser", "1", IN_EMERGENCY),
    ("user/*.rs", "2", Sight(None)),
    ("patient/*.rs", "1", CLINIC),
)
HIDDEN = ("hidden-1", "hidden-2")
POOL = ("1", "1", "2", "a", "hidden-1")
"""The ids to which records refer."""
HERE = Context(NOON, UTC, BASE)
RECORDED = datetime(2024, 5, 1, tzinfo=UTC)


@dataclass
class Town:
    """A caller and two tenants that differ only in what that caller may not see."""

    scopes: str
    patient: str | None
    sight: Sight | None
    alike: list[Json]
    apart: tuple[list[Json], list[Json]] = field(default_factory=lambda: ([], []))

    @property
    def surface(self) -> str:
        return "system" if self.user is None and self.patient is None else "patient"

    @property
    def user(self) -> str | None:
        return None if self.sight is None else "Practitioner/1"

    @property
    def caller(self) -> Caller:
        """As the verifier and the guard make one of the token."""
        scopes = (*read_all(self.scopes), *itself(self.user, self.scopes))
        opened_ = opened_by(words(self.scopes))
        caller = Caller("app", MAPLE.id, "", scopes, self.patient, self.user, labels=opened_)
        return caller if self.user is None else replace(caller, account="sub", sight=self.sight)


@pytest.mark.parametrize("number", range(TOWNS))
async def test_what_is_hidden_has_no_part_in_an_answer(module_database, number):
    """Any request that this caller can make, page after page."""
    random = Random(f"{SEED} {number}")
    town = founded(random, *CALLERS[number % len(CALLERS)])
    async with shelf.process(module_database) as clinical:
        doors = await opened(module_database, clinical, town, random)
        tokens = [
            await doors.bearer(town.scopes, patient=town.patient, tenant=one, user=town.user) for one in (MAPLE, BIRCH)
        ]
        found = [await same(doors, town, tokens, *request(town, random)) for _ in range(REQUESTS)]
        assert sum(found) > REQUESTS / 50  # they are no empty answers
        if town.surface == "system":  # and to one who sees all, the two are no twins
            both = [await doors.bearer(f"system/*.rs {' '.join(WORDS)}", tenant=one) for one in (MAPLE, BIRCH)]
            answers = [[await told(doors, town, each, f"/{one}", n) for n, each in enumerate(both)] for one in LINKS]
            assert any(ours != theirs for ours, theirs in answers)


# Two tenants ---------------------------------------------------------------------------------------------------------


def founded(random: Random, scopes: str, patient: str | None, sight: Sight | None) -> Town:
    """Records by chance, parted by what the caller sees of them; the rest is made anew for the other tenant."""
    town = Town(scopes, patient, sight, [])
    reaches = reaching(town)
    first = [linked(type_, id_, random, POOL, 90) for type_ in LINKS for id_ in IDS]
    again = [linked(type_, id_, random, POOL, 90) for type_ in LINKS for id_ in (*IDS, *HIDDEN)]
    town.alike = seen(first, reaches)
    ours = [one for one in first if one not in town.alike]
    taken = {(one["resourceType"], one["id"]) for one in town.alike}
    free = [one for one in again if (one["resourceType"], one["id"]) not in taken and random.random() < 0.8]
    theirs = [one for one in free if one not in seen([*town.alike, *free], reaches)]
    while (now := seen([*town.alike, *theirs], reaches)) != town.alike:  # what is seen because of what is hidden
        for odd in [one for one in now if one not in town.alike] + [one for one in town.alike if one not in now]:
            for some in (town.alike, ours, theirs):
                if odd in some:
                    some.remove(odd)
    town.apart = (ours, theirs)
    return town


def reaching(town: Town) -> dict[str, Reach]:
    """What a search shows this caller of each type; a type that may not be searched is absent."""
    surface = surfaces.find("provider", town.surface)
    found = {type_: reach(town.caller, surface, type_, "s") for type_ in LINKS}
    return {type_: one for type_, one in found.items() if isinstance(one, Reach)}


def seen(records: list[Json], reaches: dict[str, Reach]) -> list[Json]:
    stored: dict[str, list[Json]] = {}
    for one in records:
        stored.setdefault(one["resourceType"], []).append(one)
    return [
        one for one in records if one["resourceType"] in reaches and visible(one, reaches[one["resourceType"]], stored)
    ]


async def opened(database: Database, clinical: Any, town: Town, random: Random) -> World:
    """The doors over both tenants; what is alike came in the same order and changed at the same times."""
    random.shuffle(town.alike)
    kept = {}
    for tenant, hidden in zip((MAPLE, BIRCH), town.apart, strict=True):
        mine = await shelf.tenant(clinical)
        rest, alike = random.sample(hidden, len(hidden)), list(town.alike)
        mixed = [(rest if not alike or (rest and random.random() < 0.5) else alike).pop(0)
                 for _ in range(len(hidden) + len(town.alike))]  # fmt: skip
        await mine.put(*mixed)
        await settled(database, mine.tenant.number, town)
        mine.records._searches._frequencies = Chance(random)
        kept[tenant.number] = mine.records
    return world(records=lambda tenant: kept[tenant.number], sights=SightsTwin(town.sight or NOBODY))


async def settled(database: Database, tenant: int, town: Town) -> None:
    """Each record that both tenants have changed at a time of its own, the same in both."""
    async with connected(database.admin_url) as admin:
        for n, one in enumerate(sorted(town.alike, key=lambda one: (one["id"], one["resourceType"]))):
            at = RECORDED + timedelta(hours=n // 2)
            row = tenant, RESOURCES[one["resourceType"]], one["id"], at
            rid = await admin.fetchval(
                "update body set updated = $4 where tenant = $1 and rt = $2 and id = $3 returning rid", *row
            )
            await admin.execute("update res set updated = $3 where tenant = $1 and rid = $2", tenant, rid, at)


# Requests ------------------------------------------------------------------------------------------------------------


def request(town: Town, random: Random) -> tuple[str, bool]:
    """A path with a query, and whether it is posted as a form; mostly one that is answered."""
    surface = surfaces.find("provider", town.surface)
    caller = town.caller
    while True:
        type_ = random.choice([*LINKS])
        pairs = asked(type_, surface.by_type[type_], random)
        whatever = random.random() < 0.01
        try:
            query = parse(type_, surface.by_type[type_], pairs, HERE, others=surface.by_type).query
        except FhirRefusal:
            refused = True
        else:
            refused = isinstance(narrow(query, caller, surface), Denied)
        if whatever or not refused:
            return f"/{type_}?" + "&".join(f"{name}={quote(text, safe='')}" for name, text in pairs), whatever


def asked(type_: str, offer: Offer, random: Random) -> list[Pair]:
    """The parameters of a search: chains, plain ones, order, what comes along, how much of it."""
    pairs = [chained(type_, random) for _ in range(random.choice((0, 1, 1, 1, 2)))]
    pairs += search(type_, random) if random.random() < 0.2 else []
    if random.random() < 0.1:  # by the ids of whatever there is
        pairs.append(("_id", ",".join(random.sample((*IDS, *HIDDEN), 3))))
    if random.random() < 0.3:
        keys = random.sample(sortable(type_), min(len(sortable(type_)), random.choice((1, 1, 2, 3))))
        pairs.append(("_sort", ",".join(random.choice(("", "-")) + key for key in keys)))
    pairs += [("_include", random.choice(offer.includes))] if offer.includes and random.random() < 0.2 else []
    pairs += [("_revinclude", one) for one in offer.revincludes if random.random() < 0.2]
    if random.random() < 0.3:  # and on from there
        further = [one for of in LINKS for one in surfaces.find("provider", "system").by_type[of].includes]
        pairs += [("_include:iterate", random.choice(further)) for _ in range(2)]
    if random.random() < 0.1:
        pairs.append(("_revinclude:iterate", "Provenance:target"))
    return pairs + [(name, random.choice(values)) for name, values in RESULTS if random.random() < 0.2]


RESULTS = (
    ("_count", ("1", "2", "3", "0")), ("_total", ("accurate", "estimate", "none")),
    ("_summary", ("true", "text", "data", "count", "false")), ("_elements", ("meta", "identifier")),
    ("_format", ("json", "xml")),
)  # fmt: skip


async def same(doors: World, town: Town, tokens: list[dict[str, str]], path: str, posted: bool) -> bool:
    """Ask both, page after page; whether anything was found."""
    answers = [[await told(doors, town, token, path, n, posted) for n, token in enumerate(tokens)]]
    while answers[-1][0][0] is not None and len(answers) < 40:
        links = [one[0] for one in answers[-1]]
        assert None not in links, path
        answers.append([await told(doors, town, token, links[n], n) for n, token in enumerate(tokens)])
    for ours, theirs in answers:
        assert ours[1:] == theirs[1:], path
    return any(b"fullUrl" in ours[3] for ours, _ in answers)


async def told(
    doors: World, town: Town, token: dict[str, str], path: str, n: int = 0, posted: bool = False
) -> tuple[str | None, int, dict[str, str], bytes]:
    """The link to the next page, the status, the headers and the body; neither number nor seal of this one answer."""
    tenant = (MAPLE, BIRCH)[n]
    base = surfaces.find("provider", town.surface).base.format(tenant=tenant.id)
    headers = {**token, "prefer": "handling=lenient"}
    async with doors.client(headers=headers) as client:
        if posted:
            where, _, form = path.partition("?")
            kind = {"content-type": "application/x-www-form-urlencoded"}
            answer = await client.post(f"{base}{where}/_search", content=form, headers=kind)
        else:
            answer = await client.get(path if path.startswith(BASE) else f"{base}{path}")
    assert answer.status_code in (200, 400, 403), (path, answer.text)
    kept = {name: text for name, text in answer.headers.items() if name not in ("x-request-id", "content-length")}
    body = answer.content.replace(answer.headers.get("x-request-id", "-").encode(), b"*")
    following = re.search(rb'https?://[^"<>\s]*[?&](?:amp;)?_page=[^"<>\s]*', body)
    body = re.sub(rb"_page=[A-Za-z0-9_\-]+", b"_page=*", body.replace(tenant.id.encode(), b"tenant"))
    link = following[0].decode().replace("&amp;", "&") if following else None
    return link, answer.status_code, kept, body
