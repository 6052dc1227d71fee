"""What the authorization server publishes: its metadata (RFC 8414, OpenID Connect Discovery), its keys (RFC 7517)."""

from ...oauth.discovery import Discovery
from ...oauth.keys import MAX_AGE
from ...oauth.style import STYLE
from ...surfaces.issuers import Issuer
from .. import replies
from ..exchange import Reply, Request
from ..route import Handler
from ..site import Site

KEPT = b"public, max-age=300"
KEYS_KEPT = b"public, max-age=%d" % MAX_AGE.total_seconds()


def metadata(site: Site, issuer: Issuer) -> Handler:
    """The handler of every form of the metadata's URL."""
    discovery = Discovery(site.base_url)

    async def answer(request: Request) -> Reply:
        return replies.as_json(200, discovery.metadata(request.known_tenant, issuer), kept=KEPT)

    return answer


def style(_: Site) -> Handler:
    """The handler of `GET /auth/{tenant}/oauth2/v1/style.json`."""

    async def answer(request: Request) -> Reply:
        own = {f"color_{name}": value for name, value in request.known_tenant.look.colours.items()}
        return replies.as_json(200, {**STYLE, **own}, kept=KEPT)

    return answer


def jwks(site: Site) -> Handler:
    """The handler of `GET /auth/{tenant}/oauth2/v1/jwks`; a key is published for longer than this is cached."""

    async def answer(request: Request) -> Reply:
        return replies.as_json(200, await site.keyring.jwks(request.known_tenant), kept=KEYS_KEPT)

    return answer
