"""Canaries (GEN-01): sample records in which every text says whose it is, and a net for them.

A canary such as `zqb2x00417` names its flock (m and b: the content of Maple and Birch; i: an id that both have), its
owner (the patient's number, s: shared by the tenant, g: for no patient) and itself.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import count
from typing import Any

from careweft.access.reach import REACH, How
from careweft.intake.sample import people

Json = dict[str, Any]
Key = tuple[str, str]

CANARY = re.compile(rb"zq([mbi])(\d+|s|g)x(\d{5})", re.IGNORECASE)
HIDDEN = re.compile(rb"enF[A-Za-z0-9+/]{11,}")
"""The beginning of a canary in base64, as attachments hold it."""
TIME = re.compile(r"\d{4}(-\d\d){0,2}(T.*)?|\d\d:\d\d.*|[+-]?\d+(\.\d+)?")
PLAIN = frozenset({"resourceType", "id", "contentType", "comparator", "_own"})
SHARED = frozenset(type_ for type_, how in REACH.items() if how is How.SHARED)
NUMBERS = count(1)
TODAY = date(2026, 11, 1)


def canary(flock: str, owner: str) -> str:
    """A new one."""
    return f"zq{flock}{owner}x{next(NUMBERS):05d}"


def seen(*texts: bytes) -> set[tuple[str, str, str]]:
    """The canaries in these texts, in plain and in base64: flock, owner, number."""
    found: set[tuple[str, str, str]] = set()
    for text in texts:
        found |= {(f.decode().lower(), o.decode(), n.decode()) for f, o, n in CANARY.findall(text)}
        for hidden in HIDDEN.findall(text):
            whole = hidden[: len(hidden) // 4 * 4]
            found |= {(f.decode(), o.decode(), n.decode()) for f, o, n in CANARY.findall(base64.b64decode(whole))}
    return found


class Flock:
    """The records of some people with ids that carry canaries; `marked` makes their content a tenant's own."""

    def __init__(self, patients: int, seed: int, ids: str, first: int = 1) -> None:
        plain = list(people(patients, seed, today=TODAY))
        numbered = enumerate((one["id"] for one in plain if one["resourceType"] == "Patient"), first)
        numbers = {id_: str(number) for number, id_ in numbered}
        self.owners = {key(one): owner(one, numbers) for one in plain}
        self.owners |= {key(one): self._of_targets(one) for one in plain if one["resourceType"] == "Provenance"}
        self.ids = {one: f"{one[1]}-{canary(ids, self._in_ids(one))}" for one in self.owners}
        self.plain = plain
        self.patients = {numbers[old]: self.ids["Patient", old] for old in numbers}

    def _of_targets(self, provenance: Json) -> str:
        found = {self.owners[tuple(one["reference"].split("/", 1))] for one in provenance["target"]} - {"s"}
        return found.pop() if len(found) == 1 else "g"

    def _in_ids(self, one: Key) -> str:
        """Whoever sees an appointment sees the id of its slot."""
        return "s" if one[0] in ("Slot", "Schedule") else self.owners[one]

    def marked(self, flock: str) -> list[Json]:
        """Every resource, with canaries of this flock in all that it says."""
        return [self._marked(one, flock, self.owners[key(one)]) for one in self.plain]

    def _marked(self, resource: Json, flock: str, whose: str) -> Json:
        new: Json = self._walk(resource, "", flock, whose)
        return new | {"id": self.ids[key(resource)]}

    def _walk(self, value: Any, name: str, flock: str, whose: str) -> Any:
        if isinstance(value, dict):
            return {
                k: v
                if name in ("category", "extension") and k in ("system", "code", "url")
                else self._walk(v, name if k == "coding" else k, flock, whose)
                for k, v in value.items()
            }
        if isinstance(value, list):
            return [self._walk(one, name, flock, whose) for one in value]
        return self._text(value, name, flock, whose) if isinstance(value, str) else value

    def _text(self, text: str, name: str, flock: str, whose: str) -> str:
        target = tuple(text.split("/", 1))
        if target in self.ids:
            return f"{target[0]}/{self.ids[target]}"
        if name in PLAIN or TIME.fullmatch(text) or (name == "type" and text in REACH):
            return text
        if name == "data":
            return base64.b64encode(f"{canary(flock, whose)} is what it says".encode()).decode()
        return f"{text}-{canary(flock, whose)}"


def key(resource: Json) -> Key:
    """Type and id."""
    return resource["resourceType"], resource["id"]


def owner(resource: Json, numbers: Mapping[str, str]) -> str:
    """The number of the patient whom a record is about, found without the program's own rules."""
    if resource["resourceType"] == "Patient":
        return numbers[resource["id"]]
    if resource["resourceType"] == "Group":
        return "g"
    actors = (one.get("actor") for one in resource.get("participant", ()) if isinstance(one, dict))
    named = [resource.get(name) for name in ("subject", "patient", "beneficiary", "securityContext")]
    for reference in (one["reference"] for one in [*named, *actors] if isinstance(one, dict) and "reference" in one):
        if reference.removeprefix("Patient/") in numbers:
            return numbers[reference.removeprefix("Patient/")]
    return "s" if resource["resourceType"] in SHARED else "g"


def leaves(value: Any) -> Iterator[str]:
    """Every string in a resource."""
    if isinstance(value, dict):
        for one in value.values():
            yield from leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one)
    elif isinstance(value, str):
        yield value


def of_type(resources: Iterable[Json], type_: str) -> list[Json]:
    """Those of one type."""
    return [one for one in resources if one["resourceType"] == type_]
