"""An application asks that somebody be signed out here: https://openid.net/specs/openid-connect-rpinitiated-1_0.html

Who signs out says so on a page of ours; the browser goes back to an address that the application registered, letter by
letter, or stays (OATK-09). The ID token of the hint may be past its end: it only says for whom and by whom is asked.
"""

from typing import Any
from urllib.parse import urlencode

from ..ports.clients import Client, Clients
from ..ports.permits import Pairs
from ..surfaces import issuers
from ..tenancy import Tenant
from ..values import dataclass
from . import identity, jose
from .authorize.refusals import ShownRefusal
from .keys import ID_ALG, Keyring
from .verifier import moment

NAMED = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales")
LONGEST_STATE = 2000
OURS = {"alg", "typ", "kid"}


@dataclass(frozen=True, slots=True)
class Leaving:
    """What is asked: by which application, where to go then, and of which account the hint tells."""

    client: Client | None = None
    uri: str | None = None
    state: str | None = None
    account: str | None = None
    locales: str | None = None

    @property
    def back(self) -> str | None:
        """The address that the browser goes to in the end, with the application's state."""
        if self.uri is None or self.state is None:
            return self.uri
        return f"{self.uri}{'&' if '?' in self.uri else '?'}{urlencode({'state': self.state})}"


@dataclass(frozen=True, slots=True)
class Ending:
    """The end_session endpoint without HTTP."""

    base_url: str
    clients: Clients
    keyring: Keyring

    async def asked(self, tenant: Tenant, pairs: Pairs) -> Leaving:
        """What these parameters ask. Raises ShownRefusal for what is not the application's to ask."""
        given = {name: value for name, value in pairs if name in NAMED and value}
        if len([name for name, _ in pairs if name in NAMED]) != len({name for name, _ in pairs if name in NAMED}):
            raise ShownRefusal("The link says something twice.", "a parameter was sent more than once")
        hint = await self._hint(tenant, given.get("id_token_hint"))
        client = await self._client(tenant, given.get("client_id"), hint)
        uri, state = given.get("post_logout_redirect_uri"), given.get("state")
        if uri is not None and (client is None or uri not in client.logout_uris):
            raise ShownRefusal(
                "The link wants to return to an address that this application did not register.",
                "unregistered post_logout_redirect_uri",
            )
        if state is not None and len(state) > LONGEST_STATE:
            raise ShownRefusal("The link is too long.", "a state of more than 2000 characters")
        return Leaving(client, uri, state, hint.get("sub"), given.get("ui_locales"))

    async def _hint(self, tenant: Tenant, token: str | None) -> dict[str, Any]:
        """The claims of an ID token that this tenant signed, whenever that was. Raises ShownRefusal."""
        if token is None:
            return {}
        try:
            read = jose.read(token, (ID_ALG,), (identity.TYPE.lower(),))
            key = await self.keyring.find(tenant.number, read.kid)
            good = key is not None and read.claims.get("iss") == issuers.V2.url(self.base_url, tenant.id)
            jose.verify(read, key.public if good and key and read.header.keys() == OURS else {})
            moment(read.claims, "iat"), moment(read.claims, "exp")
        except jose.Untrusted as wrong:
            raise ShownRefusal("The link is not one that we can believe.", f"id_token_hint: {wrong}") from wrong
        return read.claims

    async def _client(self, tenant: Tenant, named: str | None, hint: dict[str, Any]) -> Client | None:
        """The application that asks, registered here and switched on. Raises ShownRefusal."""
        told = hint.get("aud")
        if named is not None and told is not None and named != told:
            raise ShownRefusal("The link names two applications.", "client_id is not the aud of id_token_hint")
        id_ = named if named is not None else told
        if id_ is None:
            return None
        client = await self.clients.find(tenant.number, id_) if isinstance(id_, str) else None
        if client is None or not client.enabled:
            raise ShownRefusal("This application is not registered here, or it was switched off.", "unknown client_id")
        return client
