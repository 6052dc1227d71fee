"""The history interaction of one resource: https://hl7.org/fhir/R4/http.html#history

Each version is shown by its own compartment and today's rights; where none is, the answer is the 404 of what never was.
"""

import os

from ...fhir import bundles
from ...fhir.outcomes import NotFound, UnknownParameter
from ...fhir.search.parse import FORMS
from ...fhir.search.results import COUNT, count
from ...ports.records import Version
from .. import forms, negotiate, replies
from ..exchange import Reply, Request
from ..forms import Pairs
from ..route import Handler, Right
from ..site import Site
from . import paging, remarks, urls
from .links import Held, Sealer

ACCEPTED = ("_count", *FORMS, paging.PAGE)


def handler(site: Site, right: Right) -> Handler:
    """The handler of `GET [base]/[type]/[id]/_history`."""
    sealer = Sealer(site.seal, os.urandom, lambda: site.clock().timestamp())

    async def history(request: Request) -> Reply:
        given = forms.pairs(request.query)
        form = negotiate.chosen(request.headers, right.surface.default_format, given)
        base = right.surface.url(site.base_url, request.known_tenant.id)
        where = f"{base}/{right.type}/{request.args['id']}/_history"
        held = paging.continued(sealer, where, request, given)
        asked = held.pairs if held else accepted(given)
        many = next((count(value) for name, value in asked if name == "_count"), COUNT)
        before = held.place[1] if held else None
        records = site.records(request.known_tenant)
        versions = await records.history(right.type, request.args["id"], request.known_reach, many + 1, before)
        if not versions:
            raise NotFound
        page = versions[:many]
        request.patients = tuple(dict.fromkeys(one for version in page for one in version.patients))
        forms_ = [pair for pair in given if pair[0] in FORMS]
        links = {"self": urls.joined(where, [*asked, *forms_])}
        if len(versions) > many > 0:
            sealed = sealer.seal(where, request.known_caller, Held(0.0, ((), page[-1].version, 0, "", False), asked))
            links["next"] = urls.joined(where, [(paging.PAGE, sealed), *forms_])
        return replies.resource(200, bundles.history(base, links, [past(one) for one in page]), form, [])

    return history


def accepted(given: Pairs) -> Pairs:
    """The parameters, all of which have to be known: none is passed over in silence."""
    for name, _ in given:
        if name not in ACCEPTED:
            raise UnknownParameter(f"Invalid parameter of a history: {remarks.quotable(name)}; it takes _count.")
    return [pair for pair in given if pair[0] == "_count"]


def past(version: Version) -> bundles.Past:
    """A version as the Bundle wants it."""
    return version.type, version.id, version.version, version.updated, version.body
