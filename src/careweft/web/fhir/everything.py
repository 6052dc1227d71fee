"""Patient/$everything: https://hl7.org/fhir/R4/patient-operation-everything.html

The patient's compartment, type by type in the order of the API's rows, each with its own right: a type without one is
left out, and that is said. With each page come the shared records that it refers to (who, where, which medicine).
Nothing is gathered beyond a page, however much a patient has.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from ...fhir import json
from ...fhir.bundles import entry, searchset
from ...fhir.definitions import RESOURCES, SEARCH
from ...fhir.outcomes import BadValue
from ...fhir.search import care, results
from ...fhir.search.context import Context
from ...fhir.search.evaluate import holds
from ...fhir.search.parse import FORMS, group
from ...fhir.search.query import Query
from ...ports.records import Place, Shown, Version
from ...surfaces.model import Surface
from ...values import dataclass
from .. import negotiate, replies
from ..exchange import Reply, Request
from ..forms import Pairs
from ..leaving import unless_left
from ..route import Handler, Right
from ..site import Site
from . import compartment, paging, parameters, urls, versions
from .links import Held, Sealer, held_of

KNOWN = ("start", "end", "_since", "_type", "_count")
NEXT = "next type"
"""In a link: the type to go on with; no parameter has a space in it."""
NOWHERE = held_of(Place((), 0, 0))


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for: the types in their order, the care dates, and how many to a page."""

    types: tuple[str, ...]
    start: str
    end: str
    since: str
    count: int

    @classmethod
    def read(cls, pairs: Pairs, surface: Surface) -> "Asked":
        """From the parameters. Raises BadValue."""
        found: dict[str, str] = {}
        for name, value in pairs:
            if name in found and name != "_type":
                raise BadValue(f"{name} may stand once.")
            found[name] = f"{found[name]},{value}" if name in found else value
        wanted = found.get("_type", "").split(",") if "_type" in found else compartment.types(surface)
        if any(one not in RESOURCES for one in wanted):
            raise BadValue("_type wants names of R4 resource types, separated by commas.")
        count = results.count(found.get("_count", str(results.COUNT)))
        if not count:
            raise BadValue("_count wants a whole number from 1 on.")
        types = tuple(one for one in compartment.types(surface) if one in wanted)
        return cls(types, found.get("start", ""), found.get("end", ""), found.get("_since", ""), count)

    def queries(self, context: Context) -> Iterator[Query]:
        """The search of each type. Raises BadValue for a date that cannot be read."""
        for type_ in self.types:
            where = [*care.within(type_, self.start, self.end, context)]
            if self.since:
                where.append(group(SEARCH[type_]["_lastUpdated"], "", "ge" + self.since, context))
            yield Query(type_, tuple(where), total="none")


def handler(site: Site, right: Right) -> Handler:
    """The handler of `GET` and `POST [base]/Patient/[id]/$everything`."""
    sealer = Sealer(site.seal, os.urandom, lambda: site.clock().timestamp())
    surface = right.surface

    async def everything(request: Request) -> Reply:
        given = await parameters.given(request, KNOWN)
        form = negotiate.chosen(request.headers, surface.default_format, given)
        tenant, patient, records = request.known_tenant, request.args["id"], site.records(request.known_tenant)
        base = surface.url(site.base_url, tenant.id)
        where = f"{base}/Patient/{patient}/{right.interaction}"
        shown = [pair for pair in given if pair[0] in FORMS]
        held = paging.continued(sealer, where, request, given)
        pairs = [one for one in (held.pairs if held else given) if one[0] not in (*FORMS, NEXT)]
        at = datetime.fromtimestamp(held.at, UTC) if held else site.clock()
        asked = Asked.read(pairs, surface)
        queries = list(asked.queries(Context(at, ZoneInfo(tenant.zone), base)))
        itself = versions.present(await records.read("Patient", patient, request.known_reach), request)
        page = compartment.Gathered([] if held else list(first(itself, queries, ZoneInfo(tenant.zone))))
        rest = [one for one in queries if one.type != "Patient"]
        sees = compartment.narrow(request, surface, patient)
        await unless_left(request, compartment.gather(page, records, rest, sees, asked.count, begun(held)))
        shared = await compartment.referred(records, page.matches, compartment.readable(request, surface))
        request.patients = tuple(dict.fromkeys((patient, *(one for each in page.matches for one in each.patients))))
        links = {"self": urls.joined(where, [*pairs, *shown])}
        if page.following is not None:
            type_, place = page.following
            kept = held_of(place) if place else NOWHERE
            sealed = sealer.seal(where, request.known_caller, Held(at.timestamp(), kept, [*pairs, (NEXT, type_)]))
            links["next"] = urls.joined(where, [(paging.PAGE, sealed), *shown])
        bundle = searchset(
            base,
            links,
            [one.entry for one in page.matches],
            included=[entry(one.type, one.id, one.body or b"") for one in shared],
            outcomes=compartment.left_out(page),
        )
        return replies.resource(200, bundle, form, [])

    return everything


def first(patient: Version, queries: Sequence[Query], zone: tzinfo) -> Iterator[Shown]:
    """The Patient, which is read, not searched for; where it was asked for and is recent enough."""
    for query in queries:
        if query.type == "Patient" and holds(json.decode(patient.body or b"{}"), query.where, zone):
            yield Shown("Patient", patient.id, patient.patients, entry("Patient", patient.id, patient.body or b""))


def begun(held: Held | None) -> tuple[str, Place | None]:
    """The type, and the place in it, that this page begins with."""
    if held is None:
        return "", None
    type_ = next(value for name, value in held.pairs if name == NEXT)
    return type_, Place(*held.place) if held.place != NOWHERE else None
