"""Signing out because an application asks: https://openid.net/specs/openid-connect-rpinitiated-1_0.html

Nobody is signed out by a link: the person says so on the page that the link leads to.
"""

from ...accounts.reception import Reception
from ...oauth.authorize.refusals import ShownRefusal
from ...oauth.ending import Ending, Leaving
from ...ports.people import Session
from ...values import dataclass
from .. import forms, pages
from ..counter import Counter
from ..exchange import Reply, Request
from ..people import visit
from .steps import origin

FORM = "end-session"


@dataclass(frozen=True, slots=True)
class Logout:
    """The handlers of `/auth/{tenant}/oauth2/v1/logout` and of the form that it shows."""

    ending: Ending
    people: Reception
    counter: Counter

    async def show(self, request: Request) -> Reply:
        """`GET` and `POST`, as the application asks: the question, or what is left to do where nobody is signed in."""
        given = forms.pairs(request.query)
        if request.method == "POST":
            if given:
                raise ShownRefusal("The parameters of this request stand in two places.", "a query beside a form")
            given, request.form = await forms.form(request), None
        asked = await self.ending.asked(request.known_tenant, given)
        return self._question(request, asked) if request.session is not None else self._gone(request, asked)

    async def send(self, request: Request) -> Reply:
        """`POST /auth/{tenant}/sign-out`: yes. What the form carries is believed no more than the link was."""
        filled = await self.counter.take(request, FORM)
        kept = [(name, filled.one(name, 2000)) for name in ("client_id", "post_logout_redirect_uri", "state")]
        asked = await self.ending.asked(request.known_tenant, [pair for pair in kept if pair[1]])
        session = request.session
        if session is not None:
            await self.people.sign_in.out(request.known_tenant, session, visit(request, self.counter.jar))
        return self._gone(request, asked, session)

    def _question(self, request: Request, asked: Leaving) -> Reply:
        self._note(request, asked)
        tenant, session = request.known_tenant, request.known_session
        return self.counter.show(
            request, "logout.html", FORM, action=f"/auth/{tenant.id}/sign-out", app=_name(asked), asked=asked,
            client=asked.client.id if asked.client else "", name=session.account.name,
            stay=f"/account/{tenant.id}/home",
            sends=[origin(asked.uri)] if asked.uri else (), ended=False,
        )  # fmt: skip

    def _gone(self, request: Request, asked: Leaving, session: Session | None = None) -> Reply:
        """Nobody is signed in any more: back to the application, or a page that says so."""
        self._note(request, asked)
        dropped = self.counter.jar.drop_session(request.known_tenant)
        if asked.back is not None:
            return pages.seen(asked.back, dropped)._replace(recorded=session is not None)
        request.session = None
        shown = pages.page(
            request, "logout.html", headers=[dropped], app=_name(asked), ended=True,
            again=f"/account/{request.known_tenant.id}/sign-in",
        )  # fmt: skip
        return shown._replace(recorded=session is not None)

    def _note(self, request: Request, asked: Leaving) -> None:
        request.locales = asked.locales
        if asked.client is not None:
            request.client = asked.client.id


def _name(asked: Leaving) -> str | None:
    return asked.client.name if asked.client else None
