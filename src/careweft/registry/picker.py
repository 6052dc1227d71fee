"""The scopes that an application can be registered for, in the groups in which the public documentation lists them."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from .. import surfaces
from ..access import labels as sensitive
from ..access.scopes import LETTER, LETTERS
from ..surfaces.model import Offer
from ..values import dataclass
from .application import LEVELS, WORDS

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "People and organizations": (
        "Patient", "RelatedPerson", "Practitioner", "PractitionerRole", "Organization", "Location", "HealthcareService",
        "Group",
    ),
    "Problems and care": (
        "AllergyIntolerance", "Condition", "Procedure", "Encounter", "EpisodeOfCare", "CarePlan", "CareTeam", "Goal",
        "ServiceRequest",
    ),
    "Medicines": (
        "Medication", "MedicationRequest", "MedicationDispense", "MedicationStatement", "MedicationAdministration",
        "Immunization",
    ),
    "Findings and documents": (
        "Observation", "DiagnosticReport", "DocumentReference", "Binary", "Specimen", "Device", "ImagingStudy",
        "QuestionnaireResponse", "Provenance",
    ),
    "Appointments": ("Appointment", "Schedule", "Slot"),
    "Coverage and claims": ("Coverage", "ExplanationOfBenefit", "Claim"),
})  # fmt: skip
OTHERS = "More"
CONTEXT: Mapping[str, str] = MappingProxyType({
    "openid": "who signs in (OpenID Connect)",
    "fhirUser": "the record that stands for who signs in",
    "launch": "the context of an EHR that launches it",
    "launch/patient": "a patient in context, chosen at sign-in where need be",
    "launch/encounter": "an encounter in context",
    "offline_access": "refresh tokens that outlive the session",
    "online_access": "refresh tokens as long as the session",
})  # fmt: skip
"""What the words without a resource type are for."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One scope to tick, and what it is for."""

    scope: str
    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """Ticks under one heading."""

    name: str
    ticks: tuple[Tick, ...]


def groups(type_: str, access: str) -> Sequence[Group]:
    """Every scope that an application of this type may be registered for on the APIs of this side."""
    levels = ("system",) if type_ == "system" else ("patient",) if type_ == "patient" else ("user", "patient")
    offers = surfaces.find(access, "system" if type_ == "system" else "patient").offers
    found = [
        Group("All resources", tuple(Tick(f"{one}/*.rs", f"read and search everything, {one} level") for one in levels))
    ]
    listed = {one.type: one for one in offers}
    for name, types in GROUPS.items():
        ticks = tuple(tick for one in types if one in listed for tick in of(listed.pop(one), levels))
        found.append(Group(name, ticks))
    found.append(Group(OTHERS, tuple(tick for one in listed.values() for tick in of(one, levels))))
    if type_ != "system":
        found.append(Group("Sign-in and context", tuple(Tick(one, CONTEXT[one]) for one in CONTEXT if one in WORDS)))
    found.append(Group("Sensitive records", tuple(Tick(one, text) for one, text in sensitive.MEANING.items())))
    return [one for one in found if one.ticks]


def of(offer: Offer, levels: Sequence[str]) -> Iterator[Tick]:
    """The scopes of one type: to read, and to write where that is offered."""
    letters = {LETTER[one] for one in (*offer.can, *offer.operations) if one in LETTER}
    for level in levels:
        for kind, wanted in (("read and search", "rs"), ("write", "cud")):
            may = "".join(one for one in LETTERS if one in letters and one in wanted)
            if may:
                yield Tick(f"{level}/{offer.type}.{may}", f"{kind} {offer.type}, {level} level")


def every(type_: str, access: str) -> frozenset[str]:
    """Every scope that can be ticked."""
    return frozenset(tick.scope for group in groups(type_, access) for tick in group.ticks)


def levels(type_: str) -> tuple[str, ...]:
    """The levels of scopes that such an application may have."""
    return LEVELS[type_]
