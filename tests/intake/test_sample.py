"""The sample people: the same for a seed, whole, and as the published profiles and common sense want them."""

import hashlib
import json
import time
from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from careweft.fhir.definitions import RESOURCES, TYPES
from careweft.fhir.definitions import codes as codes_of
from careweft.fhir.json import encode
from careweft.intake.sample import people, write
from careweft.intake.sample.catalogue.illnesses import ILLNESSES
from careweft.intake.sample.catalogue.laboratory import PANELS
from careweft.intake.sample.catalogue.medicines import MEDICINES
from careweft.intake.sample.catalogue.procedures import PROCEDURES
from careweft.intake.sample.catalogue.surveys import SURVEYS
from careweft.intake.sample.catalogue.visits import VISITS
from tests import world

from .plausibility import RULES, RULES_OF_LIVES, TODAY, Life, lives
from .profiles import Json, Profile, load

CAST = 20
CROWD = world.count(100, 1000)
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"


@cache
def sample(patients: int, seed: int = 1) -> tuple[Json, ...]:
    return tuple(people(patients, seed, today=TODAY))


@cache
def by_type(patients: int, seed: int = 1) -> dict[str, list[Json]]:
    found = defaultdict(list)
    for resource in sample(patients, seed):
        found[resource["resourceType"]].append(resource)
    return found


@cache
def by_reference(patients: int) -> dict[str, Json]:
    return {f"{r['resourceType']}/{r['id']}": r for r in sample(patients)}


@cache
def everyone(patients: int) -> list[Life]:
    return lives(sample(patients))


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str):
            yield node["reference"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_the_same_seed_gives_the_same_bytes() -> None:
    def digest(seed: int) -> str:
        return hashlib.sha256(b"\n".join(map(encode, people(12, seed, today=TODAY)))).hexdigest()

    assert digest(1) == digest(1)
    assert digest(1) != digest(2)


def test_a_person_does_not_depend_on_how_many_follow() -> None:
    few = {r["id"]: r for r in sample(5) if r["resourceType"] != "Group"}
    many = {r["id"]: r for r in sample(CAST)}

    assert all(many[id_] == resource for id_, resource in few.items())


def test_files_hold_one_type_each(tmp_path: Path) -> None:
    counts = write(tmp_path, 3, 1, TODAY)
    lines = {path.stem: [json.loads(line) for line in path.read_bytes().splitlines()] for path in tmp_path.iterdir()}

    assert (
        {type_: len(rows) for type_, rows in lines.items()}
        == dict(counts)
        == {type_: len(rows) for type_, rows in by_type(3).items()}
    )
    assert all(row["resourceType"] == type_ for type_, rows in lines.items() for row in rows)


def test_two_thousand_resources_take_less_than_a_second() -> None:
    started = time.process_time()
    made = sum(1 for _ in people(30, 7, today=TODAY))

    assert made / (time.process_time() - started) >= 2000


def test_a_person_has_about_a_hundred_resources() -> None:
    assert 60 <= len(sample(CROWD)) / CROWD <= 150


def test_ids_are_legal_and_of_one_resource() -> None:
    ids = Counter(f"{r['resourceType']}/{r['id']}" for r in sample(CROWD))

    assert max(ids.values()) == 1
    assert all(len(r["id"]) <= 64 and r["id"].replace("-", "").isalnum() for r in sample(CROWD))


def test_references_resolve_inside_the_set() -> None:
    known = by_reference(CROWD)

    assert [r for r in references(list(sample(CROWD))) if r not in known] == []


def opens(type_: str, data: bytes) -> bool:
    """Whether the bytes are what their type says: words, a PDF whose table points at its objects, well-formed XML."""
    if type_ == "application/pdf":
        table = int(data.rsplit(b"startxref\n", 1)[1].split()[0])
        places = [int(line.split()[0]) for line in data[table:].splitlines()[3:8]]
        return [data[at:].split(b" ", 1)[0] for at in places] == [b"1", b"2", b"3", b"4", b"5"]
    if type_ == "application/xml":
        return ET.fromstring(data).tag == "{urn:hl7-org:v3}ClinicalDocument"
    return type_ == "text/plain" and bool(data.decode())


def test_attachments_are_binaries_of_the_same_patient() -> None:
    known = by_reference(CROWD)
    for document in by_type(CROWD)["DocumentReference"]:
        attachment = document["content"][0]["attachment"]
        if "url" in attachment:
            assert known[attachment["url"]]["securityContext"] == document["subject"]
            assert known[attachment["url"]]["contentType"] == attachment["contentType"]
        data = b64decode(attachment.get("data") or known[attachment["url"]]["data"])
        assert attachment["size"] == len(data)
        assert b64decode(attachment["hash"]) == hashlib.sha1(data, usedforsecurity=False).digest()
        assert opens(attachment["contentType"], data)


def test_every_resource_has_a_provenance() -> None:
    targets = {reference["reference"] for one in by_type(CROWD)["Provenance"] for reference in one["target"]}

    assert {ref.split("/")[0] for ref in by_reference(CROWD) if ref not in targets} == {"Provenance", "Slot"}


def test_every_type_an_api_offers_is_there() -> None:
    wanted = """Patient Practitioner Organization Location RelatedPerson AllergyIntolerance Condition Procedure
        Observation DiagnosticReport Immunization Specimen MedicationRequest MedicationDispense Medication Encounter
        EpisodeOfCare ServiceRequest CarePlan CareTeam Coverage Device DocumentReference Binary Group Provenance
        Appointment Goal PractitionerRole QuestionnaireResponse Schedule Slot ExplanationOfBenefit"""

    assert set(wanted.split()) == set(by_type(CAST)) <= set(RESOURCES)


def strays(node: Any, type_: str, path: str) -> Iterator[str]:
    """Keys of a value that its R4 type does not have."""
    names = TYPES[type_].by_json
    for key, value in node.items():
        if key == "resourceType":
            continue
        if key.lstrip("_") not in names:
            yield f"{path}.{key}"
            continue
        element, kind = names[key.lstrip("_")]
        many = element.max != 1
        if isinstance(value, list) != many and not key.startswith("_"):
            yield f"{path}.{key} is {'no' if many else 'a'} list"
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict) and kind in TYPES and not key.startswith("_"):
                yield from strays(one, kind, f"{path}.{key}")


def wrong_codes(node: Any, type_: str, path: str) -> Iterator[str]:
    """Codes that the required binding of their element does not have."""
    for key, value in node.items():
        element, kind = TYPES[type_].by_json.get(key, (None, ""))
        for one in (value if isinstance(value, list) else [value]) if element else ():
            allowed = {code for _, code in codes_of(element.binding)} if kind == "code" else set()
            if allowed and one not in allowed:
                yield f"{path}.{key} {one}"
            if isinstance(one, dict) and kind in TYPES:
                yield from wrong_codes(one, kind, f"{path}.{key}")


def test_codes_are_those_of_r4() -> None:
    found = Counter(code for r in sample(CROWD) for code in wrong_codes(r, r["resourceType"], r["resourceType"]))

    assert found == {}


def test_keys_are_those_of_r4() -> None:
    found = Counter(stray for r in sample(CROWD) for stray in strays(r, r["resourceType"], r["resourceType"]))

    assert found == {}


def test_nothing_is_empty() -> None:
    def hollow(node: Any) -> bool:
        if isinstance(node, dict | list):
            return not node or any(map(hollow, node.values() if isinstance(node, dict) else node))
        return node is None or node == ""

    assert [r["resourceType"] for r in sample(CROWD) if hollow(r)] == []


# --- profiles ---------------------------------------------------------------------------------------------------------


@cache
def profiles() -> dict[str, Profile]:
    return load(world.shared("oracle/hl7.fhir.us.core-6.1.0.tgz")) | load(
        world.shared("oracle/hl7.fhir.us.carin-bb-2.0.0.tgz")
    )


def claimed(patients: int, seed: int = 1) -> dict[str, list[Json]]:
    """Resources by the profiles that they claim."""
    found = defaultdict(list)
    for resource in sample(patients, seed):
        for url in resource.get("meta", {}).get("profile", ()):
            found[url.partition("|")[0]].append(resource)
    return found


def test_every_resource_is_as_its_profiles_want() -> None:
    """Cardinalities, fixed and pattern values, required codes and slices of US Core 6.1.0 and CARIN 2.0.0."""
    known = profiles()
    lacking = Counter(
        f"{url.rsplit('/', 1)[1]} {lack}"
        for url, resources in claimed(world.count(25, 300)).items()
        for resource in resources
        for lack in known[url].lacks(resource)
    )

    assert lacking == {}


def test_the_profile_reader_sees_faults() -> None:
    """The check above can fail: a blood pressure without its systolic part, a Patient without a name."""
    known = profiles()
    pressure = next(r for r in claimed(CAST)[US_CORE + "us-core-blood-pressure"])
    patient = {key: value for key, value in by_type(CAST)["Patient"][0].items() if key != "name"}

    assert list(known[US_CORE + "us-core-blood-pressure"].lacks(pressure | {"component": pressure["component"][1:]}))
    assert list(known[US_CORE + "us-core-patient"].lacks(patient))


def test_types_with_a_profile_claim_one() -> None:
    plain = {r["resourceType"] for r in sample(CAST) if not r.get("meta", {}).get("profile")}

    assert plain == {"Appointment", "Binary", "EpisodeOfCare", "Group", "Schedule", "Slot"}


# Must-support elements that nobody in the cast has, and why.
ABSENT = {
    "dataAbsentReason": "the test kit does not ask for them, and few measurements fail",
    "component.dataAbsentReason": "as above",
    "component:FlowRate.dataAbsentReason": "as above",
    "component:Concentration.dataAbsentReason": "as above",
    "component": "these vital signs have no parts",
    "component.code": "as above",
    "component.value[x]": "as above",
    "value[x]": "a blood pressure is its parts",
    "endpoint": "an address is there instead",
    "media": "no Media is offered",
    "media.link": "as above",
    "item.item": "the surveys are flat",
    "item.answer.item": "as above",
    "questionnaire.extension:url": "the questionnaires are FHIR ones",
    "questionnaire.extension:questionnaireDisplay": "it is in _questionnaire, which this reader does not join",
    "meta.lastUpdated": "the server writes it",
}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_cast_has_every_must_support_element(seed: int) -> None:
    known = profiles()
    missing = [
        f"{url.rsplit('/', 1)[1]} {path}"
        for url, resources in claimed(CAST, seed).items()
        for path, element in known[url].elements.items()
        if element.get("mustSupport")
        and path not in ABSENT
        and not any(known[url].has(resource, path) for resource in resources)
    ]

    assert missing == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_cast_has_every_profile(seed: int) -> None:
    general = {"us-core-vital-signs", "us-core-simple-observation", "C4BB-ExplanationOfBenefit"}  # others narrow these
    wanted = {url for url, profile in profiles().items() if profile.type in RESOURCES and profile.elements}

    assert {url.rsplit("/", 1)[1] for url in wanted - set(claimed(CAST, seed))} == general


def codes(resources: list[Json], *path: str) -> set[str]:
    """Every code that the resources have at a path of CodeableConcepts."""
    found: list[Any] = list(resources)
    for step in path:
        found = [
            one
            for value in found
            if step in value
            for one in (value[step] if isinstance(value[step], list) else [value[step]])
        ]
    return {coding["code"] for value in found for coding in value.get("coding", [value])}


@pytest.mark.parametrize(
    ("type_", "path", "wanted"),
    [
        ("DocumentReference", ("type",), "11488-4 18842-5 34117-2 28570-0 11506-3 18748-4 11502-2 11526-1"),
        ("DiagnosticReport", ("category",), "LP29708-2 LP7839-6 LP29684-5 LAB"),
        ("Observation", ("category",), "vital-signs laboratory social-history survey imaging procedure exam"),
        ("Observation", ("category",), "sdoh functional-status disability-status cognitive-status"),
        ("Condition", ("category",), "encounter-diagnosis problem-list-item health-concern"),
        ("Condition", ("category",), "sdoh functional-status disability-status cognitive-status"),
        ("ExplanationOfBenefit", ("type",), "institutional oral pharmacy professional"),
        ("ExplanationOfBenefit", ("subType",), "inpatient outpatient"),
        ("Encounter", ("class",), "AMB EMER IMP VR"),
        ("Immunization", ("statusReason",), "PATOBJ"),
        ("Observation", ("component", "dataAbsentReason"), "unknown"),
        ("ServiceRequest", ("category",), "sdoh functional-status 108252007 363679005 387713003 409063005"),
    ],
)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_cast_has_every_kind(seed: int, type_: str, path: tuple[str, ...], wanted: str) -> None:
    """Each row: codes that a certification run looks for somewhere among the cast."""
    assert set(wanted.split()) <= codes(by_type(CAST, seed)[type_], *path)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_reports_and_documents_share_attachments(seed: int) -> None:
    documents = {
        (one["subject"]["reference"], one["content"][0]["attachment"].get("url"))
        for one in by_type(CAST, seed)["DocumentReference"]
    }
    reports = by_type(CAST, seed)["DiagnosticReport"]
    forms = {(one["subject"]["reference"], form["url"]) for one in reports for form in one.get("presentedForm", ())}

    assert forms
    assert forms <= documents


def test_a_value_that_is_not_known_is_said_so() -> None:
    assert any(b'data-absent-reason","valueCode":"unknown"' in encode(r) for r in sample(CAST))


# --- lives ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_lives_are_plausible(rule: Callable[[Json, dict[str, Json]], bool]) -> None:
    """Each row: something that holds of every record of a life."""
    known = by_reference(CROWD)

    assert [ref for ref, resource in known.items() if not rule(resource, known)] == []


@pytest.mark.parametrize("rule", RULES_OF_LIVES, ids=lambda rule: rule.__name__)
def test_whole_lives_are_plausible(rule: Callable[[Life], bool]) -> None:
    """Each row: something that holds of everybody's records taken together."""
    assert [life["Patient"][0]["id"] for life in everyone(CROWD) if not rule(life)] == []


def test_a_family_shares_its_plan() -> None:
    """Whoever is insured through another has that other's number; a parent may be no patient here."""
    by_number = defaultdict(list)
    for one in by_type(CROWD)["Coverage"]:
        by_number[one["subscriberId"]].append(one["relationship"]["coding"][0]["code"])
    families = [sorted(kin) for kin in by_number.values() if len(kin) > 1]

    assert families
    assert all(kin.count("self") == 1 for kin in families)
    assert all(kin in (["self"], ["child"]) for kin in by_number.values() if len(kin) == 1)


def test_ages_are_of_every_kind() -> None:
    """Infants, children, adults and elders, in a share that no practice would find odd."""
    ages = [
        (TODAY - date.fromisoformat(patient["birthDate"])) // timedelta(days=365.25)
        for patient in by_type(CROWD)["Patient"]
    ]

    assert sum(age < 18 for age in ages) > len(ages) // 10
    assert sum(age >= 65 for age in ages) > len(ages) // 10
    assert max(ages) < 105


def test_tables_point_at_rows_that_exist() -> None:
    for row in ILLNESSES.values():
        assert set(row.medicines) <= set(MEDICINES)
        assert set(row.panels) <= set(PANELS)
        assert set(row.procedures) <= set(PROCEDURES)
        assert not row.survey or row.survey in SURVEYS
        assert row.visit in VISITS


def test_the_built_in_dictionary_presses_to_a_fifth() -> None:
    """Tails of people it has not seen shrink to less than a fifth, and come back as they were."""
    import zstandard

    from careweft.store.bodies import built_in, tail

    learnt = zstandard.ZstdCompressionDict(built_in()[1])
    press, back = zstandard.ZstdCompressor(level=3, dict_data=learnt), zstandard.ZstdDecompressor(dict_data=learnt)
    tails = [tail(resource) for resource in sample(CAST, 99)]
    pressed = [press.compress(one) for one in tails]

    assert sum(map(len, pressed)) < sum(map(len, tails)) / 5
    assert [back.decompress(one) for one in pressed] == tails
