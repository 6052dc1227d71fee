"""Kinds of claim of CARIN for Blue Button: profile, type, who is on the care team, and what is said in support."""

from decimal import Decimal

from ....values import dataclass


@dataclass(frozen=True, slots=True)
class ClaimKind:
    """One CARIN claim profile as this sample fills it."""

    key: str
    profile: str
    type: str
    role: str  # of the one member of the care team
    support: tuple[str, ...]  # kinds of supportingInfo
    header: tuple[str, ...]  # statuses and reasons among the header's adjudications
    item: tuple[str, ...]  # and among each item's
    diagnosis: str = "principal"
    sub_type: str = ""
    system: str = ""  # of the lines' product or service; CPT or HCPCS where empty
    modifier: str = ""
    revenue: str = ""
    taxonomy: str = ""  # NUCC code of the care team member


_HOSPITAL = (
    "clmrecvddate",
    "typeofbill",
    "pointoforigin",
    "admtype",
    "discharge-status",
    "medicalrecordnumber",
    "patientaccountnumber",
)
_OFFICE = ("clmrecvddate", "servicefacility", "medicalrecordnumber", "patientaccountnumber")
_TEETH = ("orthodontics", "prosthesis", "additionalbodysite", "missingtoothnumber")
_PRESCRIPTION = (
    "dayssupply",
    "dawcode",
    "refillnum",
    "refillsauthorized",
    "brandgenericindicator",
    "rxorigincode",
    "clmrecvddate",
    "compoundcode",
)
_BILLING, _RENDERING, _STATUS = "billingnetworkstatus", "renderingnetworkstatus", "benefitpaymentstatus"
_REASON, _UNITS = "adjustmentreason", "allowedunits"

CLAIMS = {
    row.key: row
    for row in (
        ClaimKind(
            "inpatient",
            "C4BB-ExplanationOfBenefit-Inpatient-Institutional",
            "institutional",
            "attending",
            ("admissionperiod", *_HOSPITAL, "drg"),
            (_BILLING, _STATUS, _REASON),
            (_REASON, _UNITS),
            sub_type="inpatient",
            modifier="PO",
            revenue="0120",
        ),
        ClaimKind(
            "outpatient",
            "C4BB-ExplanationOfBenefit-Outpatient-Institutional",
            "institutional",
            "attending",
            _HOSPITAL,
            (_BILLING, _STATUS, _REASON),
            (_REASON, _UNITS),
            sub_type="outpatient",
            modifier="PO",
            revenue="0510",
        ),
        ClaimKind(
            "professional",
            "C4BB-ExplanationOfBenefit-Professional-NonClinician",
            "professional",
            "rendering",
            _OFFICE,
            (_BILLING, _RENDERING),
            (_STATUS, _REASON, _UNITS),
            modifier="GC",
            taxonomy="207Q00000X",
        ),
        ClaimKind(
            "oral",
            "C4BB-ExplanationOfBenefit-Oral",
            "oral",
            "rendering",
            (*_OFFICE, *_TEETH),
            (_BILLING, _RENDERING, _STATUS),
            (_STATUS, _REASON, _UNITS),
            system="http://www.ada.org/cdt",
            modifier="GC",
            taxonomy="1223G0001X",
        ),
        ClaimKind(
            "pharmacy",
            "C4BB-ExplanationOfBenefit-Pharmacy",
            "pharmacy",
            "prescribing",
            _PRESCRIPTION,
            (_BILLING, _STATUS),
            (),
            diagnosis="",
            system="http://hl7.org/fhir/sid/ndc",
        ),
    )
}

AMBULANCE = (
    ("patientweight", "valueQuantity", ("164", "[lb_av]")),
    ("ambulancetransportreason", "reason", ("A", "")),
    ("transportationdistance", "valueQuantity", ("12", "[mi_i]")),
    ("roudtrippurpose", "valueString", ("Return after treatment", "")),
    ("stretcherpurpose", "valueString", ("Could not sit upright", "")),
    ("pickuplocation", "valueString", ("Home", "")),
    ("dropofflocation", "valueString", ("Specimen General Hospital", "")),
)

_NUBC = "https://www.nubc.org/CodeSystem/"
_MS_DRG = (
    "https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/AcuteInpatientPPS/"
    "MS-DRG-Classifications-and-Software"
)
_NCPDP = "http://terminology.hl7.org/CodeSystem/NCPDP"

# supportingInfo that is a code: category, system, code by claim kind ("" for any)
CODES = {
    ("typeofbill", "inpatient"): (_NUBC + "TypeOfBill", "0111"),
    ("typeofbill", "outpatient"): (_NUBC + "TypeOfBill", "0131"),
    ("pointoforigin", ""): (_NUBC + "PointOfOrigin", "1"),
    ("admtype", ""): (_NUBC + "PriorityTypeOfAdmitOrVisit", "1"),
    ("discharge-status", ""): (_NUBC + "PatDischargeStatus", "01"),
    ("drg", ""): (_MS_DRG, "948"),
    ("additionalbodysite", ""): ("http://terminology.hl7.org/CodeSystem/ADAUniversalToothDesignationSystem", "19"),
    ("missingtoothnumber", ""): ("http://terminology.hl7.org/CodeSystem/ADAUniversalToothDesignationSystem", "32"),
    ("dawcode", ""): (_NCPDP + "DispensedAsWrittenOrProductSelectionCode", "0"),
    ("brandgenericindicator", ""): (_NCPDP + "BrandGenericIndicator", "2"),
    ("rxorigincode", ""): (_NCPDP + "PrescriptionOriginCode", "3"),
    ("compoundcode", ""): (_NCPDP + "CompoundCode", "1"),
}

ALLOWED, SHARE = Decimal("0.72"), Decimal("0.15")  # of the price; of the allowed amount that the member pays
