"""Pushed authorization requests: https://www.rfc-editor.org/rfc/rfc9126

The client proves itself and says what it will ask; the browser then carries nothing but a name, good once and for a
minute (OAUTH-31). What is pushed passes the same checks as a request that comes by the browser.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from ..ports.journal import Entry
from ..ports.permits import Pushed, Requests
from ..surfaces import issuers
from ..tenancy import Tenant
from ..values import dataclass
from . import secrets
from .authorization import PAR_URN, asking_of
from .authorize.asked import Asked
from .authorize.redirected import passed
from .authorize.refusals import ShownRefusal
from .authorize.shown import registered_redirect
from .client import Proven
from .errors import InvalidRequest
from .frame import Context, Frame
from .lifetimes import PUSHED
from .request import PROOFS, Credentials
from .scope import within

SECRETS = frozenset(PROOFS) - {"client_id"}


@dataclass(frozen=True, slots=True)
class Pushing:
    """The endpoint. `identifier` makes names of 160 bits."""

    frame: Frame
    requests: Requests
    identifier: Callable[[], str] = secrets.identifier

    async def answer(
        self, tenant: Tenant, form: Sequence[tuple[str, str]], authorization: str | None, context: Context
    ) -> dict[str, Any]:
        """request_uri and how long it is good for. Raises OAuthError, with its entry."""

        async def push(now: datetime) -> dict[str, Any]:
            proven, pairs = await self._proven(tenant, form, authorization, context, now)
            self._check(tenant, proven, pairs)
            name = self.identifier()
            await self.frame.keep(proven, tenant, entry_of(proven, tenant, context, now))
            await self.requests.push(tenant.number, name, Pushed(proven.client.id, pairs), now + PUSHED)
            return {"request_uri": PAR_URN + name, "expires_in": int(PUSHED.total_seconds())}

        return await self.frame.around(tenant, "par", context, push)

    async def _proven(
        self,
        tenant: Tenant,
        form: Sequence[tuple[str, str]],
        authorization: str | None,
        context: Context,
        now: datetime,
    ) -> tuple[Proven, Sequence[tuple[str, str]]]:
        """Who pushes, and what without the proof."""
        given = Asked.read(form)
        if given.repeated & (SECRETS | {"client_id"}):
            raise InvalidRequest("a parameter was sent more than once")
        shown = Credentials.read(dict(given.given), authorization)
        proven = await self.frame.proven(shown, tenant, context, now, public=True)
        rest = [(name, value) for name, value in form if name not in SECRETS and name != "client_id"]
        return proven, [("client_id", proven.client.id), *rest]

    def _check(self, tenant: Tenant, proven: Proven, pairs: Sequence[tuple[str, str]]) -> None:
        """The checks of the authorization endpoint, but for what only a browser can bring."""
        asked, client = Asked.read(pairs), proven.client
        try:
            registered_redirect(asked, client)
        except ShownRefusal as wrong:
            raise InvalidRequest(wrong.reason) from wrong
        asking = asking_of(self.frame.base_url, tenant, client, asked, pushed=True)
        if wrong_ := passed(asking):
            raise wrong_
        within(asked.one("scope") or "", client.scopes, asking.surface)


def entry_of(proven: Proven, tenant: Tenant, context: Context, now: datetime) -> Entry:
    """The audit entry of a pushed request."""
    return Entry(
        at=now,
        tenant=tenant.number,
        action="par",
        surface=issuers.V2.name,
        status=201,
        request_id=context.request_id,
        client=proven.client.id,
        address=context.address,
    )
