"""Every parameter, at every level of both sides, with RS384 and ES384: an independent client of the specification gets
what a reader of https://hl7.org/fhir/uv/bulkdata/STU2/export.html#query-parameters expects.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from tests.bulk.client import Export, Json
from tests.conformance import checker
from tests.conformance.bulk.conftest import ALGORITHMS, LEVELS, USUAL, Clinic
from tests.conformance.cast import owner, references
from tests.platform import SIDES
from tests.world import DRILL

pytestmark = pytest.mark.anyio
Pairs = Sequence[tuple[str, str]]
Holds = Callable[[Export, Export, Clinic], bool]
VALUES = {"_since": "valueInstant", "_until": "valueInstant", "allowPartialManifests": "valueBoolean"}
"""How a POST of Parameters has them; others are valueString, and `patient` is a reference."""


@dataclass(frozen=True)
class Row:
    """A parameter; what holds of the export that was asked for with it, beside the whole one of that level."""

    name: str
    pairs: Pairs
    holds: Holds
    not_at: tuple[str, ...] = ()
    post: bool = False

    def parameters(self, clinic: Clinic) -> list[Json]:
        """As a POST has them."""
        return [one for name, value in self.pairs for one in _parameter(name, value, clinic)]


def _parameter(name: str, value: str, clinic: Clinic) -> list[Json]:
    if name == "patient":
        return [{"name": name, "valueReference": {"reference": f"Patient/{one}"}} for one in chosen(clinic)]
    typed = VALUES.get(name, "valueString")
    return [{"name": name, typed: value == "true" if typed == "valueBoolean" else value}]


def chosen(clinic: Clinic) -> list[str]:
    """The patients who are asked for."""
    return sorted(clinic.cast.patients)[:3]


def everything(export: Export, whole: Export, _: Clinic) -> bool:
    return sorted(export.lines()) == sorted(whole.lines())


def nothing(export: Export, _: Export, __: Clinic) -> bool:
    return export.manifest["output"] == export.manifest["error"] == []


def few(export: Export, whole: Export, _: Clinic) -> bool:
    """The types of FEW whole, and no other."""
    wanted = whole.lines("output", "Patient") + whole.lines("output", "Condition")
    return sorted(export.lines()) == sorted(wanted)


def elements(export: Export, whole: Export, _: Clinic) -> bool:
    """Names alone of patients, what is mandatory of encounters; all tagged."""
    people, visits = export.records("Patient"), export.records("Encounter")
    return (
        export.names() == sorted(whole.names("Patient") + whole.names("Encounter"))
        and all("SUBSETTED" in {tag["code"] for tag in one["meta"]["tag"]} for one in people + visits)
        and not any({"birthDate", "address"} & set(one) for one in people)
        and any("name" in one for one in people)
        and all({"status", "class"} <= set(one) for one in visits)
    )


def laboratory(export: Export, whole: Export, _: Clinic) -> bool:
    """Of Observations what the search finds, of patients all."""
    wanted = [
        f"Observation/{one['id']}"
        for one in whole.records("Observation")
        if checker.holds(one, "category", "laboratory")
    ]
    return export.names("Observation") == sorted(wanted) != [] and export.names("Patient") == whole.names("Patient")


def theirs(export: Export, whole: Export, clinic: Clinic) -> bool:
    """Every record of the chosen patients, and of nobody else."""
    ids = set(chosen(clinic))
    shared = {"Location", "Medication", "Organization", "Practitioner", "PractitionerRole", "Provenance"}
    own = {f"{one['resourceType']}/{one['id']}" for one in whole.records() if owner(one) in ids}
    others = {owner(one) for one in export.records() if one["resourceType"] not in shared} - ids - {""}
    return {one["id"] for one in export.records("Patient")} == ids and not others and own <= set(export.names())


def beside(export: Export, whole: Export, _: Clinic) -> bool:
    """Conditions, and all Provenance of them."""
    names = set(whole.names("Condition"))
    about = [one for one in whole.records("Provenance") if {to["reference"] for to in one["target"]} & names]
    wanted = {f"Provenance/{one['id']}" for one in about}
    return bool(about) and set(export.names("Condition")) == names and wanted <= set(export.names("Provenance"))


def newest(export: Export, whole: Export, _: Clinic) -> bool:
    """Conditions, and the last Provenance of each that has any."""
    last: dict[str, tuple[str, str]] = {}
    names = set(whole.names("Condition"))
    for one in whole.records("Provenance"):
        for to in one["target"]:
            if to["reference"] in names:
                last[to["reference"]] = max(last.get(to["reference"], ("", "")), (one["recorded"], one["id"]))
    kept = {one["id"] for one in export.records("Provenance")}
    return bool(last) and {id_ for _, id_ in last.values()} <= kept and set(export.names("Condition")) == names


def by_patient(export: Export, whole: Export, clinic: Clinic) -> bool:
    """A header, then that patient's records, all of them together; no record is lost."""
    seen, current, names = [], "", set()
    for item in export.manifest["output"]:
        for one in map(json.loads, export.files[item["url"]].split(b"\n")[:-1]):
            if one["resourceType"] == "Parameters":
                current = one["parameter"][0]["valueReference"]["reference"]
                seen.append(current)
                continue
            name = f"{one['resourceType']}/{one['id']}"
            names.add(name)
            if "type" not in item and current not in (name, *references(one)):
                return False
    return (
        export.manifest["outputOrganizedBy"] == "Patient"
        and sorted(seen) == sorted(f"Patient/{one}" for one in clinic.cast.patients)
        and names == set(whole.names())
    )


FEW = ("_type", "Patient,Condition")
LONG_AGO = "2020-01-01T00:00:00Z"
ROWS = [
    Row("format fhir+ndjson", [FEW, ("_outputFormat", "application/fhir+ndjson")], few),
    Row("format application/ndjson", [FEW, ("_outputFormat", "application/ndjson")], few),
    Row("format ndjson", [FEW, ("_outputFormat", "ndjson")], few),
    Row("since long ago", [("_since", LONG_AGO)], everything),
    Row("since tomorrow", [("_since", "2999-01-01T00:00:00.000+01:00")], nothing),
    Row("until long ago", [("_until", LONG_AGO)], nothing),
    Row("until tomorrow", [("_until", "2999-01-01T00:00:00Z")], everything),
    Row("type", [FEW], few),
    Row("type twice", [("_type", "Patient"), ("_type", "Condition")], few),
    Row("elements", [("_type", "Patient,Encounter"), ("_elements", "id,Patient.name")], elements),
    Row(
        "type filter",
        [("_type", "Patient,Observation"), ("_typeFilter", "Observation?category=laboratory")],
        laboratory,
    ),
    Row("patient", [("patient", "three of them")], theirs, not_at=("system",), post=True),
    Row("associated", [("_type", "Condition"), ("includeAssociatedData", "RelevantProvenanceResources")], beside),
    Row("associated, latest", [("_type", "Condition"), ("includeAssociatedData", "LatestProvenanceResources")], newest),
    Row("organized", [("organizeOutputBy", "Patient")], by_patient, not_at=("system",)),
    Row("partial manifests", [FEW, ("allowPartialManifests", "true")], few),
    Row("whole manifests", [FEW, ("allowPartialManifests", "false")], few),
]
OTHER = {side: next(one for one in ALGORITHMS if one != USUAL[side]) for side in SIDES}
CROSSES: list[tuple[dict[str, str], Callable[[int], bool]]] = [
    (alg, post) for alg in (USUAL, OTHER) for post in (lambda at: at % 2 == 0, lambda at: at % 2 == 1)
]
"""How a service signs by side, and which places of a row are asked by POST."""


@pytest.mark.parametrize("row", ROWS, ids=lambda one: one.name)
async def test_a_parameter_does_what_it_says(clinic: Clinic, exports: dict[tuple[str, str], Export], row: Row):
    """At three levels of two APIs, by GET and as Parameters by POST; refused where it has no meaning."""

    async def asked(side: str, level: str, alg: str, post: bool) -> tuple[Any, ...]:
        where = side, level, alg, "POST" if post else "GET"
        async with clinic.client(side, alg) as client:
            if post:
                begun = await client.kick_off_post(clinic.path(level), row.parameters(clinic))
            else:
                begun = await client.kick_off(clinic.path(level), row.pairs)
            if level in row.not_at:
                return *where, begun.status_code == 400
            export = await client.finished(begun)
            assert (await client.delete(begun)).status_code == 202
        return *where, row.holds(export, exports[side, level], clinic)

    told = []
    for alg, post in CROSSES if DRILL else CROSSES[:1]:
        ways = [(side, level, alg[side], row.post or post(at)) for at, (side, level) in enumerate(places(row))]
        told += await asyncio.gather(*(asked(*one) for one in ways))

    assert [one for one in told if not one[-1]] == []


def places(row: Row) -> list[tuple[str, str]]:
    """All levels of both sides; in make test each level of one of them, the other one for the next level and row."""
    if DRILL:
        return [(side, level) for side in SIDES for level in LEVELS]
    return [(SIDES[(ROWS.index(row) + at) % 2], level) for at, level in enumerate(LEVELS)]


async def test_each_parameter_has_its_rows():
    """Those of the issue and of the CapabilityStatement's guide: none is left out."""
    assert {name for row in ROWS for name, _ in row.pairs} == {
        "_outputFormat", "_since", "_until", "_type", "_elements", "_typeFilter", "patient", "includeAssociatedData",
        "organizeOutputBy", "allowPartialManifests",
    }  # fmt: skip
