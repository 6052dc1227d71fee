"""conformance.md section 6, 8.1: the token of a backend service."""

import httpx
import pytest

from tests.conformance.bulk.conftest import ALGORITHMS, Clinic
from tests.platform import SIDES

pytestmark = pytest.mark.anyio
REFUSED = [
    # number, what is changed, status
    ("8.1.02", {"grant_type": "not_a_grant_type"}, {400}),
    ("8.1.03", {"client_assertion_type": "not_an_assertion_type"}, {400, 401}),
    ("8.1.04", {"client_assertion": "not_an_assertion"}, {400, 401}),
]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize(("number", "changes", "status"), REFUSED, ids=[one[0] for one in REFUSED])
async def test_a_wrong_request_is_refused(clinic: Clinic, side, alg, number, changes, status):
    """8.1.02 to 8.1.04: by exactly these statuses, as OAuth says an error."""
    async with httpx.AsyncClient(base_url=clinic.base(side)) as http:
        url = (await http.get("/.well-known/smart-configuration")).json()["token_endpoint"]
        answer = await http.post(url, data=clinic.services[side, alg].form(url, **changes))

    assert answer.status_code in status, number
    assert answer.json()["error"]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("alg", ALGORITHMS)
async def test_a_right_request_has_a_token(clinic: Clinic, side, alg):
    """8.1.05, 8.1.06: 200 with access_token, token_type, expires_in and scope; RS384 and ES384."""
    async with httpx.AsyncClient(base_url=clinic.base(side)) as http:
        told = (await http.get("/.well-known/smart-configuration")).json()
        url = told["token_endpoint"]
        answer = await http.post(url, data=clinic.services[side, alg].form(url, scope="system/*.rs"))
    given = answer.json()

    assert set(ALGORITHMS) <= set(told["token_endpoint_auth_signing_alg_values_supported"])
    assert "private_key_jwt" in told["token_endpoint_auth_methods_supported"]
    assert answer.status_code in (200, 201)
    assert given["access_token"]
    assert given["token_type"].lower() == "bearer"
    assert 0 < given["expires_in"] <= 3600
    assert given["scope"] == "system/*.rs"
    assert answer.headers["cache-control"] == "no-store"
