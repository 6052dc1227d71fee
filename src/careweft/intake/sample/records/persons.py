"""Patient and RelatedPerson, with the US Core extensions and the CARIN member numbers."""

from collections.abc import Iterator
from datetime import timedelta

from careweft.intake.sample.codings import (
    ABSENT_EXTENSION,
    CARIN_TERMS,
    OURS,
    TERMS,
    US_CORE,
    Json,
    coding,
    identifier,
    period,
    profiles,
    term,
)
from careweft.intake.sample.names import GIVEN, SURNAMES, TOWNS, address, mailbox, telephone
from careweft.intake.sample.scene import Scene

_OMB = "urn:oid:2.16.840.1.113883.6.238"
_PARENTS = {"female": ("MTH", "mother"), "male": ("FTH", "father")}
_SIBLINGS = {"female": ("SIS", "sister"), "male": ("BRO", "brother")}
_SEXES = {"female": ("F", "248152002"), "male": ("M", "248153007")}


def write(scene: Scene) -> Iterator[Json]:
    """The Patient and one person near them."""
    yield _patient(scene)
    yield _related(scene)


def _patient(scene: Scene) -> Json:
    person = scene.person
    patient: Json = {
        "resourceType": "Patient",
        "id": scene.patient_id,
        "meta": profiles("us-core-patient", "C4BB-Patient")
        | {"security": [coding(TERMS + "v3-ActReason", "HTEST", "test health data")]},
        "extension": list(_extensions(scene)),
        "identifier": _identifiers(scene),
        "active": person.death is None,
        "name": _names(scene),
        "telecom": [
            telephone(person.chance, "home"),
            telephone(person.chance, "mobile"),
            mailbox(*person.given[:1], person.family),
        ],
        "gender": person.sex,
        "birthDate": person.birth.isoformat(),
        "address": list(_addresses(scene)),
        "communication": [
            {
                "language": {"coding": [coding("urn:ietf:bcp:47", *person.language)], "text": person.language[1]},
                "preferred": True,
            }
        ],
        "generalPractitioner": [{"reference": f"Practitioner/{scene.doctor['id']}"}],
        "managingOrganization": {"reference": f"Organization/{scene.home.organization['id']}"},
    }
    if person.age(scene.life.end) >= 18:
        status = ("M", "Married") if person.index % 3 else ("S", "Never Married")
        patient["maritalStatus"] = term("v3-MaritalStatus", *status)
    if person.death:
        patient["deceasedDateTime"] = f"{person.death.isoformat()}T23:30:00-06:00"
    return patient


def _identifiers(scene: Scene) -> list[Json]:
    rows = [
        identifier(OURS + "mrn", scene.record_number, "MR"),
        identifier(
            OURS + "unique-member-id", "U" + scene.chance.digits("um", 10), "um", CARIN_TERMS + "C4BBIdentifierType"
        ),
    ]
    return rows + [identifier(OURS + "member-id", cover.member, "MB") for cover in scene.covers]


def _names(scene: Scene) -> list[Json]:
    person = scene.person
    current: Json = {"use": "official", "family": person.family, "given": list(person.given)}
    if "name-unknown" in person.traits:
        return [
            {
                "use": "official",
                "family": person.family,
                "_given": [{"extension": [{"url": ABSENT_EXTENSION, "valueCode": "unknown"}]}],
            }
        ]
    if "suffix" in person.traits:
        current["suffix"] = ["Jr."]
    if "renamed" not in person.traits:
        return [current]
    changed = max(person.birth, scene.life.start)
    former = {
        "use": "old",
        "family": person.chance.one(SURNAMES),
        "given": list(person.given),
        "period": period(person.birth, changed),
    }
    return [current | {"period": period(changed)}, former]


def _addresses(scene: Scene) -> Iterator[Json]:
    person, since = scene.person, max(scene.person.birth, scene.life.start)
    yield address(person.chance, person.household.town) | {"period": period(since)}
    if "moved" in person.traits:
        yield address(person.chance, person.chance.one(TOWNS), "old") | {
            "period": period(max(person.birth, since - timedelta(days=900)), since)
        }


def _extensions(scene: Scene) -> Iterator[Json]:
    person = scene.person
    letter, sex = _SEXES[person.sex]
    yield _omb(
        "race",
        [coding(_OMB if person.race[0][0].isdigit() else TERMS + "v3-NullFlavor", *person.race)],
        person.race[1],
        ("1586-7", "Shoshone") if "tribal" in person.traits else None,
    )
    hispanic = "hispanic" in person.traits
    ethnicity = ("2135-2", "Hispanic or Latino") if hispanic else ("2186-5", "Not Hispanic or Latino")
    yield _omb("ethnicity", [coding(_OMB, *ethnicity)], ethnicity[1], ("2148-5", "Mexican") if hispanic else None)
    unknown = "birthsex-unknown" in person.traits
    yield {"url": US_CORE + "us-core-birthsex", "valueCode": "UNK" if unknown else letter}
    yield {"url": US_CORE + "us-core-sex", "valueCode": sex}
    if "tribal" in person.traits:
        tribe = {
            "coding": [
                coding(
                    TERMS + "v3-TribalEntityUS",
                    "187",
                    "Paiute-Shoshone Tribe of the Fallon Reservation and Colony, Nevada",
                )
            ]
        }
        yield {
            "url": US_CORE + "us-core-tribal-affiliation",
            "extension": [
                {"url": "tribalAffiliation", "valueCodeableConcept": tribe},
                {"url": "isEnrolled", "valueBoolean": True},
            ],
        }


def _omb(name: str, categories: list[Json], text: str, detailed: tuple[str, str] | None) -> Json:
    parts: list[Json] = [{"url": "ombCategory", "valueCoding": category} for category in categories]
    if detailed:
        parts.append({"url": "detailed", "valueCoding": coding(_OMB, *detailed)})
    return {"url": US_CORE + f"us-core-{name}", "extension": [*parts, {"url": "text", "valueString": text}]}


def _related(scene: Scene) -> Json:
    """The parent of a child, the spouse or sibling of an adult."""
    person, chance = scene.person, scene.chance
    child = person.age(scene.life.end) < 18
    sex = chance.one(("female", "male"))
    kin = _PARENTS[sex] if child else ("SPS", "spouse") if chance.whether(0.6) else _SIBLINGS[sex]
    given = chance.one(GIVEN[sex])
    return {
        "resourceType": "RelatedPerson",
        "id": scene.related_id,
        "meta": profiles("us-core-relatedperson", "C4BB-RelatedPerson"),
        "active": True,
        "patient": scene.patient,
        "relationship": [term("v3-RoleCode", *kin)],
        "name": [{"use": "official", "family": person.family, "given": [given]}],
        "telecom": [telephone(chance, "mobile"), mailbox(given, person.family)],
        "gender": sex,
        "address": [address(chance, person.household.town)],
    }
