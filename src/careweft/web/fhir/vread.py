"""The vread interaction: https://hl7.org/fhir/R4/http.html#vread. A version that is a deletion is 410."""

from ..exchange import Reply, Request
from ..route import Handler, Right
from ..site import Site
from . import versions


def handler(site: Site, right: Right) -> Handler:
    """The handler of `GET [base]/[type]/[id]/_history/[vid]`."""

    async def vread(request: Request) -> Reply:
        form, view = versions.wanted(request, right)
        records, number = site.records(request.known_tenant), int(request.args["vid"])
        version = await records.version(right.type, request.args["id"], number, request.known_reach)
        return versions.shown(version, request, form, view)

    return vread
