"""What holds of every record of a plausible life: each rule takes a resource and the whole set by reference."""

from datetime import date
from typing import Any

from careweft.intake.sample.catalogue.illnesses import ILLNESSES
from careweft.intake.sample.catalogue.medicines import MEDICINES

Json = dict[str, Any]
TODAY = date(2026, 1, 15)


def patient_of(resource: Json) -> str:
    holder = next(
        (resource[key] for key in ("subject", "patient", "beneficiary", "securityContext") if key in resource), {}
    )
    return str(holder.get("reference", ""))


def days(resource: Json) -> list[str]:
    """The days on which something is said to have happened."""
    said = [
        resource.get(key)
        for key in (
            "effectiveDateTime",
            "performedDateTime",
            "occurrenceDateTime",
            "onsetDateTime",
            "abatementDateTime",
            "recordedDate",
            "authoredOn",
            "issued",
            "whenHandedOver",
            "authored",
            "date",
            "startDate",
            "created",
        )
    ]
    said += [
        resource.get(key, {}).get(edge)
        for key in ("period", "effectivePeriod", "billablePeriod")
        for edge in ("start", "end")
    ]
    return [text[:10] for text in said if isinstance(text, str)]


def nothing_before_birth(r: Json, known: dict[str, Json]) -> bool:
    return all(day >= known[patient_of(r)]["birthDate"] for day in days(r)) if patient_of(r) else True


def nothing_clinical_after_death(r: Json, known: dict[str, Json]) -> bool:
    late = {"ExplanationOfBenefit", "Provenance", "DiagnosticReport", "Observation"}  # decided or issued later
    died = known[patient_of(r)].get("deceasedDateTime") if patient_of(r) and r["resourceType"] not in late else None
    return died is None or all(day <= died[:10] for day in days(r))


def nothing_in_the_future(r: Json, _: dict[str, Json]) -> bool:
    return r["resourceType"] in ("Appointment", "Slot") or all(day <= TODAY.isoformat() for day in days(r))


def periods_run_forward(r: Json, _: dict[str, Json]) -> bool:
    spans = [r[key] for key in ("period", "billablePeriod", "effectivePeriod", "occurrencePeriod") if key in r]
    return all(span["start"] <= span.get("end", "9") for span in spans)


def medicine_has_its_indication(r: Json, known: dict[str, Json]) -> bool:
    if r["resourceType"] != "MedicationRequest":
        return True
    condition = known[r["reasonReference"][0]["reference"]]
    drug = (
        known[r["medicationReference"]["reference"]]["code"]
        if "medicationReference" in r
        else r["medicationCodeableConcept"]
    )
    snomed = condition["code"]["coding"][0]["code"]
    row = next(row for row in ILLNESSES.values() if row.snomed == snomed)
    return condition["subject"] == r["subject"] and drug["coding"][0]["code"] in {
        MEDICINES[key].rxnorm for key in row.medicines
    }


def illness_begins_before_its_medicine(r: Json, known: dict[str, Json]) -> bool:
    if r["resourceType"] != "MedicationRequest":
        return True
    return bool(known[r["reasonReference"][0]["reference"]]["onsetDateTime"] <= r["authoredOn"][:10])


def fill_follows_its_order(r: Json, known: dict[str, Json]) -> bool:
    if r["resourceType"] != "MedicationDispense":
        return True
    order = known[r["authorizingPrescription"][0]["reference"]]
    return bool(order["authoredOn"] <= r["whenHandedOver"] and order["subject"] == r["subject"])


def coverage_spans_claims(r: Json, known: dict[str, Json]) -> bool:
    if r["resourceType"] != "ExplanationOfBenefit":
        return True
    spans = [known[row["coverage"]["reference"]]["period"] for row in r["insurance"]]
    return all(s["start"] <= r["billablePeriod"]["start"] <= s.get("end", "9") for s in spans)


def focal_coverage_is_the_insurers(r: Json, known: dict[str, Json]) -> bool:
    if r["resourceType"] != "ExplanationOfBenefit":
        return True
    payors = {row["focal"]: known[row["coverage"]["reference"]]["payor"][0]["reference"] for row in r["insurance"]}
    insurer = r["insurer"]["reference"]
    return payors[True] == insurer and payors.get(False) != insurer


def claims_match_encounters(r: Json, known: dict[str, Json]) -> bool:
    if r["resourceType"] != "ExplanationOfBenefit":
        return True
    encounters = [known[ref["reference"]] for item in r["item"] for ref in item.get("encounter", ())]
    return all(
        e["subject"] == r["patient"] and e["period"]["start"][:10] == r["billablePeriod"]["start"] for e in encounters
    )


def claim_lines_add_up(r: Json, _: dict[str, Json]) -> bool:
    if r["resourceType"] != "ExplanationOfBenefit":
        return True
    rows = [row for holder in (r, *r["item"]) for row in holder.get("adjudication", ()) if "amount" in row]
    submitted = sum(row["amount"]["value"] for row in rows if row["category"]["coding"][0]["code"] == "submitted")
    total = next(t["amount"]["value"] for t in r["total"] if t["category"]["coding"][0]["code"] == "submitted")
    return bool(submitted == total)


def plan_pays_no_more_than_was_asked(r: Json, _: dict[str, Json]) -> bool:
    if r["resourceType"] != "ExplanationOfBenefit":
        return True
    sums = {t["category"]["coding"][0]["code"]: t["amount"]["value"] for t in r["total"]}
    return bool(0 <= sums["benefit"] <= sums["submitted"] and sums["benefit"] + sums["copay"] == sums["eligible"])


def pregnancy_is_of_women(r: Json, known: dict[str, Json]) -> bool:
    pregnant = r["resourceType"] == "Condition" and r["code"]["coding"][0]["code"] == "77386006"
    return not pregnant or known[patient_of(r)]["gender"] == "female"


def illness_fits_the_age(r: Json, known: dict[str, Json]) -> bool:
    if r["resourceType"] != "Condition":
        return True
    row = next(row for row in ILLNESSES.values() if row.snomed == r["code"]["coding"][0]["code"])
    age = (date.fromisoformat(r["onsetDateTime"]) - date.fromisoformat(known[patient_of(r)]["birthDate"])).days / 365.25
    return row.ages[0] - 1 <= age <= row.ages[1] + 2 and row.sex in ("", known[patient_of(r)]["gender"])


def illness_ends_after_it_begins(r: Json, _: dict[str, Json]) -> bool:
    if r["resourceType"] != "Condition":
        return True
    over, resolved = r.get("abatementDateTime"), r["clinicalStatus"]["coding"][0]["code"] == "resolved"
    return (over is not None) == resolved and (over is None or over >= r["onsetDateTime"])


def what_belongs_to_a_visit_is_of_its_patient(r: Json, known: dict[str, Json]) -> bool:
    visit = r.get("encounter") if isinstance(r.get("encounter"), dict) else None
    return visit is None or known[visit["reference"]]["subject"]["reference"] == patient_of(r)


def measured_during_the_visit(r: Json, known: dict[str, Json]) -> bool:
    if r["resourceType"] != "Observation" or "effectiveDateTime" not in r:
        return True
    span = known[r["encounter"]["reference"]]["period"]
    return bool(span["start"] <= r["effectiveDateTime"] <= span["end"])


VITAL_BOUNDS = {
    "8302-2": (44, 215),
    "29463-7": (2, 190),
    "39156-5": (11, 60),
    "8867-4": (45, 165),
    "9279-1": (8, 45),
    "8310-5": (35, 41),
    "9843-4": (30, 60),
    "59408-5": (90, 100),
    "2708-6": (90, 100),
}


def vital_signs_are_alive(r: Json, _: dict[str, Json]) -> bool:
    code = r["code"]["coding"][0]["code"] if r["resourceType"] == "Observation" else ""
    low, high = VITAL_BOUNDS.get(code, (0, 0))
    return not high or low <= r["valueQuantity"]["value"] <= high


def systolic_is_above_diastolic(r: Json, _: dict[str, Json]) -> bool:
    if r["resourceType"] != "Observation" or r["code"]["coding"][0]["code"] != "85354-9":
        return True
    values = [part["valueQuantity"]["value"] for part in r["component"] if "valueQuantity" in part]
    return len(values) < 2 or values[0] > values[1]


def result_is_in_its_report(r: Json, known: dict[str, Json]) -> bool:
    if r["resourceType"] != "DiagnosticReport":
        return True
    results = [known[ref["reference"]] for ref in r.get("result", ())]
    return all(one["subject"] == r["subject"] and one["basedOn"] == r["basedOn"] for one in results)


def implants_come_of_a_procedure(r: Json, known: dict[str, Json]) -> bool:
    if r["resourceType"] != "Device":
        return True
    implanted = [p for p in known.values() if p["resourceType"] == "Procedure" and p["subject"] == r["patient"]]
    return any(
        device["manipulated"]["reference"] == f"Device/{r['id']}"
        for p in implanted
        for device in p.get("focalDevice", ())
    )


def npi_checks(r: Json, _: dict[str, Json]) -> bool:
    """The Luhn check over 80840 and the ten digits."""
    numbers = (
        [one["value"] for one in r.get("identifier", ()) if isinstance(one, dict) and one["system"].endswith("us-npi")]
        if isinstance(r.get("identifier"), list)
        else []
    )
    return all(len(number) == 10 and luhn("80840" + number) for number in numbers)


def luhn(digits: str) -> bool:
    doubled = [int(d) * (2 if at % 2 else 1) for at, d in enumerate(reversed(digits))]
    return sum(sum(divmod(n, 10)) for n in doubled) % 10 == 0


def slots_of_appointments_agree(r: Json, known: dict[str, Json]) -> bool:
    if r["resourceType"] != "Appointment":
        return True
    slot = known[r["slot"][0]["reference"]]
    return bool(slot["status"] == "busy" and (slot["start"], slot["end"]) == (r["start"], r["end"]))


def agents_say_for_whom(r: Json, _: dict[str, Json]) -> bool:
    return r["resourceType"] != "Provenance" or all("onBehalfOf" in agent for agent in r["agent"])


def contacts_are_fiction(r: Json, _: dict[str, Json]) -> bool:
    ends = {"phone": "-555-01", "email": "@example.org"}
    return all(ends[point["system"]] in point["value"] for point in r.get("telecom", ()))


RULES = (
    nothing_before_birth,
    nothing_clinical_after_death,
    nothing_in_the_future,
    periods_run_forward,
    medicine_has_its_indication,
    illness_begins_before_its_medicine,
    fill_follows_its_order,
    coverage_spans_claims,
    focal_coverage_is_the_insurers,
    claims_match_encounters,
    claim_lines_add_up,
    plan_pays_no_more_than_was_asked,
    pregnancy_is_of_women,
    illness_fits_the_age,
    illness_ends_after_it_begins,
    what_belongs_to_a_visit_is_of_its_patient,
    measured_during_the_visit,
    vital_signs_are_alive,
    systolic_is_above_diastolic,
    result_is_in_its_report,
    implants_come_of_a_procedure,
    npi_checks,
    slots_of_appointments_agree,
    agents_say_for_whom,
    contacts_are_fiction,
)
