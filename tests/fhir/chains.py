"""Random records that refer to one another, and random chains through them, from the same small pools."""

from random import Random
from typing import Any

from careweft.fhir.definitions import SEARCH
from careweft.fhir.search.kinds import KINDS
from careweft.fhir.search.parse import Offers
from tests.fhir.strategies import IDS, Pair, pair, resource

Json = dict[str, Any]
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"

LINKS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    # type: (element, types that it may lead to), a path of two ending in a list of objects
    "Patient": (
        ("generalPractitioner*", ("Practitioner", "Organization")),
        ("managingOrganization", ("Organization",)),
    ),
    "Practitioner": (),
    "Organization": (("partOf", ("Organization",)),),
    "Location": (("managingOrganization", ("Organization",)),),
    "Encounter": (
        ("subject", ("Patient", "Patient", "Group")),
        ("serviceProvider", ("Organization",)),
        ("participant.individual", ("Practitioner",)),
    ),
    "CareTeam": (("subject", ("Patient", "Patient", "Group")), ("participant.member", ("Practitioner", "Patient"))),
    "Observation": (
        ("subject", ("Patient", "Patient", "Patient", "Group", "Location")),
        ("performer*", ("Practitioner", "Organization", "Patient")),
        ("encounter", ("Encounter",)),
        ("hasMember*", ("Observation",)),
    ),
    "Condition": (("subject", ("Patient", "Patient", "Group")), ("encounter", ("Encounter",))),
    "Provenance": (("target*", ("Observation", "Condition", "Encounter", "Organization")),),
    "Group": (("member.entity", ("Patient", "Practitioner")),),
    "Device": (("patient", ("Patient",)),),
}
OFFERS = {type_: Offers([param.code for param in SEARCH[type_].values() if param.kind in KINDS]) for type_ in LINKS}


def linked(
    type_: str, id_: str, random: Random, ids: tuple[str, ...] = IDS, link: int = 70, sensitive: int = 10
) -> Json:
    """A random resource whose references lead to these ids; `link` of a hundred are there, and `sensitive` of a hundred
    such resources are marked restricted.
    """
    found = resource(type_, random) | {"id": id_}
    for path, types in LINKS[type_]:
        name, _, inner = path.rstrip("*").partition(".")
        found.pop(name, None)
        if random.randrange(100) < link:
            ones = [
                {"reference": f"{random.choice(types)}/{random.choice(ids)}"} for _ in range(random.choice((1, 1, 2)))
            ]
            if inner:
                found[name] = [{inner: one} for one in ones]
            else:
                found[name] = ones if path.endswith("*") else ones[0]
    if random.randrange(100) < sensitive:
        found["meta"] = {
            **found.get("meta", {}),
            "security": [{"system": CONFIDENTIALITY, "code": random.choice("RV")}],
        }
    return found


def chained(type_: str, random: Random, left: int = 3) -> Pair:
    """A chain or `_has` from this type, of at most `left` steps, with an end that can be read."""
    backward = [(source, code) for source in LINKS for code in referring(source, type_)]
    if backward and random.random() < 0.4:
        source, code = random.choice(backward)
        name, value = _end(source, random, left - 1)
        return f"_has:{source}:{code}:{name}", value
    code, target = random.choice(list(leading(type_)) or [("", "")])
    if not code:
        return pair(type_, random)
    name, value = _end(target, random, left - 1)
    return f"{code}{random.choice(('', f':{target}', f':{target}'))}.{name}", value


def _end(type_: str, random: Random, left: int) -> Pair:
    if left and random.random() < 0.4:
        return chained(type_, random, left)
    return broad(random) if random.random() < 0.4 else pair(type_, random)


def broad(random: Random) -> Pair:
    """What many records answer: so it matters which of them may be seen."""
    return random.choice(
        (("_lastUpdated", "gt2000"), ("_id", ",".join(random.sample(IDS, 3))), ("_id:not", random.choice(IDS)))
    )


def referring(source: str, type_: str) -> list[str]:
    """The parameters of `source` that may lead to this type."""
    return [code for code, target in leading(source) if target == type_]


def leading(type_: str) -> list[tuple[str, str]]:
    """The reference parameters of a type, with each type of the pool to which they lead here."""
    names = {path.rstrip("*").partition(".")[0] for path, _ in LINKS[type_]}
    found = []
    for param in SEARCH[type_].values():
        if param.kind == "reference" and param.code in OFFERS[type_].params:
            at = param.expression.partition(".")[2].partition(".")[0]
            types = next((types for path, types in LINKS[type_] if path.rstrip("*").partition(".")[0] == at), ())
            found += [
                (param.code, one) for one in sorted(set(types)) if at in names and one in (param.targets or types)
            ]
    return found
