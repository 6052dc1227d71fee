"""ExplanationOfBenefit: one decided claim per bill of a covered day (CARIN for Blue Button 2.0.0)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from careweft.intake.sample.codings import (
    CARIN_TERMS,
    HCPCS,
    ICD10,
    OURS,
    TERMS,
    Json,
    carin,
    coding,
    identifier,
    instant,
    money,
    period,
    profiles,
    ref,
    term,
)
from careweft.intake.sample.records.adjudication import adjudicate, pay
from careweft.intake.sample.records.bills import Bill, Line, bills
from careweft.intake.sample.records.support import support
from careweft.intake.sample.scene import Cover, Scene
from careweft.intake.sample.world import named

_NUBC = "https://www.nubc.org/CodeSystem/"
_PLACE = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
_TAXONOMY = "http://nucc.org/provider-taxonomy"


def write(scene: Scene) -> Iterator[Json]:
    """Claims that have been decided by today, for days on which the person was covered.

    A plan refuses few fills of a prescription; that of every tenth person refuses the first.
    """
    refused = scene.person.index % 10 == 5
    for bill in bills(scene):
        covers = [cover for cover in scene.covers if cover.spans(bill.start)]
        created = datetime.combine(bill.end, datetime.min.time()) + timedelta(days=4, hours=10)
        if covers and created.date() <= scene.today:
            denied = bill.kind.key == "pharmacy" and (scene.chance.whether(0.04) or refused)
            refused = refused and not denied
            yield _claim(scene, bill, covers, created, denied=denied)


def _claim(scene: Scene, bill: Bill, covers: list[Cover], created: datetime, *, denied: bool) -> Json:
    claim = _header(scene, bill, covers, created) | _clinical(bill)
    # CARIN wants the amounts of an institutional claim either on the items or in the header, never on both.
    at_header = bool(bill.kind.sub_type) and scene.person.index // 4 % 2 == 1
    sums = pay(sum((line.price for line in bill.lines), Decimal(0)), denied=denied)
    claim["item"] = [
        _item(scene, bill, sequence, line, itemised=not at_header, denied=denied)
        for sequence, line in enumerate(bill.lines, 1)
    ]
    claim["adjudication"] = adjudicate(bill.kind.header, sums if at_header else {})
    claim["total"] = [{"category": category, "amount": money(value)} for category, value in sums.values()]
    claim["payment"] = {
        "type": carin("C4BBPayerAdjudicationStatus", "denied" if denied else "paid"),
        "date": created.date().isoformat(),
        "amount": money(sums["benefit"][1]),
    }
    claim["processNote"] = [
        {
            "number": 1,
            "type": "display",
            "text": "Not covered by the plan." if denied else "Paid at the contracted rate.",
        }
    ]
    return claim


def _header(scene: Scene, bill: Bill, covers: list[Cover], created: datetime) -> Json:
    kind, number = bill.kind, "C" + scene.chance.digits("claim", 11)
    header: Json = {
        "resourceType": "ExplanationOfBenefit",
        "id": scene.chance.id("ExplanationOfBenefit"),
        "meta": profiles(kind.profile),
        "identifier": [identifier(OURS + "claim", number, "uc", CARIN_TERMS + "C4BBIdentifierType")],
        "status": "active",
        "type": term("claim-type", kind.type),
        "use": "claim",
        "patient": scene.patient,
        "billablePeriod": period(bill.start, bill.end),
        "created": instant(created),
        "insurer": named(covers[0].payer),
        "provider": named(bill.practitioner if kind.key == "oral" else bill.provider),
        "payee": {"type": term("payeetype", "provider"), "party": ref(bill.provider)},
        "outcome": "complete",
        "careTeam": [_member(bill)],
        "supportingInfo": support(scene, bill),
        "insurance": [{"focal": cover.primary, "coverage": {"reference": f"Coverage/{cover.id}"}} for cover in covers],
    }
    if kind.sub_type:
        header["subType"] = carin("C4BBInstitutionalClaimSubType", kind.sub_type)
    if _billed_anew(scene, bill, number):
        header["related"] = [
            {
                "relationship": term("ex-relatedclaimrelationship", "prior"),
                "reference": {"system": OURS + "claim", "value": "C" + scene.chance.digits("claim", 11)},
            }
        ]
    return header


def _billed_anew(scene: Scene, bill: Bill, number: str) -> bool:
    """A tenth of all claims correct an earlier one; for half of the people also first refills and all but the small."""
    small = bill.kind.key in ("professional", "pharmacy") and bill.fill != 1
    return number[-1] == "7" or (not small and scene.person.index % 4 in (0, 3))


def _member(bill: Bill) -> Json:
    member: Json = {
        "sequence": 1,
        "provider": named(bill.practitioner),
        "role": carin("C4BBClaimCareTeamRole", bill.kind.role),
    }
    if bill.kind.taxonomy:
        member["qualification"] = {"coding": [coding(_TAXONOMY, bill.kind.taxonomy)]}
    return member


def _clinical(bill: Bill) -> Json:
    """The diagnosis, and the procedures of a stay."""
    if not bill.kind.diagnosis:
        return {}
    diagnosis: Json = {
        "sequence": 1,
        "diagnosisCodeableConcept": {"coding": [coding(ICD10, *bill.diagnosis)]},
        "type": [term("ex-diagnosistype", bill.kind.diagnosis)],
    }
    if bill.kind.key != "inpatient" or not bill.visit:
        return {"diagnosis": [diagnosis]}
    diagnosis["onAdmission"] = {"coding": [coding(_NUBC + "PresentOnAdmissionIndicator", "Y")]}
    done = [work.icd10pcs for work, _ in bill.visit.works if work.icd10pcs[0]]
    operated = instant(bill.visit.start + timedelta(hours=4))
    procedures = [
        {
            "sequence": n,
            "type": [carin("C4BBClaimProcedureType", "principal" if n == 1 else "other")],
            "date": operated,
            "procedureCodeableConcept": {"coding": [coding("http://www.cms.gov/Medicare/Coding/ICD10", *code)]},
        }
        for n, code in enumerate(done, 1)
    ]
    return {"diagnosis": [diagnosis]} | ({"procedure": procedures} if procedures else {})


def _item(scene: Scene, bill: Bill, sequence: int, line: Line, *, itemised: bool, denied: bool) -> Json:
    kind = bill.kind
    item: Json = {
        "sequence": sequence,
        "productOrService": line.code,
        "servicedDate": bill.start.isoformat(),
        "quantity": {"value": line.quantity},
        "noteNumber": [1],
    }
    if itemised:
        item["adjudication"] = adjudicate(kind.item, pay(line.price, denied=denied), rejected=denied)
    if kind.diagnosis:
        item["diagnosisSequence"] = [1]
    if kind.modifier:
        item["modifier"] = [{"coding": [coding(HCPCS, kind.modifier)]}]
    if kind.revenue:
        item["revenue"] = {"coding": [coding(_NUBC + "RevenueCodes", kind.revenue)]}
    if bill.visit:
        item["encounter"] = [scene.encounter(bill.visit)]
    return item | _placed(bill, line)


def _placed(bill: Bill, line: Line) -> Json:
    """Where it was done, on which tooth, and what a drug consists of."""
    placed: Json = {}
    if bill.kind.key in ("professional", "oral") and bill.visit:
        place = "41" if bill.ambulance else bill.visit.kind.place_of_service
        placed["locationCodeableConcept"] = {"coding": [coding(_PLACE, place)]}
    if bill.kind.key == "oral":
        placed["bodySite"] = {"coding": [coding(TERMS + "ADAUniversalToothDesignationSystem", "30")]}
        placed["informationSequence"] = [bill.kind.support.index("additionalbodysite") + 1]
    if bill.ambulance:
        first = len(bill.kind.support) + 1
        placed["informationSequence"] = list(range(first, first + 7))
    if bill.course and bill.course.medicine.as_resource:
        placed["detail"] = [{"sequence": 1, "productOrService": line.code, "quantity": {"value": line.quantity}}]
    return placed
