"""The Groups that a tenant defines: what each comes to, a new one counted before it is kept (ADR 502)."""

from collections.abc import Awaitable
from dataclasses import field
from typing import TypeVar

from ...fhir.outcomes import FhirRefusal, NotFound, Unavailable
from ...insight.groups.keep import Actor, Groups, Preview
from ...insight.groups.refusal import DefinitionRefused, NoSuchGroup
from ...ports.groups import Defined
from ...registry.refusal import RegistrationRefused
from ...values import dataclass
from ..exchange import Reply, Request
from ..people import Errors
from .room import SURFACE, Room

EVERY = {"3600": "every hour", "86400": "every day", "604800": "every week"}
LONGEST = 60_000
HERE = "console/groups"
Fields = dict[str, str]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows beside the list."""

    filled: Fields = field(default_factory=dict)
    counted: Preview | None = None
    errors: Errors = ()
    status: int = 200


@dataclass(frozen=True, slots=True)
class GroupsPage:
    """The handlers of `/console/{tenant}/groups`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET`"""
        return await self._page(request, Shown())

    async def define(self, request: Request) -> Reply:
        """`POST`: count what a definition comes to, or keep it."""
        filled = await self.room.take(request)
        said = {name: filled.one(name, 200).strip() for name in ("name", "every", "withheld", "do")}
        said["definition"] = filled.one("definition", LONGEST).replace("\r\n", "\n")
        withheld = said["withheld"] == "yes"
        groups, actor = await self._groups(request), self._actor(request)

        async def work() -> Reply:
            if said["do"] != "create":
                counted = await refused(groups.preview(said["definition"], actor, withheld=withheld))
                shown = await self._page(request, Shown(said, counted))
                return shown._replace(recorded=True)
            self.room.fresh(request)
            wanted = Defined("", said["name"], said["definition"], withheld=withheld, every=every(said["every"]))
            await refused(groups.create(wanted, actor))
            return self.room.done(f"/console/{request.known_tenant.id}/groups", "defined")

        async def again(errors: Errors) -> Reply:
            return await self._page(request, Shown(said, None, errors, 422))

        return await self.room.attempt(request, HERE, work, again)

    async def change(self, request: Request) -> Reply:
        """`POST …/groups/change`: evaluate one now, or delete it."""
        filled = await self.room.take(request)
        groups, actor, id_ = await self._groups(request), self._actor(request), filled.one("group", 64)

        async def work() -> Reply:
            self.room.fresh(request)
            deletes = filled.one("do", 10) == "delete"
            if deletes:
                await refused(groups.delete(id_, actor))
            else:
                await refused(groups.refresh(id_, actor))
            said = "deleted" if deletes else "refreshed"
            return self.room.done(f"/console/{request.known_tenant.id}/groups", said)

        async def again(errors: Errors) -> Reply:
            return await self._page(request, Shown({}, None, errors, 422))

        return await self.room.attempt(request, HERE, work, again)

    async def _groups(self, request: Request) -> Groups:
        return await self.room.groups(request.known_tenant)

    def _actor(self, request: Request) -> Actor:
        return Actor(SURFACE, request.id, self.room.account(request).id, request.peer)

    async def _page(self, request: Request, shown: Shown) -> Reply:
        defined = await (await self._groups(request)).definitions.all()
        return self.room.show(
            request, "portal/groups.html", "groups", status=shown.status, errors=shown.errors, groups=defined,
            filled=shown.filled, counted=shown.counted, every=list(EVERY.items()), often=EVERY,
        )  # fmt: skip


async def refused(work: Awaitable[T]) -> T:
    """What the engine says; its refusals as the page tells them. Raises RegistrationRefused, NotFound, Unavailable."""
    try:
        return await work
    except Unavailable:
        raise
    except NoSuchGroup as missing:
        raise NotFound("There is no such Group here.") from missing
    except DefinitionRefused as wrong:
        raise RegistrationRefused(str(wrong)) from wrong
    except FhirRefusal as wrong:
        raise RegistrationRefused(wrong.message) from wrong


def every(text: str) -> int:
    """Seconds between evaluations. Raises RegistrationRefused."""
    if text not in EVERY:
        raise RegistrationRefused("say how often it is evaluated")
    return int(text)
