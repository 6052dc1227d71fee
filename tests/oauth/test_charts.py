"""What a picker looks for and shows: SMART-06."""

import pytest

from careweft.oauth.charts import asked, candidate


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("1990-02-03", [("birthdate", "1990-02-03")]),
        ("MRN-0017", [("identifier", "MRN-0017")]),
        ("17", [("identifier", "17")]),
        ("Cleo Ordóñez", [("name", "Cleo"), ("name", "Ordóñez")]),
        ("Ordóñez, Cleo", [("name", "Ordóñez"), ("name", "Cleo")]),
        ("a$b|c\\d", [("name", "a\\$b\\|c\\\\d")]),
        ("a b c d e f g", [("name", one) for one in "abcde"]),
    ],
)
def test_words_become_a_search(text, pairs):
    """A date, something with a digit, else parts of a name that all have to be there; nothing of it is syntax."""
    assert asked(text) == pairs


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ([{"text": "Dr. Cleo X"}], "Dr. Cleo X"),
        ([{"given": ["Cleo", "M."], "family": "X"}], "Cleo M. X"),
        ([{"family": "X"}], "X"),
        ([], "Patient/c"),
        ([{}], "Patient/c"),
    ],
)
def test_a_patient_is_shown_by_name(name, told):
    found = candidate({"id": "c", "name": name, "birthDate": "1990"})
    assert (found.patient, found.name, found.born) == ("c", told, "1990")
