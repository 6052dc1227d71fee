"""What a filed record has to be before anything is looked up for it: a list of checks, each with all it finds."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ...fhir.outcomes import BadValue
from ..stu3 import stu3
from . import attachments, narrative
from .issues import Issue, NotAccepted, wrong
from .structure import misshapen
from .walk import values

Resource = dict[str, Any]
Accepts = Callable[[Resource], Sequence[Issue]]
"""What else makes a record acceptable: the validator's seam. Returns every fault, [] for none."""

SUBSETTED = "SUBSETTED"


def addressed(resource: Resource, type_: str, id_: str | None) -> None:
    """The body is of the path's type and, for an update, has the path's id. Raises BadValue."""
    named = resource.get("resourceType")
    if named != type_:
        raise BadValue(f"This path takes a {type_}; the body's resourceType says otherwise.")
    if id_ is not None and resource.get("id") != id_:
        raise BadValue("The body's id has to be the id of the path.")


def check(resource: Resource, most: int, before: Resource | None, accepts: Accepts) -> None:
    """Raise NotAccepted with everything that is wrong. `most` is the largest attachment in bytes, `before` the version
    that would be replaced.

    What has another shape than its type is only held to that.
    """
    type_ = resource["resourceType"]
    if (old := stu3(resource)) is not None:
        raise NotAccepted([wrong(f"{type_}.{old}", "structure", "is STU3's; R4 is wanted")])
    if out_of_shape := list(misshapen(resource)):
        raise NotAccepted([*accepts(resource)] or out_of_shape)
    found = [*accepts(resource), *labels(resource, before), *texts(resource), *contents(resource, most)]
    if found:
        raise NotAccepted(found)


def labels(resource: Resource, before: Resource | None) -> Iterator[Issue]:
    """Security labels are the tenant's: an update may repeat them, nobody may change them (AUTHZ-12)."""
    meta = resource.get("meta", {})
    kept = (before or {}).get("meta", {}).get("security")
    path = f"{resource['resourceType']}.meta"
    if meta.get("security", kept) != kept:
        yield wrong(f"{path}.security", "forbidden", "labels are set by the tenant, not by an application")
    if any(isinstance(one, dict) and one.get("code") == SUBSETTED for one in meta.get("tag", ())):
        yield wrong(f"{path}.tag", "business-rule", "says that this is a part of a record; the whole is wanted")


def labelled(resource: Resource, before: Resource | None) -> Resource:
    """The resource with the labels that it had."""
    kept = (before or {}).get("meta", {}).get("security")
    return resource if kept is None else {**resource, "meta": {**resource.get("meta", {}), "security": kept}}


def texts(resource: Resource) -> Iterator[Issue]:
    """Narratives, also those of contained resources (FHIR-13)."""
    for one in values(resource):
        if one.type == "Narrative":
            yield from narrative.unsafe(one.value, one.path)


def contents(resource: Resource, most: int) -> Iterator[Issue]:
    """Attachments that hold their data, and Binaries."""
    if resource["resourceType"] == "Binary":
        yield from attachments.binary(resource, most)
    for one in values(resource):
        if one.type == "Attachment":
            yield from attachments.inline(one.value, one.path, most)
