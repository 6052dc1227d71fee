"""What browsers may do from other origins: https://fetch.spec.whatwg.org/#http-cors-protocol, by rows (OAUTH-30).

Any origin may read what is public; the origins that an application of the tenant registered may use its APIs. No reply
allows credentials (cookies): a bearer token is all that counts. The origin "null" is nobody's.
"""

from ..fhir.outcomes import Forbidden
from ..ports.clients import Clients
from ..tenancy import Tenant
from .exchange import Headers, Request
from .route import Cors

EXPOSED = (
    b"ETag, Last-Modified, Location, Content-Location, Retry-After, WWW-Authenticate, X-Request-ID, X-Correlation-Id"
)
ASKED = (
    b"Accept, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Exist, If-None-Match, Prefer, "
    b"X-Request-ID, X-Security-Context"
)
SECONDS = b"600"


async def allowed(request: Request, cors: Cors, tenant: Tenant | None, clients: Clients) -> Headers:
    """The headers that let this request's origin read the reply; none where it may not."""
    origin = request.headers.get(b"origin")
    if origin is None or cors is Cors.NONE or origin == b"null":
        return []
    if cors is Cors.ANY:
        return [(b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", EXPOSED)]
    if tenant is None or origin.decode("latin-1") not in await clients.origins(tenant.number):
        return []
    return [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", EXPOSED)]


async def preflight(request: Request, cors: Cors, tenant: Tenant | None, clients: Clients, allow: bytes) -> Headers:
    """The reply to a browser that asks first; Forbidden for an origin that may not."""
    found = await allowed(request, cors, tenant, clients)
    if not found:
        raise Forbidden("No application of this tenant registered this origin.")
    return [
        found[0],
        (b"access-control-allow-methods", allow),
        (b"access-control-allow-headers", ASKED),
        (b"access-control-max-age", SECONDS),
    ]
