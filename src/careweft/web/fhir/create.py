"""The create interaction, conditional too: https://hl7.org/fhir/R4/http.html#create, https://hl7.org/fhir/R4/http.html#ccreate

A client's own id is passed over: ids are the server's.
"""

import uuid
from dataclasses import replace
from zoneinfo import ZoneInfo

from ...access.decide import Denied
from ...access.narrow import narrow
from ...access.reach import Narrowed
from ...fhir.search.context import Context
from ...fhir.search.offered import Offers
from ...fhir.search.parse import parse
from ..exchange import Reply, Request
from ..forms import Pairs
from ..guard import insufficient
from ..route import Handler, Right
from ..site import Site
from . import conditions
from .writes import Writes

FIRST = 1


def handler(site: Site, right: Right) -> Handler:
    """The handler of `POST [base]/[type]`."""
    writes = Writes(site, right)

    async def create(request: Request) -> Reply:
        form = writes.format(request)
        criteria = conditions.criteria(request)
        unless = None if criteria is None else searched(site, right, request, criteria)
        resource = await writes.body(request)
        made = await writes.prepared(request, resource, str(uuid.uuid4()), FIRST, form)
        filing = await site.filing(request.known_tenant)
        filed = await filing.create(made.draft, request.known_reach, made.beside, made.entry, unless)
        return writes.reply(request, filed, form)

    return create


def searched(site: Site, right: Right, request: Request, criteria: Pairs) -> Narrowed:
    """The search of If-None-Exist, as this caller may run it: what it cannot find does not keep it from creating."""
    tenant = request.known_tenant
    context = Context(site.clock(), ZoneInfo(tenant.zone), right.surface.url(site.base_url, tenant.id))
    found = parse(right.type, Offers(right.surface.by_type[right.type].params), criteria, context)
    narrowed = narrow(replace(found.query, count=2), request.known_caller, right.surface, tenant.zone)
    if isinstance(narrowed, Denied):
        raise insufficient(right.surface, narrowed)
    return narrowed
