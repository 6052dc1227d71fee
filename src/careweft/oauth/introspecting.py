"""Who may ask what a token is good for: a client that proves itself, or one that shows an access token of its own.

https://www.rfc-editor.org/rfc/rfc7662#section-2.1
"""

from collections.abc import Sequence
from datetime import datetime

from ..fhir.outcomes import LoginRequired
from ..surfaces import issuers
from ..tenancy import Tenant
from ..values import dataclass
from .client import Proven
from .errors import InvalidRequest, InvalidToken
from .frame import Context, Frame
from .request import AboutToken
from .verifier import Verifier

BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class Asker:
    """A client; `proven` is how it proved itself, None where an access token speaks for it."""

    client: str
    proven: Proven | None

    def may_ask_about(self, client: str) -> bool:
        """Who proved itself may ask about any token of the tenant (D-09), who shows a bearer about its own."""
        return self.proven is not None or self.client == client


async def asker(
    frame: Frame,
    verifier: Verifier,
    tenant: Tenant,
    form: Sequence[tuple[str, str]],
    authorization: str | None,
    context: Context,
    now: datetime,
) -> tuple[AboutToken, Asker]:
    """What is asked, and by whom. Raises InvalidClient, InvalidRequest, InvalidToken."""
    if authorization is None or authorization[: len(BEARER)].lower() != BEARER:
        request = AboutToken.read(form, authorization)
        proven = await frame.proven(request.credentials, tenant, context, now)
        return request, Asker(proven.client.id, proven)
    request = AboutToken.read(form, None)
    if request.credentials.client_secret or request.credentials.client_assertion:
        raise InvalidRequest("a bearer token and a client's proof were both sent; use one way to authenticate")
    try:
        shown = await verifier.tell(authorization[len(BEARER) :].strip(), tenant, issuers.V2)
    except LoginRequired as wrong:
        raise InvalidToken from wrong
    return request, Asker(shown.caller.client, None)
