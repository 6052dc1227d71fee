"""One JSON text as the resources and deletions it asks for: a resource, or a Bundle's entries.

https://hl7.org/fhir/R4/bundle.html: transaction, batch, collection, document and searchset; a `DELETE` entry is a
deletion, which is also how Bulk Data writes its `deleted` files.
"""

import re
from collections.abc import Iterator
from dataclasses import field
from functools import cache
from typing import Any

from ..fhir.definitions import RESOURCES, TYPES
from ..fhir.json import encode
from ..surfaces.intake import MESSAGES
from ..values import dataclass
from .identity import ID, identify, resolve
from .stu3 import stu3

BUNDLES = ("transaction", "batch", "collection", "document", "searchset")
DELETION = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})")


@dataclass(frozen=True, slots=True)
class Entry:
    """A resource to keep under `type` and `id`, or a deletion where `resource` is None."""

    type: str
    id: str
    resource: dict[str, Any] | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry that is not taken, the reason, and which entry of the Bundle it was (0: not a Bundle)."""

    reason: str
    entry: int = 0
    type: str = ""


def entries(content: dict[str, Any], tenant: str) -> Iterator[Entry | Refused]:
    """What this JSON text holds, in its own order."""
    if content.get("resourceType") != "Bundle":
        yield one(content, None, tenant)
    elif content.get("type") not in BUNDLES:
        yield Refused(f"a Bundle of type {', '.join(BUNDLES)} is wanted", type="Bundle")
    else:
        yield from opened(content, tenant)


def opened(bundle: dict[str, Any], tenant: str) -> Iterator[Entry | Refused]:
    """A Bundle's entries, with references between them resolved."""
    listed = bundle.get("entry", [])
    if not isinstance(listed, list):
        yield Refused("Bundle.entry has to be a list", type="Bundle")
        return
    taken = [entry(given, tenant) for given in listed]
    known = {
        given["fullUrl"]: f"{had.type}/{had.id}"
        for given, had in zip(listed, taken, strict=True)
        if isinstance(had, Entry) and isinstance(given.get("fullUrl"), str)
    }
    for number, had in enumerate(taken, 1):
        if isinstance(had, Refused):
            yield Refused(had.reason, number, had.type)
        else:
            resolve(had.resource, known)
            yield had


def entry(given: Any, tenant: str) -> Entry | Refused:
    """One `Bundle.entry`."""
    if not isinstance(given, dict):
        return Refused("a Bundle entry has to be an object")
    request = given.get("request")
    method = request.get("method", "PUT") if isinstance(request, dict) else "PUT"
    if method == "DELETE":
        return deletion(str(request.get("url", "")) if isinstance(request, dict) else "")
    if method not in ("POST", "PUT"):
        return Refused(f"an entry may ask for POST, PUT or DELETE, not {method!r:.12}")
    if isinstance(given.get("search"), dict) and given["search"].get("mode") == "outcome":
        return Refused("an OperationOutcome about the search, not a record", type="OperationOutcome")
    if not isinstance(given.get("resource"), dict):
        return Refused("the entry has no resource")
    return one(given["resource"], given.get("fullUrl"), tenant)


def deletion(url: str) -> Entry | Refused:
    """`DELETE Type/id`."""
    named = DELETION.fullmatch(url)
    if not named or named[1] not in RESOURCES:
        return Refused("a DELETE entry has to name Type/id")
    return Entry(named[1], named[2], None)


def one(resource: dict[str, Any], full_url: Any, tenant: str) -> Entry | Refused:
    """One resource, or the reason why it is not an R4 resource that can be kept."""
    type_ = resource.get("resourceType")
    if not isinstance(type_, str) or type_ not in RESOURCES:
        return Refused("resourceType has to be the name of an R4 resource")
    if type_ in MESSAGES:
        return Refused(f"{type_} is a message, not a record", type=type_)
    if (old := stu3(resource)) is not None:
        return Refused(f"this is an STU3 {type_} ({old!r} is STU3's); R4 is wanted", type=type_)
    if (unknown := strange(resource, type_)) is not None:
        return Refused(f"{type_} has no element {unknown!r:.60} in R4", type=type_)
    if not isinstance(resource.get("meta", {}), dict):
        return Refused(f"{type_}.meta has to be an object", type=type_)
    id_ = resource.get("id")
    if not (isinstance(id_, str) and ID.fullmatch(id_)):
        id_ = identify(tenant, resource, full_url if isinstance(full_url, str) else None, encode(resource))
        resource["id"] = id_
    return Entry(type_, id_, resource)


def strange(resource: dict[str, Any], type_: str) -> str | None:
    """The first top-level element that R4 does not give this type."""
    known = TYPES[type_].by_json
    if resource.keys() <= _plain(type_):  # as most do
        return None
    for name in resource:
        if name not in known and name != "resourceType" and not (name.startswith("_") and name[1:] in known):
            return name
    return None


@cache
def _plain(type_: str) -> frozenset[str]:
    """What an object of this type may hold, but for what stands beside its primitives."""
    return frozenset(TYPES[type_].by_json) | {"resourceType"}
