"""The authorization endpoint over HTTP, GET and POST alike (SMART-03): https://www.rfc-editor.org/rfc/rfc6749#section-3.1

A good request waits under a name of its own, and the browser goes on to where the person signs in; a bad one goes back
to the application, or is shown where nobody knows whether that is safe. Every redirect is a 303 (OAUTH-28).
"""

from ...oauth.authorization import Granting
from ...oauth.authorize.refusals import RedirectedRefusal, ShownRefusal
from ...oauth.frame import Context
from ...ports.permits import Pairs
from .. import forms, replies
from ..exchange import Reply, Request
from ..route import Handler

SIGN_IN = "/auth/{tenant}/sign-in/{id}"
"""Where a request that waits is taken up."""


def handler(granting: Granting) -> Handler:
    """The handler of `/auth/{tenant}/oauth2/v1/authorize`."""

    async def answer(request: Request) -> Reply:
        tenant = request.known_tenant
        try:
            pending = await granting.begin(tenant, await pairs(request), Context(request.id, request.peer))
        except RedirectedRefusal as refusal:
            request.entry, request.reason = refusal.entry, refusal.reason
            return sent(refusal.url)
        except ShownRefusal as refusal:
            request.entry = refusal.entry
            raise
        return sent(SIGN_IN.replace("{tenant}", tenant.id).replace("{id}", pending.id))

    return answer


async def pairs(request: Request) -> Pairs:
    """The parameters: of a POST those of its form, and none beside it in the URL."""
    if request.method != "POST":
        return forms.pairs(request.query)
    if request.query:
        raise ShownRefusal("The parameters of this request stand in two places.", "a query beside a form")
    return await forms.form(request)


def sent(place: str) -> Reply:
    """On to another page, which nobody keeps."""
    headers = [(b"location", place.encode("ascii", "replace")), (b"referrer-policy", b"no-referrer"), replies.PRAGMA]
    return Reply(303, headers, kept=replies.NO_STORE)
