"""Tokens as a backend service gets them: Authlib's client with private_key_jwt, fresh claims each time."""

import json
import time
import uuid
from typing import Any

from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT

from tests.platform import MAPLE, Platform, Service


class FreshAssertion(PrivateKeyJWT):  # type: ignore[misc]
    """Authlib's private_key_jwt with the times that SMART asks for: its own default of an hour is refused."""

    def __init__(self, token_endpoint: str, service: Service, lifetime: int) -> None:
        super().__init__(token_endpoint, alg=service.alg)
        self._service, self._lifetime = service, lifetime

    def sign(self, auth: Any, token_endpoint: str) -> str:
        """The assertion for one request."""
        from joserfc import jwt

        now = int(time.time())
        claims = {
            "iss": auth.client_id, "sub": auth.client_id, "aud": token_endpoint,
            "iat": now, "exp": now + self._lifetime, "jti": str(uuid.uuid4()),
        }  # fmt: skip
        header = {"alg": self._service.alg, "kid": self._service.key.kid, "typ": "JWT"}
        return jwt.encode(header, claims, self._service.key, algorithms=[self._service.alg])


def session(
    platform: Platform, service: Service, *, lifetime: int = 300, tenant: str = MAPLE, scope: str = "system/*.rs"
) -> OAuth2Client:
    """Authlib's client for one service."""
    url = platform.token_url(tenant)
    client = OAuth2Client(
        service.client_id,
        service.key_file.read_bytes(),
        token_endpoint_auth_method="private_key_jwt",
        revocation_endpoint_auth_method="private_key_jwt",
        scope=scope,
        token_endpoint=url,
    )
    client.register_client_auth_method(FreshAssertion(url, service, lifetime))
    return client


def system_token(platform: Platform, service: Service) -> str:
    """An access token for this service's API."""
    with session(platform, service) as client:
        return str(client.fetch_token(grant_type="client_credentials")["access_token"])


def patient_token(platform: Platform, service: Service, patient: str) -> str:
    """A patient-context token, minted for trial by the command line."""
    scope = "patient/*.rs"
    done = platform.run(
        "token",
        "--tenant",
        MAPLE,
        "--client",
        service.client_id,
        "--patient",
        patient,
        "--scope",
        scope,
        "--key",
        str(service.key_file),
        "--json",
    )
    return str(json.loads(done.stdout)["access_token"])
