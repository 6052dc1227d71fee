"""How an application proves who it is: https://www.rfc-editor.org/rfc/rfc6749#section-2.3

Basic, the secret in the body, or private_key_jwt; one way each, the one that it is registered for (OAUTH-11). A
client that does not exist, is switched off or is registered for another way gets the answer of a wrong secret, after
the same work.
"""

from datetime import datetime

from ..access.networks import inside
from ..ports.clients import Client, Clients
from ..ports.keys import KeySets
from ..tenancy import Tenant
from ..values import dataclass
from . import secrets
from .assertion import Assertion
from .errors import AccessDenied, InvalidClient
from .request import Credentials

FROM_THERE = "This tenant allows no calls from this network address."
SECRET, KEY, NONE = "secret", "private-key-jwt", "none"


@dataclass(frozen=True, slots=True)
class Known:
    """Who is registered, where their keys are, and what the `aud` of an assertion may say here."""

    clients: Clients
    key_sets: KeySets
    audiences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proven:
    """A client that proved itself; `assertion` still has to be spent."""

    client: Client
    assertion: Assertion | None = None


async def authenticate(
    shown: Credentials, tenant: Tenant, known: Known, address: str | None, now: datetime, *, public: bool = False
) -> Proven:
    """The client that showed this, from `address`; raises InvalidClient, InvalidRequest or AccessDenied.

    `public` takes a client that has nothing to prove itself with by its client_id alone; every other one has to
    authenticate all the same (OAUTH-13).
    """
    if shown.client_assertion is None:
        if public and shown.client_secret is None and shown.client_id is not None:
            return Proven(await by_name(shown, tenant, known.clients, address))
        return Proven(await by_secret(shown, tenant, known.clients, address, now))
    assertion = Assertion.read(shown.client_assertion, shown.client_assertion_type, known.audiences, now)
    if shown.client_id not in (None, assertion.client_id):
        raise InvalidClient("client_id is not the one of the client assertion")
    client = usable(await known.clients.find(tenant.number, assertion.client_id), KEY, address)
    await assertion.authenticate(client, known.key_sets)
    if client is None:
        raise InvalidClient("Invalid client assertion JWT", reason="no such client")
    return Proven(client, assertion)


async def by_name(shown: Credentials, tenant: Tenant, clients: Clients, address: str | None) -> Client:
    """The public client of this client_id: https://www.rfc-editor.org/rfc/rfc6749#section-3.2.1"""
    if shown.client_assertion_type is not None:
        raise InvalidClient("client_assertion_type was sent without client_assertion")
    client = usable(await clients.find(tenant.number, str(shown.client_id)), NONE, address)
    if client is None:
        raise InvalidClient(
            "client authentication is required: Basic, client_secret or client_assertion",
            reason="no such client, or not a public one",
        )
    return client


async def by_secret(shown: Credentials, tenant: Tenant, clients: Clients, address: str | None, now: datetime) -> Client:
    """The client whose secret this is."""
    if shown.client_assertion_type is not None:
        raise InvalidClient("client_assertion_type was sent without client_assertion")
    if shown.client_id is None or shown.client_secret is None:
        raise InvalidClient("client authentication is required: Basic, client_secret or client_assertion")
    client = usable(await clients.find(tenant.number, shown.client_id), SECRET, address)
    good = secrets.matches(shown.client_secret, client.secrets if client else (), now)
    if client is None or not good:
        raise InvalidClient(reason="wrong secret" if client else "no such client, or not with a secret")
    return client


def usable(client: Client | None, method: str, address: str | None) -> Client | None:
    """The client, if it is switched on and registered for this way.

    AccessDenied, before any proof is looked at, where the tenant allows it no calls from `address` (OPS-01).
    """
    if client is not None:
        check_near(client, address)
    return client if client is not None and client.enabled and client.auth == method else None


def check_near(client: Client, address: str | None) -> None:
    """Raise AccessDenied where the tenant allows this application no calls from `address`."""
    if not inside(address, client.networks):
        raise AccessDenied(FROM_THERE, reason=f"{client.id} may not call from this network address")
