"""A tenant's console: the applications that ask, what each would open, and the decision (issue 6, item 5)."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from ...access.scopes import Scope
from ...fhir.outcomes import NotFound
from ...registry import narrowing
from ...registry.authorization import CODES, STEPS, Agreement, Narrowing, Said, State, due, now_is
from ...registry.desk import Held
from ...registry.paper import paper
from ...registry.refusal import RegistrationRefused
from ...values import dataclass
from .. import forms, pages, uploads
from ..counter import Filled
from ..exchange import Reply, Request
from ..people import Errors
from ..replies import SANDBOX
from .applications import number
from .letters import told_developer
from .plain import sees
from .plot import bars
from .roles import may
from .room import Room

MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Console:
    """The handlers of `/console/{tenant}` and `/console/{tenant}/applications/{id}`."""

    room: Room

    async def every(self, request: Request) -> Reply:
        """`GET /console/{tenant}`: what waits, first; then what is authorized, and what was."""
        tenant, now = request.known_tenant, self.room.clock()
        held = [asked(one, now) for one in await self.room.desk.shelf.requests(tenant.number)]
        seen = await self.room.usage.seen(tenant.number)
        return self.room.show(
            request, "portal/console.html", "applications", seen=seen, due=due, today=now.date(),
            waiting=[one for one in held if state(one) is State.REQUESTED],
            working=[one for one in held if state(one) in (State.APPROVED, State.SUSPENDED)],
            ended=[one for one in held if state(one) in (State.REFUSED, State.WITHDRAWN, State.EXPIRED)],
        )  # fmt: skip

    async def show(self, request: Request) -> Reply:
        """`GET …/applications/{id}`"""
        return await self._page(request)

    async def decide(self, request: Request) -> Reply:
        """`POST …/applications/{id}`: approve, approve anew, verify, unverify, refuse, suspend, resume or withdraw."""
        filled, sent = await self.room.either(request, uploads.PAPER)
        held = await self._held(request)

        async def work() -> Reply:
            name = filled.one("do", 20)
            if name not in STEPS or STEPS[name].who != "owner":
                raise RegistrationRefused("say what is decided")
            if not may(self.room.account(request).role, "decide"):
                raise NotFound("This is not yours to decide.")
            self.room.fresh(request)
            tenant, actor, place = request.known_tenant, self.room.owner(request), self.room.place(request)
            said = Said(filled.one("code", 40), text(filled, "reason"), number(filled.one("version", 9)))
            if name == "approve":
                allowed = allowed_of(filled, held, self.room.clock())
                agreement = agreement_of(filled)
                done = await self.room.desk.approve(
                    held.registration.id,
                    tenant,
                    allowed,
                    actor,
                    place,
                    said,
                    agreement,
                    paper(sent) if sent else None,
                )
            else:
                done = await self.room.desk.step(name, held.registration.id, tenant, said, actor, place)
            if done.state is not state(held) or name == "approve":
                await told_developer(self.room, held.registration, tenant, done)
            return self.room.done(f"/console/{tenant.id}/applications/{held.registration.id}", name)

        async def again(errors: Errors) -> Reply:
            return await self._page(request, errors, 422, filled)

        return await self.room.attempt(request, f"console/applications/{held.registration.id}", work, again)

    async def agreement(self, request: Request) -> Reply:
        """`GET …/applications/{id}/agreement?digest=`: a file that stood behind an approval, to be saved."""
        held = await self._held(request)
        digest = dict(forms.pairs(request.query)).get("digest", "")
        found = await self.room.desk.shelf.paper(held.registration.id, request.known_tenant.number, digest)
        if found is None:
            raise NotFound("There is no such agreement.")
        headers = [
            (b"content-type", found.kind.encode()),
            (b"content-disposition", f'attachment; filename="{found.name}"'.encode()),
            SANDBOX,
        ]
        return Reply(200, headers, found.body)

    async def _held(self, request: Request) -> Held:
        found = await self.room.desk.shelf.held(request.args["id"], request.known_tenant.number)
        if found is None or found.authorization is None:
            raise NotFound("This organization was not asked by such an application.")
        return asked(found, self.room.clock())

    async def _page(
        self, request: Request, errors: Errors = (), status: int = 200, filled: Filled | None = None
    ) -> Reply:
        held, tenant, now = await self._held(request), request.known_tenant, self.room.clock()
        app = held.registration
        steps = await self.room.desk.shelf.steps(app.id, tenant.number)
        people = [*(one.who for one in steps), *held.members]
        said = held.authorization
        days = await self.room.usage.days(tenant.number, app.id, now - MONTH)
        return self.room.show(
            request, "portal/decision.html", "applications", status=status, errors=errors, app=app, said=said,
            names=await self.room.names(tenant.number, people), steps=steps, codes=CODES, due=due, members=held.members,
            may_decide=may(self.room.account(request).role, "decide"), words=words(held), days=days,
            types=narrowing.types(app.asked), kept=kept(held, filled), filled=shown(held, filled), newer=newer(held),
            plot=bars(days, now.date()),
            refusals=await self.room.usage.refusals(tenant.number, app.id),
            opens=sees(narrowing.wanted(app.asked)),
            logo=pages.shown_here(app.asked.logo), tomorrow=(now + timedelta(days=1)).date(),
            allowed=sees(said.narrowing.scopes) if said and said.narrowing else (),
        )  # fmt: skip


def asked(held: Held, now: datetime) -> Held:
    """As it is at this moment."""
    return replace(held, authorization=held.authorization and now_is(held.authorization, now))


def state(held: Held) -> State | None:
    """Where it stands."""
    return held.authorization.state if held.authorization else None


def newer(held: Held) -> bool:
    """Has the application changed, as an owner sees it, since somebody said yes to it?"""
    said = held.authorization
    if said is None or said.basis is None or said.narrowing is None:
        return False
    basis = held.registration.basis
    same = (basis.name, basis.publisher, basis.type, basis.access) == (
        said.basis.name, said.basis.publisher, said.basis.type, said.basis.access,
    )  # fmt: skip
    return not same


def words(held: Held) -> tuple[str, ...]:
    """The scopes without a type that it asks for: each is allowed by itself."""
    return tuple(one for one in narrowing.wanted(held.registration.asked) if Scope.read(one) is None)


def kept(held: Held, filled: Filled | None) -> frozenset[str]:
    """The types and words that are ticked: as they were sent, as they are allowed, else all."""
    if filled is not None:
        return frozenset((*filled.every("type"), *filled.every("word")))
    asked_for = held.registration.asked
    every = frozenset((*narrowing.types(asked_for), *words(held)))
    allowed = held.authorization.narrowing if held.authorization else None
    if allowed is None:
        return every
    scopes = [one for text_ in allowed.scopes if (one := Scope.read(text_))]
    return frozenset(one for one in every if one in allowed.scopes or any(scope.type in ("*", one) for scope in scopes))


def shown(held: Held, filled: Filled | None) -> dict[str, Any]:
    """What stands in the fields: as it was sent, else as it was decided before."""
    said = held.authorization
    allowed = (said.narrowing if said else None) or narrowing.everything(held.registration.asked)
    signed = (said.agreement if said else None) or Agreement()
    values: dict[str, Any] = {
        "bulk": "yes" if allowed.bulk else "", "groups": "\n".join(allowed.groups),
        "networks": "\n".join(allowed.networks), "lifetime": str(allowed.lifetime or ""),
        "expires": allowed.expires.date().isoformat() if allowed.expires else "", "reason": "", "code": "",
        "parties": signed.parties, "signed": signed.signed, "until": signed.until, "file": signed.file,
    }  # fmt: skip
    return values if filled is None else {name: filled.one(name, 4000) for name in values}


def allowed_of(filled: Filled, held: Held, now: datetime) -> Narrowing:
    """What the form allows. Raises RegistrationRefused."""
    app = held.registration.asked
    types, chosen = frozenset(filled.every("type")), frozenset(filled.every("word"))
    scopes = [one for one in narrowing.wanted(app) if Scope.read(one) is not None or one in chosen]
    return Narrowing(
        scopes=tuple(dict.fromkeys(narrowing.only_types(scopes, types, app))),
        bulk=filled.one("bulk") == "yes",
        groups=tuple(filled.one("groups", 4000).split()),
        networks=narrowing.spelled(filled.one("networks", 4000).split()),
        lifetime=seconds(filled.one("lifetime", 9).strip()),
        expires=last_day(filled.one("expires", 10).strip(), now),
    )


def seconds(given: str) -> int | None:
    """A lifetime. Raises RegistrationRefused."""
    if given and not (given.isascii() and given.isdigit()):
        raise RegistrationRefused(f"lifetime wants seconds, not {given!r}")
    return int(given) if given else None


def last_day(given: str, now: datetime) -> datetime | None:
    """The end of the last day (UTC). Raises RegistrationRefused."""
    if not given:
        return None
    try:
        day = date.fromisoformat(given)
    except ValueError:
        raise RegistrationRefused(f"the last day wants to be such as {now.date().isoformat()}, not {given!r}") from None
    return datetime.combine(day, time.max, UTC)


def agreement_of(filled: Filled) -> Agreement | None:
    """The record of the contract; None where nothing was said. Raises RegistrationRefused."""
    said = Agreement(text(filled, "parties"), text(filled, "signed"), text(filled, "until"), text(filled, "file"))
    for one in (said.signed, said.until):
        try:
            date.fromisoformat(one or "2026-01-01")
        except ValueError:
            raise RegistrationRefused(f"a day of the agreement wants to be such as 2026-01-31, not {one!r}") from None
    return None if said == Agreement() else said


def text(filled: Filled, name: str) -> str:
    """A field of a form, with plain line ends."""
    return filled.one(name, 4000).replace("\r\n", "\n").strip()
