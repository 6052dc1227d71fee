"""The CapabilityStatement of a surface, told from the same rows as the routes: https://hl7.org/fhir/R4/capabilitystatement.html"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from ... import __version__
from ...fhir import json
from ...fhir.definitions import SEARCH
from ...fhir.search.chain import DEEPEST
from ...surfaces import issuers
from ...surfaces.model import Offer, Surface, defined
from .. import forms, negotiate, replies
from ..exchange import Reply, Request
from ..route import Handler
from ..site import Site

CHANGED = "2026-11-22"
"""When what is told here last changed; moves with the version."""
KEPT = b"public, max-age=300"
REMEMBERED = 256
"""Statements kept ready, by tenant and by how they were asked for: they change with the program only."""
CHAINS = (
    f"Searches chain by every reference parameter that is listed, over at most {DEEPEST} references, and take _has. "
    "Every step wants the right to search the type that it leads to, and counts only what the caller would find there."
)
"""R4 has no element for this."""
OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
TOGETHER = "http://hl7.org/fhir/StructureDefinition/capabilitystatement-search-parameter-combination"
SECURITY = "http://terminology.hl7.org/CodeSystem/restful-security-service"


def handler(site: Site, surface: Surface) -> Handler:
    """The handler of `GET [base]/metadata`."""
    told: dict[tuple[str, bytes, bytes | None, bytes | None], Reply] = {}

    @cache
    def template() -> bytes:
        return json.encode(statement(surface, site.base_url))

    async def capabilities(request: Request) -> Reply:
        headers = request.headers
        asked = request.known_tenant.id, request.query, headers.get(b"accept"), headers.get(b"content-type")
        known = told.get(asked)
        if known is None:
            if len(told) >= REMEMBERED:
                told.clear()
            form = negotiate.chosen(headers, surface.default_format, forms.pairs(request.query))
            body = template().replace(b"{tenant}", request.known_tenant.id.encode())
            known = told[asked] = replies.resource(200, body, form, [])._replace(kept=KEPT)
        return known

    return capabilities


def statement(surface: Surface, base_url: str) -> dict[str, Any]:
    """The statement, with `{tenant}` where the tenant's id belongs."""
    return {
        "resourceType": "CapabilityStatement",
        "id": surface.id,
        "url": f"{surface.url(base_url, '{tenant}')}/metadata",
        "version": __version__,
        "name": surface.name,
        "title": surface.name.replace("-", " "),
        "status": "active",
        "date": CHANGED,
        "publisher": "careweft",
        "kind": "instance",
        "instantiates": list(surface.instantiates),
        "software": {"name": "careweft", "version": __version__},
        "implementation": {
            "description": f"careweft, {surface.side} records, {surface.audience} access",
            "url": surface.url(base_url, "{tenant}"),
        },
        "fhirVersion": surface.fhir,
        "format": ["application/fhir+json", "json", "application/fhir+xml", "xml"],
        "implementationGuide": list(surface.guides),
        "rest": [rest(surface, base_url)],
    }


def rest(surface: Surface, base_url: str) -> dict[str, Any]:
    """The one `rest`: what a server offers."""
    return {
        "mode": "server",
        "documentation": CHAINS,
        "security": security(surface, base_url),
        "resource": [*map(entry, surface.offers)],
        **({"operation": [operation(one) for one in surface.operations]} if surface.operations else {}),
    }


def security(surface: Surface, base_url: str) -> dict[str, Any]:
    """Where tokens come from, also in the extension that older SMART clients read."""
    issuer = issuers.ALL[surface.issuer]
    uris = [{"url": name, "valueUri": url} for name, url in endpoints(surface, issuer, base_url).items()]
    coding = {"system": SECURITY, "code": "SMART-on-FHIR", "display": "SMART-on-FHIR"}
    return {
        "extension": [{"url": OAUTH_URIS, "extension": uris}],
        "cors": True,
        "service": [{"coding": [coding], "text": "OAuth 2.0 as SMART App Launch uses it"}],
        "description": "Bearer tokens of this tenant's authorization server; see .well-known/smart-configuration.",
    }


def endpoints(surface: Surface, issuer: issuers.Issuer, base_url: str) -> dict[str, str]:
    """What the oauth-uris extension names, each with where it is: for people as much as for services."""
    if surface.audience == "system":
        return {"token": issuer.token_url(base_url, "{tenant}")}
    words = ("authorize", "token", "introspect", "revoke")
    told = {word: issuer.place(base_url, "{tenant}", word) for word in words}
    return told | {"manage": issuer.management_url(base_url, "{tenant}")}


def entry(offer: Offer) -> dict[str, Any]:
    """One `rest.resource`."""
    found = {
        "extension": [together(one) for one in offer.together],
        "type": offer.type,
        "supportedProfile": list(offer.profiles),
        "interaction": [{"code": code} for code in sorted(offer.can)],
        "versioning": "versioned-update" if "update" in offer.can else "versioned",
        "readHistory": "history-instance" in offer.can,
        "updateCreate": False,
        "conditionalCreate": "create" in offer.can and "search-type" in offer.can,
        "conditionalRead": "full-support",
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        "searchInclude": list(offer.includes),
        "searchRevInclude": list(offer.revincludes),
        "searchParam": list(parameters(offer)),
        "operation": [operation(one, offer.type) for one in offer.operations],
    }
    return {name: value for name, value in found.items() if value not in ([], None)}


def operation(name: str, type_: str = "") -> dict[str, str]:
    """An operation of a type or of the whole API."""
    return {"name": name.removeprefix("$"), "definition": defined(name, type_)}


def parameters(offer: Offer) -> Iterator[dict[str, str]]:
    """The search parameters, each with its type and where it is defined."""
    for code in offer.params:
        param = SEARCH[offer.type][code]
        told = {"name": code, "type": param.kind}
        yield {**told, "definition": param.url} if param.url else told


def together(codes: tuple[str, ...]) -> dict[str, Any]:
    """One combination of parameters that a guide names."""
    return {"url": TOGETHER, "extension": [{"url": "required", "valueString": code} for code in codes]}
