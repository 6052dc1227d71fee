"""A small reader of published profiles: which mandatory elements, fixed values and slices a resource lacks.

It knows cardinality, fixed and pattern values, required bindings to value sets that the package lists out, and slices
told apart by any of these, by type or by extension URL (https://hl7.org/fhir/R4/profiling.html).
"""

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Codes = frozenset[tuple[str, str]]

BY_SERVER = "meta.lastUpdated"  # the server writes it; a file of records does not carry it


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile's snapshot, its elements by id without the type's name."""

    type: str
    elements: dict[str, Json]
    sets: dict[str, Codes]  # the value sets that can be listed

    def lacks(self, resource: Json) -> Iterator[str]:
        """What the profile demands and the resource does not have."""
        if resource["resourceType"] != self.type:
            yield f"is no {self.type}"
        for path, element in self._demanding():
            above, _, last = path.rpartition(".")
            for parent in self._at([resource], above):
                yield from self._wrong(parent, above, last, element) if path != BY_SERVER else ()

    def _demanding(self) -> Iterator[tuple[str, Json]]:
        """The elements of which something is wanted; of most nothing is."""
        for path, element in self.elements.items():
            if element["min"] or ":" in path or pattern(element) is not None or self._allowed(element):
                yield path, element

    def _wrong(self, parent: Json, above: str, last: str, element: Json) -> Iterator[str]:
        values = list(self._values(parent, above, last))
        path = f"{above}.{last}".strip(".")
        if len(values) < element["min"] or (element["max"] != "*" and len(values) > int(element["max"])):
            yield f"{path}: {len(values)}, not {element['min']}..{element['max']}"
        wanted = pattern(element)
        if wanted is not None and not all(holds(value, wanted) for value in values):
            yield f"{path}: not {json.dumps(wanted)}"
        allowed = self._allowed(element)
        if allowed and not all(bound(value, allowed) for value in values):
            yield f"{path}: not from {element['binding']['valueSet']}"

    def _allowed(self, element: Json) -> Codes:
        binding = element.get("binding", {})
        required = binding.get("strength") == "required"
        return self.sets.get(binding.get("valueSet", "").partition("|")[0], frozenset()) if required else frozenset()

    def has(self, resource: Json, path: str) -> bool:
        """Whether the resource has a value, or more than an extension, at a path such as `component:systolic.code`."""
        above, _, last = path.rpartition(".")
        return any(True for parent in self._at([resource], above) for _ in self._values(parent, above, last))

    def _at(self, values: list[Any], path: str) -> list[Json]:
        above = ""
        for step in path.split(".") if path else []:
            values = [found for value in values for found in self._values(value, above, step)]
            above = f"{above}.{step}".strip(".")
        return [value for value in values if isinstance(value, dict)]

    def _values(self, parent: Any, above: str, step: str) -> Iterator[Any]:
        """The values of one step: a choice by any of its types, a slice only where its discriminators hold."""
        if not isinstance(parent, dict):
            return
        name, _, slice_ = step.partition(":")
        chosen = name.removesuffix("[x]")
        for key, value in parent.items():
            same = key == name or (key == "_" + name and name not in parent)
            choice = name != chosen and key.startswith(chosen) and key[len(chosen) :][:1].isupper()
            if same or (choice and (not slice_ or key == slice_)):
                for one in value if isinstance(value, list) else [value]:
                    if not slice_ or choice or self._told(one, f"{above}.{name}".strip("."), slice_):
                        yield one

    def _told(self, value: Any, base: str, slice_: str) -> bool:
        id_ = f"{base}:{slice_}"
        for discriminator in self.elements[base].get("slicing", {}).get("discriminator", ()):
            path = discriminator["path"]
            element = self.elements.get(id_ if path == "$this" else f"{id_}.{path}", {})
            wanted, allowed = pattern(element), self._allowed(element)
            found = dig(value, path)
            if path == "url" and value.get("url") not in self.elements[id_]["type"][0].get("profile", ()):
                return False
            if wanted is not None and not any(holds(one, wanted) for one in found):
                return False
            if allowed and not any(bound(one, allowed) for one in found):
                return False
        return True


@cache
def load(package: Path) -> dict[str, Profile]:
    """Every profile in a published package, by canonical URL."""
    with tarfile.open(package) as archive:
        files = [
            json.load(content)
            for member in archive
            if member.name.startswith("package/")
            and member.name.endswith(".json")
            and member.name.count("/") == 1
            and (content := archive.extractfile(member))
        ]
    sets = value_sets([file for file in files if isinstance(file, dict)])
    return {
        file["url"]: Profile(
            file["type"], {e["id"].partition(".")[2]: e for e in file["snapshot"]["element"] if "." in e["id"]}, sets
        )
        for file in files
        if isinstance(file, dict) and file.get("resourceType") == "StructureDefinition"
    }


def value_sets(files: list[Json]) -> dict[str, Codes]:
    """The value sets whose codes the package lists, itself or by a code system of its own."""
    systems = {
        file["url"]: [concept["code"] for concept in file["concept"]]
        for file in files
        if file.get("resourceType") == "CodeSystem" and file.get("concept")
    }
    found = {}
    for file in (file for file in files if file.get("resourceType") == "ValueSet"):
        codes: set[tuple[str, str]] = set()
        for include in file["compose"]["include"]:
            listed = [c["code"] for c in include.get("concept", ())] or systems.get(include.get("system", ""), [])
            if not listed or "filter" in include or "valueSet" in include:
                break
            codes |= {(include["system"], code) for code in listed}
        else:
            found[file["url"]] = frozenset(codes)
    return found


def bound(value: Any, allowed: Codes) -> bool:
    """Whether a code, Coding or CodeableConcept is of a value set."""
    if isinstance(value, str):
        return any(value == code for _, code in allowed)
    return any((one.get("system"), one.get("code")) in allowed for one in value.get("coding", [value]))


def pattern(element: Json) -> Any:
    """The fixed or pattern value of an element, if it has one."""
    return next((value for key, value in element.items() if key.startswith(("fixed", "pattern"))), None)


def dig(value: Any, path: str) -> list[Any]:
    """All values at a discriminator's path."""
    values = [value]
    for step in path.split(".") if path != "$this" else []:
        values = [
            found
            for one in values
            if isinstance(one, dict) and step in one
            for found in (one[step] if isinstance(one[step], list) else [one[step]])
        ]
    return values


def holds(value: Any, wanted: Any) -> bool:
    """Whether a value has all that a pattern says."""
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(holds(value.get(key), part) for key, part in wanted.items())
    if isinstance(wanted, list):
        return isinstance(value, list) and all(any(holds(one, part) for one in value) for part in wanted)
    return bool(value == wanted)
