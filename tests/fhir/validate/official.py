"""The official packages as our snapshots, to prove the validator itself; skipped where they are not at hand."""

import json
import tarfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from careweft.fhir.definitions import codes as base_codes
from careweft.fhir.profiles.base import base
from careweft.fhir.profiles.model import Binding, Element, Invariant, Slicing, Snapshot, TypeRef

ORACLE = Path(__file__).parents[4] / "shared" / "oracle"
HL7 = "http://hl7.org/fhir/StructureDefinition/"
Json = dict[str, Any]


@cache
def files(package: str) -> dict[str, Json]:
    """Every JSON file of a package, by its path."""
    found = {}
    with tarfile.open(ORACLE / f"{package}.tgz") as archive:
        for member in archive.getmembers():
            if member.name.endswith(".json") and (file := archive.extractfile(member)):
                found[member.name] = json.load(file)
    return found


@cache
def structures(package: str) -> dict[str, Json]:
    """Its profiles by URL."""
    return {
        one["url"]: one
        for one in files(package).values()
        if isinstance(one, dict) and one.get("resourceType") == "StructureDefinition"
    }


def snapshot(structure: Json) -> Snapshot:
    """A published snapshot as ours."""
    return Snapshot(
        structure["url"], structure.get("version", ""), structure["type"],
        "resource" if structure["kind"] == "resource" else "complex",
        tuple(tree(structure["snapshot"]["element"])),
    )  # fmt: skip


def tree(flat: list[Json]) -> Iterator[Element]:
    """Elements with what lies under each: by their ids."""
    at = 0
    while at < len(flat):
        one, start = flat[at], at + 1
        at = start
        while at < len(flat) and flat[at]["id"].startswith(one["id"] + "."):
            at += 1
        yield element(one, tuple(tree(flat[start:at])))


def element(one: Json, children: tuple[Element, ...]) -> Element:
    binding, slicing = one.get("binding"), one.get("slicing")
    return Element(
        path=one["path"],
        slice=one.get("sliceName", ""),
        min=one["min"],
        max=None if one["max"] == "*" else int(one["max"]),
        types=tuple(
            TypeRef(t["code"], tuple(t.get("profile", ())), tuple(t.get("targetProfile", ())))
            for t in one.get("type", ())
        ),
        fixed=next((value for key, value in one.items() if key.startswith("fixed")), None),
        pattern=next((value for key, value in one.items() if key.startswith("pattern")), None),
        binding=Binding(binding["strength"], binding.get("valueSet", "")) if binding else None,
        slicing=Slicing(
            tuple((d["type"], d["path"]) for d in slicing.get("discriminator", ())),
            slicing.get("ordered", False),
            slicing["rules"],
        )
        if slicing
        else None,
        must_support=one.get("mustSupport", False),
        constraints=tuple(
            Invariant(c["key"], c["severity"], c.get("expression", ""))
            for c in one.get("constraint", ())
            if c.get("expression")
        ),
        content_reference=one.get("contentReference", ""),
        children=children,
    )


@cache
def expanded(package: str, url: str) -> frozenset[tuple[str, str]]:
    """The codes of a value set that the package lists out, else none."""
    known = {one["url"]: one for one in files(package).values() if isinstance(one, dict) and "url" in one}
    compose = known.get(url, {}).get("compose", {})
    if "exclude" in compose:
        return frozenset()
    found: set[tuple[str, str]] = set()
    for part in compose.get("include", ()):
        for other in part.get("valueSet", ()):
            more = base_codes(other) or expanded(package, other)
            if not more:
                return frozenset()
            found |= more
        if "system" in part:
            system = known.get(part["system"], {})
            concepts = part.get("concept") or (
                () if part.get("filter") or system.get("content") != "complete" else system["concept"]
            )
            if not concepts:
                return frozenset()
            found |= {(part["system"], one["code"]) for one in concepts}
    return frozenset(found)


class Guide:
    """Snapshots and value sets of a package over base R4."""

    def __init__(self, package: str) -> None:
        self.package = package
        self._known: dict[str, Snapshot] = {}

    def snapshot(self, url: str) -> Snapshot | None:
        plain = url.partition("|")[0]
        if plain not in self._known:
            found = structures(self.package).get(plain)
            if found:
                self._known[plain] = snapshot(found)
            elif plain.startswith(HL7) and (type_ := base(plain.removeprefix(HL7))):
                self._known[plain] = type_
        return self._known.get(plain)

    def codes(self, url: str) -> frozenset[tuple[str, str]]:
        return base_codes(url) or expanded(self.package, url)

    def examples(self) -> Iterator[tuple[str, Json]]:
        for path, one in sorted(files(self.package).items()):
            if "/example/" in path and "resourceType" in one:
                yield path.rpartition("/")[2], one
