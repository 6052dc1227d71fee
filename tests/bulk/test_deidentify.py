"""Safe Harbor, 45 CFR 164.514(b)(2): what goes out of a record is what a row lets out, and nothing tells who it is."""

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from random import Random

import pytest

from careweft.bulk.deidentify import form as forms
from careweft.bulk.deidentify.codes import CATEGORIES, OMB, UCUM, UNITS, listed, public, shaped
from careweft.bulk.deidentify.form import Form, rows
from careweft.bulk.deidentify.places import SPARSE
from careweft.bulk.deidentify.secret import Secret
from careweft.bulk.deidentify.shapes import MASK
from careweft.fhir.compartments import subject
from careweft.fhir.definitions import RESOURCES, TYPES, codes
from careweft.fhir.definitions.types import json_names
from careweft.fhir.json import decode, encode
from careweft.fhir.validate.known import accepts
from careweft.intake.sample import people
from careweft.surfaces import OFFERED

TODAY = date(2026, 11, 27)
SECRET = Secret(b"s" * 32)
FORM = Form(SECRET, TODAY)
YEARS = Form(SECRET, TODAY, "years")
ANA = {"reference": "Patient/ana"}
DAYS = timedelta(days=SECRET.days("ana"))
LOINC = {"system": "http://loinc.org", "code": "4548-4"}


@cache
def sample():
    """The cast: between them they have every element that the guides want."""
    return tuple(decode(encode(one)) for one in people(20, 7, today=TODAY))


@cache
def gone_out():
    """The cast de-identified."""
    return tuple(one for one in map(FORM, sample()) if one is not None)


def shifted(text):
    """What a day of Ana's is moved to."""
    return (date.fromisoformat(text) - DAYS).isoformat()


def condition(**members):
    return {"resourceType": "Condition", "id": "c1", "subject": ANA} | members


def patient(**members):
    return {"resourceType": "Patient", "id": "ana"} | members


def observation(**members):
    return {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "code": {"coding": [LOINC]},
        "subject": ANA,
    } | members


# One value ------------------------------------------------------------------------------------------------------------

RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
WHITE = {"url": "ombCategory", "valueCoding": {"system": OMB, "code": "2106-3", "display": "White"}}
NARROW = {"url": "detailed", "valueCoding": {"system": OMB, "code": "1586-7", "display": "Shoshone"}}

VALUES = [
    # (A) names, and all other text
    (patient, "name", [{"family": "Roe", "given": ["Ana"]}], None),
    (patient, "contact", [{"name": {"family": "Roe"}}], None),
    (patient, "text", {"status": "generated", "div": "<div>Ana Roe</div>"}, None),
    (condition, "note", [{"text": "Ana came"}], None),
    (condition, "code", {"text": "Ana's knee"}, None),
    (observation, "valueString", "Ana Roe", None),
    # (B) geography
    (patient, "address",
     [{"line": ["1 Main"], "city": "Salem", "state": "OR", "postalCode": "97301", "district": "Marion"}],
     [{"state": "OR", "postalCode": "973"}]),
    (patient, "address", [{"postalCode": "05901-0001", "state": "Vermont"}], [{"postalCode": "000"}]),
    (patient, "address", [{"postalCode": "K1A 0B1", "country": "CA"}], None),
    (patient, "address", [{"extension": [{"url": "geolocation"}], "city": "Salem"}], None),
    # (C) dates, and ages above 89
    (condition, "onsetDateTime", "2024-05-17", "shifted"),
    (condition, "onsetDateTime", "2024-05-17T09:30:00-05:00", "shifted"),
    (condition, "onsetDateTime", "2024-05", "2024"),
    (condition, "onsetDateTime", "2024", "2024"),
    (condition, "onsetDateTime", "1936-06-01", None),
    (condition, "onsetDateTime", "1930", None),
    (condition, "onsetDateTime", "17 May", None),
    (condition, "onsetDateTime", "2024-02-30", None),
    (condition, "onsetPeriod", {"start": "2024-05-17", "end": "1900"}, {"start": "shifted"}),
    (condition, "onsetAge", {"value": Decimal(93), "system": UCUM, "code": "a", "unit": "yr"},
     {"value": Decimal(90), "system": UCUM, "code": "a"}),
    (condition, "onsetAge", {"value": Decimal(89), "system": UCUM, "code": "a"},
     {"value": Decimal(89), "system": UCUM, "code": "a"}),
    (condition, "onsetAge", {"value": Decimal(1200), "system": UCUM, "code": "mo"},
     {"value": Decimal(1080), "system": UCUM, "code": "mo"}),
    (condition, "onsetString", "when she was 93", None),
    (patient, "birthDate", "1961-03-02", "shifted"),
    (patient, "birthDate", "1961", "1961"),
    (patient, "birthDate", "1936-11-28", "shifted"),
    (patient, "birthDate", "1936-11-27", "capped"),
    (patient, "birthDate", "1919", "capped"),
    (patient, "birthDate", "2031-01-01", None),
    (observation, "issued", "2024-05-17T09:30:00Z", None),
    (observation, "effectiveInstant", "2024-05-17T09:30:00Z", None),
    # (D) to (R) numbers and names of whatever else
    (patient, "telecom", [{"system": "phone", "value": "555"}], None),
    (patient, "identifier", [{"system": "http://hl7.org/fhir/sid/us-ssn", "value": "000-00-0000"}], None),
    (patient, "photo", [{"contentType": "image/png", "data": "aGk="}], None),
    (observation, "device", {"reference": "Device/x", "display": "Ana's meter", "identifier": {"value": "sn-1"}},
     {"reference": f"Device/{SECRET.pseudonym('Device/x')}"}),
    (condition, "encounter", {"reference": "https://elsewhere.example/Encounter/ana"}, None),
    (condition, "encounter", {"identifier": {"value": "visit 7"}}, None),
    (condition, "asserter", {"reference": "RelatedPerson/mum"}, None),
    (condition, "encounter", {"reference": "Encounter/e1/_history/3"},
     {"reference": f"Encounter/{SECRET.pseudonym('Encounter/e1')}"}),
    (patient, "extension",
     [{"url": RACE, "extension": [WHITE, NARROW, {"url": "text", "valueString": "Ana says white"}]}],
     [{"url": RACE, "extension": [{"url": "ombCategory", "valueCoding": {"system": OMB, "code": "2106-3"}},
                                  {"url": "text", "valueString": "White"}]}]),
    (patient, "extension", [{"url": "urn:mine", "valueString": "Ana"}], None),
    (patient, "_gender", {"extension": [{"url": "urn:mine", "valueString": "Ana"}]}, None),
    (condition, "meta", {"source": "urn:ana", "tag": [{"code": "ana"}]}, None),
    (condition, "implicitRules", "urn:ana", None),
    # codes
    (condition, "code", {"coding": [LOINC | {"display": "Ana's"}, {"system": "urn:ours", "code": "ana"}], "text": "x"},
     {"coding": [LOINC]}),
    (condition, "code", {"coding": [{"system": "http://loinc.org", "code": "Ana Roe"}]}, None),
    (condition, "code", {"coding": [{"code": "4548-4"}]}, None),
    (patient, "gender", "female", "female"),
    (patient, "gender", "ana", None),
    (patient, "deceasedBoolean", True, True),
    (patient, "deceasedBoolean", "Ana", None),
    # amounts
    (observation, "valueQuantity", {"value": Decimal("6.90"), "unit": "percent", "system": UCUM, "code": "%"},
     {"value": Decimal("6.90"), "system": UCUM, "code": "%"}),
    (observation, "valueQuantity", {"value": Decimal("6.9"), "unit": "Ana's"}, None),
    (observation, "valueQuantity", {"value": Decimal("6.9"), "system": UCUM, "code": "{Ana}"}, None),
    (observation, "valueQuantity", {"value": "Ana", "system": UCUM, "code": "%"}, None),
    (observation, "valueQuantity", {"value": Decimal(3), "comparator": "<", "system": UCUM, "code": "mg/dL"},
     {"value": Decimal(3), "comparator": "<", "system": UCUM, "code": "mg/dL"}),
    (observation, "valueInteger", 7, 7),
    (observation, "valueInteger", 123456789, None),
    (observation, "valueRatio",
     {"numerator": {"value": Decimal(1)}, "denominator": {"value": Decimal(2), "unit": "x"}}, None),
    (observation, "valueSampledData", {"data": "1 2 3", "period": 1}, None),
]  # fmt: skip


@pytest.mark.parametrize(("builder", "element", "value", "wanted"), VALUES)
def test_what_goes_out_of_an_element(builder, element, value, wanted):
    """Each row: an element as it is recorded, and what goes out of it."""
    made = FORM(builder(**{element: value}))
    day = value["start"] if isinstance(value, dict) and "start" in value else str(value)[:10]
    meant = {"shifted": lambda: shifted(day), "capped": lambda: f"{(TODAY - DAYS).year - 90}"}
    if isinstance(wanted, dict) and "start" in wanted:
        wanted = {"start": shifted(day)}
    elif isinstance(wanted, str) and wanted in meant:
        wanted = meant[wanted]()
    if element == "meta":
        wanted = {"security": [forms.MARK]}

    assert made.get(element) == wanted


LOST = [
    ({"resourceType": "DocumentReference", "id": "d", "status": "current"}, "a type without rows"),
    ({"resourceType": "Binary", "id": "b", "contentType": "text/plain", "data": "QW5h"}, "an attachment"),
    ({"resourceType": "RelatedPerson", "id": "r", "patient": ANA}, "a relative"),
    ({"resourceType": "Provenance", "id": "p"}, "who wrote it"),
    ({"resourceType": "QuestionnaireResponse", "id": "q", "status": "completed"}, "answers are text"),
    ({"resourceType": "Group", "id": "g", "type": "person", "actual": True}, "a list of people"),
    (observation(code={"text": "Ana's value"}), "an observation of nothing"),
    (condition(subject={"display": "Ana"}), "a condition of nobody"),
    ({"resourceType": "Patient"}, "without an id"),
    ({"resourceType": ["Patient"], "id": "ana"}, "without a type"),
    ({}, "nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("record", "why"), LOST)
def test_what_does_not_go_out_at_all(record, why):
    """Each row: a record, and why there is no line of it."""
    assert FORM(record) is None, why


def test_years_alone():
    """The stricter form has of every date its year."""
    made = YEARS(condition(onsetDateTime="2024-05-17", recordedDate="2024-05", onsetPeriod={"start": "2020-01-01"}))

    year = (date(2024, 5, 17) - DAYS).year
    assert (made["onsetDateTime"], made["recordedDate"]) == (f"{year}", "2024")
    assert YEARS(patient(birthDate="1961-03-02"))["birthDate"] == f"{(date(1961, 3, 2) - DAYS).year}"


def test_who_died_old_is_ninety():
    """Age at death is capped like that of the living."""
    made = FORM(patient(birthDate="1900-01-01", deceasedDateTime="2001-05-17"))

    assert made["birthDate"] == f"{(date(2001, 5, 17) - DAYS).year - 90}"
    assert FORM(patient(birthDate="1900-01-01", deceasedDateTime="1971-05-17"))["birthDate"] == shifted("1900-01-01")


def test_contained_records_are_walked_too():
    """By their own rows, under a pseudonym to which the references are rewritten; what has no rows is left out."""
    record = {
        "resourceType": "MedicationRequest",
        "id": "m1",
        "status": "active",
        "intent": "order",
        "subject": ANA,
        "medicationReference": {"reference": "#ana-pills", "display": "Ana's"},
        "requester": {"reference": "#mum"},
        "contained": [
            {"resourceType": "Medication", "id": "ana-pills", "status": "active", "identifier": [{"value": "Ana"}]},
            {"resourceType": "RelatedPerson", "id": "mum", "name": [{"text": "Mum"}]},
        ],
    }
    inner = SECRET.pseudonym("MedicationRequest/m1#ana-pills")
    made = FORM(record)

    assert made["contained"] == [{"resourceType": "Medication", "id": inner, "status": "active"}]
    assert made["medicationReference"] == {"reference": f"#{inner}"}


def test_distances_between_a_patients_days_are_kept():
    """Between two patients' they are not."""
    other = condition(subject={"reference": "Patient/ben"}, onsetDateTime="2024-05-17", recordedDate="2024-06-01")
    one = FORM(condition(onsetDateTime="2024-05-17", recordedDate="2024-06-01"))
    two = FORM(other)

    for made in (one, two):
        assert date.fromisoformat(made["recordedDate"]) - date.fromisoformat(made["onsetDateTime"]) == timedelta(
            days=15
        )
    assert one["onsetDateTime"] != two["onsetDateTime"]


def test_exports_cannot_be_laid_on_one_another():
    """Another key: other pseudonyms, other days; the same key: the same bytes."""
    record = condition(onsetDateTime="2024-05-17")
    other = Form(Secret(b"t" * 32), TODAY)(record)

    assert FORM(record) == FORM(record)
    assert FORM(record)["id"] != other["id"]
    assert FORM(record)["subject"] != other["subject"]
    assert FORM(record)["onsetDateTime"] != other["onsetDateTime"]
    assert "ssss" not in repr(FORM)


def test_days_are_spread():
    """From one to 365, each about as often as any other."""
    days = [SECRET.days(str(n)) for n in range(20_000)]

    assert (min(days), max(days), len(set(days))) == (1, 365, 365)
    assert max(days.count(one) for one in range(1, 366)) < 3 * len(days) / 365


# All elements ---------------------------------------------------------------------------------------------------------

DEEP = 4
SECRETS = ("Canary", "2011-11-11", "987654321")


CANARIES = {
    "boolean": True,
    "decimal": Decimal(987654321),
    "integer": 987654321,
    "positiveInt": 987654321,
    "unsignedInt": 987654321,
    "date": "2011-11-11",
    "dateTime": "2011-11-11T11:11:11Z",
    "instant": "2011-11-11T11:11:11Z",
    "Reference": {"reference": "Patient/Canary-1", "display": "Canary", "identifier": {"value": "Canary"}},
    "Resource": {"resourceType": "Medication", "id": "Canary-2", "identifier": [{"value": "Canary"}]},
    "Extension": {"url": "urn:canary", "valueString": "Canary"},
}


def canary(type_, name, depth):
    """A value of this datatype in which every text is a canary."""
    if type_ in CANARIES:
        return CANARIES[type_]
    return f"Canary {name}" if TYPES[type_].kind == "primitive" else whole(type_, canary, depth)


def whole(type_, value, depth):
    """An object of a type with each of its elements, in each of its choices."""
    if depth > DEEP:
        return {}
    made = {}
    for element in TYPES[type_].elements:
        for name, datatype in json_names(element):
            one = value(datatype, name, depth + 1)
            made[name] = one if element.max == 1 else [one]
            made[f"_{name}"] = {"extension": [{"url": "urn:canary", "valueString": "Canary"}]}
    return made | {"canaryElement": "Canary", "extension": [{"url": "urn:canary", "valueString": "Canary"}]}


@pytest.mark.parametrize("type_", sorted(RESOURCES))
def test_no_canary_of_any_element_comes_out(type_):
    """Each type of R4 with all of its elements, also such as nobody knows yet, and a canary in every text, number and
    date: also where a resource needs more than its rows let out of it, so that none of them hides the rest.
    """
    record = {**whole(type_, canary, 0), "resourceType": type_, "id": "Canary-1"}
    needed = {name: value for name, value in plausible(type_).items() if name in needs(type_)}
    for one in (record, record | needed):
        said = json.dumps(FORM(one), default=str)
        assert [secret for secret in SECRETS if secret in said] == []


def needs(type_):
    """The names without which a record of the type does not go out."""
    node = forms.nodes().get(type_)
    return {name for names in (node.wanted if node else ()) for name in names}


def plausible(type_):
    """A record with all of its elements, of which each row lets something out."""
    made = {**whole(type_, good, 0), "resourceType": type_, "id": "x", "deceasedDateTime": "2024-05-17"}
    return made if type_ == "Patient" else {name: value for name, value in made.items() if name != "deceasedDateTime"}


def good(type_, name, depth):
    """A value of this datatype that is let out wherever a row wants it."""
    found = {
        "boolean": True,
        "decimal": Decimal(7),
        "integer": 7,
        "positiveInt": 7,
        "unsignedInt": 7,
        "date": "2024-05-17",
        "dateTime": "2024-05-17",
        "Coding": LOINC,
        "CodeableConcept": {"coding": [LOINC], "text": "text"},
        "Reference": {"reference": "Patient/ana"},
        "Extension": {"url": "urn:canary"},
        "Quantity": {"value": Decimal(7)},
        "Age": {"value": Decimal(7)},
        "Duration": {"value": Decimal(7)},
        "Money": {"value": Decimal(7)},
    }.get(type_)
    if found is not None:
        return found
    if TYPES[type_].kind == "primitive":
        return {"state": "OR", "postalCode": "97301", "country": "US"}.get(name, "text")
    return coded(whole(type_, good, depth), type_) if depth <= DEEP else {}


def coded(made, type_):
    """The same with codes of the required bindings."""
    for element in TYPES[type_].elements:
        known = sorted(code for _, code in codes(element.binding)) if element.types == ("code",) else []
        if known and element.name in made:
            made[element.name] = known[0] if element.max == 1 else [known[0]]
    return made


def paths(made, within):
    """The paths of rows that something came out of."""
    heads = {path.partition(".")[0] for path in within}
    for name, value in made.items():
        assert name in heads, name
        rest = {path.partition(".")[2] for path in within if path.partition(".")[0] == name}
        if rest == {""}:
            yield name
            continue
        for one in value if isinstance(value, list) else [value]:
            yield from (f"{name}.{deeper}" for deeper in paths(one, rest))


@pytest.mark.parametrize("type_", sorted(rows()))
def test_what_comes_out_is_what_rows_name(type_):
    """Of a record with every element that R4 knows, each with a value that may go out: each row's, and no other."""
    record = coded(plausible(type_), type_)
    if type_ == "Patient":
        record["extension"] = [{"url": RACE, "extension": [WHITE]}]
    made = FORM(record)
    rest = {name: value for name, value in made.items() if name not in ("resourceType", "id", "meta", "contained")}

    assert sorted(set(paths(rest, set(rows()[type_])))) == sorted(rows()[type_])


WRONG = [
    ("Patient\n name flag", "Patient.name is a HumanName"),
    ("Patient\n nickname flag", "there is no Patient.nickname"),
    ("Patient\n language code", "no binding whose codes are known"),
    ("Observation\n subject reference", "Observation cannot be without one of status"),
    (
        "Observation\n status code\n code concept\n component.valueBoolean flag",
        "Observation.component cannot be without",
    ),
]


@pytest.mark.parametrize(("table", "why"), WRONG)
def test_a_row_that_cannot_be_is_told(monkeypatch, table, why):
    """Each row: a table, and why it is none."""
    paths_ = dict(line.split() for line in table.split("\n ")[1:])
    type_ = table.split("\n")[0]
    with pytest.raises(ValueError, match=re.escape(why)):
        forms._node(type_, type_, paths_)


def test_every_type_has_a_row_or_is_left_out_by_decision():
    """A type that is served and of which nothing goes out is one of these."""
    assert OFFERED - rows().keys() == {
        "Appointment", "Binary", "DocumentReference", "EpisodeOfCare", "Group", "Provenance", "QuestionnaireResponse",
        "RelatedPerson", "Schedule", "Slot",
    }  # fmt: skip


# Sample people --------------------------------------------------------------------------------------------------------


def planted(value, random, share):
    """The same with a canary in some of its texts."""
    if isinstance(value, dict):
        return {name: one if name == "resourceType" else planted(one, random, share) for name, one in value.items()}
    if isinstance(value, list):
        return [planted(one, random, share) for one in value]
    return f"{value} Canary" if isinstance(value, str) and random.random() < share else value


@pytest.mark.parametrize("share", [0.05, 0.5, 1.0])
def test_no_canary_of_the_sample_people_comes_out(share):
    """Planted in every twentieth text, in every second, in all of them."""
    random = Random(f"canaries {share}")
    made = [FORM(planted(one, random, share)) for one in sample()]

    assert "Canary" not in json.dumps(made, default=str)
    assert sum(one is not None for one in made) > (0 if share == 1 else len(made) / 10)


def leaves(value, name=""):
    if isinstance(value, dict):
        for one, inner in value.items():
            yield from leaves(inner, one)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, name)
    elif isinstance(value, str):
        yield name, value


def test_every_text_that_comes_out_is_of_a_closed_form():
    """Of the sample people: pseudonyms, moved days, states, ZIP codes, codes of public systems and required bindings,
    and what we say ourselves.
    """
    forms_ = (
        r"[A-Z][A-Za-z]+",  # resourceType
        r"([A-Z][A-Za-z]+/|#)?[0-9a-f]{32}",
        r"\d{4}(-\d\d-\d\d)?",
        r"[A-Z]{2}",
        r"\d{3}",
        r"http://hl7.org/fhir/us/core/StructureDefinition/us-core-(race|ethnicity)",
    )
    known = {code for element in TYPES for one in TYPES[element].elements for _, code in codes(one.binding)}
    known |= (
        {code for system in listed().values() for code in system} | UNITS | set(CATEGORIES.values()) | {MASK, "USD"}
    )
    known |= {*listed(), *shaped(), UCUM, forms.MARK["system"]}
    known |= {"ombCategory", "text", "PSEUDED", "<", ">", "<=", ">="}
    systems = [one for made in gone_out() for one in codings(made)]
    known |= {one["code"] for one in systems if public(one["system"], one["code"])}
    other = {
        text
        for made in gone_out()
        for _, text in leaves(made)
        if text not in known and not any(re.fullmatch(one, text) for one in forms_)
    }

    assert {one for one in other if one != ", ".join(CATEGORIES.values())} <= set()


def codings(value) -> Iterator[dict]:
    if isinstance(value, dict):
        if {"system", "code"} <= value.keys():
            yield value
        for one in value.values():
            yield from codings(one)
    elif isinstance(value, list):
        for one in value:
            yield from codings(one)


def test_no_day_and_no_id_of_the_sample_people_comes_out():
    """Each record's own days and ids are gone, wherever they stand."""
    for record in sample():
        made = json.dumps(FORM(record), default=str)
        mine = {text[:10] for _, text in leaves(record) if re.match(r"\d{4}-\d\d-\d\d", text)}
        moved = {day for day in mine if day in made}
        patient_ = subject(record) or ""
        by_chance = {(date.fromisoformat(day) - timedelta(days=SECRET.days(patient_))).isoformat() for day in mine}
        assert moved <= by_chance
        assert f'"{record["id"]}"' not in made


def test_the_sample_people_stay_records_of_fhir():
    """What goes out is valid R4, its references lead to what goes out, and each type with rows is there."""
    made = gone_out()
    there = {f"{one['resourceType']}/{one['id']}" for one in made}
    links = {text for one in made for name, text in leaves(one) if name == "reference" and "/" in text}

    assert [issue for one in made[::7] for issue in accepts(one)] == []
    assert {one.partition("/")[0] for one in links - there} <= {"Goal"}  # many are said in words alone, and stay
    assert {one["resourceType"] for one in made} == rows().keys()


@pytest.mark.parametrize("seed", range(5))
def test_whatever_a_record_holds_nothing_is_raised(seed):
    """Shapes that FHIR does not have: objects for texts, lists for objects, numbers for lists."""
    random = Random(seed)

    def odd(value):
        if random.random() < 0.1:
            return random.choice(["Canary", 7, True, None, [], {}, [["Canary"]], {"Canary": "Canary"}, [None]])
        if isinstance(value, dict):
            return {name: one if name in ("resourceType", "id") else odd(one) for name, one in value.items()}
        return [odd(one) for one in value] if isinstance(value, list) else value

    for record in sample()[seed::5]:
        strange = {name: one if name in ("resourceType", "id") else odd(one) for name, one in record.items()}
        assert "Canary" not in json.dumps(FORM(strange), default=str)


def test_sparse_zip_codes_are_three_digits():
    """The list of facts is one of prefixes."""
    assert all(re.fullmatch(r"\d{3}", one) for one in SPARSE)
