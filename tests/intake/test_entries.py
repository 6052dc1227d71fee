"""What a JSON text holds: resources, deletions, and entries that are refused with a reason."""

import uuid

import pytest

from careweft.intake.entries import Entry, Refused, entries

TENANT = "43477c76-ceb6-47ed-81c8-1b7c0ae10ca6"


def bundle(*given, type_="transaction"):
    return {"resourceType": "Bundle", "type": type_, "entry": list(given)}


def posted(resource, full_url=None, method="POST"):
    return {"fullUrl": full_url, "resource": resource, "request": {"method": method, "url": resource["resourceType"]}}


ANA = {"resourceType": "Patient", "id": "ana"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (dict(ANA), [("Patient", "ana", True)]),
        (bundle(posted(dict(ANA))), [("Patient", "ana", True)]),
        (bundle(posted(dict(ANA), method="PUT"), type_="batch"), [("Patient", "ana", True)]),
        (bundle({"resource": dict(ANA)}, type_="collection"), [("Patient", "ana", True)]),
        (bundle({"resource": dict(ANA)}, type_="document"), [("Patient", "ana", True)]),
        (bundle({"resource": dict(ANA), "search": {"mode": "match"}}, type_="searchset"), [("Patient", "ana", True)]),
        (bundle({"request": {"method": "DELETE", "url": "Patient/ana"}}), [("Patient", "ana", False)]),
        (
            bundle({"request": {"method": "DELETE", "url": "https://x.test/r4/Patient/ana"}}),
            [("Patient", "ana", False)],
        ),
        (bundle(), []),
    ],
)
def test_a_text_holds(content, expected):
    """Each row: a JSON text, and the (type, id, is there a resource) it asks for."""
    assert expected == [(e.type, e.id, e.resource is not None) for e in entries(content, TENANT)]


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ({"resourceType": "Sandwich", "id": "1"}, "R4 resource"),
        ({"id": "1"}, "R4 resource"),
        ({"resourceType": ["Patient"]}, "R4 resource"),
        ({"resourceType": "OperationOutcome"}, "not a record"),
        ({"resourceType": "Bundle", "type": "history"}, "transaction, batch"),
        ({"resourceType": "Patient", "id": "a", "colour": "red"}, "no element 'colour'"),
        ({"resourceType": "Patient", "id": "a", "": 1}, "no element ''"),
        ({"resourceType": "Patient", "id": "a", "meta": []}, "meta has to be an object"),
        ({"resourceType": "ExplanationOfBenefit", "id": "a", "hospitalization": {}}, "STU3 ExplanationOfBenefit"),
        ({"resourceType": "Encounter", "id": "a", "incomingReferral": []}, "STU3 Encounter"),
        (bundle(posted({"resourceType": "Bundle", "type": "batch"})), "not a record"),
        (bundle({"request": {"method": "GET", "url": "Patient/1"}}), "POST, PUT or DELETE"),
        (bundle({"request": {"method": "DELETE", "url": "Patient?name=x"}}), "Type/id"),
        (bundle({"request": {"method": "DELETE", "url": "Sandwich/1"}}), "Type/id"),
        (bundle({"request": {"method": "PUT", "url": "Patient/1"}}), "no resource"),
        (bundle("text"), "object"),
        ({"resourceType": "Bundle", "type": "batch", "entry": {}}, "list"),
    ],
)
def test_what_is_refused_says_why(content, part):
    """Each row: a JSON text of which one thing is refused, and what the reason names."""
    (refused,) = entries(content, TENANT)

    assert isinstance(refused, Refused)
    assert part in refused.reason


def test_references_between_entries_are_resolved():
    """`urn:uuid:` references, absolute fullUrls and attachment urls become Type/id; other references stay."""
    urn, absolute = f"urn:uuid:{uuid.uuid4()}", "https://other.test/fhir/Binary/b1"
    document = {
        "resourceType": "DocumentReference",
        "id": "d1",
        "subject": {"reference": urn},
        "author": [{"reference": "Practitioner/7"}, {"reference": "#here"}],
        "content": [{"attachment": {"url": absolute}}],
    }

    found = list(
        entries(
            bundle(posted(document), posted(dict(ANA), urn), posted({"resourceType": "Binary", "id": "b1"}, absolute)),
            TENANT,
        )
    )

    had = next(e.resource for e in found if isinstance(e, Entry) and e.type == "DocumentReference")
    assert had is not None
    assert had["subject"]["reference"] == "Patient/ana"
    assert had["author"] == [{"reference": "Practitioner/7"}, {"reference": "#here"}]
    assert had["content"][0]["attachment"]["url"] == "Binary/b1"


@pytest.mark.parametrize("id_", [None, "", "spaces are wrong", "x" * 65, 7])
def test_a_missing_or_invalid_id_is_derived_the_same_way_each_time(id_):
    """An id that FHIR does not allow is replaced by one derived from tenant and fullUrl."""
    made = {
        next(iter(entries(bundle(posted({"resourceType": "Patient", "id": id_}, "urn:uuid:1")), TENANT))).id
        for _ in range(2)
    }  # type: ignore[union-attr]
    other = next(iter(entries(bundle(posted({"resourceType": "Patient", "id": id_}, "urn:uuid:2")), TENANT)))

    assert len(made) == 1
    assert other.id not in made  # type: ignore[union-attr]
