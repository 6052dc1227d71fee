"""Bundles are joined of bytes, and are the JSON that FHIR says."""

import json
from datetime import UTC, datetime

import pytest

from careweft.fhir.bundles import entry, history, searchset
from careweft.fhir.outcomes import issue, outcome

BASE = "https://fhir.example/b"
AT = datetime(2024, 5, 17, 8, 30, 0, 250000, tzinfo=UTC)


def test_searchset():
    """Matches, then what was included, then what is to be said about it; bytes of resources stand as they were."""
    body = b'{"resourceType":"Observation","valueDecimal":72.50}'
    warning = outcome(issue("warning", "too-costly", 'includes were "cut"'))
    links = {"self": f'{BASE}/Observation?code=a"b', "next": f"{BASE}/Observation?_page=x"}
    matches, included = [entry("Observation", "1", body)], [entry("Patient", "7", b"{}")]
    found = searchset(BASE, links, matches, included=included, outcomes=[warning], total=3)

    assert body in found
    assert json.loads(found) == {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 3,
        "link": [{"relation": "self", "url": links["self"]}, {"relation": "next", "url": links["next"]}],
        "entry": [
            {"fullUrl": f"{BASE}/Observation/1", "resource": json.loads(body), "search": {"mode": "match"}},
            {"fullUrl": f"{BASE}/Patient/7", "resource": {}, "search": {"mode": "include"}},
            {"resource": warning, "search": {"mode": "outcome"}},
        ],
    }


@pytest.mark.parametrize("matches", [0, 1, 2, 3])
@pytest.mark.parametrize("included", [0, 1, 2])
@pytest.mark.parametrize("outcomes", [0, 1, 2])
def test_any_number_of_each(matches, included, outcomes):
    """Whatever there is none of leaves no trace: no empty array, no comma too many."""
    told = outcome(issue("warning", "incomplete", "x"))
    found = json.loads(
        searchset(
            BASE,
            {"self": BASE},
            [entry("Slot", f"m{n}", b"{}") for n in range(matches)],
            included=[entry("Schedule", f"i{n}", b"{}") for n in range(included)],
            outcomes=[told] * outcomes,
        )
    )
    wanted = [(f"{BASE}/Slot/m{n}", "match") for n in range(matches)]
    wanted += [(f"{BASE}/Schedule/i{n}", "include") for n in range(included)]
    wanted += [(None, "outcome")] * outcomes

    assert [(one.get("fullUrl"), one["search"]["mode"]) for one in found.pop("entry", [])] == wanted
    assert "entry" not in found


def test_nothing_found_has_no_entry():
    """FHIR JSON has no empty arrays."""
    assert json.loads(searchset(BASE, {"self": BASE}, [])) == {
        "resourceType": "Bundle", "type": "searchset", "link": [{"relation": "self", "url": BASE}]}  # fmt: skip


def test_history():
    """Each version with how it was made; a deletion has no resource."""
    versions = [("Goal", "1", 2, AT, None), ("Goal", "1", 1, AT, b'{"id":"1"}')]
    found = json.loads(history(BASE, {"self": BASE}, versions, 2))

    assert (found["type"], found["total"]) == ("history", 2)
    assert found["entry"] == [
        {
            "fullUrl": f"{BASE}/Goal/1",
            "request": {"method": "DELETE", "url": "Goal/1"},
            "response": {"status": "204", "etag": 'W/"2"', "lastModified": "2024-05-17T08:30:00.250000Z"},
        },
        {
            "fullUrl": f"{BASE}/Goal/1",
            "resource": {"id": "1"},
            "request": {"method": "PUT", "url": "Goal/1"},
            "response": {"status": "201", "etag": 'W/"1"', "lastModified": "2024-05-17T08:30:00.250000Z"},
        },
    ]
