"""Our snapshots of R4's types are the official ones, in every field by which resources are validated."""

from collections.abc import Iterator
from typing import Any

import pytest

from careweft.fhir.profiles.base import HL7, base
from careweft.fhir.profiles.model import Element, TypeRef
from careweft.fhir.validate.rules import NATIVE
from tools import compile_definitions

CONSTRAINED = ("SimpleQuantity", "MoneyQuantity")
FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"


def theirs(row: dict[str, Any]) -> dict[str, Any]:
    """The fields of an official element."""
    binding = row.get("binding", {})
    return {
        "min": row["min"],
        "max": None if row["max"] == "*" else int(row["max"]),
        "types": {typed(row["path"], one) for one in row.get("type", ())},
        "binding": binding["valueSet"].partition("|")[0] if binding.get("strength") == "required" else "",
        "constraints": {rule(one) for one in row.get("constraint", ()) if "expression" in one} - {None},
        "content_reference": row.get("contentReference", ""),
        "fixed": next((value for key, value in row.items() if key.startswith(("fixed", "pattern"))), None),
    }


def typed(path: str, one: dict[str, Any]) -> tuple[str, frozenset[str], frozenset[str]]:
    """A type, its profiles and targets: an id is an id, and a Reference(Resource) leads anywhere (ADR 15)."""
    code = next((it.get("valueUrl") for it in one.get("extension", ()) if it["url"] == FHIR_TYPE), one["code"])
    if path.endswith(".id"):
        code = ID
    targets = frozenset(url.removeprefix(HL7) for url in one.get("targetProfile", ())) - {"Resource"}
    return code, frozenset(one.get("profile", ())), targets


ID = "id or string"


def rule(one: dict[str, Any]) -> tuple[str, str, str] | None:
    return None if one["key"] in NATIVE else (one["key"], one["severity"], " ".join(one["expression"].split()))


def ours(element: Element) -> dict[str, Any]:
    """The same fields of an element of ours."""
    return {
        "min": element.min,
        "max": element.max,
        "types": {kind(element, one) for one in element.types},
        "binding": element.binding.value_set if element.binding else "",
        "constraints": {(it.key, it.severity, it.expression) for it in element.constraints if it.key not in NATIVE},
        "content_reference": element.content_reference,
        "fixed": element.fixed or element.pattern,
    }


def kind(element: Element, one: TypeRef) -> tuple[str, frozenset[str], frozenset[str]]:
    code = ID if element.path.endswith(".id") else one.code
    return code, frozenset(one.profiles), frozenset(one.targets)


def flat(element: Element) -> Iterator[tuple[str, Element]]:
    """Every element by its path."""
    yield element.path, element
    for one in element.children:
        yield from flat(one)


def test_every_type_is_as_its_official_snapshot_says(wheel):
    """Cardinality, types, profiles, targets, required bindings, invariants and content references of every element."""
    package = compile_definitions.Package(wheel)
    wrong: dict[tuple[str, str], Any] = {}
    seen = 0
    for structure in package.structures():
        wrong |= dict(differences(structure, structure["name"]))
        seen += len(structure["snapshot"]["element"])
    for name in CONSTRAINED:
        wrong |= dict(differences(package.kinds["StructureDefinition"][HL7 + name], name))

    assert seen > 7_500
    assert wrong == {}


def differences(structure: dict[str, Any], name: str) -> Iterator[tuple[tuple[str, str], Any]]:
    """What differs: element and field, their value and ours."""
    snapshot = base(name)
    assert snapshot is not None, name
    mine = dict(flat(snapshot.elements[0]))
    rows = {row["path"]: row for row in structure["snapshot"]["element"]}
    if structure["kind"] == "primitive-type":
        rows.pop(f"{name}.value", None)  # the JSON value itself, held by validate.primitives
    for path in rows.keys() ^ mine.keys():
        yield (path, "path"), (path in rows, path in mine)
    for path in rows.keys() & mine.keys():
        there, here = theirs(rows[path]), ours(mine[path])
        yield from (((path, field), (there[field], here[field])) for field in there if there[field] != here[field])


@pytest.mark.parametrize(
    ("type_", "path", "types"),
    [
        ("Timing", "Timing.repeat", (TypeRef("Element"),)),
        ("Patient", "Patient.contact", (TypeRef("BackboneElement"),)),
        ("Observation", "Observation.component.referenceRange", ()),
        ("Dosage", "Dosage.maxDosePerAdministration", (TypeRef("Quantity", (HL7 + "SimpleQuantity",)),)),
        ("PlanDefinition", "PlanDefinition.library", (TypeRef("canonical", (), ("Library",)),)),
        ("Observation", "Observation.subject", (TypeRef("Reference", (), ("Device", "Group", "Location", "Patient")),)),
        ("Provenance", "Provenance.target", (TypeRef("Reference"),)),
    ],
)
def test_types_of_elements(type_, path, types):
    """Each row: an element and its types, with R4's profiles of them and what they may lead to."""
    snapshot = base(type_)

    assert snapshot is not None
    assert dict(flat(snapshot.elements[0]))[path].types == types


def test_a_simple_quantity_has_no_comparator():
    """R4's profiles of Quantity are known: each adds a rule, SimpleQuantity leaves out the comparator."""
    simple, money = base("SimpleQuantity"), base("MoneyQuantity")

    assert simple is not None
    assert money is not None
    assert {it.path for it in simple.elements[0].children if it.max == 0} == {"Quantity.comparator"}
    assert [it.key for it in simple.elements[0].constraints] == ["qty-3", "sqty-1"]
    assert [it.key for it in money.elements[0].constraints] == ["qty-3", "mqty-1"]


@pytest.mark.parametrize("name", ["Observation.component", "us-core-patient", ""])
def test_what_is_no_type_has_no_snapshot(name):
    """A backbone, a profile of a guide and nothing at all are no types of R4."""
    assert base(name) is None
