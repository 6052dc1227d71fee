"""The records of this tenant that a resource refers to, wherever in it: https://hl7.org/fhir/R4/references.html"""

from collections.abc import Iterator
from typing import Any

from .search.kinds.reference import literal
from .search.query import Ref


def named(value: Any) -> Iterator[Ref]:
    """Every relative reference, in the order of the resource, as often as it stands there.

    >>> list(named({"subject": {"reference": "Patient/ana"}, "note": [{"text": "Patient/ben"}]}))
    [Ref(type='Patient', id='ana')]
    """
    if isinstance(value, dict):
        link = value.get("reference")
        found = literal(link) if isinstance(link, str) else None
        if isinstance(found, Ref):
            yield found
        for member in value.values():
            yield from named(member)
    elif isinstance(value, list):
        for one in value:
            yield from named(one)
