"""What a record names in this tenant: its references and the documents that its attachments lead to.

Nothing outside of the tenant is followed, ever (FATK-05), and what cannot be followed is not filed.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ...fhir.search.kinds.reference import literal
from ...fhir.search.query import Ref
from .issues import Issue, wrong
from .walk import Value, values

MOST = 200
"""Different records that one record may name."""
UNKNOWN = "leads to no record that this caller may name"
"""Said of what is not there, of what the caller may not see, and of what lies elsewhere: one refusal for all."""


class Link(NamedTuple):
    """One place of a record that names another; `attachment` where it is an Attachment's url."""

    path: str
    to: Ref | None
    attachment: dict[str, Any] | None = None


def own(resource: dict[str, Any], base: str) -> None:
    """Make references and attachment urls below this API's own base relative, in place, as records are kept."""
    prefix = base.rstrip("/") + "/"
    for one in values(resource):
        name = LINKED.get(one.type)
        link = one.value.get(name) if name else None
        if name and isinstance(link, str) and link.startswith(prefix):
            one.value[name] = link.removeprefix(prefix)


LINKED = {"Reference": "reference", "Attachment": "url"}


def links(resource: dict[str, Any]) -> Iterator[Link]:
    """Every place that names another record, in the order of the resource; `to` None where it names none of ours."""
    inside = contained(resource)
    for one in values(resource):
        name = LINKED.get(one.type)
        if name is None or name not in one.value:
            continue
        link = one.value[name]
        if name == "reference" and isinstance(link, str) and link[:1] == "#":
            if link[1:] not in inside:
                yield Link(f"{one.path}.{name}", None)
            continue
        yield _link(one, name, link)


def _link(one: Value, name: str, link: Any) -> Link:
    found = literal(link) if isinstance(link, str) else None
    to = found if isinstance(found, Ref) else None
    if name == "reference":
        return Link(f"{one.path}.{name}", to)
    return Link(f"{one.path}.{name}", to if to and to.type == "Binary" else None, one.value)


def contained(resource: dict[str, Any]) -> set[str]:
    """The ids that `#id` may name; `#` alone is the resource itself."""
    listed = resource.get("contained")
    inside = listed if isinstance(listed, list) else []
    return {"", *(str(one["id"]) for one in inside if isinstance(one, dict) and "id" in one)}


def crowded(found: Sequence[Link]) -> Issue | None:
    """Too many records named at once."""
    many = len({one.to for one in found})
    return (
        wrong("Resource", "too-costly", f"names {many} other records; at most {MOST} are taken")
        if many > MOST
        else None
    )
