"""The endpoints where a client proves itself, over HTTP: https://www.rfc-editor.org/rfc/rfc6749#section-3.2

POST, a form, nothing in the URL (OAUTH-08); no answer is cached (OAUTH-09).
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ...oauth.errors import InvalidRequest, OAuthError
from ...oauth.frame import Context
from ...tenancy import Tenant
from .. import forms, replies
from ..exchange import Reply, Request
from ..route import Handler

Endpoint = Callable[[Tenant, Sequence[tuple[str, str]], str | None, Context], Awaitable[dict[str, Any] | None]]


def handler(endpoint: Endpoint, status: int = 200) -> Handler:
    """The handler of `POST` to this endpoint; one that has nothing to say answers with an empty body."""

    async def answer(request: Request) -> Reply:
        try:
            if request.query:
                raise InvalidRequest("parameters belong in the body, not in the URL")
            form = await forms.form(request)
            header = request.headers.get(b"authorization")
            authorization = header.decode("latin-1") if header is not None else None
            told = await endpoint(request.known_tenant, form, authorization, Context(request.id, request.peer))
        except OAuthError as refusal:
            return refused(request, refusal)
        if told is None:
            return Reply(status, [replies.PRAGMA], recorded=True, kept=replies.NO_STORE)
        return replies.as_json(status, told, replies.PRAGMA)._replace(recorded=True)

    return answer


def refused(request: Request, refusal: OAuthError) -> Reply:
    """The refusal in OAuth's words; its own audit entry, which knows more than we do, is the one to be written."""
    request.entry, request.reason = refusal.entry, f"{refusal.error}: {refusal.description}"
    headers = {name.lower().encode(): value.encode() for name, value in refusal.headers().items()}
    kept = headers.pop(b"cache-control")
    return replies.as_json(refusal.status, refusal.body(), *headers.items(), kept=kept)
