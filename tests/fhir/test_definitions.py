"""The definitions are HL7's own, are numbered once and for all, and agree with the guides' published packages."""

import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from careweft.fhir.definitions import COMPARTMENT, RESOURCES, SEARCH, TYPES, VALUE_SETS, codes
from tools import compile_definitions

ROOT = Path(__file__).parents[2]
ORACLE = ROOT.parent / "shared" / "oracle"
PACKAGES = sorted(ORACLE.glob("*.tgz"))
VS = "http://hl7.org/fhir/ValueSet/"
official = pytest.mark.skipif(not PACKAGES, reason="the official packages are not beside this checkout")


# What the specification says ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "key", "facts"),
    [
        ("Observation", "effectiveDateTime", ("effective", "dateTime", 0, 1)),
        (
            "Observation",
            "status",
            ("status", "code", 1, 1, f"{VS}observation-status", "http://hl7.org/fhir/observation-status"),
        ),
        ("Observation", "component", ("component", "Observation.component", 0, None)),
        ("Observation", "focus", ("focus", "Reference", 0, None)),
        ("Observation", "contained", ("contained", "Resource", 0, None)),
        ("Observation.component", "referenceRange", ("referenceRange", "Observation.referenceRange", 0, None)),
        ("Observation.component", "modifierExtension", ("modifierExtension", "Extension", 0, None)),
        ("Patient", "id", ("id", "id", 0, 1)),
        ("Patient", "multipleBirthInteger", ("multipleBirth", "integer", 0, 1)),
        ("Extension", "url", ("url", "uri", 1, 1)),
        ("Extension", "valueUsageContext", ("value", "UsageContext", 0, 1)),
        ("Narrative", "div", ("div", "xhtml", 1, 1)),
        (
            "Quantity",
            "comparator",
            ("comparator", "code", 0, 1, f"{VS}quantity-comparator", "http://hl7.org/fhir/quantity-comparator"),
        ),
        ("Age", "value", ("value", "decimal", 0, 1)),
        ("Timing.repeat", "when", ("when", "code", 0, None, f"{VS}event-timing")),
        ("string", "extension", ("extension", "Extension", 0, None)),
        ("Bundle.entry", "resource", ("resource", "Resource", 0, 1)),
        ("Bundle.entry", "link", ("link", "Bundle.link", 0, None)),
    ],
)
def test_elements_are_as_specified(type_, key, facts):
    """Each row: a type, a JSON key of it; the element's name, type, cardinality, required binding and its system."""
    element, kind = TYPES[type_].by_json[key]
    found = (element.name, kind, element.min, element.max, element.binding, element.system)

    assert found == (*facts, "", "")[:6]


@pytest.mark.parametrize(
    ("type_", "name", "targets"),
    [
        ("Observation", "subject", ("Device", "Group", "Location", "Patient")),
        ("Observation", "focus", ()),
        ("Provenance", "target", ()),
    ],
)
def test_references_name_their_targets(type_, name, targets):
    """Each row: an element and the types its Reference may point to, none named where it may be any."""
    assert TYPES[type_].by_json[name][0].targets == targets


def test_elements_stand_in_the_order_of_the_specification():
    """What is inherited comes first, then a type's own elements."""
    names = [element.name for element in TYPES["Observation"].elements]

    assert names[:10] == [
        "id",
        "meta",
        "implicitRules",
        "language",
        "text",
        "contained",
        "extension",
        "modifierExtension",
        "identifier",
        "basedOn",
    ]
    assert names[-3:] == ["hasMember", "derivedFrom", "component"]


def test_every_type_of_an_element_is_known():
    """No element leads to a type that the table lacks."""
    missing = {of for type_ in TYPES.values() for element in type_.elements for of in element.types if of not in TYPES}

    assert not missing


@pytest.mark.parametrize(
    ("type_", "code", "kind", "expression", "targets"),
    [
        ("Observation", "code", "token", "Observation.code", ()),
        ("Observation", "_id", "token", "Observation.id", ()),
        ("Observation", "_lastUpdated", "date", "Observation.meta.lastUpdated", ()),
        ("Observation", "patient", "reference", "Observation.subject.where(resolve() is Patient)", ("Patient",)),
        ("AllergyIntolerance", "patient", "reference", "AllergyIntolerance.patient", ("Patient",)),
        ("AllergyIntolerance", "code", "token", "AllergyIntolerance.code | AllergyIntolerance.reaction.substance", ()),
        ("Encounter", "date", "date", "Encounter.period", ()),
        ("Patient", "phone", "token", "Patient.telecom.where(system='phone')", ()),
        ("InsurancePlan", "name", "string", "InsurancePlan.name | InsurancePlan.alias", ()),
        ("Coverage", "payor", "reference", "Coverage.payor", ("Organization", "Patient", "RelatedPerson")),
        ("DocumentReference", "-attachment", "uri", "DocumentReference.content.attachment.url", ()),
    ],
)
def test_search_parameters_are_as_specified(type_, code, kind, expression, targets):
    """Each row: a type and a parameter's code, its kind, the part of its expression for that type, its targets."""
    found = SEARCH[type_][code]

    assert (found.kind, found.expression, found.targets) == (kind, expression, targets)


def test_composite_parameters_name_their_parts():
    """A composite says which parameters it joins and where each part lies."""
    found = SEARCH["Observation"]["code-value-quantity"]

    assert found.kind == "composite"
    assert found.components == (("code", "code"), ("value-quantity", "value.as(Quantity)"))


def test_numbers_of_search_parameters_are_unique_and_small():
    """A number belongs to one parameter and fits PostgreSQL's smallint."""
    numbers = [param.number for params in SEARCH.values() for param in params.values()]

    assert len(numbers) == len(set(numbers))
    assert max(numbers) < 2**15
    assert max(RESOURCES.values()) < 256
    assert all(param.number // 64 == RESOURCES[type_] for type_, params in SEARCH.items() for param in params.values())


@pytest.mark.parametrize(("type_", "number"), [("Account", 1), ("Observation", 96), ("Patient", 103)])
def test_numbers_of_resource_types_never_change(type_, number):
    """They are stored: a number that moves would make every index row lie."""
    assert RESOURCES[type_] == number


@pytest.mark.parametrize(
    ("type_", "codes_"),
    [
        ("Observation", ("subject", "performer")),
        ("Coverage", ("policy-holder", "subscriber", "beneficiary", "payor")),
        ("Patient", ("_id",)),
        ("Device", None),
    ],
)
def test_the_patient_compartment_is_as_specified(type_, codes_):
    """Each row: a type and the parameters that put it into a patient's compartment."""
    assert COMPARTMENT.get(type_) == codes_


def test_every_compartment_parameter_exists():
    """The compartment names only parameters that the search table has."""
    assert all(code in SEARCH[type_] for type_, codes_ in COMPARTMENT.items() for code in codes_)


def test_required_codes_are_listed():
    """A value set lists its codes with their systems; one that the package cannot expand lists nothing."""
    assert ("http://hl7.org/fhir/administrative-gender", "female") in codes(f"{VS}administrative-gender")
    assert {system for system, _ in codes(f"{VS}event-timing")} == {
        "http://hl7.org/fhir/event-timing",
        "http://terminology.hl7.org/CodeSystem/v3-TimingEvent",
    }
    assert codes(f"{VS}mimetypes") == frozenset()
    assert f"{VS}mimetypes" not in VALUE_SETS


def test_definitions_are_made_only_when_asked_for():
    """Importing the room and looking at one type makes that type and what it inherits, not the other 600."""
    script = "from careweft.fhir.definitions import TYPES; TYPES['Observation']; print(len(TYPES._made))"
    seen = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT / "src")},
    )

    assert int(seen.stdout) == 3


# The tables are what the tool makes ----------------------------------------------------------------------------------


def test_the_tables_are_what_the_tool_makes_of_hl7s_package(wheel):
    """Regenerated from the pinned wheel with the committed numbers, every table is the committed one."""
    made = compile_definitions.tables(wheel)

    assert {name for name, text in made.items() if (compile_definitions.TABLES / name).read_text() != text} == set()


# The guides' packages agree ------------------------------------------------------------------------------------------


def resources(kind: str) -> Iterator[Any]:
    """The definitions of this kind in every official package."""
    for package in PACKAGES:
        with tarfile.open(package) as files:
            for member in files:
                if re.fullmatch(rf"package/{kind}-.*\.json", member.name):
                    file = files.extractfile(member)
                    assert file
                    yield json.load(file)


# Where a package spells in JSON's names or leaves out `value` what FHIRPath wants otherwise.
SPELLINGS = {
    "').valueDateTime": "').value",
    "item.servicedDate": "item.serviced.as(date)",
    "item.servicedPeriod.start": "item.serviced.as(Period).start",
    "location-reference')": "location-reference').value",
    "network-reference')": "network-reference').value",
}


def meaning(expression: str, type_: str) -> set[str]:
    """The alternatives of an expression, without the freedoms of spelling."""
    found = set()
    for part in compile_definitions.alternatives(expression.replace(" = ", "=")):
        theirs = part.replace("Resource.", f"{type_}.")
        for old, new in SPELLINGS.items():
            theirs = theirs.replace(old, new) if theirs.endswith(old) else theirs
        found.add(theirs if "." in theirs else f"{type_}.{theirs}")
    return found


@official
def test_search_parameters_agree_with_the_official_packages():
    """Every parameter of US Core, CARIN, Plan-Net and PDex is here, of its kind; ours means what theirs means, or is
    R4's own, of which the guide wants a part."""
    base = {(type_, code) for type_, params in SEARCH.items() for code, one in params.items() if one.number % 64 < 48}
    wrong, seen = [], 0
    for theirs in resources("SearchParameter"):
        for type_ in theirs["base"]:
            seen += 1
            ours = SEARCH[type_].get(theirs["code"])
            if ours is None or ours.kind != theirs["type"]:
                wrong.append((type_, theirs["code"], "missing or of another kind"))
                continue
            mine, other = meaning(ours.expression, type_), meaning(theirs["expression"], type_)
            if not other <= mine or (mine != other and (type_, theirs["code"]) not in base):
                wrong.append((type_, theirs["code"], f"{mine} is not {other}"))

    assert seen > 250
    assert not wrong


@official
def test_elements_agree_with_the_official_packages():
    """What each snapshot says of the base of its elements (cardinality, types) is what our table says."""
    wrong, seen = set(), 0
    for profile, row in ((one, row) for one in resources("StructureDefinition") for row in one["snapshot"]["element"]):
        base = row.get("base", {})
        owner, _, name = base.get("path", "").rpartition(".")
        if not owner or profile["type"] not in TYPES or TYPES[owner].kind == "primitive":
            continue
        seen += 1
        wrong.update(disagreement(TYPES[owner], name.removesuffix("[x]"), row, base))

    assert seen > 5_000
    assert not wrong


def disagreement(type_, name, row, base) -> Iterator[tuple[str, ...]]:
    """What a snapshot's row says otherwise than our element."""
    element = next((one for one in type_.elements if one.name == name), None)
    if element is None:
        yield (type_.name, name, "missing")
        return
    most = "*" if element.max is None else str(element.max)
    if (element.min, most) != (base["min"], base["max"]):
        yield (type_.name, name, f"{element.min}..{most} is not {base['min']}..{base['max']}")
    for of in row.get("type", ()):
        allowed = {*element.types, "BackboneElement", "Element"} if "." in element.types[0] else {*element.types}
        if of["code"] not in allowed and "fhirpath" not in of["code"]:
            yield (type_.name, name, f"may not be {of['code']}")


@pytest.mark.parametrize(
    ("kept", "given"),
    [
        ({}, [(6, "a"), (7, "b"), (8, "c")]),
        ({("T", "c"): 6}, [(6, "c"), (7, "a"), (8, "b")]),
        ({("T", "b"): 9, ("T", "gone"): 6}, [(7, "a"), (8, "c"), (9, "b")]),
    ],
)
def test_ordinals_are_kept(kept, given):
    """Each row: the ordinals of the table in place, and those that the codes a, b and c have after regeneration."""
    assert compile_definitions.ordinals("T", {"c": {}, "a": {}, "b": {}}, kept, 6) == given


def test_ordinals_of_guides_leave_those_of_r4_alone():
    """R4's parameters are numbered below 48, the guides' and ours from there."""
    hl7 = "http://hl7.org/fhir/SearchParameter/"
    every = [param for params in SEARCH.values() for param in params.values()]

    assert not [param for param in every if param.url.startswith(hl7) is not (param.number % 64 < 48)]
