"""The rows of the authorization servers, read off `surfaces.issuers`."""

from collections.abc import Iterator

from ...surfaces import issuers
from ..route import ClientAuthenticated, Cors, Public, Route
from ..site import Site
from . import documents, token

DOCUMENTS = ("openid-configuration", "oauth-authorization-server")


def rows(site: Site) -> Iterator[Route]:
    """Token endpoint, keys, and the metadata where OpenID Connect and where RFC 8414 section 3.1 put it."""
    for issuer in issuers.ALL.values():
        base, name = issuer.base, issuer.name
        yield Route(
            ("POST",),
            f"{base}/token",
            ClientAuthenticated(),
            token.handler(site),
            "token",
            "token",
            name,
            Cors.REGISTERED,
            "oauth",
        )
        yield Route(("GET",), f"{base}/jwks", Public(), documents.jwks(site), "jwks", "", name, Cors.ANY, "oauth")
        told = documents.metadata(site, issuer)
        for document in DOCUMENTS:
            for path in (f"{base}/.well-known/{document}", f"/.well-known/{document}{base}"):
                yield Route(("GET",), path, Public(), told, document, "", name, Cors.ANY, "oauth")
