"""Who filed a record: https://hl7.org/fhir/R4/provenance.html, in the shape of US Core's profile of it.

The agent is the application, which US Core wants to act on behalf of an organization: the tenant that let it in. Where
a person was signed in, that person is an agent too.
"""

from datetime import datetime
from typing import Any

from ...access.caller import Caller
from ...tenancy import Tenant

PROFILE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-provenance"
AGENT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
TRANSMITTER = "http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type"
ACTIVITY = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
URN = "urn:ietf:rfc:3986"
CODES = {"create": "CREATE", "update": "UPDATE"}

Json = dict[str, Any]


def provenance(
    id_: str, target: str, interaction: str, caller: Caller, tenant: Tenant, issuer: str, at: datetime
) -> Json:
    """The Provenance of one version; `target` names it (`DocumentReference/7/_history/2`), `issuer` the client ids."""
    organization = {
        "type": "Organization",
        "identifier": {"system": URN, "value": f"urn:uuid:{tenant.id}"},
        "display": tenant.name,
    }
    return {
        "resourceType": "Provenance",
        "id": id_,
        "meta": {"profile": [PROFILE]},
        "target": [{"reference": target}],
        "recorded": at.isoformat(timespec="milliseconds"),
        "activity": {"coding": [{"system": ACTIVITY, "code": CODES[interaction]}]},
        "agent": [
            {
                "type": {"coding": [{"system": TRANSMITTER, "code": "transmitter", "display": "Transmitter"}]},
                "who": {"type": "Device", "identifier": {"system": issuer, "value": caller.client}},
                "onBehalfOf": organization,
            },
            {
                "type": {"coding": [{"system": AGENT, "code": "author", "display": "Author"}]},
                "who": author(caller, organization),
            },
        ],
    }


def author(caller: Caller, organization: Json) -> Json:
    """The person who was signed in; without one, the organization answers for what its application files."""
    return {"reference": caller.user} if caller.user else organization
