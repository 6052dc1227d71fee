"""Our snapshots against the official ones, on every field that the validator uses."""

import subprocess
import sys
from typing import Any

import pytest

from careweft.fhir.profiles.base import HL7, base
from careweft.fhir.profiles.guides import CARIN_BB, R4, US_CORE_3, US_CORE_6, elements, guide
from careweft.fhir.profiles.model import Element, Snapshot, TypeRef
from tests.fhir.validate import official
from tests.world import ROOT

PACKAGES = {name: f"hl7.fhir.us.{name}" for name in (US_CORE_3, US_CORE_6, CARIN_BB)}
GENERIC = frozenset(("ele-1", "ext-1", "dom-2", "dom-3", "dom-4", "dom-5", "dom-6"))
UPON = "the package leaves out what US Core, on which it is based, asks of every identifier"
OURS_ALONE = {
    (CARIN_BB, "C4BB-Organization", "Organization.identifier"): UPON,
    (CARIN_BB, "C4BB-Practitioner", "Practitioner.identifier"): UPON,
}
"""Elements that we have and the package has not: those that begin so."""
DIFFERENT = {
    (CARIN_BB, "C4BB-Patient", "Patient.deceased[x]"): (
        "deceasedDateTime is 0..1 and deceasedBoolean is left open: the same words close the choice in other profiles"
    ),
}
pytestmark = pytest.mark.skipif(not official.ORACLE.exists(), reason="the official packages are not at hand")


def seen(one: Element) -> dict[str, Any]:
    """What the validator looks at, spelled one way: extensions are always told apart by URL, R4 names its own types
    with or without their address, and ids have a type of their own.
    """
    bound = one.binding if one.binding and one.binding.strength == "required" else None
    slicing = None if one.path.endswith("xtension") else one.slicing
    reference = one.content_reference.partition("#")[2].partition(":")[0]
    return {
        "min": one.min,
        "max": one.max,
        "types": set() if reference or one.path.endswith((".id", ".url")) else {typed(each) for each in one.types},
        "fixed": one.fixed,
        "pattern": one.pattern,
        "required": bound and bound.value_set.partition("|")[0],
        "slicing": slicing and (set(slicing.discriminators), slicing.ordered, slicing.rules),
        "must_support": one.must_support,
        "constraints": {rule.key for rule in one.constraints} - GENERIC,
        "content_reference": reference,
    }


def typed(one: TypeRef) -> tuple[str, frozenset[str], frozenset[str]]:
    targets = {target if ":" in target else HL7 + target for target in one.targets}
    return one.code, frozenset(one.profiles), frozenset(targets) - {f"{HL7}Resource"}


def unfolded(id_: str, theirs: dict[str, Element]) -> bool:
    """An element that the package spells out and that says no more than its datatype does."""
    above, _, name = id_.rpartition(".")
    types = theirs[above].types
    kind = base(types[0].code) if len(types) == 1 else None
    if name == "value" and kind is not None and not kind.elements[0].children[2:]:
        return True  # the value of a primitive
    below = kind.elements[0].children if kind else ()
    return any(seen(one) == seen(theirs[id_]) for one in below if one.path.rpartition(".")[2] == name)


def differences(name: str, url: str) -> dict[str, Any]:
    return between(guide(name).snapshot(url), official.structures(PACKAGES[name])[url])


def between(grown: Snapshot | None, structure: dict[str, Any]) -> dict[str, Any]:
    """Where our snapshot and the official one differ, by element."""
    assert grown is not None
    theirs = dict(elements(official.snapshot(structure)))
    ours = dict(elements(grown))
    missing = {id_: "missing" for id_ in theirs.keys() - ours.keys() if not unfolded(id_, theirs)}
    more = dict.fromkeys(ours.keys() - theirs.keys(), "ours alone")
    both = {id_: (seen(ours[id_]), seen(theirs[id_])) for id_ in ours.keys() & theirs.keys()}
    other = {
        id_: {key: (we[key], they[key]) for key in we if we[key] != they[key]}
        for id_, (we, they) in both.items()
        if we != they
    }
    return missing | more | other


@pytest.mark.parametrize("name", PACKAGES)
def test_the_guide_defines_what_its_package_does(name):
    assert set(guide(name).own) == set(official.structures(PACKAGES[name]))


@pytest.mark.parametrize("name", PACKAGES)
def test_our_snapshots_are_the_official_ones(name):
    """Element by element, less a table of where the package is at odds with itself."""
    odds = {}
    for url in guide(name).own:
        short = url.rpartition("/")[2]
        for id_, what in differences(name, url).items():
            alone = what == "ours alone" and any(
                (name, short) == key[:2] and id_.startswith(key[2]) for key in OURS_ALONE
            )
            if not alone and (name, short, id_) not in DIFFERENT:
                odds[short, id_] = what
    assert odds == {}


def test_every_exception_is_needed():
    for name, short, start in OURS_ALONE:
        url = next(one for one in guide(name).own if one.endswith(f"/{short}"))
        assert any(id_.startswith(start) for id_ in differences(name, url))
    for name, short, id_ in DIFFERENT:
        url = next(one for one in guide(name).own if one.endswith(f"/{short}"))
        assert id_ in differences(name, url)


@pytest.mark.parametrize("name", PACKAGES)
def test_value_sets_are_listed_as_the_package_lists_them(name):
    for url, codes in guide(name).value_sets.items():
        assert codes == official.expanded(PACKAGES[name], url)


def test_the_tables_are_what_the_tool_writes(tmp_path):
    """`tools/compile_guides.py` run anew."""
    packages = [official.ORACLE / f"{one}.tgz" for one in PACKAGES.values()]
    tool = ROOT / "tools" / "compile_guides.py"
    subprocess.run([sys.executable, tool, "--into", tmp_path, *packages], check=True, timeout=120)
    kept = ROOT / "src" / "careweft" / "fhir" / "profiles" / "guides"
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == {
        one.name: one.read_text() for one in kept.iterdir() if one.stem != R4
    }
