"""AuditEvents as IHE's Basic Audit Log Patterns want them."""

import base64
import json
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from careweft.audit.chain import Recorded
from careweft.audit.event import describe
from careweft.ports.journal import Entry

SERVER = "https://fhir.example.org"
READ = Entry(
    at=datetime(2026, 11, 22, 12, 30, 15, 123999, tzinfo=UTC),
    tenant=1,
    action="read",
    surface="provider-system",
    status=200,
    request_id="r-1",
    client="c-1",
    user="Practitioner/7",
    jti="j-1",
    type="Observation",
    id="o-1",
    patients=("ana",),
    address="2001:db8::1",
)
SEARCH = READ._replace(action="search-type", id=None, query=b"code=8867-4", patients=("ana", "ben"))


def told(entry):
    return list(describe(Recorded(5, entry), SERVER))


def codes(parts):
    return [part["type"].get("code") or part["type"]["coding"][0]["code"] for part in parts]


SOURCE, DESTINATION = "110153", "110152"


@pytest.mark.parametrize(
    ("action", "letter", "client", "server", "user", "profile", "entities"),
    [
        ("read", "R", DESTINATION, SOURCE, "IRCP", "PatientRead", ["XrequestId", "1", "2"]),
        ("vread", "R", DESTINATION, SOURCE, "IRCP", "PatientRead", ["XrequestId", "1", "2"]),
        ("search-type", "E", SOURCE, DESTINATION, "IRCP", "PatientQuery", ["XrequestId", "1", "2"]),
        ("create", "C", SOURCE, DESTINATION, "AUT", "PatientCreate", ["XrequestId", "1", "2"]),
        ("update", "U", SOURCE, DESTINATION, "AUT", "PatientUpdate", ["XrequestId", "1", "2"]),
        ("delete", "D", "110150", "custodian", "AUT", "PatientDelete", ["XrequestId", "1", "2", "UserOauthAgent"]),
        ("history-instance", "E", SOURCE, DESTINATION, "IRCP", None, ["XrequestId", "1", "2"]),
        ("token", "E", "110150", "authserver", "IRCP", None, ["XrequestId", "1", "2"]),
        ("client-change", "E", "110150", "authserver", "IRCP", None, ["XrequestId", "1", "2"]),
    ],
)
def test_an_action_is_told_by_its_pattern(action, letter, client, server, user, profile, entities):
    """AUD-01: each row is one kind of action, its letter, its agents, its profile and its entities."""
    (event,) = told(READ._replace(action=action))

    assert event["action"] == letter
    assert codes(event["agent"]) == [client, server, user]
    assert event["subtype"][0]["code"] == {"token": "ITI-71"}.get(action, action)
    assert event.get("meta") == (
        profile and {"profile": [f"https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.{profile}"]}
    )
    assert codes(event["entity"]) == entities


def test_a_read_is_told_whole():
    """Every element of a read, as it leaves."""
    (event,) = told(READ)

    assert event["type"] == {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"}
    assert event["recorded"] == "2026-11-22T12:30:15.123Z"
    assert event["outcome"] == "0"
    assert [agent["requestor"] for agent in event["agent"]] == [False, False, True]
    assert event["agent"][0]["who"] == {"identifier": {"value": "c-1"}}
    assert event["agent"][0]["network"] == {"address": "2001:db8::1", "type": "2"}
    assert event["agent"][0]["policy"] == ["urn:ietf:params:oauth:jti:j-1"]
    assert event["agent"][1]["network"] == {"address": SERVER, "type": "5"}
    assert event["agent"][1]["who"] == event["source"]["observer"]
    assert event["agent"][2]["who"] == {"reference": "Practitioner/7"}
    assert [entity["what"] for entity in event["entity"]] == [
        {"identifier": {"value": "r-1"}}, {"reference": "Patient/ana"}, {"reference": "Observation/o-1"},
    ]  # fmt: skip


@pytest.mark.parametrize(("patients", "events"), [((), 1), (("ana",), 1), (tuple(f"p{n}" for n in range(37)), 37)])
def test_each_patient_has_an_event(patients, events):
    """AUD-03: a search that shows 37 patients is told 37 times, each with its patient and all with one request id."""
    found = told(SEARCH._replace(patients=patients))

    assert len(found) == len({event["id"] for event in found}) == events
    assert [e["what"]["reference"][8:] for event in found for e in event["entity"] if e["type"]["code"] == "1"] == list(
        patients
    )
    assert {event["entity"][0]["what"]["identifier"]["value"] for event in found} == {"r-1"}
    assert found[0]["meta"]["profile"][0].endswith(".PatientQuery" if patients else ".Query")


@pytest.mark.parametrize("query", [b"code=8867-4", b"\x00\xff' or 1=1 --\r\n", "name=Zoë".encode(), b"a" * 5000, b"?"])
def test_a_search_is_told_byte_by_byte(query):
    """AUD-02: the raw text comes back exactly; what people read holds nothing that does anything."""
    entity = told(SEARCH._replace(query=query))[0]["entity"][-1]

    assert base64.b64decode(entity["query"]) == query
    assert re.fullmatch(r"[ -~]+", entity["description"])
    assert "what" not in entity


@pytest.mark.parametrize(
    ("action", "query"), [("read", b"_format=xml"), ("search-type", None), ("create", b"_pretty=true")]
)
def test_a_profile_is_kept_with_or_without_a_query(action, query):
    """A read with parameters still has one system object; a search without any still has a query."""
    event = told(READ._replace(action=action, query=query))[0]
    objects = [entity for entity in event["entity"] if entity["type"]["code"] == "2"]

    assert len(objects) == 1
    assert ("query" in objects[0]) == (action == "search-type")
    assert "" not in [entity.get("query") for entity in event["entity"]]


@pytest.mark.parametrize(
    ("status", "outcome"), [(200, "0"), (304, "0"), (401, "4"), (404, "4"), (429, "4"), (500, "8"), (503, "8")]
)
def test_what_failed_says_why(status, outcome):
    """AUD-06: a refusal follows no profile, and carries its reason and an OperationOutcome."""
    (event,) = told(READ._replace(status=status, reason="the token was issued for another tenant"))

    assert event["outcome"] == outcome
    assert ("meta" in event) == ("contained" not in event) == (outcome == "0")
    if outcome != "0":
        assert event["outcomeDesc"] == "the token was issued for another tenant"
        assert event["contained"][0]["issue"][0]["diagnostics"] == event["outcomeDesc"]
        assert event["entity"][-1]["what"] == {"reference": "#outcome"}


def test_nobody_known():
    """A request that named no client, person or address is told all the same."""
    bare = Entry(at=READ.at, tenant=None, action="read", surface="none", status=401, request_id="r-2")
    (event,) = told(bare)

    assert event["agent"][0]["who"] == {"display": "unidentified"}
    assert event["agent"][0]["requestor"] is True
    assert json.loads(json.dumps(event)) == event


def test_the_time_is_utc():
    moved = READ.at.astimezone(timezone(timedelta(hours=-5)))

    assert told(READ._replace(at=moved))[0]["recorded"] == "2026-11-22T12:30:15.123Z"
