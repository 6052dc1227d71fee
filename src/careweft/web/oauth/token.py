"""The token endpoint over HTTP: https://www.rfc-editor.org/rfc/rfc6749#section-3.2

POST, a form, nothing in the URL (OAUTH-08); no answer is cached (OAUTH-09).
"""

from ...oauth.errors import InvalidRequest, OAuthError
from ...oauth.token import Context
from .. import forms, replies
from ..exchange import Reply, Request
from ..route import Handler
from ..site import Site


def handler(site: Site) -> Handler:
    """The handler of `POST /auth/{tenant}/oauth2/v1/token`."""

    async def token(request: Request) -> Reply:
        try:
            if request.query:
                raise InvalidRequest("parameters belong in the body, not in the URL")
            form = await forms.form(request)
            header = request.headers.get(b"authorization")
            authorization = header.decode("latin-1") if header is not None else None
            context = Context(request.id, request.peer)
            answer = await site.tokens.answer(request.known_tenant, form, authorization, context)
        except OAuthError as refusal:
            return refused(request, refusal)
        return replies.as_json(200, answer, replies.PRAGMA)._replace(recorded=True)

    return token


def refused(request: Request, refusal: OAuthError) -> Reply:
    """The refusal in OAuth's words; its own audit entry, which knows more than we do, is the one to be written."""
    request.entry, request.reason = refusal.entry, f"{refusal.error}: {refusal.description}"
    headers = {name.lower().encode(): value.encode() for name, value in refusal.headers().items()}
    kept = headers.pop(b"cache-control")
    return replies.as_json(refusal.status, refusal.body(), *headers.items(), kept=kept)
