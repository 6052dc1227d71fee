"""The world the sample people live in: organizations, places, practitioners, payers, medicines; one for each seed."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from ...values import dataclass
from .catalogue.medicines import MEDICINES
from .chance import Chance
from .codings import (
    CARIN_TERMS,
    NDC,
    NPI,
    OURS,
    RXNORM,
    TERMS,
    Json,
    both,
    coding,
    concept,
    identifier,
    instant,
    profiles,
    ref,
    term,
)
from .names import GIVEN, SURNAMES, TOWNS, address, mailbox, telephone

_TAX = "urn:oid:2.16.840.1.113883.4.4"
_NUCC = "http://nucc.org/provider-taxonomy"


@dataclass(frozen=True, slots=True)
class Site:
    """An organization that gives care, with its place and people."""

    organization: Json
    location: Json
    practitioners: tuple[Json, ...]
    roles: tuple[Json, ...]
    schedules: tuple[Json, ...]

    def resources(self) -> Iterator[Json]:
        """Its resources, those that others refer to first."""
        yield self.organization
        yield self.location
        yield from (*self.practitioners, *self.roles, *self.schedules)


@dataclass(frozen=True, slots=True)
class World:
    """Everything that belongs to no single person."""

    clinics: tuple[Site, ...]
    hospital: Site
    dental: Site
    laboratory: Site
    pharmacy: Site
    payers: tuple[Json, ...]
    medications: dict[str, Json]
    slots: tuple[Json, ...]

    @property
    def sites(self) -> tuple[Site, ...]:
        """Every place of care."""
        return (*self.clinics, self.hospital, self.dental, self.laboratory, self.pharmacy)

    def site(self, kind: str, clinic: int) -> Site:
        """The site of a kind; which of the clinics is the person's own."""
        match kind:
            case "clinic":
                return self.clinics[clinic % len(self.clinics)]
            case "hospital":
                return self.hospital
            case _:
                return self.dental

    def resources(self) -> Iterator[Json]:
        """Every resource of the world, those that others refer to first."""
        yield from self.payers
        for site in self.sites:
            yield from site.resources()
        yield from self.medications.values()
        yield from self.slots


@dataclass(frozen=True, slots=True)
class SiteRow:
    """What a site is before it has ids: specialty with its NUCC taxonomy code, and how many practitioners."""

    kind: str
    name: str
    specialty: str
    taxonomy: str
    practitioners: int


_SITES = (
    SiteRow("clinic", "Fixture Family Practice", "Family Medicine", "207Q00000X", 4),
    SiteRow("clinic", "Placeholder Community Health Center", "Internal Medicine", "207R00000X", 4),
    SiteRow("clinic", "Sample Behavioral Health", "Psychiatry", "2084P0800X", 4),
    SiteRow("hospital", "Specimen General Hospital", "Hospitalist", "208M00000X", 6),
    SiteRow("dental", "Demo Dental Group", "General Practice Dentistry", "1223G0001X", 2),
    SiteRow("laboratory", "Example Reference Laboratory", "Clinical Pathology", "207ZC0006X", 1),
    SiteRow("pharmacy", "Mock Pharmacy", "Pharmacist", "183500000X", 1),
)
_PAYERS = (("Sample Health Plan", "10001", "99991"), ("Fixture Mutual Insurance", "10002", "99992"))


def build(seed: int, today: date) -> World:
    """The world of a seed; `today` only decides which slots are free."""
    sites = [_site(Chance(seed, f"site/{number}"), row) for number, row in enumerate(_SITES)]
    by_kind = {row.kind: site for row, site in zip(_SITES, sites, strict=True)}
    clinics = tuple(site for row, site in zip(_SITES, sites, strict=True) if row.kind == "clinic")
    medications = {
        m.rxnorm: _medication(Chance(seed, f"medication/{m.rxnorm}"), m.rxnorm, m.name, m.ndc)
        for m in MEDICINES.values()
        if m.as_resource
    }
    payers = tuple(_payer(Chance(seed, f"payer/{number}"), *row) for number, row in enumerate(_PAYERS))
    return World(
        clinics,
        by_kind["hospital"],
        by_kind["dental"],
        by_kind["laboratory"],
        by_kind["pharmacy"],
        payers,
        medications,
        tuple(_free_slots(Chance(seed, "slots"), clinics, today)),
    )


def npi(chance: Chance) -> str:
    """A National Provider Identifier with a valid check digit (Luhn over 80840 and nine digits)."""
    body = "1" + chance.digits("npi", 8)
    doubled = sum(sum(divmod(2 * int(d), 10)) if i % 2 == 0 else int(d) for i, d in enumerate(reversed(body)))
    return body + str(-(doubled + 24) % 10)


def _npi(chance: Chance) -> Json:
    return identifier(NPI, npi(chance), "NPI")


def _organization(chance: Chance, name: str, kind: tuple[str, str], identifiers: list[Json]) -> Json:
    word = name.split(maxsplit=1)[0]
    return {
        "resourceType": "Organization",
        "id": chance.id("Organization"),
        "meta": profiles("us-core-organization", "C4BB-Organization"),
        "identifier": [*identifiers, identifier(_TAX, "99" + chance.digits("tax", 7), "TAX")],
        "active": True,
        "type": [term("organization-type", *kind)],
        "name": name,
        "telecom": [telephone(chance, "work"), mailbox("office", word, use="work")],
        "address": [address(chance, chance.one(TOWNS), "work")],
    }


def _payer(chance: Chance, name: str, payer_id: str, naic: str) -> Json:
    system = CARIN_TERMS + "C4BBIdentifierType"
    return _organization(
        chance,
        name,
        ("pay", "Payer"),
        [
            identifier(OURS + "payer-id", payer_id, "payerid", system),
            identifier("urn:oid:2.16.840.1.113883.6.300", naic, "naiccode", system),
        ],
    )


def _site(chance: Chance, row: SiteRow) -> Site:
    identifiers = [_npi(chance)]
    if row.kind == "laboratory":
        identifiers.append(identifier("urn:oid:2.16.840.1.113883.4.7", "99D" + chance.digits("clia", 7)))
    organization = _organization(chance, row.name, ("prov", "Healthcare Provider"), identifiers)
    location = _location(chance, organization)
    practitioners = tuple(_practitioner(chance, organization, row.specialty) for _ in range(row.practitioners))
    specialty = concept(_NUCC, row.taxonomy, row.specialty)
    roles = tuple(_role(chance, person, organization, location, specialty) for person in practitioners)
    schedules = tuple(_schedule(chance, person, location) for person in practitioners) if row.kind == "clinic" else ()
    return Site(organization, location, practitioners, roles, schedules)


def _location(chance: Chance, organization: Json) -> Json:
    return {
        "resourceType": "Location",
        "id": chance.id("Location"),
        "meta": profiles("us-core-location"),
        "identifier": [identifier(OURS + "location", chance.digits("location", 6))],
        "status": "active",
        "name": f"{organization['name']}, main building",
        "mode": "instance",
        "type": [term("v3-RoleCode", "OF", "Outpatient facility")],
        "telecom": organization["telecom"][:1],
        "address": organization["address"][0],
        "managingOrganization": named(organization),
    }


def _practitioner(chance: Chance, organization: Json, specialty: str) -> Json:
    sex = chance.one(("female", "male"))
    given, family = chance.one(GIVEN[sex]), chance.one(SURNAMES)
    return {
        "resourceType": "Practitioner",
        "id": chance.id("Practitioner"),
        "meta": profiles("us-core-practitioner", "C4BB-Practitioner"),
        "identifier": [_npi(chance), identifier(_TAX, "98" + chance.digits("tax", 7), "TAX")],
        "active": True,
        "name": [{"use": "official", "family": family, "given": [given], "prefix": ["Dr."]}],
        "telecom": [telephone(chance, "work"), mailbox(given, family, use="work")],
        "address": organization["address"],
        "gender": sex,
        "qualification": [{"code": concept(TERMS + "v2-0360", "MD", "Doctor of Medicine", specialty)}],
    }


def _role(chance: Chance, person: Json, organization: Json, location: Json, specialty: Json) -> Json:
    return {
        "resourceType": "PractitionerRole",
        "id": chance.id("PractitionerRole"),
        "meta": profiles("us-core-practitionerrole"),
        "active": True,
        "practitioner": named(person),
        "organization": named(organization),
        "code": [specialty],
        "specialty": [specialty],
        "location": [ref(location)],
        "telecom": person["telecom"][:1],
    }


def _schedule(chance: Chance, person: Json, location: Json) -> Json:
    return {
        "resourceType": "Schedule",
        "id": chance.id("Schedule"),
        "active": True,
        "serviceType": [term("service-type", "124", "General Practice")],
        "actor": [named(person), ref(location)],
    }


def _free_slots(chance: Chance, clinics: tuple[Site, ...], today: date) -> Iterator[Json]:
    for schedule in (schedule for site in clinics for schedule in site.schedules):
        for day in (3, 10, 17):
            yield slot(
                chance, schedule, datetime.combine(today, datetime.min.time()) + timedelta(days=day, hours=9), "free"
            )


def slot(chance: Chance, schedule: Json, start: datetime, status: str) -> Json:
    """Twenty minutes of somebody's schedule."""
    return {
        "resourceType": "Slot",
        "id": chance.id("Slot"),
        "serviceType": schedule["serviceType"],
        "schedule": ref(schedule),
        "status": status,
        "start": instant(start),
        "end": instant(start + timedelta(minutes=20)),
    }


def _medication(chance: Chance, rxnorm: str, name: str, ndc: str) -> Json:
    return {
        "resourceType": "Medication",
        "id": chance.id("Medication"),
        "meta": profiles("us-core-medication"),
        "code": both((coding(RXNORM, rxnorm, name), coding(NDC, ndc)), name),
        "status": "active",
    }


def named(resource: Json) -> Json:
    """A reference that also says the name."""
    name = resource["name"]
    return ref(resource) | {"display": name if isinstance(name, str) else f"Dr. {name[0]['family']}"}
