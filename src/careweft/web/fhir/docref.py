"""DocumentReference/$docref: https://hl7.org/fhir/us/core/STU6.1/OperationDefinition-docref.html

Finds the documents that are there, and makes a summary of care of what this caller may see right now. What is made is
in the answer itself and is not kept: a kept one would show its maker's rights to whoever may read documents.
"""

import uuid
from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from ...access.narrow import nameable
from ...access.reach import Reach
from ...documents import reference, summary
from ...documents.sections import SECTIONS, Section, stands
from ...fhir import json
from ...fhir.bundles import entry, searchset
from ...fhir.definitions import SEARCH
from ...fhir.outcomes import BadValue
from ...fhir.search import care
from ...fhir.search.context import Context
from ...fhir.search.parse import FORMS, group
from ...fhir.search.query import Query
from ...ports.records import Records, Shown
from ...values import dataclass
from .. import negotiate, replies
from ..exchange import Reply, Request
from ..forms import Pairs
from ..route import Handler, Right
from ..site import Site
from . import compartment, parameters, urls
from .compartment import LARGEST, Gathered, Narrow

KNOWN = ("patient", "start", "end", "type", "on-demand", "profile")
MANY = ("type", "profile")
MOST_FOUND = 500
"""Documents in one answer."""
MOST_IN_SECTION = 300
"""Records in one section of a summary; with more, the latest are shown and that is said."""
URN = summary.URN


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for."""

    patient: str
    start: str = ""
    end: str = ""
    types: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    on_demand: bool = False

    @classmethod
    def read(cls, pairs: Pairs) -> "Asked":
        """From the parameters. Raises BadValue."""
        found: dict[str, str] = {}
        for name, value in pairs:
            if name in found and name not in MANY:
                raise BadValue(f"{name} may stand once.")
            found[name] = value
        if "patient" not in found:
            raise BadValue("$docref wants patient, the id of a Patient.")
        if found.get("on-demand", "true") not in ("true", "false"):
            raise BadValue("on-demand wants true or false.")
        return cls(
            found["patient"].removeprefix("Patient/"),
            found.get("start", ""),
            found.get("end", ""),
            tuple(one for name, value in pairs if name == "type" for one in value.split(",")),
            tuple(value for name, value in pairs if name == "profile"),
            found.get("on-demand") == "true",
        )

    @property
    def dated(self) -> bool:
        """Without dates the current document of each type is meant."""
        return bool(self.start or self.end)

    @property
    def makes(self) -> bool:
        """Is a summary among what is asked for?"""
        typed = not self.types or any(map(reference.is_summary, self.types))
        return typed and (not self.profiles or reference.PROFILE in self.profiles)

    def query(self, context: Context) -> Query:
        """The search for what is there. Raises BadValue."""
        params = SEARCH["DocumentReference"]
        where = [group(params["status"], "", "current", context), *self.cared_for("DocumentReference", context)]
        if self.types:
            where.append(group(params["type"], "", ",".join(self.types), context))
        if self.profiles:
            where.append(group(params["_profile"], "", ",".join(self.profiles), context))
        return Query("DocumentReference", tuple(where), count=MOST_FOUND, total="none")

    def cared_for(self, type_: str, context: Context) -> Iterator[Any]:
        """What confines a type to the care that is asked for."""
        return care.within(type_, self.start, self.end, context)


def handler(site: Site, right: Right) -> Handler:
    """The handler of `GET` and `POST [base]/DocumentReference/$docref`."""
    surface = right.surface

    async def docref(request: Request) -> Reply:
        given = await parameters.given(request, KNOWN)
        form = negotiate.chosen(request.headers, surface.default_format, given)
        pairs = [one for one in given if one[0] not in FORMS]
        asked, tenant, now = Asked.read(pairs), request.known_tenant, site.clock()
        base, records = surface.url(site.base_url, tenant.id), site.records(tenant)
        context = Context(now, ZoneInfo(tenant.zone), base)
        query, sees = asked.query(context), compartment.narrow(request, surface, asked.patient)
        page = Gathered()
        if not asked.on_demand:
            await compartment.gather(page, records, [query], sees, MOST_FOUND)
        found = page.matches if asked.dated else current(page.matches)
        maker = Maker(request, right, records, sees, asked, context)
        made = await maker.made() if asked.makes else []
        request.patients = tuple(dict.fromkeys([*maker.about, *(one for each in found for one in each.patients)]))
        bundle = searchset(
            base,
            {"self": urls.joined(f"{base}/DocumentReference/{right.interaction}", given)},
            [*(entry("DocumentReference", one["id"], json.encode(one)) for one in made), *(one.entry for one in found)],
            outcomes=compartment.left_out(maker.page),
        )
        return replies.resource(200, bundle, form, [])

    return docref


def current(found: Sequence[Shown]) -> list[Shown]:
    """The latest document of each type; they come latest first."""
    latest: dict[str, Shown] = {}
    for one in found:
        latest.setdefault(repr(json.decode(one.body, LARGEST).get("type")), one)
    return list(latest.values())


class Maker:
    """Makes a summary of what one caller may see; `page` tells what was left out, `about` whom it shows."""

    def __init__(
        self, request: Request, right: Right, records: Records, sees: Narrow, asked: Asked, context: Context
    ) -> None:
        self.page = Gathered()
        self.about: list[str] = []
        self._request, self._right, self._records = request, right, records
        self._sees, self._asked, self._context = sees, asked, context

    async def made(self) -> list[dict[str, Any]]:
        """The DocumentReference of the summary; none where there is no such patient for this caller."""
        tenant, surface = self._request.known_tenant, self._right.surface
        reach = nameable(self._request.known_caller, surface, "Patient", tenant.zone)
        found = await self._records.read("Patient", self._asked.patient, reach) if isinstance(reach, Reach) else None
        if found is None or found.body is None:
            return []
        chapters = [await self._chapter(one) for one in SECTIONS]
        shown = [one for chapter in chapters if chapter for one in chapter[1]]
        beside = await compartment.referred(self._records, shown, compartment.readable(self._request, surface))
        self.about = list(dict.fromkeys([found.id, *(one for each in shown for one in each.patients)]))
        made = summary.Made(
            id=str(uuid.uuid4()),
            patient=json.decode(found.body, LARGEST),
            organization=organization(tenant.id, tenant.name),
            at=self._context.now,
            start=self._asked.start,
            end=self._asked.end,
            withheld=tuple(dict.fromkeys(self.page.left_out)),
        )
        document = summary.document(
            made,
            [chapter[0] for chapter in chapters if chapter],
            [json.decode(one.body or b"", LARGEST) for one in beside],
            self._context.base,
        )
        return [reference.reference(made, document)]

    async def _chapter(self, section: Section) -> tuple[summary.Chapter, Sequence[Shown]] | None:
        """One section; None where the caller has no right to what is in it."""
        params = SEARCH[section.type]
        only = (group(params[code], "", value, self._context) for code, value in section.only)
        where = (*self._asked.cared_for(section.type, self._context), *only)
        page = Gathered()
        await compartment.gather(
            page, self._records, [Query(section.type, where, total="none")], self._sees, MOST_IN_SECTION
        )
        self.page.left_out += [one for one in page.left_out if one not in self.page.left_out]
        if page.left_out:
            return None
        kept = [(one, json.decode(one.body, LARGEST)) for one in page.matches]
        kept = [(one, record) for one, record in kept if stands(record)]
        chapter = summary.Chapter(section, [record for _, record in kept], cut=page.following is not None)
        return chapter, [one for one, _ in kept]


def organization(id_: str, name: str) -> dict[str, Any]:
    """The tenant, as who makes and keeps its documents."""
    identifier = {"system": URN, "value": f"urn:uuid:{id_}"}
    return {"type": "Organization", "identifier": identifier, "display": name}
