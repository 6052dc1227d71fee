"""Writes the profiles of implementation guides in our own notation (docs/adr/0304-profiles.md).

    python tools/compile_guides.py [--into FOLDER] PACKAGE.tgz...
    python tools/compile_guides.py [--into FOLDER] WHEEL       R4's own extensions (ADR 15)

Facts alone are carried over: cardinalities, types, fixed values, bindings, slices, invariants, lists of codes; no
definition, comment or other text. Read by `careweft.fhir.profiles.guides`, whose docstring tells the notation.
"""

import json
import re
import sys
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from careweft.fhir.definitions import TYPES  # noqa: E402 - found by the line above
from careweft.fhir.definitions import codes as base_codes  # noqa: E402
from careweft.fhir.profiles.base import base  # noqa: E402
from careweft.fhir.profiles.model import Element  # noqa: E402
from tools import compile_definitions  # noqa: E402

TABLES = ROOT / "src" / "careweft" / "fhir" / "profiles" / "guides"
HL7 = "http://hl7.org/fhir/StructureDefinition/"
GENERIC = frozenset(("ele-1", "ext-1", "dom-2", "dom-3", "dom-4", "dom-5", "dom-6"))
LABEL = re.compile("\0(.*?)\0")
CHOICE = re.compile(r"\w+\[x\]:")
MEMBER = re.compile(r"memberOf\('([^']+)'\)")
Json = dict[str, Any]


class Package:
    """One package, unpacked in memory."""

    def __init__(self, file: Path) -> None:
        with tarfile.open(file) as archive:
            found = [
                json.load(taken)
                for member in archive.getmembers()
                if member.name.endswith(".json")
                and "/example" not in member.name
                and (taken := archive.extractfile(member))
            ]
        manifest = next(one for one in found if "fhirVersions" in one and "canonical" in one)
        self.name, self.version, self.canonical = manifest["name"], manifest["version"], manifest["canonical"]
        self.by_url = {one["url"]: one for one in found if "url" in one and one.get("resourceType") in KEPT}
        self.structures = [one for one in self.by_url.values() if one["resourceType"] == "StructureDefinition"]

    @property
    def file(self) -> str:
        """What the table of this guide is called."""
        return f"{self.name.removeprefix('hl7.fhir.us.')}-{self.version}.tsv"

    more: tuple[str, ...] = ()
    """Value sets that are listed although no profile of the package is bound to them."""

    def codes(self, url: str) -> frozenset[tuple[str, str]]:
        """The codes of a value set, none where they cannot be listed."""
        return expanded(self, url)


BOUND = (
    "claim-type",
    "medicationrequest-category",
    "process-priority",
    "subscriber-relationship",
    "ucum-bodylength",
    "ucum-bodytemp",
    "ucum-bodyweight",
)
"""R4's value sets from which a guide requires codes, and R4 itself does not."""


class R4(Package):
    """The extensions that R4 itself defines: https://hl7.org/fhir/R4/extensibility-registry.html"""

    more = tuple(f"http://hl7.org/fhir/ValueSet/{name}" for name in BOUND)

    def __init__(self, wheel: Path) -> None:
        self.name, self.version, self.canonical = "r4", "4.0.1", "http://hl7.org/fhir"
        self._package = compile_definitions.Package(wheel)
        every = self._package.kinds["StructureDefinition"].values()
        self.structures = [one for one in every if one["type"] == "Extension" and one.get("derivation") == "constraint"]
        self.by_url = {one["url"]: one for one in self.structures}

    def codes(self, url: str) -> frozenset[tuple[str, str]]:
        """As those of R4's own required bindings are found."""
        parts = list(compile_definitions.compose(self._package, url))
        if any(found is None for _, found in parts):
            return frozenset()
        return frozenset((system, code) for system, found in parts for code in found or ())


KEPT = ("StructureDefinition", "ValueSet", "CodeSystem")


def table(package: Package, others: Iterable[Package]) -> str:
    """The whole table of one guide."""
    known = set(package.by_url).union(*(set(one.by_url) for one in others))
    lines = [line("guide", package.canonical, package.version)]
    own = sorted(package.structures, key=lambda one: str(one["url"]))
    bodies = [
        *unknown(own, known),
        *(written(one["url"], one["type"], one["baseDefinition"], differential(one)) for one in own),
    ]
    labels = labelled(rule for body in bodies for rule in body[1])
    lines += [line("rule", label, *rule[1:]) for rule, label in labels.items()]
    lines += [line("codes", url, system, *some) for url, system, some in value_sets(package, bodies)]
    for body in bodies:
        lines += [LABEL.sub(lambda found: labels[tuple(json.loads(found[1]))], one) for one in body[0]]
    return "\n".join(lines) + "\n"


Body = tuple[list[str], set[tuple[str, str, str]], set[str]]


def differential(structure: Json) -> list[Json]:
    """What a profile says more than its base."""
    return structure["differential"]["element"]  # type: ignore[no-any-return]


def unknown(structures: Iterable[Json], known: set[str]) -> Iterator[Body]:
    """Profiles that others are based on and that no package has: what all those say more than R4, and did not say
    themselves.
    """
    based: dict[str, list[Json]] = {}
    for one in structures:
        if one["baseDefinition"] not in known and one["baseDefinition"].removeprefix(HL7) not in TYPES:
            based.setdefault(one["baseDefinition"], []).append(one)
    for above, children in based.items():
        facts_: dict[str, Json] = {}
        for child in children:
            for one in inherited(child):
                facts_[one["id"]] = one | facts_.get(one["id"], {})
        type_ = children[0]["type"]
        yield written(above, type_, HL7 + type_, facts_.values())


def written(url: str, type_: str, above: str, elements: Iterable[Json]) -> Body:
    """One profile."""
    lines, rules, sets = [line("profile", url, type_, above)], set(), set()
    for one in elements:
        words = list(facts(one))
        binding = one.get("binding", {})
        if binding.get("strength") == "required" and "valueSet" in binding:
            sets.add(binding["valueSet"])
        for rule in asked(one):
            rules.add(ruled(rule))
            sets |= set(MEMBER.findall(rule["expression"]))
        if words:
            lines.append(line("", one["id"].partition(".")[2] or ".", *words))
    return lines, rules, sets


def facts(one: Json) -> Iterator[str]:
    """What an element is given, word by word."""
    if "min" in one or "max" in one:
        yield f"{one.get('min', '')}..{one.get('max', '')}"
    if one.get("mustSupport"):
        yield "S"
    if "type" in one:
        yield "type " + " ".join(type_ for type_ in map(typed, one["type"]) if type_)
    binding = one.get("binding", {})
    if "strength" in binding and "valueSet" in binding and "Extension" not in str(one.get("type", "")):
        yield f"{binding['strength']} {binding['valueSet']}"
    if "slicing" in one:
        yield "slices " + sliced(one["slicing"])
    if rules := [f"\0{json.dumps(ruled(rule))}\0" for rule in asked(one)]:
        yield "rules " + " ".join(rules)
    for key, value in one.items():
        kind = "fixed" if key.startswith("fixed") else "pattern" if key.startswith("pattern") else ""
        if kind:
            yield f"{kind} {json.dumps(value, separators=(',', ':'), ensure_ascii=False)}"


def asked(one: Json) -> Iterator[Json]:
    """The invariants of an element, but those that every element has."""
    yield from (rule for rule in one.get("constraint", ()) if rule.get("expression") and rule["key"] not in GENERIC)


def ruled(rule: Json) -> tuple[str, str, str]:
    """Key, severity and expression of an invariant."""
    return rule["key"], rule["severity"], " ".join(rule["expression"].split())


def labelled(rules: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], str]:
    """What each rule is called in the table: its key, `key~2` for another rule of the same key."""
    found: dict[tuple[str, str, str], str] = {}
    for rule in sorted(set(rules)):
        same = sum(1 for one in found if one[0] == rule[0])
        found[rule] = f"{rule[0]}~{same + 1}" if same else rule[0]
    return found


def typed(one: Json) -> str:
    """One type: `Reference(a|b)` names targets, any other `Type(a)` profiles."""
    code = one["code"].removeprefix("http://hl7.org/fhirpath/")
    named = one.get("targetProfile" if one["code"] in ("Reference", "canonical") else "profile", ())
    return f"{code}({'|'.join(named)})" if named else code


def sliced(one: Json) -> str:
    """How slices are told apart."""
    told = [f"{each['type']}:{each['path']}" for each in one.get("discriminator", ())]
    return " ".join([one["rules"], *(["ordered"] if one.get("ordered") else []), *told])


def inherited(structure: Json) -> Iterator[Json]:
    """What the base of a profile asked, where no package has that base: what the snapshot says more than R4 and than
    the profile itself.
    """
    own = {one["id"]: one for one in differential(structure)}
    plain = dict(flat(base(structure["type"]).elements[0]))  # type: ignore[union-attr]
    for one in structure["snapshot"]["element"]:
        said = own.get(one["id"]) or next((own[id_] for id_ in spelled(one["id"]) if id_ in own), {})
        under = plain.get(one["id"])
        yield {
            "id": one["id"],
            **{key: value for key, value in one.items() if key not in said and more(one, key, under)},
        }


def spelled(id_: str) -> Iterator[str]:
    """How a differential may name the element of a snapshot: `valueQuantity` is `value[x]:valueQuantity` there, and
    within a slice `value[x]`.
    """
    yield CHOICE.sub("", id_)
    if ":" in id_.partition("[x]")[0]:
        yield id_.replace("value[x]", "valueQuantity")


def more(one: Json, key: str, under: Element | None) -> bool:
    """Does this fact say more than R4 does of the element (`under`), or of the type that it lies in?"""
    if key.startswith(("fixed", "pattern")):
        return True
    last = one["id"].rpartition(".")[2]
    return key in SAYS and SAYS[key](one[key], last, under)


def _often(value: str, last: str, under: Element | None) -> bool:
    return ":" in last if under is None else value != ("*" if under.max is None else str(under.max))


def _typed(value: Any, last: str, under: Element | None) -> bool:
    if under is None:
        return ":" in last or "[x]" in last
    return "System" not in str(value) and led(value) != {(one.code, frozenset(one.targets)) for one in under.types}


def _bound(value: Any, last: str, under: Element | None) -> bool:
    had = under.binding.value_set.partition("|")[0] if under and under.binding else ""
    named = under is not None or ":" in last or "[x]" in last
    return named and value["strength"] == "required" and value["valueSet"].partition("|")[0] != had


def _ruled(value: Any, _: str, under: Element | None) -> bool:
    known = GENERIC | ({rule.key for rule in under.constraints} if under else set())
    return any(rule["key"] not in known for rule in value)


SAYS: dict[str, Callable[[Any, str, Element | None], bool]] = {
    "slicing": lambda _, last, __: last not in ("extension", "modifierExtension"),
    "mustSupport": lambda value, _, __: bool(value),
    "min": lambda value, _, under: value != (under.min if under else 0),
    "max": _often,
    "type": _typed,
    "binding": _bound,
    "constraint": _ruled,
}
"""When a fact of a snapshot has to be written down: by its value, the last part of its path, and what R4 says."""


def led(types: Iterable[Json]) -> set[tuple[str, frozenset[str]]]:
    """Types, and where their references lead to, as the definitions of R4 name both."""
    return {
        (
            one["code"],
            frozenset(t.removeprefix(HL7) for t in one.get("targetProfile", ()) if one["code"] == "Reference"),
        )
        for one in types
    }


def flat(element: Element) -> Iterator[tuple[str, Element]]:
    """An element and all below it, by path."""
    yield element.path, element
    for one in element.children:
        yield from flat(one)


def value_sets(package: Package, bodies: Iterable[Body]) -> Iterator[tuple[str, str, list[str]]]:
    """The codes of every value set that somebody is bound to and that the package lists out."""
    for url in sorted({one.partition("|")[0] for body in bodies for one in body[2]} | set(package.more)):
        by_system: dict[str, list[str]] = {}
        for system, code in sorted(() if base_codes(url) else package.codes(url)):
            by_system.setdefault(system, []).append(code)
        for system, some in by_system.items():
            yield url, system, some


def expanded(package: Package, url: str) -> frozenset[tuple[str, str]]:
    """The codes of a value set, none where they cannot be listed."""
    compose = package.by_url.get(url, {}).get("compose", {})
    found: set[tuple[str, str]] = set()
    for part in compose.get("include", ()) if "exclude" not in compose else ():
        some = included(package, part)
        if not some:
            return frozenset()
        found |= some
    return frozenset(found)


def included(package: Package, part: Json) -> frozenset[tuple[str, str]]:
    """The codes of one part of a value set."""
    found = frozenset().union(*(base_codes(one) or expanded(package, one) for one in part.get("valueSet", ())))
    if "system" not in part:
        return found
    system = package.by_url.get(part["system"], {})
    listed = part.get("concept") or (
        [] if part.get("filter") or system.get("content") != "complete" else system["concept"]
    )
    return found | {(part["system"], one["code"]) for one in listed}


def line(*cells: str) -> str:
    """One line of the table."""
    return "\t".join(cells)


def main(arguments: list[str]) -> None:
    """Write the table of each package, into the committed folder or another."""
    into = TABLES
    if arguments[:1] == ["--into"]:
        into, arguments = Path(arguments[1]), arguments[2:]
    packages = [(R4 if one.endswith(".whl") else Package)(Path(one)) for one in arguments]
    into.mkdir(exist_ok=True)
    for one in packages:
        (into / one.file).write_text(table(one, [other for other in packages if other is not one]))


if __name__ == "__main__":
    main(sys.argv[1:])
