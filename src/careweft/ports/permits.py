"""What people grant to applications: requests that wait for them, permits, the codes and refresh tokens that hang on a
permit, and the launches of EHRs.
"""

from collections.abc import Callable, Sequence
from dataclasses import field
from datetime import datetime
from typing import Protocol

from ..values import dataclass
from .journal import Entry

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Launched:
    """The context of a launch: ids and relative references, no content. `banner` is need_patient_banner."""

    patient: str | None = None
    encounter: str | None = None
    fhir_context: tuple[str, ...] = ()
    intent: str | None = None
    banner: bool = True


@dataclass(frozen=True, slots=True)
class Pending:
    """An authorization request that waits for a person, for a quarter of an hour.

    `scopes` is what can be granted of what was asked for, as it was spelled; `patient` whom the person picked,
    `encounter` which visit of that patient (empty: none of them);
    `session` and `account` are those of the browser that met it first, and nobody else gets further with it;
    `ehr_user` is for whom an EHR launched, `locales` the languages that the application would like (ui_locales).
    """

    id: str
    tenant: int
    client: str
    surface: str
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str = field(repr=False)
    state: str = field(repr=False)
    created: datetime
    expires: datetime
    nonce: str | None = field(default=None, repr=False)
    prompt: tuple[str, ...] = ()
    max_age: int | None = None
    login_hint: str | None = field(default=None, repr=False)
    locales: str | None = None
    launched: Launched | None = None
    ehr_user: str | None = None
    session: str | None = field(default=None, repr=False)
    account: str | None = None
    patient: str | None = None
    encounter: str | None = None


@dataclass(frozen=True, slots=True)
class Permit:
    """What a person granted to an application; its id is the claim `grant` of every token that hangs on it.

    `scopes` are the granted words exactly, `asked` what could have been; `user` is the person's record, relative;
    `lasting` offline, online, or None where there is no refresh token; `session` where it ends with that session;
    `expires` moves with every refresh and never beyond `limit`; `standing` answers an identical request too, without a
    question.
    """

    id: str
    tenant: int
    account: str
    client: str
    surface: str
    scopes: tuple[str, ...]
    asked: tuple[str, ...]
    redirect_uri: str
    launched: Launched
    auth_time: datetime
    created: datetime
    expires: datetime
    limit: datetime | None = None
    user: str | None = None
    lasting: str | None = None
    session: str | None = field(default=None, repr=False)
    used: datetime | None = None
    ended: datetime | None = None
    generation: int = 0
    rotated: datetime | None = None
    standing: bool = False

    @property
    def patient(self) -> str | None:
        """Whose records it is about, where it is about one patient's."""
        return self.launched.patient

    def in_force(self, now: datetime) -> bool:
        """Not taken back, and not over."""
        return self.ended is None and now < self.expires


@dataclass(frozen=True, slots=True)
class Shared:
    """What people share with one application: in how many permits, of how many people, how many of them only while
    they are signed in, and when one was last used.
    """

    client: str
    permits: int
    people: int
    online: int
    used: datetime | None


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code: what it was bound to when it was given, and what it buys."""

    permit: Permit
    challenge: str = field(repr=False)
    nonce: str | None = field(repr=False)
    expires: datetime
    used: datetime | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """A code, or a refresh token, was shown again that had been used: its permit ended with that."""

    permit: Permit


@dataclass(frozen=True, slots=True)
class Pushed:
    """A pushed authorization request (RFC 9126) that nobody has used yet."""

    client: str
    pairs: Pairs = field(repr=False)


@dataclass(frozen=True, slots=True)
class Launch:
    """What an EHR said when it launched an application: for which client, for which of its users."""

    client: str
    user: str
    launched: Launched
    surface: str


REPLAY = "used before"
"""The reason that ends the permit."""
Check = Callable[[Code], str | None]
"""Why this code buys nothing, REPLAY where it did before, None where it does now."""
Turn = Callable[[Permit], int | str]
"""What a refresh token comes to: the generation that its permit is at from now on, why it buys nothing, or REPLAY."""


class Requests(Protocol):
    """Keeps requests until they are answered, under hashes of their ids."""

    async def begin(self, pending: Pending) -> None:
        """Keep a new request."""
        ...

    async def find(self, tenant: int, id_: str, now: datetime) -> Pending | None:
        """The request of that id, as long as it waits."""
        ...

    async def bind(self, tenant: int, id_: str, session: str, account: str) -> bool:
        """Bind it to the session that meets it first; False where another one did."""
        ...

    async def pick(self, tenant: int, id_: str, session: str, patient: str) -> bool:
        """Note whom the person picked; False where the request is not this session's, or is over."""
        ...

    async def visit(self, tenant: int, id_: str, session: str, encounter: str) -> bool:
        """Note which visit the person picked, empty for none; as `pick`."""
        ...

    async def refuse(self, tenant: int, id_: str, session: str | None, entry: Entry) -> bool:
        """End it without a permit; False where it is not this session's, or is over."""
        ...

    async def push(self, tenant: int, id_: str, pushed: Pushed, expires: datetime) -> None:
        """Keep a pushed request."""
        ...

    async def pulled(self, tenant: int, id_: str, client: str, now: datetime) -> Pairs | None:
        """The pushed request of this client, once."""
        ...


class Permits(Protocol):
    """Keeps permits. Whatever ends one writes its revocation in the same transaction."""

    async def grant(self, pending: Pending, permit: Permit, code: str, expires: datetime, entry: Entry) -> bool:
        """End the request and keep its permit, its code and its audit entry; False where it was answered before."""
        ...

    async def redeem(self, tenant: int, code: str, check: Check, now: datetime) -> Code | Replayed | str:
        """Use the code, once. Of many at once one gets it; a second use ends the permit; str says why not."""
        ...

    async def refresh(
        self, tenant: int, id_: str, turn: Turn, now: datetime, expires: datetime
    ) -> Permit | Replayed | str:
        """Turn the permit to the generation that `turn` says, good until `expires`; one at a time."""
        ...

    async def find(self, tenant: int, id_: str) -> Permit | None:
        """The permit of that id."""
        ...

    async def of_account(self, tenant: int, account: str, now: datetime) -> Sequence[Permit]:
        """What this person granted and is in force, newest first."""
        ...

    async def of_client(self, tenant: int, client: str, now: datetime) -> Sequence[Permit]:
        """What people granted to this application and is in force, newest first."""
        ...

    async def by_client(self, tenant: int, now: datetime) -> Sequence["Shared"]:
        """How much people of this tenant have granted to each application, and is in force."""
        ...

    async def end_client(self, tenant: int, client: str, now: datetime, entry: Entry) -> int:
        """End whatever people granted to this application, with the audit entry; all its tokens here are dead."""
        ...

    async def end(self, tenant: int, ids: Sequence[str], now: datetime, entry: Entry | None = None) -> int:
        """End permits: their tokens are dead for every process within five seconds. Returns how many it ended."""
        ...

    async def end_about(self, tenant: int, account: str, patient: str, now: datetime) -> int:
        """End what this person granted about this patient: the relation between them has ended."""
        ...


class Launches(Protocol):
    """Keeps what EHRs said, under hashes of the handles they were given."""

    async def keep(self, tenant: int, handle: str, launch: Launch, expires: datetime, entry: Entry) -> None:
        """Keep a launch, with its audit entry."""
        ...

    async def redeem(self, tenant: int, handle: str, client: str, surface: str, now: datetime) -> Launch | None:
        """What the handle stands for, once, for the application and the API that it was made for."""
        ...
