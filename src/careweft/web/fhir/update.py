"""The update interaction: https://hl7.org/fhir/R4/http.html#update

An update replaces a version that its sender has seen, so If-Match is needed. It does not create: ids are the server's,
and an id that is not there is the same 404 as one that the caller may not see (ADR 303).
"""

from ...fhir.outcomes import PreconditionFailed
from ..exchange import Reply, Request
from ..route import Handler, Right
from ..site import Site
from . import conditions, versions
from .writes import Writes


def handler(site: Site, right: Right) -> Handler:
    """The handler of `PUT [base]/[type]/[id]`."""
    writes = Writes(site, right)

    async def update(request: Request) -> Reply:
        form, id_ = writes.format(request), request.args["id"]
        expected = conditions.expected(request)
        resource = await writes.body(request, id_)
        before = versions.present(
            await site.records(request.known_tenant).read(right.type, id_, request.known_reach), request
        )
        if before.version != expected:
            raise PreconditionFailed
        made = await writes.prepared(request, resource, id_, expected + 1, form, before)
        filing = await site.filing(request.known_tenant)
        filed = await filing.update(made.draft, request.known_reach, made.beside, made.entry, expected)
        return writes.reply(request, filed, form)

    return update
