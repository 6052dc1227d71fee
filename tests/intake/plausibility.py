"""What holds of every record of a plausible life: each rule takes a resource and the whole set by reference."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from itertools import pairwise
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


def years(start: str, end: str) -> float:
    """Years from one day to another."""
    return (date.fromisoformat(end[:10]) - date.fromisoformat(start[:10])).days / 365.25


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


def pregnancy_is_of_those_who_can(r: Json, known: dict[str, Json]) -> bool:
    """Women between 15 and 50, and nobody for longer than 42 weeks."""
    if r["resourceType"] != "Condition" or r["code"]["coding"][0]["code"] != "77386006":
        return True
    mother = known[patient_of(r)]
    over = r.get("abatementDateTime") or mother.get("deceasedDateTime") or str(TODAY)
    able = mother["gender"] == "female" and 15 <= years(mother["birthDate"], r["onsetDateTime"]) <= 50
    return able and years(r["onsetDateTime"], over) * 365.25 <= 42 * 7


def illness_fits_the_age(r: Json, known: dict[str, Json]) -> bool:
    if r["resourceType"] != "Condition":
        return True
    row = next(row for row in ILLNESSES.values() if row.snomed == r["code"]["coding"][0]["code"])
    age = years(known[patient_of(r)]["birthDate"], r["onsetDateTime"])
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


def visits_keep_office_hours(r: Json, _: dict[str, Json]) -> bool:
    """Who is not admitted comes by day and goes home the same day."""
    if r["resourceType"] != "Encounter" or r["class"]["code"] == "IMP":
        return True
    start, end = r["period"]["start"], r["period"]["end"]
    return bool(start[:10] == end[:10] and "07:00" <= start[11:16] < end[11:16] <= "22:00")


def claims_are_decided_after_the_service(r: Json, _: dict[str, Json]) -> bool:
    return r["resourceType"] != "ExplanationOfBenefit" or bool(
        r["billablePeriod"]["end"] < r["created"][:10] <= TODAY.isoformat() and r["payment"]["date"] <= str(TODAY)
    )


def a_flag_agrees_with_its_range(r: Json, _: dict[str, Json]) -> bool:
    if "referenceRange" not in r or "interpretation" not in r:
        return True
    value, (span,) = r["valueQuantity"]["value"], r["referenceRange"]
    flag = "H" if value > span["high"]["value"] else "L" if value < span["low"]["value"] else "N"
    return bool(r["interpretation"][0]["coding"][0]["code"] == flag)


def goals_are_due_after_they_begin(r: Json, _: dict[str, Json]) -> bool:
    return r["resourceType"] != "Goal" or all(r["startDate"] < target["dueDate"] for target in r["target"])


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
    pregnancy_is_of_those_who_can,
    visits_keep_office_hours,
    claims_are_decided_after_the_service,
    a_flag_agrees_with_its_range,
    goals_are_due_after_they_begin,
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


# --- whole lives ------------------------------------------------------------------------------------------------------

Life = dict[str, list[Json]]
"""The records of one person by type; the Patient among them."""


def lives(records: Iterable[Json]) -> list[Life]:
    """Everybody's records, person by person."""
    found: dict[str, Life] = {}
    for one in records:
        owner = f"Patient/{one['id']}" if one["resourceType"] == "Patient" else patient_of(one)
        if owner:
            found.setdefault(owner, {}).setdefault(one["resourceType"], []).append(one)
    return list(found.values())


def measured(life: Life, loinc: str) -> list[tuple[str, float]]:
    """Day and value of each measurement of a kind, in time."""
    return sorted(
        (one["effectiveDateTime"], float(one["valueQuantity"]["value"]))
        for one in life.get("Observation", ())
        if one["code"]["coding"][0]["code"] == loinc
    )


def children_do_not_shrink(life: Life) -> bool:
    """A child's height only grows, but for what a measurement errs."""
    born = life["Patient"][0]["birthDate"]
    heights = [value for day, value in measured(life, "8302-2") if years(born, day) < 18]
    return all(later >= earlier - 1.5 for earlier, later in pairwise(heights))


def infants_thrive(life: Life) -> bool:
    """In the first two years weight and head grow, and a child of one year has its weight."""
    born = life["Patient"][0]["birthDate"]
    weights = [(years(born, day), value) for day, value in measured(life, "29463-7") if years(born, day) < 2]
    heads = [value for day, value in measured(life, "9843-4") if years(born, day) < 2]
    return (
        all(later[1] >= earlier[1] * 0.95 for earlier, later in pairwise(weights))
        and all(later >= earlier - 1 for earlier, later in pairwise(heads))
        and all(6 <= value <= 15 for age, value in weights if 0.9 < age < 1.1)
    )


def mass_index_follows_from_height_and_weight(life: Life) -> bool:
    tall, heavy = dict(measured(life, "8302-2")), dict(measured(life, "29463-7"))
    return all(abs(heavy[at] / (tall[at] / 100) ** 2 - index) < 0.1 for at, index in measured(life, "39156-5"))


def visits_do_not_overlap(life: Life) -> bool:
    spans = sorted((one["period"]["start"], one["period"]["end"]) for one in life.get("Encounter", ()))
    return all(earlier[1] <= later[0] for earlier, later in pairwise(spans))


def no_vaccine_twice_a_day(life: Life) -> bool:
    given = [
        (one["occurrenceDateTime"][:10], one["vaccineCode"]["coding"][0]["code"])
        for one in life.get("Immunization", ())
        if one["status"] == "completed"
    ]
    return len(given) == len(set(given))


def no_more_fills_than_were_ordered(life: Life) -> bool:
    fills = Counter(one["authorizingPrescription"][0]["reference"] for one in life.get("MedicationDispense", ()))
    return all(
        fills[f"MedicationRequest/{one['id']}"] <= 1 + one["dispenseRequest"]["numberOfRepeatsAllowed"]
        for one in life.get("MedicationRequest", ())
    )


def there_is_one_first_cover(life: Life) -> bool:
    return [one["order"] for one in life["Coverage"]] in ([1], [1, 2])


def who_holds_a_plan_is_of_age(life: Life) -> bool:
    held = [one for one in life["Coverage"] if one["relationship"]["coding"][0]["code"] == "self"]
    return not held or years(life["Patient"][0]["birthDate"], TODAY.isoformat()) >= 18


def death_ends_everything(life: Life) -> bool:
    """After it nobody is expected, treated, cared for or insured."""
    if "deceasedDateTime" not in life["Patient"][0]:
        return True
    return (
        all(one["status"] != "booked" for one in life.get("Appointment", ()))
        and all(one["status"] != "active" for one in (*life.get("CareTeam", ()), *life.get("CarePlan", ())))
        and all(one["lifecycleStatus"] != "active" for one in life.get("Goal", ()))
        and all("end" in one["period"] for one in (*life["Coverage"], *life.get("EpisodeOfCare", ())))
        and all(one["status"] != "active" for one in life.get("MedicationRequest", ()))
    )


def the_pregnant_are_said_to_be(life: Life) -> bool:
    """The last answer about pregnancy agrees with the problem list."""
    told = [
        (one["effectiveDateTime"][:10], one["valueCodeableConcept"]["coding"][0]["code"])
        for one in life.get("Observation", ())
        if one["code"]["coding"][0]["code"] == "82810-3"
    ]
    begun = [
        one["onsetDateTime"]
        for one in life.get("Condition", ())
        if one["code"]["coding"][0]["code"] == "77386006" and "abatementDateTime" not in one
    ]
    return all((code == "77386006") == any(onset <= day for onset in begun) for day, code in told)


RULES_OF_LIVES = (
    children_do_not_shrink,
    infants_thrive,
    mass_index_follows_from_height_and_weight,
    visits_do_not_overlap,
    no_vaccine_twice_a_day,
    no_more_fills_than_were_ordered,
    there_is_one_first_cover,
    who_holds_a_plan_is_of_age,
    death_ends_everything,
    the_pregnant_are_said_to_be,
)
