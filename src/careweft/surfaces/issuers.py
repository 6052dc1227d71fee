"""The authorization servers: whose tokens a surface takes, and what each can do today.

What is listed here exists; SMART's discovery documents are read off these rows (SMART-02).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from ..values import dataclass

Audience = Literal["patient", "system"]


@dataclass(frozen=True, slots=True)
class Issuer:
    """One authorization server; `base` is a path with `{tenant}`, and with the base URL before it the issuer's
    identifier.

    `grants`, `words` (scopes without a resource type), `capabilities` (SMART's words) and `methods` (how clients prove
    themselves) by the audience of the surface that asks; `management` is the path of the page where a person sees what
    they granted.
    """

    id: str
    name: str
    base: str
    management: str
    grants: Mapping[Audience, tuple[str, ...]]
    words: Mapping[Audience, tuple[str, ...]]
    capabilities: Mapping[Audience, tuple[str, ...]]
    methods: Mapping[Audience, tuple[str, ...]]
    algorithms: tuple[str, ...] = ()

    def url(self, base_url: str, tenant: str) -> str:
        """The issuer identifier of a tenant, byte for byte the `iss` of its tokens."""
        return base_url + self.base.replace("{tenant}", tenant)

    def place(self, base_url: str, tenant: str, word: str) -> str:
        """Where one of the tenant's endpoints is, by its word in ENDPOINTS."""
        return f"{self.url(base_url, tenant)}/{word}"

    def token_url(self, base_url: str, tenant: str) -> str:
        """Where a tenant's tokens are asked for."""
        return self.place(base_url, tenant, "token")

    def jwks_url(self, base_url: str, tenant: str) -> str:
        """Where a tenant's public keys lie."""
        return self.place(base_url, tenant, "jwks")

    def style_url(self, base_url: str, tenant: str) -> str:
        """Where an application finds how the tenant's pages look."""
        return self.place(base_url, tenant, "style.json")

    def management_url(self, base_url: str, tenant: str) -> str:
        """Where a person sees and takes back what they granted."""
        return base_url + self.management.replace("{tenant}", tenant)


ENDPOINTS: Mapping[str, str] = MappingProxyType(
    {
        "authorization_endpoint": "authorize",
        "pushed_authorization_request_endpoint": "par",
        "token_endpoint": "token",
        "introspection_endpoint": "introspect",
        "revocation_endpoint": "revoke",
        "userinfo_endpoint": "userinfo",
        "end_session_endpoint": "logout",
        "jwks_uri": "jwks",
    }
)
"""The endpoints of an issuer as its metadata names them, and the word that each has behind the issuer's URL."""

SECRET_OR_KEY = ("client_secret_basic", "client_secret_post", "private_key_jwt")

V2 = Issuer(
    id="v2",
    name="careweft-auth-v2",
    base="/auth/{tenant}/oauth2/v1",
    management="/account/{tenant}/access",
    grants=MappingProxyType(
        {"patient": ("authorization_code", "refresh_token"), "system": ("client_credentials",)}
    ),
    words=MappingProxyType(
        {
            "patient": (
                "openid", "fhirUser", "profile", "launch", "launch/patient", "launch/encounter", "offline_access",
                "online_access",
            ),
            "system": ("launch/create",),
        }
    ),
    capabilities=MappingProxyType(
        {
            "patient": (
                "launch-ehr", "launch-standalone", "authorize-post", "client-public", "client-confidential-symmetric",
                "client-confidential-asymmetric", "sso-openid-connect", "context-banner", "context-style",
                "context-ehr-patient", "context-ehr-encounter", "context-standalone-patient", "permission-offline",
                "permission-patient", "permission-user", "permission-v1", "permission-v2",
            ),
            "system": (
                "client-confidential-asymmetric", "client-confidential-symmetric", "permission-v1", "permission-v2",
            ),
        }
    ),
    methods=MappingProxyType({"patient": (*SECRET_OR_KEY, "none"), "system": SECRET_OR_KEY}),
    algorithms=("RS384", "ES384", "RS256", "ES256"),
)  # fmt: skip

ALL: Mapping[str, Issuer] = MappingProxyType({one.id: one for one in (V2,)})
