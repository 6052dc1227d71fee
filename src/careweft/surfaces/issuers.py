"""The authorization servers: whose tokens a surface takes, and what each can do today.

What is listed here exists; SMART's discovery documents are read off these rows (SMART-02).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Audience = Literal["patient", "system"]


@dataclass(frozen=True, slots=True)
class Issuer:
    """One authorization server; `base` is a path with `{tenant}`, and with the base URL before it the issuer's
    identifier.

    `grants` and `capabilities` (SMART's words) by the audience of the surface that asks.
    """

    id: str
    name: str
    base: str
    grants: Mapping[Audience, tuple[str, ...]]
    capabilities: Mapping[Audience, tuple[str, ...]]
    methods: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = ()

    def url(self, base_url: str, tenant: str) -> str:
        """The issuer identifier of a tenant, byte for byte the `iss` of its tokens."""
        return base_url + self.base.replace("{tenant}", tenant)

    def token_url(self, base_url: str, tenant: str) -> str:
        """Where a tenant's tokens are asked for."""
        return self.url(base_url, tenant) + "/token"

    def introspection_url(self, base_url: str, tenant: str) -> str:
        """Where is told what a token of a tenant is good for."""
        return self.url(base_url, tenant) + "/introspect"

    def revocation_url(self, base_url: str, tenant: str) -> str:
        """Where a tenant's tokens are taken back."""
        return self.url(base_url, tenant) + "/revoke"

    def jwks_url(self, base_url: str, tenant: str) -> str:
        """Where a tenant's public keys lie."""
        return self.url(base_url, tenant) + "/jwks"


V2 = Issuer(
    id="v2",
    name="careweft-auth-v2",
    base="/auth/{tenant}/oauth2/v1",
    grants=MappingProxyType({"patient": (), "system": ("client_credentials",)}),
    capabilities=MappingProxyType(
        {
            "patient": ("permission-patient", "permission-v1", "permission-v2"),
            "system": (
                "client-confidential-asymmetric",
                "client-confidential-symmetric",
                "permission-v1",
                "permission-v2",
            ),
        }
    ),
    methods=("client_secret_basic", "client_secret_post", "private_key_jwt"),
    algorithms=("RS384", "ES384", "RS256", "ES256"),
)

ALL: Mapping[str, Issuer] = MappingProxyType({one.id: one for one in (V2,)})
