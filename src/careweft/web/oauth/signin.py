"""Signing in for an application that waits, and leaving without it."""

from ...accounts.reception import Reception
from ...oauth.authorization import SignIn
from ...values import dataclass
from ..counter import Counter
from ..exchange import Reply, Request
from ..people import visit
from ..signing import Doorway
from .consent import Consent
from .pick import form
from .steps import Steps, leads_to


@dataclass(frozen=True, slots=True)
class Arriving:
    """What `signing.SigningIn` has to know of an authorization request, and the two ways out of it."""

    people: Reception
    steps: Steps
    counter: Counter
    consent: Consent

    async def find(self, request: Request) -> Doorway | Reply:
        """Where the request waits for somebody to sign in; else the next page."""
        pending = await self.steps.pending(request)
        step = await self.steps.next(request, pending)
        if not isinstance(step, SignIn):
            return self.steps.reply(request, step)
        path = f"/auth/{request.known_tenant.id}/sign-in/{pending.id}"
        return Doorway(
            path, path, form(pending), step.client.name, request.session is not None, leads_to(pending),
            path.replace("/sign-in/", "/leave/"),
        )  # fmt: skip

    async def leave(self, request: Request) -> Reply:
        """`POST /auth/{tenant}/leave/{id}`: back to the application, with nothing."""
        pending = await self.steps.pending(request)
        await self.counter.take(request, form(pending))
        return await self.consent.refused(request, pending)

    async def switch(self, request: Request) -> Reply:
        """`POST /auth/{tenant}/switch/{id}`: it is somebody else who sits here; the session ends, the request too."""
        pending = await self.steps.pending(request)
        await self.counter.take(request, form(pending))
        reply = await self.consent.refused(request, pending)
        if request.session is not None:
            await self.people.sign_in.out(request.known_tenant, request.session, visit(request, self.counter.jar))
        reply.headers.append(self.counter.jar.drop_session(request.known_tenant))
        return reply
