"""A SMART client in a hundred lines: discovery, launch, the exchange of the code, refresh, revocation.

https://hl7.org/fhir/smart-app-launch/STU2/app-launch.html - it speaks HTTP and knows nothing of the server's insides.
"""

import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import field
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

from ...values import dataclass
from ..trial import Ask, Credential


class Trouble(Exception):
    """The server did not give what was asked; the message says what it answered."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A launch on its way: what the application has to remember until the person comes back."""

    url: str
    state: str = field(repr=False)
    verifier: str = field(repr=False)
    iss: str


@dataclass(frozen=True, slots=True)
class SmartClient:
    """One registered application with a secret."""

    credential: Credential
    redirect_uri: str
    ask: Ask

    async def begin(self, iss: str, scopes: tuple[str, ...], launch: str | None = None) -> Begun:
        """Where to send the person; `launch` is the handle that an EHR gave."""
        configuration = await self._configuration(iss)
        state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        asked = {
            "response_type": "code",
            "client_id": self.credential.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(scopes),
            "state": state,
            "aud": iss,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
            **({"launch": launch} if launch else {}),
        }
        return Begun(f"{configuration['authorization_endpoint']}?{urlencode(asked)}", state, verifier, iss)

    async def finish(self, begun: Mapping[str, str], came: Mapping[str, str]) -> dict[str, Any]:
        """The token response for the code that came back."""
        if "error" in came:
            raise Trouble(came["error"])
        configuration = await self._configuration(begun["iss"])
        if came.get("state") != begun["state"] or came.get("iss") != configuration["issuer"]:
            raise Trouble("this is not the answer to our request")
        form = {
            "grant_type": "authorization_code",
            "code": came.get("code", ""),
            "redirect_uri": self.redirect_uri,
            "code_verifier": begun["verifier"],
        }
        return await self._token(begun["iss"], form)

    async def refresh(self, iss: str, refresh_token: str) -> dict[str, Any]:
        """A new token response."""
        return await self._token(iss, {"grant_type": "refresh_token", "refresh_token": refresh_token})

    async def revoke(self, iss: str, token: str) -> None:
        """Give back what was granted."""
        configuration = await self._configuration(iss)
        await self._post(configuration["revocation_endpoint"], {"token": token})

    async def read(self, iss: str, path: str, access_token: str) -> tuple[int, Any]:
        """Status and resource."""
        headers = {"authorization": f"Bearer {access_token}", "accept": "application/fhir+json"}
        return await self.ask("GET", f"{iss}/{path}", headers)

    async def _configuration(self, iss: str) -> Mapping[str, Any]:
        status, found = await self.ask("GET", f"{iss}/.well-known/smart-configuration")
        if status != 200:
            raise Trouble(f"discovery answered {status}")
        return dict(found)

    async def _token(self, iss: str, form: Mapping[str, str]) -> dict[str, Any]:
        configuration = await self._configuration(iss)
        status, found = await self._post(configuration["token_endpoint"], form)
        if status != 200:
            raise Trouble(f"{status} {(found or {}).get('error', '')}")
        return dict(found)

    async def _post(self, url: str, form: Mapping[str, str]) -> tuple[int, Any]:
        return await self.ask("POST", url, {"authorization": basic(self.credential)}, form=form)


def challenge(verifier: str) -> str:
    """PKCE, S256: RFC 7636 4.2."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def basic(credential: Credential) -> str:
    """The Authorization header of client_secret_basic: RFC 6749 2.3.1."""
    pair = f"{quote(credential.client_id, safe='')}:{quote(credential.client_secret or '', safe='')}"
    return "Basic " + b64encode(pair.encode()).decode()
