"""Other people's validator, Medplum's (npm), accepts every sample record against the US Core profiles it claims."""

import json
import subprocess
import tarfile
from datetime import date
from pathlib import Path

from careweft.fhir.json import encode
from careweft.intake.sample import people
from tests import world

from . import annex

# What it finds wrong with what is right, by profile, and why; a row that is no longer needed is a failure.
THEIRS = {
    "USCorePractitionerRoleProfile": (
        "Error evaluating invariant expression",
        "Constraint pd-1 not met",
    ),  # `telecom or endpoint`: it knows no single node as true (FHIRPath, singleton evaluation)
}


def test_medplum_accepts_the_cast(tmp_path: Path) -> None:
    """The first twenty people of a seed: no error, and each of the 42 profiles was held to something."""
    package = world.shared("oracle/hl7.fhir.us.core-6.1.0.tgz")
    node, folder = world.node("@medplum/core")
    profiles = unpacked(package, tmp_path)
    lines = b"\n".join(encode(one) for one in people(20, 2, today=date(2026, 1, 15)))
    said = subprocess.run([node, "validate.mjs", str(tmp_path)], input=lines, cwd=folder, capture_output=True,
                          check=True, timeout=240).stdout  # fmt: skip
    *wrong, last = [json.loads(line) for line in said.splitlines()]
    errors = {(one["profile"], error) for one in wrong for error in one["wrong"]}
    known = {one for one in errors if any(part in one[1] for part in THEIRS.get(one[0], ()))}

    assert errors - known == set()
    assert {profile for profile, _ in known} == set(THEIRS)
    assert {profiles[one.url] for one in annex.profiles()} <= set(last["held"])


def test_medplum_sees_faults(tmp_path: Path) -> None:
    """The test above can fail: a Patient without a name, an Encounter without a status."""
    package = world.shared("oracle/hl7.fhir.us.core-6.1.0.tgz")
    node, folder = world.node("@medplum/core")
    unpacked(package, tmp_path)
    records = {one["resourceType"]: one for one in people(1, 2, today=date(2026, 1, 15))}
    nameless = {key: value for key, value in records["Patient"].items() if key != "name"}
    broken = [nameless, {key: value for key, value in records["Encounter"].items() if key != "status"}]
    said = subprocess.run([node, "validate.mjs", str(tmp_path)], input=b"\n".join(map(encode, broken)), cwd=folder,
                          capture_output=True, check=True, timeout=240).stdout  # fmt: skip

    assert [json.loads(line)["id"].partition("/")[0] for line in said.splitlines()[:-1]] == ["Patient", "Encounter"]


def unpacked(package: Path, folder: Path) -> dict[str, str]:
    """The package's profiles as files of the folder; their names by URL."""
    names = {}
    with tarfile.open(package) as archive:
        for member in archive:
            if member.name.startswith("package/StructureDefinition-"):
                content = archive.extractfile(member)
                assert content is not None
                text = content.read()
                definition = json.loads(text)
                names[definition["url"]] = definition["name"]
                (folder / Path(member.name).name).write_bytes(text)
    return names
