"""The DocumentReference of a document that was made on demand, in the shape of US Core's profile of it.

It holds the document itself: what was made for one caller's rights is kept for nobody else's (ADR 303).
"""

import base64
import hashlib
from typing import Any

from ..fhir import json
from .summary import LOINC, SUMMARY, TITLE, Made, instant

Json = dict[str, Any]
PROFILE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-documentreference"
CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category"
MEDIA = "application/fhir+json"


def reference(made: Made, document: Json) -> Json:
    """The DocumentReference with the document in it."""
    data = json.encode(document)
    care = {name: text for name, text in (("start", made.start), ("end", made.end)) if text}
    told: Json = {
        "resourceType": "DocumentReference",
        "id": made.id,
        "meta": {"profile": [PROFILE]},
        "masterIdentifier": document["identifier"],
        "status": "current",
        "docStatus": "final",
        "type": {"coding": [SUMMARY], "text": TITLE},
        "category": [{"coding": [{"system": CATEGORY, "code": "clinical-note"}]}],
        "subject": {"reference": f"Patient/{made.patient['id']}"},
        "date": instant(made.at),
        "author": [made.organization],
        "custodian": made.organization,
        "content": [
            {
                "attachment": {
                    "contentType": MEDIA,
                    "data": base64.b64encode(data).decode(),
                    "size": len(data),
                    "hash": base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode(),
                    "title": TITLE,
                    "creation": instant(made.at),
                }
            }
        ],
    }
    return told | {"context": {"period": care}} if care else told


def is_summary(type_: str) -> bool:
    """Does this value of `type` (`system|code`, `|code` or `code`) ask for a summary?

    >>> is_summary("http://loinc.org|34133-9"), is_summary("34133-9"), is_summary("urn:x|34133-9")
    (True, True, False)
    """
    system, bar, code = type_.rpartition("|")
    return code == SUMMARY["code"] and (not bar or system in ("", LOINC))
