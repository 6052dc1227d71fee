"""Medicines: RxNorm clinical drugs, how they are taken and what a fill costs."""

from decimal import Decimal
from typing import Any

from ....values import dataclass


@dataclass(frozen=True, slots=True)
class Medicine:
    """One clinical drug and its usual prescription; the NDC's labeler 99999 is nobody's."""

    rxnorm: str
    name: str
    ndc: str
    dose: str  # of `unit`, as a decimal
    unit: str  # UCUM annotation or unit of one dose
    label: str  # the unit in words
    per_day: int  # 0: when needed
    route: str
    route_name: str
    days: int  # of one fill
    refills: int
    price: str  # of one fill, dollars
    as_resource: bool = False  # ordered by reference to a Medication rather than by code

    @property
    def quantity(self) -> int:
        """How many units one fill holds."""
        return max(1, int(Decimal(self.dose) * (self.per_day or 2) * self.days))

    @property
    def sig(self) -> str:
        """The label's sentence."""
        often = {0: "when needed, up to every 6 hours", 1: "once daily", 2: "twice daily"}
        return f"Take {self.dose} {self.label} {often.get(self.per_day, f'{self.per_day} times daily')}"


ORAL = ("26643006", "Oral route")
BREATHED = ("447694001", "Respiratory tract route")
UNDER_SKIN = ("34206005", "Subcutaneous route")
UNDER_TONGUE = ("37839007", "Sublingual route")


def _row(*row: Any, route: tuple[str, str] = ORAL, as_resource: bool = False) -> Medicine:
    """A row: RxNorm, name, NDC product, dose, what is taken, times a day, days of a fill, refills, price."""
    rxnorm, name, ndc, dose, kind, per_day, days, refills, price = row
    unit, label = {
        "tab": ("{tbl}", "tablet"),
        "cap": ("{capsule}", "capsule"),
        "puff": ("{puff}", "puff"),
        "ml": ("mL", "mL"),
        "unit": ("[iU]", "units"),
    }[kind]
    return Medicine(
        rxnorm, name, f"99999-{ndc}-30", dose, unit, label, per_day, *route, days, refills, price, as_resource
    )


MEDICINES = {
    "lisinopril": _row("314076", "lisinopril 10 MG Oral Tablet", "0101", "1", "tab", 1, 90, 3, "18.40"),
    "amlodipine": _row("197361", "amlodipine 5 MG Oral Tablet", "0102", "1", "tab", 1, 90, 3, "16.10"),
    "hctz": _row("310798", "hydrochlorothiazide 25 MG Oral Tablet", "0103", "1", "tab", 1, 90, 3, "12.75"),
    "metformin": _row(
        "860975",
        "24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet",
        "0104",
        "2",
        "tab",
        1,
        90,
        3,
        "24.90",
    ),
    "insulin": _row(
        "311041",
        "insulin glargine 100 UNT/ML Injectable Solution",
        "0105",
        "20",
        "unit",
        1,
        30,
        5,
        "148.00",
        route=UNDER_SKIN,
        as_resource=True,
    ),
    "simvastatin": _row("312961", "simvastatin 20 MG Oral Tablet", "0106", "1", "tab", 1, 90, 3, "15.60"),
    "atorvastatin": _row(
        "259255", "atorvastatin 80 MG Oral Tablet", "0107", "1", "tab", 1, 90, 3, "21.30", as_resource=True
    ),
    "albuterol": _row(
        "745679",
        "200 ACTUAT albuterol 0.09 MG/ACTUAT Metered Dose Inhaler",
        "0108",
        "2",
        "puff",
        0,
        30,
        5,
        "46.00",
        route=BREATHED,
    ),
    "fluticasone": _row(
        "895994",
        "120 ACTUAT fluticasone propionate 0.044 MG/ACTUAT Metered Dose Inhaler",
        "0109",
        "2",
        "puff",
        2,
        30,
        5,
        "189.00",
        route=BREATHED,
        as_resource=True,
    ),
    "sertraline": _row("312941", "sertraline 50 MG Oral Tablet", "0110", "1", "tab", 1, 30, 5, "14.20"),
    "escitalopram": _row("349332", "escitalopram 10 MG Oral Tablet", "0111", "1", "tab", 1, 30, 5, "17.80"),
    "levothyroxine": _row("966222", "levothyroxine sodium 0.075 MG Oral Tablet", "0112", "1", "tab", 1, 90, 3, "19.90"),
    "furosemide": _row("313988", "furosemide 40 MG Oral Tablet", "0113", "1", "tab", 1, 90, 3, "11.40"),
    "metoprolol": _row(
        "866412",
        "24 HR metoprolol succinate 100 MG Extended Release Oral Tablet",
        "0114",
        "1",
        "tab",
        1,
        90,
        3,
        "28.70",
    ),
    "warfarin": _row(
        "855332", "warfarin sodium 5 MG Oral Tablet", "0115", "1", "tab", 1, 30, 5, "13.20", as_resource=True
    ),
    "naproxen": _row("849574", "naproxen sodium 220 MG Oral Tablet", "0116", "1", "tab", 2, 30, 2, "9.80"),
    "omeprazole": _row(
        "198051", "omeprazole 20 MG Delayed Release Oral Capsule", "0117", "1", "cap", 1, 90, 2, "22.40"
    ),
    "buprenorphine": _row(
        "351267",
        "buprenorphine 8 MG / naloxone 2 MG Sublingual Tablet",
        "0118",
        "1",
        "tab",
        2,
        30,
        5,
        "162.00",
        route=UNDER_TONGUE,
    ),
    "alendronate": _row("904419", "alendronic acid 10 MG Oral Tablet", "0119", "1", "tab", 1, 90, 3, "26.50"),
    "galantamine": _row("310436", "galantamine 4 MG Oral Tablet", "0120", "1", "tab", 2, 30, 5, "58.00"),
    "methylphenidate": _row(
        "1091392", "methylphenidate hydrochloride 20 MG Oral Tablet", "0121", "1", "tab", 1, 30, 0, "31.00"
    ),
    "ferrous": _row("310325", "ferrous sulfate 325 MG Oral Tablet", "0122", "1", "tab", 1, 30, 2, "7.10"),
    "amoxicillin": _row("308182", "amoxicillin 250 MG Oral Capsule", "0123", "1", "cap", 3, 10, 0, "11.90"),
    "penicillin": _row("834061", "penicillin V potassium 250 MG Oral Tablet", "0124", "1", "tab", 4, 10, 0, "13.00"),
    "nitrofurantoin": _row(
        "311995", "nitrofurantoin, macrocrystals 50 MG Oral Capsule", "0125", "1", "cap", 4, 7, 0, "24.00"
    ),
    "ibuprofen": _row("310965", "ibuprofen 200 MG Oral Tablet", "0126", "2", "tab", 0, 10, 0, "6.90"),
    "acetaminophen": _row("313782", "acetaminophen 325 MG Oral Tablet", "0127", "2", "tab", 0, 10, 0, "5.80"),
    "fexofenadine": _row(
        "997488", "fexofenadine hydrochloride 30 MG Oral Tablet", "0128", "2", "tab", 1, 30, 2, "14.60"
    ),
    "folic": _row("310410", "folic acid 1 MG Oral Tablet", "0129", "1", "tab", 1, 90, 2, "8.30"),
}
