"""What the authorization server says of itself: https://www.rfc-editor.org/rfc/rfc8414 and SMART's smart-configuration

https://hl7.org/fhir/smart-app-launch/STU2/conformance.html

Both are read off the rows of `surfaces`; nothing is listed that does not exist.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..access.scopes import LETTER, LETTERS
from ..surfaces import ALL, brands, issuers
from ..surfaces.model import Offer, Surface
from ..tenancy import Tenant
from .tokens import issuer_of

Json = dict[str, Any]
AFTERWARDS = ("introspection", "revocation")


@dataclass(frozen=True, slots=True)
class Discovery:
    """The documents of a server whose URLs are all built from `base_url`."""

    base_url: str

    def metadata(self, tenant: Tenant, issuer: issuers.Issuer = issuers.V2) -> Json:
        """The issuer's metadata, the same for openid-configuration and oauth-authorization-server (OAUTH-23).

        There is no authorization endpoint yet, so `response_types_supported`, which has to be there, is empty.
        """
        own = [one for one in ALL if one.issuer == issuer.id]
        return {
            "issuer": issuer.url(self.base_url, tenant.id),
            "token_endpoint": issuer.token_url(self.base_url, tenant.id),
            "jwks_uri": issuer.jwks_url(self.base_url, tenant.id),
            "response_types_supported": [],
            "grant_types_supported": list(dict.fromkeys(grant for one in own for grant in issuer.grants[one.audience])),
            "token_endpoint_auth_methods_supported": list(issuer.methods),
            "token_endpoint_auth_signing_alg_values_supported": list(issuer.algorithms),
            **self._afterwards(tenant, issuer),
            **{f"{one}_endpoint_auth_methods_supported": list(issuer.methods) for one in AFTERWARDS},
            **{f"{one}_endpoint_auth_signing_alg_values_supported": list(issuer.algorithms) for one in AFTERWARDS},
            "scopes_supported": list(
                dict.fromkeys(scope for one in own if issuer.grants[one.audience] for scope in scopes(one))
            ),
        }

    def smart_configuration(self, surface: Surface, tenant: Tenant) -> Json:
        """The surface's SMART configuration. `issuer` and `jwks_uri` come with sso-openid-connect (SMART-01)."""
        issuer = issuer_of(surface)
        return {
            "token_endpoint": issuer.token_url(self.base_url, tenant.id),
            "grant_types_supported": list(issuer.grants[surface.audience]),
            "token_endpoint_auth_methods_supported": list(issuer.methods),
            "token_endpoint_auth_signing_alg_values_supported": list(issuer.algorithms),
            **self._afterwards(tenant, issuer),
            **self._brand(surface, tenant),
            "scopes_supported": list(scopes(surface)),
            "capabilities": list(issuer.capabilities[surface.audience]),
        }

    def _brand(self, surface: Surface, tenant: Tenant) -> Json:
        """Where the brand of an API that people sign in to is published (SMART-15)."""
        if surface not in brands.shown():
            return {}
        return {
            "user_access_brand_bundle": brands.url(self.base_url, tenant.id),
            "user_access_brand_identifier": brands.identifier(tenant),
        }

    def _afterwards(self, tenant: Tenant, issuer: issuers.Issuer) -> Json:
        """Where tokens are asked about and taken back."""
        return {
            "introspection_endpoint": issuer.introspection_url(self.base_url, tenant.id),
            "revocation_endpoint": issuer.revocation_url(self.base_url, tenant.id),
        }


def scopes(surface: Surface) -> Iterator[str]:
    """The scopes that mean something here: for all types, in both spellings, then type by type."""
    yield f"{surface.audience}/*.rs"
    yield f"{surface.audience}/*.read"
    for offer in surface.offers:
        yield f"{surface.audience}/{offer.type}.{letters(offer)}"


def letters(offer: Offer) -> str:
    """The letters that this offer's interactions need."""
    needed = {LETTER[one] for one in (*offer.can, *offer.operations)}
    return "".join(one for one in LETTERS if one in needed)
