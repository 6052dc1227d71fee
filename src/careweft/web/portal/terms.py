"""The terms as developers read and accept them: whoever has not accepted the latest sees this page first."""

from functools import wraps

from ...accounts.changes import AcceptTerms
from ...fhir.outcomes import NotFound
from ...values import dataclass
from .. import pages
from ..exchange import Reply, Request
from ..people import visit
from ..route import Handler
from .room import Room

HERE = "/developers/terms"


def agreed(room: Room, answer: Handler) -> Handler:
    """This handler, for developers who accepted the latest terms; others are led to them."""

    @wraps(answer)
    async def guarded(request: Request) -> Reply:
        if await room.platform.owes(room.account(request).id):
            request.reason = "the terms are to be accepted first"
            return pages.seen(HERE)
        return await answer(request)

    return guarded


@dataclass(frozen=True, slots=True)
class DeveloperTerms:
    """The handlers of `/developers/terms`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET`: for everybody."""
        held = await self.room.platform.terms()
        if held is None:
            raise NotFound("No terms are published.")
        session = request.session
        owes = session is not None and session.account.role == "developer"
        owes = owes and await self.room.platform.owes(self.room.account(request).id)
        paragraphs = [one.strip() for one in held.text.split("\n\n") if one.strip()]
        return self.room.show(request, "portal/terms.html", held=held, paragraphs=paragraphs, owes=owes)

    async def accept(self, request: Request) -> Reply:
        """`POST`: the version that was shown; where there is a later one by now, that is shown next."""
        filled = await self.room.take(request)
        held, account = await self.room.platform.terms(), self.room.account(request)
        if held is None or filled.one("version", 9) != str(held.version):
            return pages.seen(HERE)
        change = AcceptTerms(account.id, held.version, self.room.clock())
        await self.room.people.means.record(
            None, "terms accept", visit(request, self.room.counter.jar), account, [change],
            reason=f"version {held.version}",
        )  # fmt: skip
        return self.room.done("/developers", "accepted")
