"""The published lists of who can be asked for records, and where: https://hl7.org/fhir/smart-app-launch/brands.html

User-access brands and endpoints of SMART App Launch 2.2, which are also the service base URLs that certification asks
for (45 CFR 170.404 (b) (2)): an Organization for each tenant, an Endpoint for each of its APIs that people sign in to.
"""

import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from ..tenancy import Tenant
from ..tenancy.brand import Branded
from . import ALL
from .model import Surface

Json = dict[str, Any]
NAMES = uuid.UUID("6d0c5c5e-6a33-5b0f-9a0e-2f5d8e0b7c11")
"""Under which endpoints get their ids."""
SMART = "http://hl7.org/fhir/smart-app-launch/StructureDefinition"
CORE = "http://hl7.org/fhir/StructureDefinition"
URI = "urn:ietf:rfc:3986"
NUMBERS = {"npi": "http://hl7.org/fhir/sid/us-npi", "ccn": "urn:oid:2.16.840.1.113883.4.336"}
"""What else identifies an organization: the numbers of providers and of facilities."""
CONNECTION = {"system": "http://terminology.hl7.org/CodeSystem/endpoint-connection-type", "code": "hl7-fhir-rest"}
PAYLOAD = {"system": "http://terminology.hl7.org/CodeSystem/endpoint-payload-type", "code": "none"}


def shown() -> tuple[Surface, ...]:
    """The APIs that people sign in to."""
    return tuple(one for one in ALL if one.audience == "patient")


def url(base_url: str, tenant: str = "") -> str:
    """Where the list of one tenant is, or of all."""
    return f"{base_url}/brand/{tenant}/brands.json" if tenant else f"{base_url}/brand/brands.json"


def bundle(brands: Iterable[Branded], base_url: str, name: str = "brands.json") -> Json:
    """The list: a Bundle of type collection."""
    listed = list(brands)
    at = moment(max((one.changed for one in listed), default=datetime(2026, 1, 1, tzinfo=UTC)))
    found = [entry for one in listed for entry in entries(one, base_url)]
    return {
        "resourceType": "Bundle",
        "id": name,
        "meta": {"lastUpdated": at, "profile": [f"{SMART}/user-access-brands-bundle"]},
        "type": "collection",
        "timestamp": at,
        **({"entry": found} if found else {}),
    }


def entries(one: Branded, base_url: str) -> Iterator[Json]:
    """The Organization of a tenant, and the Endpoints of its APIs."""
    yield entry(organization(one, base_url))
    for surface in shown():
        yield entry(endpoint(one, surface, base_url))


def entry(resource: Json) -> Json:
    """One entry: its name is the id, wherever the list is read."""
    return {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}


def identifier(tenant: Tenant) -> Json:
    """By which the list and smart-configuration name the same brand."""
    return {"system": URI, "value": f"urn:uuid:{tenant.id}"}


def organization(one: Branded, base_url: str) -> Json:
    """The brand."""
    brand = one.brand
    site = [{"system": URI, "value": brand.url}] if brand.url else []
    numbers = [
        {"system": system, "value": value} for name, system in NUMBERS.items() if (value := getattr(brand, name))
    ]
    told: Json = {
        "resourceType": "Organization",
        "id": one.tenant.id,
        "meta": {"lastUpdated": moment(one.changed), "profile": [f"{SMART}/user-access-brand"]},
        "extension": [*logo(one, base_url), portal(one)],
        "identifier": [identifier(one.tenant), *site, *numbers],
        "active": True,
        "name": one.tenant.name,
        "alias": [brand.alias] if brand.alias else [],
        "telecom": list(telecom(one)),
        "address": [place] if (place := address(one)) else [],
        "endpoint": [reference(one, surface) for surface in shown()],
    }
    return {name: value for name, value in told.items() if value not in ([], None)}


def logo(one: Branded, base_url: str) -> Iterator[Json]:
    """Where its logo is: the one that was taken in, else the address that was written."""
    kept = one.tenant.look.logo
    place = f"{base_url}/pictures/{kept}" if kept else one.brand.logo
    if place:
        yield {"url": f"{CORE}/organization-brand", "extension": [{"url": "brandLogo", "valueUrl": place}]}


def portal(one: Branded) -> Json:
    """Where its people sign in, and which endpoints that opens."""
    name = one.brand.portal_name or one.tenant.name
    parts: list[Json] = [{"url": "portalName", "valueString": name}]
    if one.brand.portal_url:
        parts.append({"url": "portalUrl", "valueUrl": one.brand.portal_url})
    parts += [{"url": "portalEndpoint", "valueReference": reference(one, surface)} for surface in shown()]
    return {"url": f"{CORE}/organization-portal", "extension": parts}


def telecom(one: Branded) -> Iterator[Json]:
    """Its web site and its telephone."""
    for system, value in (("url", one.brand.url), ("phone", one.brand.phone)):
        if value:
            yield {"system": system, "value": value}


def address(one: Branded) -> Json:
    """Where it is; empty where nobody said."""
    brand = one.brand
    told: Json = {
        "line": [brand.line] if brand.line else [],
        "city": brand.city,
        "state": brand.state,
        "postalCode": brand.postal_code,
    }
    found = {name: value for name, value in told.items() if value}
    return {**found, "country": "US"} if found else {}


def endpoint(one: Branded, surface: Surface, base_url: str) -> Json:
    """One API of a tenant."""
    return {
        "resourceType": "Endpoint",
        "id": endpoint_id(one, surface),
        "meta": {"lastUpdated": moment(one.changed), "profile": [f"{SMART}/user-access-endpoint"]},
        "extension": [{"url": f"{CORE}/endpoint-fhir-version", "valueCode": surface.fhir}],
        "status": "active",
        "connectionType": CONNECTION,
        "name": f"{one.tenant.name}, {surface.side} records",
        "managingOrganization": {"reference": f"Organization/{one.tenant.id}"},
        "contact": [{"system": "url", "value": f"{base_url}/developers"}],
        "payloadType": [{"coding": [PAYLOAD]}],
        "address": surface.url(base_url, one.tenant.id),
    }


def reference(one: Branded, surface: Surface) -> Json:
    """A reference to the Endpoint of an API."""
    return {"reference": f"Endpoint/{endpoint_id(one, surface)}"}


def endpoint_id(one: Branded, surface: Surface) -> str:
    """The same for as long as the tenant and the API are the same."""
    return str(uuid.uuid5(NAMES, f"{one.tenant.id} {surface.id}"))


def moment(at: datetime) -> str:
    """An instant of FHIR's."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
