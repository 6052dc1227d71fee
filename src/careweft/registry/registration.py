"""One application, registered once: who shares it, what it asks for, its secrets, and its row in each tenant."""

from collections.abc import Callable
from dataclasses import field, fields, replace
from datetime import datetime, timedelta

from ..ports.clients import Client
from ..values import dataclass
from .application import CHECKS, Application
from .authorization import Authorization, Basis, State
from .narrowing import wanted, within
from .refusal import RegistrationRefused

OVERLAP = timedelta(days=30)
MOST_SECRETS = 3
ALIKE = tuple({one.name for one in fields(Client)} & {one.name for one in fields(Application)})
"""What a client takes over from its application as it stands."""


@dataclass(frozen=True, slots=True)
class Registration:
    """`id` is the client_id in every tenant; `team` None where an operator registered it in a terminal."""

    id: str
    team: str | None
    asked: Application
    secrets: tuple[tuple[bytes, datetime | None], ...] = field(default=(), repr=False)
    version: int = 1
    created: datetime | None = None
    changed: datetime | None = None
    removed: datetime | None = None

    @property
    def basis(self) -> Basis:
        """What an owner sees and says yes to."""
        return Basis(self.asked.name, self.asked.type, self.asked.access, self.asked.publisher, self.version)


def edited(held: Registration, asked: Application) -> Registration:
    """The registration with other answers. Raises RegistrationRefused.

    An application that does not prove itself by a secret any more has none.
    """
    for check in CHECKS:
        check(asked)
    kept = held.secrets if asked.auth == "secret" else ()
    return replace(held, asked=asked, secrets=kept, version=held.version + 1)


def rotated(held: Registration, made: bytes, overlap: timedelta, now: datetime) -> Registration:
    """With a new secret, of which `made` is kept; those of before end after `overlap`. Raises RegistrationRefused."""
    if held.asked.auth != "secret":
        raise RegistrationRefused("this application proves itself by other means than a secret")
    if not timedelta(0) <= overlap <= OVERLAP:
        raise RegistrationRefused(f"an old secret is good for at most {OVERLAP.days} days more")
    end = now + overlap
    old = [(hash_, end if until is None else min(until, end)) for hash_, until in held.secrets]
    left = tuple((hash_, until) for hash_, until in old if until > now)
    if len(left) >= MOST_SECRETS:
        raise RegistrationRefused(f"at most {MOST_SECRETS} secrets are good at once: let one end first")
    return replace(held, secrets=(*left, (made, None)), version=held.version + 1)


def removed(held: Registration, now: datetime) -> Registration:
    """Gone for good, with its secrets."""
    return replace(held, removed=now, secrets=(), version=held.version + 1)


def client_of(held: Registration, decided: Authorization) -> Client:
    """The application's row in the tenant that decided this.

    What names it to people (name, publisher, type, access) is as the owner saw it; what it may do is what both
    sides said; the rest follows the registration.
    """
    asked, allowed = held.asked, decided.narrowing
    alive = held.removed is None
    client = Client(
        **{name: getattr(asked, name) for name in ALIKE},
        id=held.id,
        tenant=decided.tenant,
        secrets=held.secrets,
        approved=alive and decided.state in (State.APPROVED, State.SUSPENDED),
        enabled=alive and decided.state is not State.SUSPENDED,
    )
    client = replace(client, scopes=wanted(asked))
    if allowed is None or decided.basis is None:
        return client
    return replace(
        client,
        name=decided.basis.name,
        type=decided.basis.type,
        access=decided.basis.access,
        publisher=decided.basis.publisher,
        verified=decided.basis.verified,
        scopes=within(allowed.scopes, wanted(asked)),
        bulk=allowed.bulk and asked.bulk,
        groups=allowed.groups,
        networks=allowed.networks,
        lifetime=allowed.lifetime or asked.lifetime,
        expires=allowed.expires,
    )


Change = Callable[[Registration], Registration]
