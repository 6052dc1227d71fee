"""The rows of the authorization servers, read off `surfaces.issuers`."""

from collections.abc import Iterator

from ...surfaces import issuers
from ..route import ClientAuthenticated, Cors, Public, Route
from ..site import Site
from . import documents, token

DOCUMENTS = ("openid-configuration", "oauth-authorization-server")


def rows(site: Site) -> Iterator[Route]:
    """The endpoints where a client proves itself, the keys, and the metadata in each of its places (OAUTH-23)."""
    endpoints = {
        "token": site.tokens.answer,
        "introspect": site.introspection.answer,
        "revoke": site.revocation.answer,
    }
    for issuer in issuers.ALL.values():
        base, name = issuer.base, issuer.name
        for word, endpoint in endpoints.items():
            yield Route(
                ("POST",),
                f"{base}/{word}",
                ClientAuthenticated(),
                token.handler(endpoint),
                word,
                word,
                name,
                Cors.REGISTERED,
                "oauth",
            )
        yield Route(("GET",), f"{base}/jwks", Public(), documents.jwks(site), "jwks", "", name, Cors.ANY, "oauth")
        told = documents.metadata(site, issuer)
        for document in DOCUMENTS:
            for path in (f"{base}/.well-known/{document}", f"/.well-known/{document}{base}"):
                yield Route(("GET",), path, Public(), told, document, "", name, Cors.ANY, "oauth")
