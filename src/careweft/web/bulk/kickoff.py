"""The kick-off of an export: https://hl7.org/fhir/uv/bulkdata/STU2/export.html#bulk-data-kick-off-request

Without `Prefer: respond-async` it is refused: an export has no answer that could be waited for.
"""

import asyncio
import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from ...access.narrow import reach
from ...access.reach import Reach
from ...bulk.order import Asking, Level, Order, Pairs, read
from ...bulk.research import formed
from ...fhir import json
from ...fhir.membership import members
from ...fhir.outcomes import BadValue, Forbidden, NotAcceptable, NotFound, UnsupportedMedia, issue, outcome
from ...ports.jobs import Job
from ...surfaces.model import Surface
from .. import forms, limits, negotiate, replies
from ..exchange import Reply, Request
from ..guard import BadAuthorization
from ..route import Handler
from ..site import Site
from .own import exporter

BODY = 2 * 1024 * 1024
LARGEST = 64 * 1024 * 1024
FORM = "application/x-www-form-urlencoded"
_ASYNC = re.compile(rb"(?:^|[,;])\s*respond-async\s*(?:[,;]|$)", re.IGNORECASE)
_LENIENT = re.compile(rb"(?:^|[,;])\s*handling\s*=\s*\"?lenient\"?\s*(?:[,;]|$)", re.IGNORECASE)


def handler(site: Site, surface: Surface, level: Level) -> Handler:
    """The handler of `$export` at one level, by GET and POST."""

    async def kick_off(request: Request) -> Reply:
        prefer = request.headers.get(b"prefer", b"")
        _acceptable(request)
        client = await exporter(site, request)
        if not _ASYNC.search(prefer):
            raise BadValue("An export wants the header Prefer: respond-async.")
        pairs = await parameters(request)
        tenant = request.known_tenant
        base = surface.url(site.base_url, tenant.id)
        post = request.method == "POST"
        asking = Asking(
            surface,
            request.known_caller,
            level,
            asked(request, base, level, post=post),
            tenant.zone,
            base,
            request.args.get("id", ""),
            post,
            bool(_LENIENT.search(prefer)),
        )
        asked_for = read(asking, pairs)
        if not asked_for.within(client.groups):
            raise Forbidden("This application may export the Groups that the tenant named, and nothing else.")
        asked_for = await formed(asked_for, surface, tenant.number, client.id, site.exports.approvals)
        order = await _about(site, request, asking, asked_for)
        id_ = secrets.token_hex(20)
        job = Job(id_, tenant.number, request.known_caller.client, surface.id, order.about, "waiting", site.clock())
        await site.exports.jobs.create(job, order.said(), site.exports.at_once)
        url = f"{site.base_url}{surface.exports.replace('{tenant}', tenant.id)}/{id_}"
        told = outcome(issue("information", "informational", "The export has begun; ask for its status."))
        form = negotiate.for_refusal(request.headers, negotiate.JSON, [])
        return replies.resource(202, json.encode(told), form, [(b"content-location", url.encode())])

    return kick_off


def _acceptable(request: Request) -> None:
    """Accept is about what an OperationOutcome is written in; whoever names the files' own format is understood too."""
    accept = request.headers.get(b"accept", b"")
    try:
        negotiate.chosen(request.headers, negotiate.JSON, [])
    except NotAcceptable:
        if b"ndjson" not in accept:
            raise


def asked(request: Request, base: str, level: Level, *, post: bool) -> str:
    """The kick-off's own URL, as the manifest repeats it: of a POST without parameters."""
    below = {"system": "", "patient": "Patient/", "group": f"Group/{request.args.get('id')}/"}[level]
    query = f"?{request.query.decode('latin-1')}" if request.query and not post else ""
    return f"{base}/{below}$export{query}"


async def _about(site: Site, request: Request, asking: Asking, order: Order) -> Order:
    """The order with the Group's members of this moment, and with patients that are among them, or there at all."""
    if asking.level == "group":
        found = await site.records(request.known_tenant).read("Group", asking.group, request.known_reach)
        if found is None or found.body is None:
            raise NotFound
        order = replace(order, members=members(json.decode(found.body, LARGEST), site.clock(), ZoneInfo(asking.zone)))
        if order.patients is not None and not set(order.patients) <= set(order.members):
            raise BadValue("patient: not every one is a member of this Group.")
    elif order.patients is not None:
        await _there(site, request, asking, order.patients)
    return order


async def _there(site: Site, request: Request, asking: Asking, patients: tuple[str, ...]) -> None:
    seen = reach(asking.caller, asking.surface, "Patient", "s", asking.zone)
    records = site.records(request.known_tenant)
    if not isinstance(seen, Reach):
        raise BadValue("patient: not every one is a patient here.")
    found = await asyncio.gather(*(records.read("Patient", one, seen) for one in patients))
    if any(one is None or one.body is None for one in found):
        raise BadValue("patient: not every one is a patient here.")


# Parameters ----------------------------------------------------------------------------------------------------------


async def parameters(request: Request) -> Pairs:
    """The parameters of a GET's query, or of a POST's Parameters or form."""
    found = forms.pairs(request.query)
    if request.method == "POST":
        if found:
            raise BadValue("A POST has its parameters in its body.")
        found = await _body(request)
    for name, value in found:
        if name == "access_token":
            raise BadAuthorization("An access token belongs in the Authorization header and nowhere else.")
        if not value:
            raise BadValue("Every parameter wants a value.")
    return found


async def _body(request: Request) -> list[tuple[str, str]]:
    kind = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")
    if kind == FORM:
        return await forms.form(request)
    raw = await limits.body(request, BODY)
    if not raw:
        return []
    if negotiate.NAMES.get(kind) == negotiate.JSON and "/" in kind:
        resource = json.decode(raw, BODY)
    elif negotiate.NAMES.get(kind) == negotiate.XML and "/" in kind:
        from ...fhir.xml import from_xml  # noqa: PLC0415 - loads lxml, which a start does not wait for

        resource = from_xml(raw, BODY)
    else:
        raise UnsupportedMedia("The body wants a Parameters resource as application/fhir+json or application/fhir+xml.")
    found = list(_pairs(resource))
    request.form = urlencode(found).encode()[:4096]  # what the audit entry tells was asked
    return found


def _pairs(resource: dict[str, Any]) -> Iterator[tuple[str, str]]:
    listed = resource.get("parameter", [])
    if resource.get("resourceType") != "Parameters" or not isinstance(listed, list):
        raise BadValue("The body wants a Parameters resource.")
    for one in listed:
        name = one.get("name") if isinstance(one, dict) else None
        values = [value for key, value in one.items() if key[:5] == "value"] if isinstance(name, str) else []
        if not isinstance(name, str) or len(values) != 1:
            raise BadValue("Each parameter wants a name and one value.")
        yield name, _text(values[0])


def _text(value: Any) -> str:
    """A value as a query writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    link = value.get("reference") if isinstance(value, dict) else value
    if not isinstance(link, str):
        raise BadValue("A parameter of an export is a text, a boolean, an instant or a reference.")
    return link
