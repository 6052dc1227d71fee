"""Kinds of visit: how each is coded, how long it lasts, where it happens and how its claim is billed."""

from ....values import dataclass


@dataclass(frozen=True, slots=True)
class VisitKind:
    """One kind of encounter with its claim."""

    key: str
    act: tuple[str, str]  # Encounter.class, ActCode
    snomed: str
    name: str
    minutes: int
    vitals: tuple[str, ...]
    site: str  # key of the kind of organization that gives the care
    claim: str  # key of the kind of claim, see `claims`
    code: str  # CPT, HCPCS or CDT of the visit itself
    price: str
    place_of_service: str
    note: tuple[str, str]  # LOINC document type and title


_AMB, _EMER, _IMP = ("AMB", "ambulatory"), ("EMER", "emergency"), ("IMP", "inpatient encounter")
_FULL = ("height", "weight", "bmi", "pressure", "pulse", "breath", "temperature", "oxygen", "head", "percentiles")
_SHORT = ("weight", "pressure", "pulse")
_ILL = ("pressure", "pulse", "breath", "temperature", "oxygen")
_PROGRESS, _HISTORY = ("11506-3", "Progress note"), ("34117-2", "History and physical note")
_CONSULT, _DISCHARGE = ("11488-4", "Consultation note"), ("18842-5", "Discharge summary")

VISITS = {
    row.key: row
    for row in (
        VisitKind(
            "wellness",
            _AMB,
            "162673000",
            "General examination of patient",
            30,
            _FULL,
            "clinic",
            "professional",
            "G0439",
            "165.00",
            "11",
            _HISTORY,
        ),
        VisitKind(
            "child",
            _AMB,
            "410620009",
            "Well child visit",
            30,
            _FULL,
            "clinic",
            "professional",
            "S0302",
            "140.00",
            "11",
            _HISTORY,
        ),
        VisitKind(
            "follow-up",
            _AMB,
            "390906007",
            "Follow-up encounter",
            20,
            _SHORT,
            "clinic",
            "professional",
            "99213",
            "110.00",
            "11",
            _PROGRESS,
        ),
        VisitKind(
            "problem",
            _AMB,
            "185347001",
            "Encounter for problem",
            20,
            _ILL,
            "clinic",
            "professional",
            "99213",
            "110.00",
            "11",
            _PROGRESS,
        ),
        VisitKind(
            "telehealth",
            ("VR", "virtual"),
            "448337001",
            "Telemedicine consultation with patient",
            15,
            (),
            "clinic",
            "professional",
            "G2012",
            "62.00",
            "10",
            _PROGRESS,
        ),
        VisitKind(
            "prenatal",
            _AMB,
            "424619006",
            "Prenatal visit",
            25,
            _SHORT,
            "hospital",
            "outpatient",
            "G0463",
            "190.00",
            "22",
            _PROGRESS,
        ),
        VisitKind(
            "specialist",
            _AMB,
            "698314001",
            "Consultation for treatment",
            40,
            _SHORT,
            "hospital",
            "outpatient",
            "G0463",
            "230.00",
            "22",
            _CONSULT,
        ),
        VisitKind(
            "emergency",
            _EMER,
            "50849002",
            "Emergency room admission",
            180,
            _ILL,
            "hospital",
            "outpatient",
            "G0383",
            "640.00",
            "23",
            _CONSULT,
        ),
        VisitKind(
            "inpatient",
            _IMP,
            "183452005",
            "Emergency hospital admission",
            3 * 24 * 60,
            _ILL,
            "hospital",
            "inpatient",
            "99223",
            "4200.00",
            "21",
            _DISCHARGE,
        ),
        VisitKind(
            "surgery",
            _IMP,
            "305408004",
            "Admission to surgical department",
            2 * 24 * 60,
            _ILL,
            "hospital",
            "inpatient",
            "99223",
            "3900.00",
            "21",
            _DISCHARGE,
        ),
        VisitKind(
            "dental",
            _AMB,
            "34043003",
            "Dental consultation and report",
            30,
            (),
            "dental",
            "oral",
            "D0120",
            "68.00",
            "11",
            _PROGRESS,
        ),
    )
}
