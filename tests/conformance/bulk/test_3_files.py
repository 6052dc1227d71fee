"""conformance.md section 6, 8.3, and annex E: the files, line by line, as the test kit looks at them."""

import json
import subprocess
from collections import Counter
from pathlib import Path

import httpx
import pytest
from fhirclient.models.fhirelementfactory import FHIRElementFactory

from careweft.fhir.json import decode
from careweft.fhir.validate.known import accepts
from tests import world
from tests.bulk.client import Export
from tests.conformance import annex, checker, must
from tests.conformance.annex import Profile
from tests.conformance.bulk.conftest import LEVELS, UNOFFERED, Clinic
from tests.conformance.cast import owner, references
from tests.conformance.kit import showing
from tests.conformance.must import Json
from tests.conformance.test_medplum import THEIRS, unpacked
from tests.platform import SIDES

pytestmark = pytest.mark.anyio
Exports = dict[tuple[str, str], Export]
REQUIRED = [
    "Patient",
    "AllergyIntolerance",
    "CarePlan",
    "CareTeam",
    "Condition",
    "Coverage",
    "Device",
    "DiagnosticReport",
    "DocumentReference",
    "Encounter",
    "Goal",
    "Immunization",
    "MedicationDispense",
    "MedicationRequest",
    "Observation",
    "Organization",
    "Practitioner",
    "Procedure",
    "Provenance",
    "RelatedPerson",
    "ServiceRequest",
    "Specimen",
]
"""What an export of a Group has to hold; Location, Medication, PractitionerRole, QuestionnaireResponse it may."""
NOBODYS = {"Group", "Location", "Medication", "Organization", "Practitioner", "PractitionerRole", "Schedule", "Slot"}
each_side = pytest.mark.parametrize("side", SIDES)
each_level = pytest.mark.parametrize("level", LEVELS)


def taken(profile: Profile, records: list[Json]) -> list[Json]:
    """Which records of an export the kit holds to a profile: an Observation by its code, else by category; a Condition
    and a DiagnosticReport by category; of other types all.
    """
    fixed = profile.finds[0].fixed if profile.finds else {}
    for name in ("code", "category"):
        if name in fixed and profile.type in ("Observation", "Condition", "DiagnosticReport"):
            return [one for one in records if any(checker.holds(one, name, word) for word in fixed[name])]
    return records


@each_side
@each_level
async def test_a_file_wants_the_token(exports: Exports, side, level):
    """8.3.02: requiresAccessToken is true, and without the token each file is 401."""
    export = exports[side, level]
    assert export.manifest["requiresAccessToken"] is True
    async with httpx.AsyncClient() as http:
        for one in export.manifest["output"]:
            answer = await http.get(one["url"], headers={"accept": "application/fhir+ndjson"})
            assert answer.status_code == 401, one["type"]


@each_side
@each_level
async def test_no_line_comes_twice(exports: Exports, side, level):
    """As many names as the manifest counts lines; each line one object on its own (BULK-18)."""
    export = exports[side, level]
    assert len(set(export.names())) == sum(one["count"] for one in export.manifest["output"]) > 0
    assert all(line[:1] == b"{" and line[-1:] == b"}" for line in export.lines())


async def test_every_line_is_a_resource_of_its_file_s_type(exports: Exports):
    """8.3.02 to 8.3.34: of all exports, each line is FHIR R4 as another library reads it (fhirclient)."""
    lines = {
        (item["type"], line)
        for export in exports.values()
        for item in export.manifest["output"]
        for line in export.files[item["url"]].split(b"\n")[:-1]
    }
    for type_, line in lines:
        assert FHIRElementFactory.instantiate(type_, json.loads(line.decode("utf-8", "strict"))).resource_type == type_


@pytest.mark.parametrize("side", SIDES[: world.count(1, 2)])
async def test_every_line_is_valid_by_its_profile(exports: Exports, side):
    """8.3.03 to 8.3.34: each resource of a Group by the US Core profile that the kit holds it to; none lacks one."""
    export = exports[side, "group"]
    told = []
    for profile in (one for one in annex.profiles() if one.type in REQUIRED):
        records = [decode(line, 1 << 20) for line in export.lines("output", profile.type)]
        for one in showing(profile, taken(profile, records)):
            told += [f"{profile.name} {one['id']}: {issue.text}" for issue in accepts(one, [profile.url])]
    assert told == []


@each_side
@pytest.mark.parametrize("profile", annex.profiles(), ids=lambda one: one.name)
async def test_every_must_support_element_is_in_the_export(exports: Exports, side, profile: Profile):
    """8.3.03 to 8.3.34: of every profile at least one resource, and each element, slice and choice in one of them."""
    found = taken(profile, exports[side, "group"].records(profile.type))

    assert showing(profile, found)
    assert must.missing(profile, found) == []


@each_side
@each_level
async def test_the_patients_are_exactly_the_listed_ones(clinic: Clinic, exports: Exports, side, level):
    """8.3.04, 8.3.05: at least two, and the ids of the Group as a set."""
    ids = [one["id"] for one in exports[side, level].records("Patient")]
    assert len(ids) >= 2
    assert len(ids) == len(set(ids))
    assert set(ids) == set(clinic.cast.patients)


@each_side
async def test_every_required_type_is_in_a_group_s_export(exports: Exports, side):
    """8.3.03 to 8.3.34: supporting ones too."""
    assert set(REQUIRED) <= {one["type"] for one in exports[side, "group"].manifest["output"]}


@each_side
@each_level
async def test_references_lead_to_what_was_exported(clinic: Clinic, exports: Exports, side, level):
    """Every reference of every line: to a line of the export, or to a type of which this API exports none."""
    export = exports[side, level]
    names = set(export.names())
    kinds = {one["type"] for one in export.manifest["output"]}
    known = set(clinic.cast.by_reference)
    lost = {
        to
        for one in export.records()
        for to in references(one)
        if to in known and to not in names and (to.partition("/")[0] in kinds or to.partition("/")[0] == "Patient")
    }
    assert lost == set()


@each_side
async def test_each_group_holds_its_own_members_only(clinic: Clinic, side):
    """Fourteen of the twenty: theirs, nobody else's, and as many of each type as a search by patient finds."""
    group = next(one for one in clinic.cast.by_type["Group"] if 2 < len(one["member"]) < len(clinic.cast.patients))
    members = {one["entity"]["reference"].removeprefix("Patient/") for one in group["member"]}
    async with clinic.client(side) as client:
        export = await client.export(f"/Group/{group['id']}/$export")
        for type_ in ("Condition", "Observation", "Coverage", "DocumentReference"):
            query = f"/{type_}?patient={','.join(sorted(members))}&_summary=count"
            answer = await client.http.get(query)
            assert answer.json()["total"] == len(export.records(type_)) > 0, type_

    assert {one["id"] for one in export.records("Patient")} == members
    strays = {owner(one) for one in export.records() if one["resourceType"] not in NOBODYS} - members - {""}
    assert strays == set()


@each_side
@pytest.mark.parametrize("level", ["patient", "system"])
async def test_counts_are_those_of_searches(clinic: Clinic, exports: Exports, side, level):
    """Of every type of an export, what a search of the type counts; of no type more or less."""
    export = exports[side, level]
    counts = Counter(one["resourceType"] for one in export.records())
    wanted = set(clinic.cast.by_type) - UNOFFERED[side] - (NOBODYS if level == "patient" else set())
    async with clinic.client(side) as client:
        totals = {one: (await client.http.get(f"/{one}?_summary=count")).json()["total"] for one in sorted(wanted)}
    if level == "patient":  # where a record is about nobody, and nobody refers to it, neither does its Provenance
        names = set(export.names())
        told = [[to["reference"] for to in one["target"]] for one in clinic.cast.by_type["Provenance"]]
        totals["Provenance"] = sum(not names.isdisjoint(targets) for targets in told)

    assert {one: counts[one] for one in wanted} == totals


@each_side
async def test_lines_are_the_stored_bytes(clinic: Clinic, exports: Exports, side):
    """Each line, byte for byte, stands in what searches of its type answer; attachments by their whole URL apart. The
    other levels have the same lines.
    """
    export = exports[side, "system"]
    whole = f'"url":"{clinic.base(side)}/Binary/'.encode()
    async with clinic.client(side) as client:
        for type_ in sorted({one["type"] for one in export.manifest["output"]}):
            answered: list[bytes] = []
            url: str | None = f"/{type_}?_count=500"
            while url:
                page = await client.http.get(url, headers={"accept": "application/fhir+json"})
                answered.append(page.content)
                url = next((one["url"] for one in page.json()["link"] if one["relation"] == "next"), None)
            stored = b"".join(answered)
            lines = (one.replace(whole, b'"url":"Binary/') for one in export.lines("output", type_))
            assert all(one in stored for one in lines), type_
    for level in ("group", "patient"):
        assert set(exports[side, level].lines()) <= set(export.lines())


@pytest.mark.skipif(
    not world.DRILL, reason="the whole of it is for make drill; the sample people are held to it anyway"
)
@each_side
async def test_medplum_accepts_every_line(exports: Exports, side, tmp_path: Path):
    """Other people's validator, line by line: the NDJSON as it came goes in."""
    package = world.shared("oracle/hl7.fhir.us.core-6.1.0.tgz")
    node, folder = world.node("@medplum/core")
    profiles = unpacked(package, tmp_path)
    lines = b"".join(exports[side, "group"].files.values())
    done = subprocess.run([node, "validate.mjs", str(tmp_path)], input=lines, cwd=folder, capture_output=True,
                          check=True, timeout=240)  # fmt: skip
    *wrong, last = [json.loads(line) for line in done.stdout.splitlines()]
    errors = {(one["profile"], error) for one in wrong for error in one["wrong"]}

    assert {one for one in errors if not any(part in one[1] for part in THEIRS.get(one[0], ()))} == set()
    assert {profiles[one.url] for one in annex.profiles()} <= set(last["held"])
