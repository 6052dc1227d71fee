"""Between an authorization request and its answer: which page is next, told by `Granting.step` and nobody else."""

from urllib.parse import urlsplit

from ...oauth.authorization import Ask, Choose, Granting, Pick, Send, SignIn, Step
from ...oauth.authorize.refusals import ShownRefusal
from ...oauth.frame import Context
from ...ports.permits import Pending
from ...values import dataclass
from .. import pages
from ..exchange import Reply, Request
from ..guard import EnrolFirst

PATHS = {SignIn: "sign-in", Pick: "pick", Choose: "visit", Ask: "consent"}


@dataclass(frozen=True, slots=True)
class Steps:
    """Finds the request of a page's path and what comes next."""

    granting: Granting

    async def pending(self, request: Request) -> Pending:
        """The request that this page is about; Ended where there is none."""
        found = await self.granting.find(request.known_tenant, request.args["id"])
        if found is None:
            raise pages.Ended
        if request.session is not None and request.session.enrol:
            raise EnrolFirst
        request.client, request.locales = found.client, found.locales
        return found

    async def next(self, request: Request, pending: Pending) -> Step:
        """What the person has to do now; Ended where another browser met the request first."""
        try:
            return await self.granting.step(request.known_tenant, pending, request.session, context(request))
        except ShownRefusal as refused:
            raise pages.Ended(refused.reason) from refused

    async def onward(self, request: Request, pending: Pending) -> Reply:
        """303 to the page of the next step, or to the application."""
        return self.reply(request, await self.next(request, pending))

    def reply(self, request: Request, step: Step) -> Reply:
        """303 to the page of this step, or to the application."""
        if isinstance(step, Send):
            return pages.seen(step.url)._replace(recorded=step.recorded)
        return pages.seen(f"/auth/{request.known_tenant.id}/{PATHS[type(step)]}/{step.request.id}")


def context(request: Request) -> Context:
    """What the authorization server notes of this request."""
    return Context(request.id, request.peer)


def leads_to(pending: Pending) -> list[str]:
    """Where a form about this request may lead in the end: the application's origin, or its own scheme.

    The browser holds every redirect of a form to the page's form-action.
    """
    return [origin(pending.redirect_uri)]


def origin(uri: str) -> str:
    """Where an address leads, as a page's policy says it."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"
