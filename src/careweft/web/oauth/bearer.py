"""The endpoints of the authorization server that take an access token: userinfo, and the launches of EHRs.

https://www.rfc-editor.org/rfc/rfc6750#section-2.1: in the Authorization header and nowhere else.
"""

from ...oauth import jose
from ...oauth.errors import InvalidRequest, MissingToken, OAuthError
from ...oauth.frame import Context
from ...oauth.launch import Launching
from ...oauth.userinfo import UserInfo
from .. import limits, replies
from ..exchange import Reply, Request
from ..route import Handler
from .token import refused

BODY_BYTES = 16 * 1024


def userinfo(endpoint: UserInfo) -> Handler:
    """The handler of `GET` and `POST /auth/{tenant}/oauth2/v1/userinfo`."""

    async def answer(request: Request) -> Reply:
        try:
            told = await endpoint.answer(request.known_tenant, shown(request), Context(request.id, request.peer))
        except OAuthError as refusal:
            return refused(request, refusal)
        return replies.as_json(200, told, replies.PRAGMA)._replace(recorded=True)

    return answer


def launch(endpoint: Launching) -> Handler:
    """The handler of `POST /auth/{tenant}/oauth2/v1/launch`."""

    async def answer(request: Request) -> Reply:
        try:
            bearer, told = shown(request), await body(request)
            made = await endpoint.answer(request.known_tenant, bearer, told, Context(request.id, request.peer))
        except OAuthError as refusal:
            return refused(request, refusal)
        return replies.as_json(201, made, replies.PRAGMA)._replace(recorded=True)

    return answer


def shown(request: Request) -> str:
    """The bearer token of a request. Raises MissingToken."""
    header = request.headers.get(b"authorization", b"").decode("latin-1")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise MissingToken
    return token.strip()


async def body(request: Request) -> object:
    """The JSON of a body of at most 16 KB. Raises InvalidRequest."""
    kind = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind != b"application/json":
        raise InvalidRequest("the body wants Content-Type application/json")
    try:
        return jose.members(await limits.body(request, BODY_BYTES))
    except jose.Unreadable as wrong:
        raise InvalidRequest("the body is no JSON object, or says a name twice") from wrong
