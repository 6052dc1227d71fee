"""`/brand/brands.json`, of all tenants and of each: https://hl7.org/fhir/smart-app-launch/brands.html

For everybody, from every origin, and again for nothing where it did not change.
"""

import hashlib
from collections.abc import Iterator

from ...fhir import json
from ...surfaces import brands
from .. import negotiate, replies
from ..exchange import Reply, Request
from ..forms import pairs
from ..route import Cors, Public, Route
from ..site import Site
from . import pictures

KEPT = b"public, max-age=300"


def rows(site: Site) -> Iterator[Route]:
    """The list of all tenants, and the list of one."""

    async def every(request: Request) -> Reply:
        listed = [one for one in await site.tenants.brands() if not one.tenant.sandbox or site.environment == "preview"]
        return told(request, brands.bundle(listed, site.base_url))

    async def own(request: Request) -> Reply:
        listed = [one for one in await site.tenants.brands() if one.tenant.id == request.known_tenant.id]
        return told(request, brands.bundle(listed, site.base_url))

    shown = pictures.picture(site.pictures)
    yield Route(("GET",), "/pictures/{id}", Public(), shown, "picture", "", speaks="page")
    yield Route(("GET",), "/brand/{tenant}/look.css", Public(), pictures.sheet(), "look", "", speaks="page")
    yield Route(("GET",), "/brand/brands.json", Public(), every, "brands", "", cors=Cors.ANY)
    yield Route(("GET",), "/brand/{tenant}/brands.json", Public(), own, "brands", "", cors=Cors.ANY)


def told(request: Request, listed: brands.Json) -> Reply:
    """The list, or that it is what the caller has (RFC 9110 13.1.2)."""
    form = negotiate.chosen(request.headers, "json", pairs(request.query))
    body = json.encode(listed)
    tag = b'W/"%s"' % hashlib.sha256(body).hexdigest()[:32].encode()
    asked = [one.strip().removeprefix(b"W/") for one in request.headers.get(b"if-none-match", b"").split(b",")]
    if tag.removeprefix(b"W/") in asked or b"*" in asked:
        return Reply(304, [(b"etag", tag)], kept=KEPT)
    return replies.resource(200, body, form, [(b"etag", tag)])._replace(kept=KEPT)
