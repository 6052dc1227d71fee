"""The authorization server as one value: every endpoint, over the same clients, keys, permits and clock."""

from ..ports.charts import Charts
from ..ports.keys import Revocations
from ..ports.people import People
from ..ports.permits import Launches, Permits, Requests
from ..values import dataclass
from .afterwards import Introspection, Revocation, Tokens
from .authorization import Granting
from .ending import Ending
from .frame import Frame
from .grants.authorization_code import AuthorizationCode
from .grants.client_credentials import CLIENT_CREDENTIALS
from .grants.refresh_token import RefreshToken
from .launch import Launching
from .pushed import Pushing
from .refresh import Refreshing
from .standing import Alive, Standing
from .token import TokenEndpoint, named
from .tokens import Mint
from .userinfo import UserInfo
from .verifier import Verifier


@dataclass(frozen=True, slots=True)
class Kept:
    """Where the server keeps what people grant."""

    requests: Requests
    permits: Permits
    launches: Launches


@dataclass(frozen=True, slots=True)
class Persons:
    """Whom the server asks about people: accounts, whether a session is still one, whom a person may choose."""

    people: People
    alive: Alive
    charts: Charts


@dataclass(frozen=True, slots=True)
class Server:
    """The endpoints, each by its name."""

    tokens: TokenEndpoint
    introspection: Introspection
    revocation: Revocation
    granting: Granting
    pushing: Pushing
    userinfo: UserInfo
    launching: Launching
    ending: Ending
    permits: Permits


def build(
    frame: Frame,
    mint: Mint,
    verifier: Verifier,
    revocations: Revocations,
    kept: Kept,
    persons: Persons,
    refreshing: Refreshing,
) -> Server:
    """Join the endpoints."""
    standing = Standing(persons.people, persons.alive, persons.charts)
    found = Tokens(verifier, kept.permits, refreshing)
    grants = named(
        AuthorizationCode(kept.permits, standing, refreshing),
        RefreshToken(kept.permits, standing, refreshing),
        CLIENT_CREDENTIALS,
    )
    return Server(
        tokens=TokenEndpoint(mint, frame, grants),
        introspection=Introspection(frame, found),
        revocation=Revocation(frame, found, revocations),
        granting=Granting(
            frame.base_url, frame.clients, kept.requests, kept.permits, kept.launches, persons.charts, frame.now
        ),
        pushing=Pushing(frame, kept.requests),
        userinfo=UserInfo(frame, verifier, persons.people),
        launching=Launching(frame, verifier, kept.launches),
        ending=Ending(frame.base_url, frame.clients, mint.keyring),
        permits=kept.permits,
    )
