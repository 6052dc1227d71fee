"""Bundles are joined of bytes, and are the JSON that FHIR says."""

import json
from datetime import UTC, datetime

from careweft.fhir.bundles import history, searchset
from careweft.fhir.outcomes import issue, outcome

BASE = "https://fhir.example/b"
AT = datetime(2024, 5, 17, 8, 30, 0, 250000, tzinfo=UTC)


def test_searchset():
    """Matches, then what was included, then what is to be said about it; bytes of resources stand as they were."""
    body = b'{"resourceType":"Observation","valueDecimal":72.50}'
    warning = outcome(issue("warning", "too-costly", 'includes were "cut"'))
    links = {"self": f'{BASE}/Observation?code=a"b', "next": f"{BASE}/Observation?_page=x"}
    matches, included = [("Observation", "1", body)], [("Patient", "7", b"{}")]
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
