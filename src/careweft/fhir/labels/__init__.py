"""Which records are sensitive, told from their codes: the HL7 labels R, V, ETH, SUD and PSY as bits of a number.

https://terminology.hl7.org/ValueSet-v3-InformationSensitivityPolicy.html, 42 CFR Part 2. What the codes are is in
`table`; this walks a resource and looks each coding up.
"""

import re
from typing import Any

from .table import ACT, BITS, CONFIDENTIALITY, EVERY, ROWS, VERSION, named, suspect

NESTED = frozenset({dict, list})
_CODE = re.compile(rb'"code":"([^"\\]*)')

__all__ = ["BITS", "EVERY", "ROWS", "VERSION", "labels", "labels_of_written", "spelled"]


def labels(resource: dict[str, Any]) -> int:
    """The labels of a resource: of every coding in it, however deep, contained resources among it.

    >>> coding = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F11.20"}
    >>> spelled(labels({"resourceType": "Condition", "code": {"coding": [coding]}}))
    ('SUD',)
    """
    found = _said(resource.get("meta"))
    left: list[Any] = [resource]
    for one in left:  # which grows meanwhile
        if type(one) is dict:
            if "system" in one and "code" in one and type(one["system"]) is str:
                found |= named(one["system"], one["code"])
            one = one.values()  # noqa: PLW2901  what is in it is looked at the same way
        left += [each for each in one if type(each) in NESTED]
    return found


def labels_of_written(resource: dict[str, Any], written: bytes) -> int:
    """The same of a resource that stands compact in `written` (by `json.encode`; type and id may lack): it is walked
    only where a code of the table stands there beside the name of its system, as in few records. Compact JSON writes
    the letters of codes and systems as they are, and a quote within a text never without its backslash.
    """
    for code in _CODE.findall(written):
        for system in suspect(code):
            if system in written:
                return labels(resource)
    return 0


def _said(meta: Any) -> int:
    """The labels of `meta.security` that name no system: what they mean is plain enough to withhold."""
    security = meta.get("security") if type(meta) is dict else None
    found = 0
    for one in security if type(security) is list else ():
        if type(one) is dict and "system" not in one:
            found |= named(ACT, one.get("code")) | named(CONFIDENTIALITY, one.get("code"))
    return found


def spelled(bits: int) -> tuple[str, ...]:
    """The labels of these bits, in the order of the table."""
    return tuple(label for label, bit in BITS.items() if bits & bit)
