"""No canary where its owner is not (GEN-01): some hundred requests by callers of every kind, and all that is
left behind.

Every text in the town says whose it is. What a caller may see is told from the records themselves; what comes back, in
bodies, headers, errors, logs, metrics and journals, holds nothing else but what the caller sent.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any
from urllib.parse import quote, unquote_plus

import pytest

from careweft import surfaces
from careweft.fhir.definitions import SEARCH
from careweft.fhir.json import encode
from careweft.fhir.search.evaluate import values
from careweft.fhir.search.query import Amount, Display, Logical, Ref, Span, Text, Token, Uri
from careweft.surfaces.model import Offer
from tests.journeys.canaries import Json, of_type, seen
from tests.journeys.town import Answer, Caller, Town, new_app, patient_token, system_token
from tests.platform import BIRCH, MAPLE
from tests.world import count

CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
LABORATORY = f"Observation.rs?category={CATEGORY}|laboratory"
Canaries = set[tuple[str, str, str]]


@dataclass
class Guest:
    """Someone with a token: for which API, what of Maple it may see, and what was found beside that."""

    name: str
    surface: str
    token: str = field(repr=False)
    may: Callable[[Json], bool]
    allowed: Canaries = field(repr=False, default_factory=set)
    caught: Canaries = field(repr=False, default_factory=set)
    leaks: list[tuple[str, Canaries]] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def judge(self, asked: str, answer: Answer) -> Answer:
        found = seen(answer.told)
        self.caught |= found & self.allowed
        self.statuses[answer.status] += 1
        if found := found - self.allowed - seen(unquote_plus(asked).encode()):
            self.leaks.append((asked, found))
        return answer


def laboratory(one: Json) -> bool:
    if one["resourceType"] != "Observation":
        return False
    return "laboratory" in [coding["code"] for category in one["category"] for coding in category["coding"]]


@pytest.fixture(scope="module")
def guests(town: Town) -> dict[str, Guest]:
    """One of each kind, all at Maple."""

    def everything(_: Json) -> bool:
        return True

    def firsts(one: Json) -> bool:
        return town.owner(one) in ("1", "s")

    def seconds(one: Json) -> bool:
        return town.owner(one) in ("2", "s")

    async def made(house) -> list[Guest]:
        maple = town.tenants[MAPLE]
        app, system, patient = (
            town.apps[MAPLE, "provider"],
            *(surfaces.find("provider", one).id for one in ("system", "patient")),
        )
        lab, slots = [await new_app(house, maple, "provider", f"system/{one}") for one in (LABORATORY, "Slot.rs")]
        first, second = (town.flock.patients[one] for one in "12")
        return [
            Guest("system", system, town.tokens[MAPLE, system], everything),
            Guest("payer system", surfaces.find("payer", "system").id,
                  town.tokens[MAPLE, surfaces.find("payer", "system").id], everything),
            Guest("first", patient, await patient_token(house, app, first), firsts),
            Guest("second", patient, await patient_token(house, app, second), seconds),
            Guest("first at the payer", surfaces.find("payer", "patient").id,
                  await patient_token(house, town.apps[MAPLE, "payer"], first), firsts),
            Guest("first, laboratory", patient, await patient_token(house, app, first, f"patient/{LABORATORY}"),
                  lambda one: laboratory(one) and town.owner(one) == "1"),
            Guest("system, laboratory", system, await system_token(house, lab), laboratory),
            Guest("system, slots", system, await system_token(house, slots),
                  lambda one: one["resourceType"] == "Slot"),
        ]  # fmt: skip

    found = {one.name: one for one in town.at.inside(made)}
    for guest in found.values():
        guest.allowed = seen(*(encode(one) for one in town.versions[MAPLE] if guest.may(one)))
    return found


# What is asked ---------------------------------------------------------------------------------------------------


def worded(value: Any) -> tuple[str, str] | None:
    """A record's own value as a search has it: modifier and text."""
    match value:
        case Token(system, code):
            return "", f"{system}|{code}" if system else str(code)
        case Logical(system, code):
            return ":identifier", f"{system}|{code}" if system else str(code)
        case Display(text):
            return ":text", text
        case Ref(type_, id_):
            return "", f"{type_}/{id_}"
        case Uri(text) | Text(text):
            return "", text
        case Span(start, _):
            return "", start.date().isoformat()
        case Amount():
            return "", str(value.exact)
    return None


def searches(offer: Offer, records: list[Json]) -> Iterator[str]:
    """A search by each parameter, with a value that one of these records has."""
    for code in offer.params:
        held = (value for one in of_type(records, offer.type) for value in values(one, SEARCH[offer.type][code], UTC))
        asked = next((found for value in held if (found := worded(value))), None)
        if asked:
            yield f"{code}{asked[0]}={quote(asked[1].replace(',', ' '), safe='/')}"
            yield f"{code}:missing=false&_sort=-_lastUpdated"


def odd(town: Town, someone: str) -> Iterator[str]:
    """Searches that are refused or turned by what they say, with somebody else's id in them."""
    yield f"patinet={someone}"
    yield f"_id={someone}&_format=xml&_pretty=true"
    yield f"_id={someone},{town.first}"
    yield f"_lastUpdated=gt{someone}"
    yield "_count=0"
    yield "_count=-1"
    yield "_sort=-_lastUpdated,_id"
    yield "_sort=nothing"
    yield "_page=" + "A" * 60
    yield "_include=*&_revinclude=*:*"
    yield f"_has:Observation:patient:_id={someone}"
    yield f"subject:Patient.name={someone}"
    yield "_format=html"


def drive(caller: Caller, guest: Guest, town: Town, town_of: str, others: list[Json], every: int) -> None:
    """All kinds of requests by one guest, every so manieth search by a parameter; `others` are what it may not see."""
    surface = next(one for one in surfaces.ALL if one.id == guest.surface)
    base = town.base(guest.surface, town_of)

    def ask(path: str, **how: Any) -> Answer:
        return guest.judge(path + str(how.get("form", "")), caller.ask(f"{base}/{path}", guest.token, **how))

    for offer in surface.offers:
        theirs = [one["id"] for one in of_type(others, offer.type)][:2]
        own = [one["id"] for one in of_type(town.versions[MAPLE], offer.type) if guest.may(one)][:1]
        for id_ in [*theirs, *own]:
            for below in ("", "/_history", "/_history/1", "/_history/2"):
                ask(f"{offer.type}/{id_}{below}")
            ask(f"{offer.type}/{id_}", Accept="application/fhir+xml")
            ask(f"{offer.type}/{id_}?_pretty=true", method="HEAD")
        if "search-type" in offer.can:
            seek(ask, caller, guest, offer, base)
            found = list(searches(offer, others))
            for number, query in enumerate(found):
                if number % every == 0:
                    ask(f"{offer.type}?{query}&_count=20")
    for query in odd(town, others[0]["id"]):
        ask(f"Patient?{query}")
        ask(f"Observation?{query}", Prefer="handling=lenient")
        ask(
            "Observation/_search",
            form=[(name, value) for name, _, value in (one.partition("=") for one in query.split("&"))],
        )
    for method in ("PUT", "POST", "DELETE", "PATCH", "OPTIONS"):
        ask(f"Patient/{others[0]['id']}", method=method)


def seek(ask: Callable[..., Answer], caller: Caller, guest: Guest, offer: Offer, base: str) -> None:
    """Searches without a value: plain, with every include, through the pages, by POST and in XML."""
    includes = "&".join(
        [*(f"_include={one}" for one in offer.includes), *(f"_revinclude={one}" for one in offer.revincludes)]
    )
    ask(f"{offer.type}?_count=10&{includes}")
    ask(f"{offer.type}?_count=10&_format=xml&_elements=id", Prefer="handling=lenient")
    ask(f"{offer.type}/_search", form=[("_count", "5")])
    page = ask(f"{offer.type}?_count=2&{includes}")
    for _ in range(2):
        following = page.link("next") if page.status == 200 else None
        if following is None:
            break
        page = guest.judge(offer.type, caller.ask(following, guest.token))


WHO = {
    "system": ("Birch's", 10), "payer system": ("Birch's", 10), "first": ("the second patient's", 10),
    "first at the payer": ("the second patient's", 10), "first, laboratory": ("the second patient's", 8),
    "system, laboratory": ("Birch's", 12), "system, slots": ("anybody's", 12),
}  # fmt: skip


@pytest.mark.parametrize("name", WHO)
def test_nobody_sees_a_canary_of_others(town, caller, guests, name):
    """Every type: read, vread, history, search by every parameter with others' values, includes, pages, POST,
    XML, errors."""
    guest, (whose, every) = guests[name], WHO[name]
    others = {
        "Birch's": town.theirs,
        "the second patient's": [one for one in town.versions[MAPLE] if town.owner(one) == "2"],
        "anybody's": [one for one in town.versions[MAPLE] if one["resourceType"] != "Slot"],
    }[whose]
    before = town.sql("select count(*) from audit where tenant <> $1", town.tenants[MAPLE].number)
    drive(caller, guest, town, MAPLE, others, count(every, 1))
    assert not guest.leaks, guest.leaks[:3]
    assert len(guest.caught) > 10, "who sees nothing proves nothing"
    assert sum(guest.statuses.values()) > 150
    assert not {500, 503} & set(guest.statuses)
    assert town.sql("select count(*) from audit where tenant <> $1", town.tenants[MAPLE].number) == before


def test_the_net_holds(town, caller, guests):
    """What the second patient sees, judged by what the first may: it is caught, in every format."""
    second, first = guests["second"], guests["first"]
    for path, accept in (
        ("Patient", "application/json"),
        ("Patient", "application/fhir+xml"),
        ("Observation?_count=1", "*/*"),
    ):
        answer = caller.ask(f"{town.base(second.surface)}/{path}", second.token, Accept=accept)
        assert seen(answer.told) <= second.allowed
        assert seen(answer.told) - first.allowed
    binary = next(one for one in of_type(town.versions[MAPLE], "Binary") if town.owner(one) == "2")
    for accept in ("application/fhir+json", "text/plain"):
        answer = caller.ask(f"{town.base(second.surface)}/Binary/{binary['id']}", second.token, Accept=accept)
        assert ("m", "2") in {one[:2] for one in seen(answer.told)}


def test_a_journey_leaves_no_canary_behind(town, caller, guests):
    """Neither in what the server says, nor in its counts; and the journal of a tenant names its own patients only."""
    numbers = {id_: town.tenants[id_].number for id_ in (MAPLE, BIRCH)}
    for guest in (guests["first"], guests["system"]):
        others = [one for one in town.versions[MAPLE] if town.owner(one) == "2"]
        for query in odd(town, others[0]["id"]):
            caller.ask(f"{town.base(guest.surface)}/Patient?{query}", guest.token)
    assert not seen(town.at.log.read_bytes())
    metrics = caller.ask("/metrics")
    assert metrics.status == 200
    assert not seen(metrics.told)
    rows = town.sql(
        "select tenant, patients, reason, patient from audit where cardinality(patients) > 0 or reason is not null"
    )
    for tenant, theirs in ((MAPLE, town.theirs), (BIRCH, town.ours)):
        foreign = {one["id"] for one in of_type(theirs, "Patient")}
        own = [row for row in rows if row["tenant"] == numbers[tenant]]
        assert not any(foreign & {*row["patients"], row["patient"]} for row in own)
        assert not any(seen((row["reason"] or "").encode()) for row in own)
    shown = {one for row in rows if row["patient"] == town.first for one in row["patients"]}
    assert shown <= {town.first}
