"""What is done to people: SNOMED CT procedures with their billing codes, and the reports and devices they leave."""

from ....values import dataclass

RADIOLOGY, CARDIOLOGY, PATHOLOGY = "LP29684-5", "LP29708-2", "LP7839-6"
REPORT_CATEGORIES = {RADIOLOGY: "Radiology", CARDIOLOGY: "Cardiology", PATHOLOGY: "Pathology"}

IMAGING, SURGERY, THERAPY = ("363679005", "Imaging"), ("387713003", "Surgical procedure"), ("409063005", "Counselling")
EDUCATION, LABORATORY = ("409073007", "Education"), ("108252007", "Laboratory procedure")
SDOH = ("sdoh", "SDOH")
FUNCTION = ("functional-status", "Functional Status")


@dataclass(frozen=True, slots=True)
class Report:
    """The written report of a study: category, LOINC code, and what it says."""

    category: str
    loinc: str
    name: str
    text: str
    value: tuple[str, str, str, str, str] | None = None  # LOINC, name, UCUM unit or "words", mean, deviation


@dataclass(frozen=True, slots=True)
class Implant:
    """A device that stays in the body."""

    snomed: str
    name: str
    maker: str
    di: str


@dataclass(frozen=True, slots=True)
class Procedure:
    """One procedure: clinical code, billing codes, the order it follows from, and what it leaves behind."""

    key: str
    snomed: str
    name: str
    category: tuple[str, str]
    code: str  # CPT or HCPCS
    price: str
    icd10pcs: tuple[str, str] = ("", "")
    report: Report | None = None
    implant: Implant | None = None
    likely: float = 1.0


PROCEDURES = {
    row.key: row
    for row in (
        Procedure("retina", "410451008", "Ophthalmic examination on retina", LABORATORY, "92227", "65.00"),
        Procedure("spirometry", "127783003", "Spirometry", LABORATORY, "94010", "58.00"),
        Procedure("psychotherapy", "75516001", "Psychotherapy", THERAPY, "90834", "120.00"),
        Procedure("counselling", "183382003", "Psychotherapeutic counseling", THERAPY, "H0004", "85.00"),
        Procedure("suture", "288086009", "Suture open wound", SURGERY, "12001", "240.00"),
        Procedure("filling", "234696003", "Restoration, inlay, composite, one surface", SURGERY, "D2391", "180.00"),
        Procedure("physiotherapy", "91251008", "Physical therapy procedure", FUNCTION, "97110", "74.00"),
        Procedure(
            "food-referral",
            "467771000124109",
            "Assistance with application for food pantry program",
            SDOH,
            "G0136",
            "18.00",
        ),
        Procedure("transport-referral", "410365006", "Transportation case management", SDOH, "G0136", "18.00"),
        Procedure(
            "echo",
            "40701008",
            "Echocardiography",
            IMAGING,
            "93306",
            "410.00",
            report=Report(
                CARDIOLOGY,
                "59281-6",
                "US Heart Transthoracic",
                "Left ventricle mildly dilated. Valves open freely. No effusion.",
                ("10230-1", "Left ventricular Ejection fraction", "%", "46", "6"),
            ),
        ),
        Procedure(
            "ecg",
            "29303009",
            "Electrocardiographic procedure",
            IMAGING,
            "93000",
            "48.00",
            report=Report(
                CARDIOLOGY,
                "11524-6",
                "EKG study",
                "Irregularly irregular rhythm, no acute ST change.",
                ("8601-7", "EKG impression", "words", "", ""),
            ),
        ),
        Procedure(
            "knee-xray",
            "74016001",
            "Radiography of knee",
            IMAGING,
            "73562",
            "96.00",
            report=Report(
                RADIOLOGY,
                "37362-1",
                "XR Bone Views",
                "Joint space narrowing, small osteophytes.",
                ("19005-8", "Radiology Imaging study [Impression] (narrative)", "words", "", ""),
            ),
        ),
        Procedure(
            "ankle-xray",
            "19490002",
            "Plain X-ray of ankle",
            IMAGING,
            "73610",
            "88.00",
            report=Report(
                RADIOLOGY,
                "37362-1",
                "XR Bone Views",
                "Soft tissue swelling. No fracture.",
                ("19005-8", "Radiology Imaging study [Impression] (narrative)", "words", "", ""),
            ),
        ),
        Procedure(
            "chest-xray",
            "399208008",
            "Plain chest X-ray",
            IMAGING,
            "71046",
            "92.00",
            report=Report(
                RADIOLOGY,
                "36643-5",
                "XR Chest 2 Views",
                "Patchy opacity at the right base. No effusion.",
                ("19005-8", "Radiology Imaging study [Impression] (narrative)", "words", "", ""),
            ),
        ),
        Procedure(
            "dxa",
            "312681000",
            "Bone density scan",
            IMAGING,
            "77080",
            "130.00",
            report=Report(
                RADIOLOGY,
                "38268-2",
                "DXA Skeletal system Views for bone density",
                "Bone density below that of young adults.",
                ("80948-3", "DXA Femur - left Trochanter [T-score] Bone density", "{Tscore}", "-2.8", "0.3"),
            ),
        ),
        Procedure(
            "ultrasound",
            "268445003",
            "Ultrasound scan - obstetric",
            IMAGING,
            "76805",
            "260.00",
            report=Report(
                RADIOLOGY,
                "11525-3",
                "US Pelvis Fetus for pregnancy",
                "Single live fetus, size agrees with dates.",
                ("19005-8", "Radiology Imaging study [Impression] (narrative)", "words", "", ""),
            ),
        ),
        Procedure(
            "skin-biopsy",
            "240977001",
            "Biopsy of skin",
            SURGERY,
            "11102",
            "150.00",
            report=Report(PATHOLOGY, "11526-1", "Pathology study", "Skin, forearm: benign intradermal nevus."),
        ),
        Procedure(
            "appendectomy",
            "80146002",
            "Appendectomy",
            SURGERY,
            "44970",
            "9800.00",
            ("0DTJ4ZZ", "Resection of Appendix, Percutaneous Endoscopic Approach"),
            Report(PATHOLOGY, "11526-1", "Pathology study", "Appendix: acute suppurative inflammation."),
        ),
        Procedure(
            "knee-replacement",
            "609588000",
            "Total knee replacement",
            SURGERY,
            "27447",
            "21500.00",
            ("0SRC0J9", "Replacement of Right Knee Joint with Synthetic Substitute, Cemented, Open Approach"),
            implant=Implant("109228008", "Knee joint prosthesis", "Sample Orthopedics", "09999000000017"),
            likely=0.25,
        ),
        Procedure(
            "pacemaker",
            "307280005",
            "Implantation of cardiac pacemaker",
            SURGERY,
            "33208",
            "18200.00",
            (
                "0JH606Z",
                "Insertion of Pacemaker, Dual Chamber into Chest Subcutaneous Tissue and Fascia, Open Approach",
            ),
            implant=Implant("14106009", "Cardiac pacemaker", "Fixture Cardiac", "09999000000024"),
            likely=0.3,
        ),
        Procedure(
            "hearing-aid",
            "308466005",
            "Hearing aid procedure",
            ("disability-status", "Disability Status"),
            "V5261",
            "1900.00",
        ),
    )
}
