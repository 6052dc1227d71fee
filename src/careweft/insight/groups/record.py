"""A population as the FHIR Group that everybody reads: https://hl7.org/fhir/R4/group.html

Who comes in opens a period; who goes out has it closed and is `inactive`, and stays listed; who comes back opens
another. Where nobody came or went and nothing else was said anew, the record is the same one, and no new version.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from ...fhir.membership import is_in, patient
from ...ports.groups import Defined
from .definition import Definition, Line

Json = dict[str, Any]

TYPES = "http://hl7.org/fhir/resource-types"
OURS = "urn:careweft:group"
MOST = 50_000
"""Entries of one Group. Those that ended longest ago are dropped first; versions before keep them."""


def group(defined: Defined, definition: Definition, entries: Sequence[Json], at: datetime) -> Json:
    """The record, as of `at`."""
    made: Json = {
        "resourceType": "Group",
        "id": defined.id,
        "identifier": [{"system": OURS, "value": defined.id}],
        "active": True,
        "type": "person",
        "actual": True,
        "code": _concept(defined),
        "name": defined.name,
        "quantity": sum(is_in(one, at) for one in entries),
        "managingEntity": {"reference": defined.manager} if defined.manager else None,
        "characteristic": [_characteristic(one) for one in definition.searches],
        "member": list(entries),
    }
    return {name: value for name, value in made.items() if value not in (None, [])}


def _concept(defined: Defined) -> Json:
    if defined.code is None:
        return {"text": defined.name}
    system, _, code = defined.code.rpartition("|")
    return {"coding": [{"system": system, "code": code} if system else {"code": code}], "text": defined.name}


def _characteristic(line: Line) -> Json:
    """What FHIR can say of a line: the kind of record, the codes that it asks for, and the search itself as text."""
    asked = (text for name, text in parse_qsl(line.text) if name == "code")
    codings = [one for text in asked for one in _codings(text)]
    value = {"coding": codings, "text": line.search} if codings else {"text": line.search}
    code = {"coding": [{"system": TYPES, "code": line.type}]}
    return {"code": code, "valueCodeableConcept": value, "exclude": line.excludes}


def _codings(text: str) -> Iterator[Json]:
    """The codes with their systems; what leaves a system open says no code."""
    for one in text.split(","):
        system, _, code = one.partition("|")
        if system and code and "\\" not in one:
            yield {"system": system, "code": code}


def moved(before: Sequence[Json], members: frozenset[str], at: datetime) -> list[Json]:
    """The entries of a Group as they are once `members` are its members, from `at` on.

    What was there and is still true is left as it stands, whoever wrote it.
    """
    moment = at.isoformat(timespec="seconds")
    inside = {id_ for one in before if is_in(one, at) and (id_ := patient(one)) in members}
    kept = [_ended(one, moment) if is_in(one, at) and patient(one) not in inside else one for one in before]
    return _cut([*kept, *(_begun(id_, moment) for id_ in sorted(members - inside))])


def _begun(id_: str, moment: str) -> Json:
    return {"entity": {"reference": f"Patient/{id_}"}, "period": {"start": moment}}


def _ended(entry: Json, moment: str) -> Json:
    period = entry.get("period")
    return entry | {"period": (period if isinstance(period, dict) else {}) | {"end": moment}, "inactive": True}


def _cut(entries: list[Json]) -> list[Json]:
    """As many as a Group may have."""
    spare = max(len(entries) - MOST, 0)
    ended = sorted(
        (n for n, one in enumerate(entries) if one.get("inactive", False)),
        key=lambda n: str((entries[n].get("period") or {}).get("end", "")),
    )
    dropped = set(ended[:spare])
    return [one for n, one in enumerate(entries) if n not in dropped] if dropped else entries
