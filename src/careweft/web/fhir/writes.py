"""What create and update have in common: a body becomes a draft that may be filed, and what was filed a reply.

https://hl7.org/fhir/R4/http.html#create, https://hl7.org/fhir/R4/http.html#update
"""

import asyncio
import uuid
from typing import Any, NamedTuple

from ...access.narrow import nameable
from ...access.reach import Reach
from ...fhir import json
from ...fhir.compartments import members
from ...fhir.outcomes import BadValue, Malformed, issue, outcome
from ...fhir.search.parse import FORMS
from ...fhir.search.query import Ref
from ...intake.filing import attachments, checks, links, provenance
from ...intake.filing.issues import Issue, NotAccepted, wrong
from ...ports.filing import Draft, Filed
from ...ports.journal import Entry
from ...ports.records import Version
from ...surfaces import issuers
from .. import forms, ledger, negotiate, replies
from ..exchange import Reply, Request
from ..negotiate import Format
from ..route import Right
from ..site import Site
from . import conditions, incoming, versions

Resource = dict[str, Any]
LARGEST = 64 * 1024 * 1024
"""Of a stored body: what was let in is read again."""


class Prepared(NamedTuple):
    """A draft that may be filed, its Provenance, its audit entry, and how the reply is written."""

    draft: Draft
    beside: list[Draft]
    entry: Entry


class Writes:
    """The writes of one right: one type on one surface, by one interaction."""

    def __init__(self, site: Site, right: Right) -> None:
        self._site = site
        self._right = right
        self._issuer = issuers.ALL[right.surface.issuer]

    def format(self, request: Request) -> Format:
        """The format of the reply. BadValue for a parameter that would be passed over in silence."""
        given = forms.pairs(request.query)
        for name, _ in given:
            if name not in FORMS:
                raise BadValue(f"A write takes {' and '.join(FORMS)}, not '{versions.printable(name)}'.")
        return negotiate.chosen(request.headers, self._right.surface.default_format, given)

    async def body(self, request: Request, id_: str | None = None) -> Resource:
        """The resource that was sent, of this path's type and, where one is named, with this id."""
        resource = await incoming.resource(request, self._right, self._site.attachment)
        checks.addressed(resource, self._right.type, id_)
        return resource

    async def prepared(
        self, request: Request, resource: Resource, id_: str, number: int, form: Format, before: Version | None = None
    ) -> Prepared:
        """The draft of version `number`, once everything about it is as it has to be. Raises NotAccepted."""
        stood = json.decode(before.body or b"{}", LARGEST) if before else None
        resource["id"] = id_
        links.own(resource, self._base(request))
        checks.check(resource, self._site.attachment, stood, self._site.accepts)
        resource = checks.labelled(resource, stood)
        await self._named(request, resource)
        _writable(resource, form)
        return self._recorded(request, Draft(self._right.type, id_, owned(request, resource)), number)

    def _base(self, request: Request) -> str:
        return self._right.surface.url(self._site.base_url, request.known_tenant.id)

    async def _named(self, request: Request, resource: Resource) -> None:
        """Every record that this one names is there, and the caller may know it. Raises NotAccepted."""
        found = list(links.links(resource))
        if (crowd := links.crowded(found)) is not None:
            raise NotAccepted([crowd])
        wanted = list(dict.fromkeys(one.to for one in found if one.to is not None))
        seen = dict(zip(wanted, await asyncio.gather(*(self._seen(request, to) for to in wanted)), strict=True))
        issues: list[Issue] = []
        about = members(resource)
        for one in found:
            there = seen.get(one.to) if one.to else None
            stored = json.decode(there, LARGEST) if there and one.attachment is not None else None
            if there is None or (stored and not attachments.fits(stored, about)):
                issues.append(wrong(one.path, "not-found", links.UNKNOWN))
            elif stored and one.attachment is not None:
                issues += attachments.referred(one.attachment, stored, one.path.rpartition(".")[0])
        if issues:
            raise NotAccepted(issues)

    async def _seen(self, request: Request, to: Ref) -> bytes | None:
        """The record that is named, None where there is none that this caller may name."""
        surface, tenant = self._right.surface, request.known_tenant
        reach = nameable(request.known_caller, surface, to.type, tenant.zone)
        if not isinstance(reach, Reach):
            return None
        version = await self._site.records(tenant).read(to.type, to.id, reach)
        return version.body if version else None

    def _recorded(self, request: Request, draft: Draft, number: int) -> Prepared:
        """The draft with its Provenance and its audit entry."""
        caller, tenant, now = request.known_caller, request.known_tenant, self._site.clock()
        route = request.known_route
        request.args = {**request.args, "id": draft.id}
        request.patients = members(draft.resource)
        origin = provenance.provenance(
            str(uuid.uuid4()),
            f"{draft.type}/{draft.id}/_history/{number}",
            self._right.interaction,
            caller,
            tenant,
            self._issuer.url(self._site.base_url, tenant.id),
            now,
        )
        entry = ledger.entry(request, route, 201 if self._right.interaction == "create" else 200, now)
        return Prepared(draft, [Draft("Provenance", origin["id"], origin)], entry)

    def reply(self, request: Request, filed: Filed, form: Format) -> Reply:
        """201 for what was created, else 200; as much of it as Prefer asks for."""
        version = filed.version
        created = filed.outcome == "created"
        where = f"{self._base(request)}/{version.type}/{version.id}"
        if "vread" in self._right.surface.by_type[version.type].can:
            where += f"/_history/{version.version}"
        name = b"location" if created else b"content-location"
        headers = [*versions.tags(version), (name, where.encode())]
        recorded = filed.outcome != "there"
        request.patients = version.patients
        wanted = conditions.returned(request)
        if wanted == "minimal":
            return Reply(201 if created else 200, headers, recorded=recorded)
        body = version.body or b"" if wanted == "representation" else json.encode(told(filed))
        return replies.resource(201 if created else 200, body, form, headers)._replace(recorded=recorded)


def told(filed: Filed) -> Resource:
    """What was done, as an OperationOutcome."""
    version = filed.version
    done = {"created": "was created", "updated": "was updated", "unchanged": "is unchanged", "there": "was there"}
    name = f"{version.type}/{version.id}"
    return outcome(issue("information", "informational", f"{name} {done[filed.outcome]}, version {version.version}."))


def owned(request: Request, resource: Resource) -> Resource:
    """A Binary that a patient's token brings without an owner is that patient's."""
    patient = request.known_caller.patient
    if resource["resourceType"] != "Binary" or patient is None or "securityContext" in resource:
        return resource
    return {**resource, "securityContext": {"reference": f"Patient/{patient}"}}


def _writable(resource: Resource, form: Format) -> None:
    """The reply can be written in the format that was asked for: said before anything is stored."""
    if form.kind == negotiate.XML:
        from ...fhir.xml import to_xml  # noqa: PLC0415 - loads lxml, which a start does not wait for

        try:
            to_xml(resource)
        except Malformed as refusal:
            raise NotAccepted([wrong(resource["resourceType"], "structure", refusal.message)]) from None
