"""The rows of the authorization servers, read off `surfaces.issuers`."""

from collections.abc import Iterator

from ...surfaces import issuers
from ..route import ClientAuthenticated, Cors, Public, Route, Visitor
from ..site import Site
from . import authorize, bearer, documents, token

DOCUMENTS = ("openid-configuration", "oauth-authorization-server")


def rows(site: Site) -> Iterator[Route]:
    """The endpoints where a client proves itself, the keys, and the metadata in each of its places (OAUTH-23)."""
    auth = site.auth
    endpoints = {
        "token": token.handler(auth.tokens.answer),
        "introspect": token.handler(auth.introspection.answer),
        "revoke": token.handler(auth.revocation.answer),
        "par": token.handler(auth.pushing.answer, 201),
        "launch": bearer.launch(auth.launching),
    }
    userinfo = bearer.userinfo(auth.userinfo)
    for issuer in issuers.ALL.values():
        base, name = issuer.base, issuer.name
        for word, endpoint in endpoints.items():
            yield Route(
                ("POST",),
                f"{base}/{word}",
                ClientAuthenticated(),
                endpoint,
                word,
                word,
                name,
                Cors.REGISTERED,
                "oauth",
                paced=True,
            )
        yield Route(
            ("GET", "POST"), f"{base}/authorize", Visitor(), authorize.handler(site.granting), "authorize", "authorize",
            name, Cors.NONE, "page", paced=True,
        )  # fmt: skip
        yield Route(("GET",), f"{base}/jwks", Public(), documents.jwks(site), "jwks", "", name, Cors.ANY, "oauth")
        yield Route(
            ("GET", "POST"), f"{base}/userinfo", ClientAuthenticated(), userinfo, "userinfo", "userinfo", name,
            Cors.REGISTERED, "oauth", paced=True,
        )  # fmt: skip
        style = documents.style(site)
        yield Route(("GET",), f"{base}/style.json", Public(), style, "style", "", name, Cors.ANY, "oauth")
        told = documents.metadata(site, issuer)
        for document in DOCUMENTS:
            for path in (f"{base}/.well-known/{document}", f"/.well-known/{document}{base}"):
                yield Route(("GET",), path, Public(), told, document, "", name, Cors.ANY, "oauth")
