"""A journal entry as FHIR AuditEvents, one for each patient that it shows.

IHE Basic Audit Log Patterns 1.1: https://profiles.ihe.net/ITI/BALP/ (AUD-01 to AUD-06). What went wrong follows no
profile of theirs, but the same pattern with an outcome, its reason and an OperationOutcome.
"""

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC
from types import MappingProxyType
from typing import Any

from ..fhir.outcomes import issue, outcome
from ..ports.journal import Entry
from ..values import dataclass
from .chain import Recorded

Json = dict[str, Any]
Code = tuple[str, str]

DCM = "http://dicom.nema.org/resources/ontology/DCM"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
INTERACTION = "http://hl7.org/fhir/restful-interaction"
BALP = "https://profiles.ihe.net/ITI/BALP"
REST: Code = ("http://terminology.hl7.org/CodeSystem/audit-event-type", "rest")
IHE = "urn:ihe:event-type-code"
OURS = "urn:careweft:audit-action"
JTI = "urn:ietf:params:oauth:jti:"

SOURCE: Code = (DCM, "110153")
DESTINATION: Code = (DCM, "110152")
APPLICATION: Code = (DCM, "110150")
CUSTODIAN: Code = ("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "custodian")
AUTH_SERVER: Code = ("http://terminology.hl7.org/CodeSystem/extra-security-role-type", "authserver")
RECIPIENT: Code = (PARTICIPATION, "IRCP")
AUTHOR: Code = (PARTICIPATION, "AUT")


@dataclass(frozen=True, slots=True)
class Pattern:
    """How one kind of action is told: the event's type and letter, what each agent is, and BALP's profile of it."""

    letter: str
    client: Code
    server: Code
    user: Code
    profile: str = ""
    type: Code = REST


READ = Pattern("R", DESTINATION, SOURCE, RECIPIENT, "Read")
QUERY = Pattern("E", SOURCE, DESTINATION, RECIPIENT, "Query")
CREATE = Pattern("C", SOURCE, DESTINATION, AUTHOR, "Create")
UPDATE = Pattern("U", SOURCE, DESTINATION, AUTHOR, "Update")
DELETE = Pattern("D", APPLICATION, CUSTODIAN, AUTHOR, "Delete")
OTHER = Pattern("E", SOURCE, DESTINATION, RECIPIENT)
TOKEN = Pattern("E", APPLICATION, AUTH_SERVER, RECIPIENT, type=(DCM, "110114"))
SECURITY = Pattern("E", APPLICATION, AUTH_SERVER, RECIPIENT, type=(DCM, "110113"))

PATTERNS: Mapping[str, Pattern] = MappingProxyType({
    "read": READ, "vread": READ, "search": QUERY, "search-type": QUERY, "search-system": QUERY, "create": CREATE,
    "update": UPDATE, "patch": UPDATE, "delete": DELETE, "history": OTHER, "history-instance": OTHER,
    "history-type": OTHER, "history-system": OTHER, "capabilities": OTHER, "batch": OTHER, "transaction": OTHER,
    "operation": OTHER, "token": TOKEN, "introspect": TOKEN, "revoke": TOKEN,
})  # fmt: skip
TRANSACTIONS = MappingProxyType({"token": (IHE, "ITI-71"), "introspect": (IHE, "ITI-102")})
"""Actions that are no interactions of FHIR's but have a code of IHE's."""


def describe(recorded: Recorded, server: str) -> Iterator[Json]:
    """The AuditEvents of a row; `server` is the base URL that this server is known by."""
    for number, patient in enumerate(recorded.entry.patients or (None,), 1):
        yield event(recorded, server, number, patient)


def event(recorded: Recorded, server: str, number: int, patient: str | None) -> Json:
    """The AuditEvent about one patient, or about none."""
    entry = recorded.entry
    pattern = pattern_of(entry.action)
    who = {"identifier": {"value": server}, "display": server}
    made: Json = {
        "resourceType": "AuditEvent",
        "id": f"{recorded.seq}-{number}",
        "type": coding(pattern.type),
        "subtype": [coding(one) for one in subtypes(entry.action)],
        "action": pattern.letter,
        "recorded": entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{entry.at.microsecond // 1000:03}Z",
        "outcome": severity(entry.status),
        "agent": list(agents(entry, pattern, who, server)),
        "source": {
            "observer": who,
            "type": [coding(("http://terminology.hl7.org/CodeSystem/security-source-type", "4"))],
        },
        "entity": list(entities(entry, pattern, patient)),
    }
    if made["outcome"] != "0":
        reason = entry.reason or f"refused with status {entry.status}"
        made |= {
            "outcomeDesc": reason,
            "contained": [{**outcome(issue("error", "processing", reason)), "id": "outcome"}],
        }
    elif pattern.profile and (pattern is QUERY or entry.type):
        name = ("Patient" if patient else "") + pattern.profile
        made["meta"] = {"profile": [f"{BALP}/StructureDefinition/IHE.BasicAudit.{name}"]}
    return made


def pattern_of(action: str) -> Pattern:
    """How this action is told; an operation that shows records is a query."""
    return QUERY if action[:1] == "$" else PATTERNS.get(action, SECURITY)


def subtypes(action: str) -> tuple[Code, ...]:
    """The interaction, in FHIR's, IHE's or our own words; an operation by its name too."""
    if action[:1] == "$":
        return (INTERACTION, "operation"), (OURS, action)
    if action in TRANSACTIONS:
        return (TRANSACTIONS[action],)
    return (((INTERACTION if action in PATTERNS else OURS), action),)


def severity(status: int) -> str:
    """AuditEvent.outcome of an HTTP status: 0 success, 4 refused, 8 our fault."""
    return "0" if status < 400 else "4" if status < 500 else "8"


def agents(entry: Entry, pattern: Pattern, who: Json, server: str) -> Iterator[Json]:
    """The application, this server, and the person if one was signed in."""
    client: Json = {
        "type": concept(pattern.client),
        "who": {"identifier": {"value": entry.client}} if entry.client else {"display": "unidentified"},
        "requestor": entry.user is None,
        "network": {"address": entry.address or "unknown", "type": "2" if entry.address else "1"},
    }
    if entry.jti and pattern is not DELETE:  # BALP leaves no policy there
        client["policy"] = [JTI + entry.jti]
    yield client
    yield {"type": concept(pattern.server), "who": who, "requestor": False, "network": {"address": server, "type": "5"}}
    if entry.user:
        yield {"type": concept(pattern.user), "who": person(entry.user), "requestor": True}


def person(user: str) -> Json:
    """The one who was signed in: a reference where it is one, else the name of the account."""
    return {"reference": user} if "/" in user else {"identifier": {"value": user}}


def entities(entry: Entry, pattern: Pattern, patient: str | None) -> Iterator[Json]:
    """The request's id, the patient, and what was read or asked for."""
    yield {
        "what": {"identifier": {"value": entry.request_id}},
        "type": {"system": f"{BALP}/CodeSystem/BasicAuditEntityType", "code": "XrequestId"},
    }
    if patient:
        yield {"what": {"reference": f"Patient/{patient}"}, "type": kind("1"), "role": role("1")}
    if pattern is QUERY:
        yield asked(entry.query or b"?", kind("2"))
    else:
        if entry.type:
            yield {"what": target(entry), "type": kind("2"), "role": role("4")}
        if entry.query:
            yield asked(entry.query, kind("4"))
    if entry.jti and pattern is DELETE:
        yield {
            "what": {"identifier": {"value": JTI + entry.jti}},
            "type": {"system": f"{BALP}/CodeSystem/UserAgentTypes", "code": "UserOauthAgent"},
        }
    if severity(entry.status) != "0":
        code = {"system": "http://hl7.org/fhir/resource-types", "code": "OperationOutcome"}
        yield {"what": {"reference": "#outcome"}, "type": code}


def asked(query: bytes, type_: Json) -> Json:
    """The search text: byte by byte for machines, and as people can read it (AUD-02)."""
    raw = base64.b64encode(query).decode()
    return {"type": type_, "role": role("24"), "description": cleaned(query), "query": raw}


def target(entry: Entry) -> Json:
    """What the interaction was about."""
    return {"reference": f"{entry.type}/{entry.id}"} if entry.id else {"display": entry.type}


def cleaned(query: bytes) -> str:
    """A search as people can read it: what is no printable ASCII is spelled out."""
    return "".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in query)


def coding(code: Code) -> Json:
    """A Coding."""
    return {"system": code[0], "code": code[1]}


def concept(code: Code) -> Json:
    """A CodeableConcept of one code."""
    return {"coding": [coding(code)]}


def kind(code: str) -> Json:
    """What an entity is: 1 a person, 2 a system object."""
    return coding(("http://terminology.hl7.org/CodeSystem/audit-entity-type", code))


def role(code: str) -> Json:
    """What an entity did: 1 the patient, 4 a resource, 24 a query."""
    return coding(("http://terminology.hl7.org/CodeSystem/object-role", code))
