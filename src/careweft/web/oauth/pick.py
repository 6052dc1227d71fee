"""About whom it is: the list of somebody who acts for several people, the search of a practitioner."""

from collections.abc import Sequence

from ...oauth.authorization import Pick
from ...oauth.authorize.refusals import ShownRefusal
from ...ports.charts import Candidate
from ...ports.permits import Pending
from ...values import dataclass
from .. import pages, texts
from ..counter import Counter
from ..exchange import Reply, Request
from ..relations import word
from .steps import Steps, leads_to

MOST_FOUND = 20


@dataclass(frozen=True, slots=True)
class Picking:
    """The handlers of `/auth/{tenant}/pick/{id}`."""

    steps: Steps
    counter: Counter

    async def show(self, request: Request) -> Reply:
        """`GET`"""
        pending = await self.steps.pending(request)
        step = await self.steps.next(request, pending)
        if not isinstance(step, Pick):
            return self.steps.reply(request, step)
        return self._page(request, step)

    async def send(self, request: Request) -> Reply:
        """`POST`: whom the person chose, or what a practitioner looks for."""
        pending = await self.steps.pending(request)
        filled = await self.counter.take(request, form(pending))
        step = await self.steps.next(request, pending)
        if not isinstance(step, Pick):
            return self.steps.reply(request, step)
        if filled.one("do") == "search":
            return await self._search(request, step, filled.one("text", 200))
        patient = filled.one("patient", 64)
        if not patient:
            return self._page(request, step, [("patient", pages.say(request)("pick.need"))])
        try:
            chosen = await self.steps.granting.pick(request.known_tenant, pending, request.known_session, patient)
        except ShownRefusal as refused:
            raise pages.Ended(refused.reason) from refused
        request.patients = (patient,)
        return await self.steps.onward(request, chosen)

    async def _search(self, request: Request, step: Pick, text: str) -> Reply:
        granting, session = self.steps.granting, request.known_session
        if not text.strip():
            return self._page(request, step, [("text", pages.say(request)("pick.need_text"))])
        found = await granting.search(request.known_tenant, step.request, session, text)
        request.patients = tuple(one.patient for one in found)
        return self._page(request, step, (), text, found)

    def _page(
        self,
        request: Request,
        step: Pick,
        errors: Sequence[tuple[str, str]] = (),
        text: str = "",
        found: Sequence[Candidate] | None = None,
    ) -> Reply:
        language, path = pages.language_of(request), f"/auth/{request.known_tenant.id}/pick/{step.request.id}"
        shown = found if step.searches else step.candidates
        return self.counter.show(
            request, "search.html" if step.searches else "pick.html", form(step.request), app=step.client.name,
            action=path, leave=path.replace("/pick/", "/leave/"), errors=errors, sends=leads_to(step.request),
            text=text, more=found is not None and len(found) >= MOST_FOUND,
            found=None if shown is None else [told(one, language) for one in shown],
        )  # fmt: skip


def form(pending: Pending) -> str:
    """The name of the forms about this request."""
    return f"request {pending.id}"


def told(one: Candidate, language: str) -> dict[str, str]:
    """A candidate as the page shows it."""
    return {
        "patient": one.patient,
        "name": one.name,
        "word": word(one.relation),
        "born": texts.written(language, one.born),
    }
