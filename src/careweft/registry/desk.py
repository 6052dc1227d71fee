"""What developers and owners do with applications: each action with its checks, its audit entry and its effect.

The rows of `client`, which requests are answered from, follow in the same transaction (ADR 601).
"""

from collections.abc import Callable, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from ..ports.clock import Clock
from ..ports.journal import Entry
from ..ports.registry import Member, Place
from ..tenancy import Tenant
from ..values import dataclass
from . import authorization, registration
from .application import CHECKS, Application
from .authorization import CLOCK, Actor, Agreement, Authorization, Narrowing, NotAllowed, Said, State, now_is
from .narrowing import checked, everything
from .paper import Paper
from .refusal import RegistrationRefused
from .registration import Change, Registration

MOST_APPLICATIONS = 100
MOST_DRAFTS = 20


class NoSuchApplication(RegistrationRefused):
    """There is no such application, or it is not yours."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a step is decided from: read and locked in the transaction that writes what it comes to."""

    registration: Registration
    authorization: Authorization | None
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Former:
    """One version of a registration: when, who, what was done, and what it said."""

    version: int
    at: datetime
    who: str
    what: str
    asked: Application


@dataclass(frozen=True, slots=True)
class Taken:
    """One step of an authorization, as it happened."""

    at: datetime
    who: str
    step: str
    state: State
    code: str
    reason: str
    agreement: str = ""
    """The digest of the agreement that stood behind an approval."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A guided set-up that was begun."""

    id: str
    account: str
    answers: dict[str, Any]
    changed: datetime


Decision = Callable[[Held], Authorization]


class Shelf(Protocol):
    """Keeps registrations, decisions and teams. Every method raises Unavailable."""

    async def find(self, id_: str) -> Registration | None:
        """The application of this id, unless it was removed."""
        ...

    async def of(self, account: str) -> Sequence[Registration]:
        """The applications of the teams of this account, newest first."""
        ...

    async def members(self, id_: str) -> Sequence[Member]:
        """Who shares this application."""
        ...

    async def team(self, account: str, name: str) -> str:
        """The id of the team that this account owns, made under `name` where there is none."""
        ...

    async def share(self, id_: str, member: Member | None, account: str, entry: Entry) -> None:
        """Make `account` a member of the application's team, or none any more."""
        ...

    async def add(self, new: Registration, who: str, entry: Entry) -> None:
        """Keep a new registration, with its first version."""
        ...

    async def change(self, id_: str, what: str, change: Change, who: str, entry: Entry) -> Registration | None:
        """Change a registration and its row in every tenant; None where there is none."""
        ...

    async def decide(
        self, id_: str, tenant: int, step: str, decision: Decision, entry: Entry, paper: Paper | None = None
    ) -> Authorization | None:
        """Take a step, and write the application's row in this tenant, with the file of its agreement; None where there
        is no such application.
        """
        ...

    async def paper(self, id_: str, tenant: int, digest: str) -> Paper | None:
        """The file of an agreement between an application and a tenant."""
        ...

    async def authorizations(self, id_: str) -> Sequence[Authorization]:
        """What every tenant that was asked decided, oldest request first."""
        ...

    async def requests(self, tenant: int) -> Sequence[Held]:
        """Every application that asked this tenant, the latest first."""
        ...

    async def held(self, id_: str, tenant: int) -> Held | None:
        """An application as one tenant sees it."""
        ...

    async def overdue(self, now: datetime) -> Sequence[tuple[str, int]]:
        """What is allowed although its day is over: application and tenant."""
        ...

    async def steps(self, id_: str, tenant: int) -> Sequence[Taken]:
        """What happened between an application and a tenant, in order."""
        ...

    async def history(self, id_: str) -> Sequence[Former]:
        """Every version of a registration, the latest first."""
        ...

    async def drafts(self, account: str) -> Sequence[Draft]:
        """What this account has begun, the latest first."""
        ...

    async def keep(self, draft: Draft) -> None:
        """Keep the answers so far."""
        ...

    async def drop(self, account: str, id_: str) -> bool:
        """Forget a draft; False where somebody was quicker, or there was none."""
        ...


@dataclass(frozen=True, slots=True)
class Shown:
    """A registration, and its new secret: this is the only time that it can be seen."""

    registration: Registration
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Desk:
    """`identifier`, `secret` and `digest` as `application.register` has them; `fetch_allow` as Application."""

    shelf: Shelf
    now: Clock
    identifier: Callable[[], str]
    secret: Callable[[], str]
    digest: Callable[[str], bytes]
    fetch_allow: frozenset[str] = frozenset()

    async def register(self, asked: Application, team: str | None, actor: Actor, place: Place) -> Shown:
        """A new application of a team, or of the operator. Raises RegistrationRefused."""
        asked = replace(asked, fetch_allow=self.fetch_allow)
        for check in CHECKS:
            check(asked)
        if team is not None and len(await self.shelf.of(actor.id)) >= MOST_APPLICATIONS:
            raise RegistrationRefused(f"a developer has at most {MOST_APPLICATIONS} applications")
        now = self.now()
        shown = self.secret() if asked.auth == "secret" else None
        secrets = () if shown is None else ((self.digest(shown), None),)
        made = Registration(self.identifier(), team, asked, secrets, created=now, changed=now)
        await self.shelf.add(made, actor.id, place.entry(now, "app create", actor.id, None, made.id))
        return Shown(made, shown)

    async def edit(self, id_: str, asked: Application, actor: Actor, place: Place) -> Registration:
        """Other answers; every tenant's row follows as far as its owner's yes goes. Raises RegistrationRefused."""
        asked = replace(asked, fetch_allow=self.fetch_allow)
        return await self._changed(id_, "app edit", lambda held: registration.edited(held, asked), actor, place)

    async def rotate(self, id_: str, overlap: timedelta, actor: Actor, place: Place) -> Shown:
        """A new secret; those of before are good for `overlap` more. Raises RegistrationRefused."""
        made, now = self.secret(), self.now()
        kept = self.digest(made)
        found = await self._changed(
            id_, "app rotate", lambda held: registration.rotated(held, kept, overlap, now), actor, place
        )
        return Shown(found, made)

    async def remove(self, id_: str, actor: Actor, place: Place) -> None:
        """The application is gone, and its tokens are dead in every tenant. Raises RegistrationRefused."""
        now = self.now()
        await self._changed(id_, "app remove", lambda held: registration.removed(held, now), actor, place)

    async def ask(self, id_: str, tenant: Tenant, message: str, actor: Actor, place: Place) -> Authorization:
        """Ask a tenant; one that is a sandbox says yes at once. Raises RegistrationRefused."""
        now = self.now()

        def decision(held: Held) -> Authorization:
            asked = authorization.asked(held.authorization, (id_, tenant.number), actor, held.members, message, now)
            return at_once(asked, held.registration, now) if tenant.sandbox else asked

        return await self._decided(id_, tenant, "request", decision, actor, place)

    async def approve(
        self,
        id_: str,
        tenant: Tenant,
        narrowing: Narrowing | None,
        actor: Actor,
        place: Place,
        said: Said = Said(),  # noqa: B008  frozen, and empty
        agreement: Agreement | None = None,
        paper: Paper | None = None,
    ) -> Authorization:
        """Say yes to all of it (`narrowing` None) or to less, also anew; the agreement of before, and its file, stand
        until others come. Raises RegistrationRefused.
        """
        now = self.now()

        def decision(held: Held) -> Authorization:
            taken = authorization.take(held.authorization, "approve", actor, held.members, said, now)
            asked = held.registration.asked
            allowed = checked(narrowing or everything(asked), asked, now)
            basis = authorization.seen_anew(taken.basis, held.registration.basis)
            signed = agreement_of(agreement, taken.agreement, paper)
            return replace(taken, narrowing=allowed, basis=basis, agreement=signed)

        return await self._decided(id_, tenant, "approve", decision, actor, place, paper)

    async def step(self, name: str, id_: str, tenant: Tenant, said: Said, actor: Actor, place: Place) -> Authorization:
        """Verify, unverify, refuse, suspend, resume, withdraw, leave or expire. Raises RegistrationRefused."""
        now = self.now()
        return await self._decided(
            id_,
            tenant,
            name,
            lambda held: authorization.take(held.authorization, name, actor, held.members, said, now),
            actor,
            place,
        )

    async def expire(self, id_: str, tenant: Tenant) -> Authorization | None:
        """The day of what was allowed is over; None where somebody decided otherwise meanwhile."""
        now, place = self.now(), Place("job", self.identifier())

        def decision(held: Held) -> Authorization:
            said = held.authorization
            if said is None or now_is(said, now).state is not State.EXPIRED:
                raise authorization.Conflict
            return authorization.take(said, "expire", CLOCK, held.members, Said(), now)

        try:
            return await self._decided(id_, tenant, "expire", decision, CLOCK, place)
        except RegistrationRefused:
            return None

    async def owners(self, id_: str) -> Sequence[str]:
        """The accounts that own an application's team."""
        return [one.account for one in await self.shelf.members(id_) if one.role == "owner"]

    async def share(self, id_: str, account: str, role: str | None, actor: Actor, place: Place) -> None:
        """Let another developer share the application's team, or no more (`role` None); owners of the team decide.

        The last owner stays. Raises RegistrationRefused.
        """
        members = {one.account: one for one in await self.shelf.members(id_)}
        if actor.who != authorization.OPERATOR and (actor.id not in members or members[actor.id].role != "owner"):
            raise NotAllowed
        now = self.now()
        owners = [one for one in members.values() if one.role == "owner" and one.account != account]
        if not owners and role != "owner":
            raise RegistrationRefused("a team keeps at least one owner")
        member = None if role is None else Member(account, role, now)
        await self.shelf.share(id_, member, account, place.entry(now, "app share", actor.id, None, id_))

    async def _changed(self, id_: str, action: str, change: Change, actor: Actor, place: Place) -> Registration:
        now = self.now()
        if actor.who != authorization.OPERATOR and actor.id not in {
            one.account for one in await self.shelf.members(id_)
        }:
            raise NoSuchApplication
        entry = place.entry(now, action, actor.id, None, id_)
        found = await self.shelf.change(id_, action, change, actor.id, entry)
        if found is None:
            raise NoSuchApplication
        return found

    async def _decided(
        self,
        id_: str,
        tenant: Tenant,
        name: str,
        decision: Decision,
        actor: Actor,
        place: Place,
        paper: Paper | None = None,
    ) -> Authorization:
        entry = place.entry(self.now(), f"app {name}", actor.id, tenant.number, id_)
        if paper is not None:
            entry = entry._replace(reason=f"agreement sha256 {paper.digest}")
        found = await self.shelf.decide(id_, tenant.number, name, decision, entry, paper)
        if found is None:
            raise NoSuchApplication
        return found


def agreement_of(said: Agreement | None, before: Agreement | None, paper: Paper | None) -> Agreement | None:
    """What stands behind an approval: what was said with it, else before; with the file that came last."""
    found, digest = said or before, paper.digest if paper else before.digest if before else ""
    return replace(found or Agreement(), digest=digest) if found or digest else None


def at_once(asked: Authorization, held: Registration, now: datetime) -> Authorization:
    """A sandbox says yes to everything, and is asked nothing."""
    return replace(
        asked,
        state=State.APPROVED,
        decided=now,
        decided_by="sandbox",
        narrowing=everything(held.asked),
        basis=held.basis,
    )
