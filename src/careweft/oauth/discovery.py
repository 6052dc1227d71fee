"""What the authorization server says of itself: https://www.rfc-editor.org/rfc/rfc8414 and SMART's smart-configuration

https://openid.net/specs/openid-connect-discovery-1_0.html, https://hl7.org/fhir/smart-app-launch/STU2/conformance.html

All of it is read off the rows of `surfaces`; nothing is listed that does not exist.
"""

from collections.abc import Iterator
from typing import Any

from ..access.decide import TAKEN
from ..access.labels import WORDS as SENSITIVE
from ..access.scopes import LETTER, LETTERS
from ..surfaces import ALL, brands, issuers
from ..surfaces.issuers import SECRET_OR_KEY
from ..surfaces.model import Offer, Surface
from ..tenancy import Tenant
from ..values import dataclass
from .authorize.redirected import PROMPTS
from .keys import ID_ALG
from .tokens import issuer_of

Json = dict[str, Any]
PROVING = {"token": True, "revocation": True, "introspection": False}
"""The endpoints where a client proves itself, and whether public ones may use it by their name alone."""
FOR_SYSTEMS = ("token_endpoint", "introspection_endpoint", "revocation_endpoint")
CLAIMS = ("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "fhirUser", "profile", "name")


@dataclass(frozen=True, slots=True)
class Discovery:
    """The documents of a server whose URLs are all built from `base_url`."""

    base_url: str

    def metadata(self, tenant: Tenant, issuer: issuers.Issuer = issuers.V2) -> Json:
        """The issuer's metadata, the same for openid-configuration and oauth-authorization-server (OAUTH-23)."""
        own = [one for one in ALL if one.issuer == issuer.id]
        listed = dict.fromkeys(scope for one in own for scope in scopes(one))
        return {
            "issuer": issuer.url(self.base_url, tenant.id),
            **self._endpoints(tenant, issuer),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": list(dict.fromkeys(grant for one in own for grant in issuer.grants[one.audience])),
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "require_pushed_authorization_requests": False,
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
            "claims_parameter_supported": False,
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ID_ALG],
            "claims_supported": list(CLAIMS),
            "prompt_values_supported": sorted(PROMPTS),
            **proofs(issuer),
            "scopes_supported": list(listed),
        }

    def smart_configuration(self, surface: Surface, tenant: Tenant) -> Json:
        """The surface's SMART configuration. `issuer` and `jwks_uri` come with sso-openid-connect (SMART-01)."""
        issuer, audience = issuer_of(surface), surface.audience
        people = "sso-openid-connect" in issuer.capabilities[audience]
        signing_in = {
            "issuer": issuer.url(self.base_url, tenant.id),
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "management_endpoint": issuer.management_url(self.base_url, tenant.id),
        }
        return {
            **(signing_in if people else {}),
            **{name: url for name, url in self._endpoints(tenant, issuer).items() if people or name in FOR_SYSTEMS},
            "grant_types_supported": list(issuer.grants[audience]),
            "token_endpoint_auth_methods_supported": list(issuer.methods[audience]),
            "token_endpoint_auth_signing_alg_values_supported": list(issuer.algorithms),
            **self._brand(surface, tenant),
            "scopes_supported": list(scopes(surface)),
            "capabilities": list(issuer.capabilities[audience]),
        }

    def _brand(self, surface: Surface, tenant: Tenant) -> Json:
        """Where the brand of an API that people sign in to is published (SMART-15)."""
        if surface not in brands.shown():
            return {}
        return {
            "user_access_brand_bundle": brands.url(self.base_url, tenant.id),
            "user_access_brand_identifier": brands.identifier(tenant),
        }

    def _endpoints(self, tenant: Tenant, issuer: issuers.Issuer) -> dict[str, str]:
        """Every endpoint, by the name that metadata give it."""
        return {name: issuer.place(self.base_url, tenant.id, word) for name, word in issuers.ENDPOINTS.items()}


def proofs(issuer: issuers.Issuer) -> Json:
    """How a client proves itself, endpoint by endpoint."""
    every = list(dict.fromkeys(one for methods in issuer.methods.values() for one in methods))
    told: Json = {}
    for endpoint, public in PROVING.items():
        told[f"{endpoint}_endpoint_auth_methods_supported"] = every if public else list(SECRET_OR_KEY)
        told[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = list(issuer.algorithms)
    return told


def scopes(surface: Surface) -> Iterator[str]:
    """The scopes that mean something here: words, each level for all types in both spellings, then type by type."""
    yield from issuer_of(surface).words[surface.audience]
    yield from SENSITIVE
    for level in sorted(TAKEN[surface.audience]):
        yield f"{level}/*.rs"
        yield f"{level}/*.read"
        for offer in surface.offers:
            yield f"{level}/{offer.type}.{letters(offer)}"


def letters(offer: Offer) -> str:
    """The letters that this offer's interactions need."""
    needed = {LETTER[one] for one in (*offer.can, *offer.operations)}
    return "".join(one for one in LETTERS if one in needed)
