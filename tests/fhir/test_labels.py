"""Which records are sensitive: rows of codes, and what is withheld by them; REG-17."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careweft.fhir.json import encode
from careweft.fhir.labels import BITS, EVERY, ROWS, labels, labels_of_written, spelled
from careweft.fhir.labels.table import ACT, CONFIDENTIALITY, ICD, ICD9, LOINC, RXNORM, SNOMED, TABLES, _codes

ICD_CM, SCT, RX, LNC = ICD[0], SNOMED[0], RXNORM[0], LOINC[0]


def condition(system, code):
    return {"resourceType": "Condition", "code": {"coding": [{"system": system, "code": code}]}}


CODES = [
    # system, code, the labels of a record that holds it
    (ICD_CM, "F11.20", "SUD"),
    (ICD_CM, "F10.10", "ETH SUD"),
    (ICD_CM, "F17.210", ""),  # 42 CFR 2.11 leaves tobacco out
    (ICD_CM, "F19", "SUD"),
    (ICD_CM, "F33.1", "PSY"),
    (ICD_CM, "F69", "PSY"),
    (ICD_CM, "F70", ""),
    (ICD_CM, "F90.9", "PSY"),
    (ICD_CM, "X78.1XXA", "PSY"),
    (ICD_CM, "K70.30", "ETH SUD"),
    (ICD_CM, "K76.0", ""),
    (ICD_CM, "Z71.51", "SUD"),
    (ICD_CM, "I10", ""),
    (ICD[2], "F11.20", "SUD"),
    (ICD9[0], "304.00", "SUD"),
    (ICD9[0], "305.1", ""),
    (ICD9[0], "296.20", "PSY"),
    (SCT, "75544000", "SUD"),
    (SCT, "370143000", "PSY"),
    (SCT, "7200002", "ETH SUD"),
    (SCT, "38341003", ""),
    (LNC, "44261-6", "PSY"),
    (LNC, "75626-2", "ETH SUD"),
    (LNC, "8867-4", ""),
    (LNC, "72166-2", ""),  # tobacco smoking status
    (RX, "351267", "SUD"),
    (RX, "312941", "PSY"),
    ("http://elsewhere.example", "F11.20", ""),
    (CONFIDENTIALITY, "R", "R"),
    (CONFIDENTIALITY, "V", "V"),
    (CONFIDENTIALITY, "N", ""),
    (ACT, "ETH", "ETH"),
    (ACT, "BH", "SUD PSY"),
    (ACT, "HIV", "R"),
]


@pytest.mark.parametrize(("system", "code", "expected"), CODES)
def test_a_code_brings_its_labels(system, code, expected):
    """As a diagnosis, and as a label that somebody set."""
    wanted = set(expected.split())
    assert set(spelled(labels(condition(system, code)))) == wanted
    said = {"resourceType": "Basic", "meta": {"security": [{"system": system, "code": code}]}}
    assert set(spelled(labels(said))) == wanted
    for one in (said, condition(system, code)):
        assert labels_of_written(one, encode(one)) == labels(one)


HIDDEN = [
    {
        "resourceType": "Claim",
        "diagnosis": [{"diagnosisCodeableConcept": {"coding": [{"system": ICD_CM, "code": "F20.0"}]}}],
    },
    {"resourceType": "Observation", "contained": [condition(ICD_CM, "F20.0")]},
    {"resourceType": "Composition", "extension": [{"url": "x", "valueCoding": {"system": ICD_CM, "code": "F20.0"}}]},
    {
        "resourceType": "Bundle",
        "entry": [{"resource": {"resourceType": "List", "entry": [{"item": condition(SCT, "58214004")}]}}],
    },
    {"resourceType": "DocumentReference", "securityLabel": [{"coding": [{"system": ACT, "code": "PSY"}]}]},
]


@pytest.mark.parametrize("resource", HIDDEN, ids=lambda one: one["resourceType"])
def test_no_place_is_too_deep(resource):
    """AUTHZ-14: contained resources, extensions and stored Bundles are looked through."""
    assert spelled(labels(resource)) == ("PSY",)
    assert spelled(labels_of_written(resource, encode(resource))) == ("PSY",)


@pytest.mark.parametrize("code", [*BITS, "HIV"])
def test_a_label_without_a_system_counts(code):
    """Whoever wrote `R` into meta.security meant it."""
    assert labels({"resourceType": "Patient", "meta": {"security": [{"code": code}]}})


def test_what_is_no_label_is_passed_over():
    odd = [None, 7, "R", {}, {"code": 7}, {"system": 7, "code": "R"}, {"system": CONFIDENTIALITY, "code": None}, []]
    for meta in (None, 7, {}, {"security": None}, {"security": {"code": "R"}}, {"security": odd}):
        assert labels({"resourceType": "Patient", "meta": meta}) == 0
        assert labels_of_written({}, encode({"resourceType": "Patient", "meta": meta})) == 0


LISTED = sorted({code.removesuffix("*") for row in ROWS for code in _codes(row.codes)})
ENDS = st.sampled_from(["", "0", ".20", "é", '"', "\\", "\n", '","code":"R', " "])
CODED = st.builds(str.__add__, st.one_of(st.sampled_from(LISTED), st.text(max_size=4)), ENDS)
KEYS = st.sampled_from(["system", "code", "value", '"code":"R"', "security", "meta"])
SAID = st.one_of(CODED, st.sampled_from([*TABLES, "http://elsewhere.example"]), st.none(), st.integers(0, 9))
CODING = st.fixed_dictionaries({}, optional={"code": CODED, "system": st.sampled_from(list(TABLES)), "display": CODED})
TREE = st.recursive(SAID | CODING, lambda under: st.lists(under, max_size=3) | st.dictionaries(KEYS, under, max_size=4))


@given(st.dictionaries(KEYS, TREE, max_size=4), st.lists(CODING, max_size=2))
def test_what_is_written_tells_as_much_as_a_walk(resource, security):
    """Wherever codes and systems stand, in whatever order, and whatever has to be escaped in them."""
    resource["meta"] = {"security": security}
    assert labels_of_written(resource, encode(resource)) == labels(resource)


def test_the_table_is_ascii_that_json_writes_as_it_is():
    """What `labels_of_written` looks for are the letters of the table themselves."""
    for text in (*TABLES, *LISTED):
        assert text.isascii()
        assert encode(text) == f'"{text}"'.encode()


def test_the_table_is_written_as_it_says():
    """Every row has labels that there are, plain words and codes; a range is every category in it."""
    assert EVERY == sum(BITS.values()) == 31
    for row in ROWS:
        assert set(row.labels.split()) <= BITS.keys()
        assert row.what
        assert list(_codes(row.codes))
    assert list(_codes("F18-F21 8867-4")) == ["F18*", "F19*", "F20*", "F21*", "8867-4"]
