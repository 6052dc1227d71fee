"""Other people's clients file documents over a real socket: create, conditional create and update."""

import base64
import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests import world
from tests.clients.conftest import Town
from tests.clients.tokens import session
from tests.platform import MAPLE, ROOT, backend_service

NOTE = {"contentType": "text/plain", "data": base64.b64encode(b"Seen and well.").decode()}


def document(patient: str, mark: str) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "identifier": [{"system": "urn:doc", "value": mark}],
        "type": {"coding": [{"system": "http://loinc.org", "code": "11506-3"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "content": [{"attachment": NOTE}],
    }


@pytest.fixture(scope="module")
def token(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A token of a service that may file documents."""
    folder, scope = tmp_path_factory.mktemp("filer"), "system/DocumentReference.cruds system/*.rs"
    service = backend_service(town.platform, "provider", "ES384", folder, MAPLE, scope)
    with session(town.platform, service, scope=scope) as client:
        yield str(client.fetch_token(grant_type="client_credentials")["access_token"])


@pytest.mark.anyio
async def test_fhirpy_files_and_changes_a_document(town: Town, token: str) -> None:
    """fhirpy (PyPI): save() of a new resource, once more under If-None-Exist, and of a change under If-Match."""
    from fhirpy import AsyncFHIRClient

    def client(**headers: str) -> AsyncFHIRClient:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return AsyncFHIRClient(
            town.platform.base("provider"), authorization=f"Bearer {token}", extra_headers=named or None
        )

    given = {name: value for name, value in document(town.patient, "fhirpy").items() if name != "resourceType"}
    made = await client().resource("DocumentReference", **given).save()
    again = await client(If_None_Exist="identifier=urn:doc|fhirpy").resource("DocumentReference", **given).save()
    changed = client(If_Match='W/"1"').resource("DocumentReference", **{**made.serialize(), "description": "signed"})
    await changed.save()
    read = await client().reference("DocumentReference", made.id).to_resource()

    assert again.id == made.id
    assert (read["description"], read["meta"]["versionId"]) == ("signed", "2")


@pytest.mark.node
def test_fhir_kit_client_files_and_changes_a_document(town: Town, token: str) -> None:
    """fhir-kit-client (npm): create, update under If-Match, a lost update, a refusal, both operations."""
    program, _ = world.node("fhir-kit-client")
    line = [program, "file.mjs", town.platform.base("provider"), token, json.dumps(document(town.patient, "kit"))]
    said = json.loads(
        subprocess.run(
            line, cwd=ROOT / "tests/clients/node", capture_output=True, text=True, check=True, timeout=120
        ).stdout
    )

    assert (said["created"], said["updated"], said["description"]) == ("1", "2", "signed")
    assert said["lost"] == {"status": 412, "type": "OperationOutcome"}
    assert said["refused"] == {"status": 422, "type": "OperationOutcome"}
    assert said["everything"] > 10
    assert said["documents"] > 1
