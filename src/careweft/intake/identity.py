"""Which id a resource gets, and what becomes of references by `urn:uuid:` and `fullUrl` (https://hl7.org/fhir/R4/http.html#trules)."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def identify(tenant: str, resource: Mapping[str, Any], full_url: str | None, content: bytes) -> str:
    """A valid `id` is kept; else a UUIDv5 of the tenant and the fullUrl, or where there is none the content.

    The same input gives the same id, so that a second load finds what the first one stored.
    """
    given = resource.get("id")
    if isinstance(given, str) and ID.fullmatch(given):
        return given
    seed = full_url or f"{resource['resourceType']} {content.decode()}"
    return str(uuid5(UUID(tenant), seed))


def resolve(node: Any, known: Mapping[str, str]) -> None:
    """Replace in place each reference, and each attachment's url, that names an entry of the same Bundle."""
    if isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, str):
                if key in ("reference", "url", "uri", "valueUri", "valueUrl") and value in known:
                    node[key] = known[value]
            else:
                resolve(value, known)
    elif isinstance(node, list):
        for one in node:
            resolve(one, known)
