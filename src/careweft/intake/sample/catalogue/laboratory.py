"""What the laboratory measures: panels of LOINC analytes with usual ranges, and how illnesses shift them."""

from dataclasses import field

from ....values import dataclass

NEGATIVE = ("260385009", "Negative")
DETECTED = ("260373001", "Detected")
NOT_DETECTED = ("260415000", "Not detected")


@dataclass(frozen=True, slots=True)
class Analyte:
    """One laboratory test: a number with its range, or words, or a coded finding."""

    loinc: str
    name: str
    unit: str = ""
    ucum: str = ""
    low: float = 0.0
    high: float = 0.0
    digits: int = 0
    shift: dict[str, tuple[float, float]] = field(default_factory=dict)  # illness: its mean and deviation
    words: tuple[str, ...] = ()
    findings: tuple[tuple[str, str], ...] = ()  # the usual one first


@dataclass(frozen=True, slots=True)
class Panel:
    """One laboratory order: report code, specimen, tests and price."""

    key: str
    loinc: str
    name: str
    specimen: tuple[str, str]  # SNOMED
    analytes: tuple[Analyte, ...]
    hcpcs: str
    price: str


BLOOD, SERUM = ("119297000", "Blood specimen"), ("119364003", "Serum specimen")
URINE, THROAT = ("122575003", "Urine specimen"), ("258529004", "Throat swab")
NOSE, TISSUE = ("258500001", "Nasopharyngeal swab"), ("309066003", "Skin biopsy specimen")

_GLUCOSE = Analyte(
    "2345-7", "Glucose [Mass/volume] in Serum or Plasma", "mg/dL", "mg/dL", 70, 99, shift={"diabetes": (152, 28)}
)
_SODIUM = Analyte("2951-2", "Sodium [Moles/volume] in Serum or Plasma", "mmol/L", "mmol/L", 136, 145)
_POTASSIUM = Analyte("2823-3", "Potassium [Moles/volume] in Serum or Plasma", "mmol/L", "mmol/L", 3.5, 5.1, 1)
_CREATININE = Analyte(
    "2160-0",
    "Creatinine [Mass/volume] in Serum or Plasma",
    "mg/dL",
    "mg/dL",
    0.6,
    1.2,
    2,
    {"heart-failure": (1.5, 0.25)},
)
_UREA = Analyte(
    "3094-0",
    "Urea nitrogen [Mass/volume] in Serum or Plasma",
    "mg/dL",
    "mg/dL",
    7,
    20,
    shift={"heart-failure": (28, 5)},
)
_HEMOGLOBIN = Analyte(
    "718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", "g/dL", 12.0, 16.5, 1, {"anemia": (10.4, 0.6)}
)
_LEUKOCYTES = Analyte(
    "6690-2",
    "Leukocytes [#/volume] in Blood by Automated count",
    "10*3/uL",
    "10*3/uL",
    4.5,
    11.0,
    1,
    {"appendicitis": (15.2, 2.0), "pneumonia": (14.1, 2.2)},
)
_PLATELETS = Analyte("777-3", "Platelets [#/volume] in Blood by Automated count", "10*3/uL", "10*3/uL", 150, 400)
_HEMATOCRIT = Analyte(
    "4544-3", "Hematocrit [Volume Fraction] of Blood by Automated count", "%", "%", 36, 48, 1, {"anemia": (32, 1.6)}
)

PANELS = {
    row.key: row
    for row in (
        Panel(
            "bmp",
            "51990-0",
            "Basic metabolic panel - Blood",
            SERUM,
            (_GLUCOSE, _SODIUM, _POTASSIUM, _CREATININE, _UREA),
            "80048",
            "38.00",
        ),
        Panel(
            "cbc",
            "58410-2",
            "CBC panel - Blood by Automated count",
            BLOOD,
            (_HEMOGLOBIN, _HEMATOCRIT, _LEUKOCYTES, _PLATELETS),
            "85027",
            "29.00",
        ),
        Panel(
            "lipid",
            "24331-1",
            "Lipid 1996 panel - Serum or Plasma",
            SERUM,
            (
                Analyte(
                    "2093-3",
                    "Cholesterol [Mass/volume] in Serum or Plasma",
                    "mg/dL",
                    "mg/dL",
                    120,
                    199,
                    shift={"hyperlipidemia": (236, 22)},
                ),
                Analyte(
                    "2571-8",
                    "Triglyceride [Mass/volume] in Serum or Plasma",
                    "mg/dL",
                    "mg/dL",
                    50,
                    149,
                    shift={"hyperlipidemia": (182, 30), "obesity": (171, 28)},
                ),
                Analyte("2085-9", "Cholesterol in HDL [Mass/volume] in Serum or Plasma", "mg/dL", "mg/dL", 40, 70),
                Analyte(
                    "13457-7",
                    "Cholesterol in LDL [Mass/volume] in Serum or Plasma by calculation",
                    "mg/dL",
                    "mg/dL",
                    50,
                    129,
                    shift={"hyperlipidemia": (151, 18)},
                ),
            ),
            "80061",
            "45.00",
        ),
        Panel(
            "a1c",
            "4548-4",
            "Hemoglobin A1c/Hemoglobin.total in Blood",
            BLOOD,
            (
                Analyte(
                    "4548-4",
                    "Hemoglobin A1c/Hemoglobin.total in Blood",
                    "%",
                    "%",
                    4.0,
                    5.6,
                    1,
                    {"diabetes": (7.4, 0.7)},
                ),
            ),
            "83036",
            "27.00",
        ),
        Panel(
            "tsh",
            "3016-3",
            "Thyrotropin [Units/volume] in Serum or Plasma",
            SERUM,
            (
                Analyte(
                    "3016-3",
                    "Thyrotropin [Units/volume] in Serum or Plasma",
                    "mIU/L",
                    "m[IU]/L",
                    0.4,
                    4.0,
                    2,
                    {"hypothyroidism": (4.6, 1.2)},
                ),
            ),
            "84443",
            "33.00",
        ),
        Panel(
            "inr",
            "6301-6",
            "INR in Platelet poor plasma by Coagulation assay",
            BLOOD,
            (
                Analyte(
                    "6301-6",
                    "INR in Platelet poor plasma by Coagulation assay",
                    "{INR}",
                    "{INR}",
                    0.9,
                    1.1,
                    1,
                    {"atrial-fibrillation": (2.5, 0.3)},
                ),
            ),
            "85610",
            "14.00",
        ),
        Panel(
            "urine",
            "24357-6",
            "Urinalysis macro (dipstick) panel - Urine",
            URINE,
            (
                Analyte("5778-6", "Color of Urine", words=("Yellow", "Straw", "Amber")),
                Analyte("5802-4", "Nitrite [Presence] in Urine by Test strip", findings=(DETECTED, NEGATIVE)),
                Analyte("2756-5", "pH of Urine", "[pH]", "[pH]", 5.0, 8.0, 1),
            ),
            "81003",
            "9.00",
        ),
        Panel(
            "strep",
            "78012-2",
            "Streptococcus pyogenes Ag [Presence] in Throat by Rapid immunoassay",
            THROAT,
            (
                Analyte(
                    "78012-2",
                    "Streptococcus pyogenes Ag [Presence] in Throat by Rapid immunoassay",
                    findings=(DETECTED,),
                ),
            ),
            "87880",
            "22.00",
        ),
        Panel(
            "covid",
            "94500-6",
            "SARS-CoV-2 (COVID-19) RNA [Presence] in Respiratory specimen by NAA with probe",
            NOSE,
            (
                Analyte(
                    "94500-6",
                    "SARS-CoV-2 (COVID-19) RNA [Presence] in Respiratory specimen by NAA with probe",
                    findings=(DETECTED,),
                ),
            ),
            "U0003",
            "75.00",
        ),
        Panel(
            "drugs",
            "19295-5",
            "Opiates [Presence] in Urine by Screen method",
            URINE,
            (Analyte("19295-5", "Opiates [Presence] in Urine by Screen method", findings=(NOT_DETECTED, DETECTED)),),
            "80305",
            "24.00",
        ),
        Panel(
            "prenatal",
            "24364-2",
            "Obstetric 1996 panel - Serum and Blood",
            BLOOD,
            (
                _HEMOGLOBIN,
                _PLATELETS,
                Analyte(
                    "10331-7",
                    "Rh [Type] in Blood",
                    findings=(("165747007", "RhD positive"), ("165746003", "RhD negative")),
                ),
            ),
            "80055",
            "92.00",
        ),
        Panel(
            "biopsy",
            "22637-3",
            "Pathology report diagnosis",
            TISSUE,
            (
                Analyte(
                    "22637-3",
                    "Pathology report diagnosis",
                    words=("Benign intradermal nevus, margins clear", "Seborrheic keratosis, no atypia"),
                ),
            ),
            "88305",
            "140.00",
        ),
    )
}
