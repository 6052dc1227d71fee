"""For which visit an application is opened (`launch/encounter`), where no EHR has said so."""

from collections.abc import Sequence

from ...oauth.authorization import Choose
from ...oauth.authorize.refusals import ShownRefusal
from ...ports.charts import Encounter
from ...values import dataclass
from .. import pages, texts
from ..counter import Counter
from ..exchange import Reply, Request
from .pick import form
from .steps import Steps, leads_to

NONE = "none"


@dataclass(frozen=True, slots=True)
class Choosing:
    """The handlers of `/auth/{tenant}/visit/{id}`."""

    steps: Steps
    counter: Counter

    async def show(self, request: Request) -> Reply:
        """`GET`"""
        step = await self.steps.next(request, await self.steps.pending(request))
        return self._page(request, step) if isinstance(step, Choose) else self.steps.reply(request, step)

    async def send(self, request: Request) -> Reply:
        """`POST`: the visit, or none of them."""
        pending = await self.steps.pending(request)
        filled = await self.counter.take(request, form(pending))
        step = await self.steps.next(request, pending)
        if not isinstance(step, Choose):
            return self.steps.reply(request, step)
        visit = filled.one("visit", 64)
        if not visit:
            return self._page(request, step, [("visit", pages.say(request)("visit.need"))])
        try:
            chosen = await self.steps.granting.choose(
                request.known_tenant, step.request, request.known_session, "" if visit == NONE else visit
            )
        except ShownRefusal as refused:
            raise pages.Ended(refused.reason) from refused
        return await self.steps.onward(request, chosen)

    def _page(self, request: Request, step: Choose, errors: Sequence[tuple[str, str]] = ()) -> Reply:
        language, path = pages.language_of(request), f"/auth/{request.known_tenant.id}/visit/{step.request.id}"
        request.patients = (step.request.patient,) if step.request.patient else ()
        return self.counter.show(
            request, "visit.html", form(step.request), status=422 if errors else 200, app=step.client.name,
            action=path, errors=errors, leave=path.replace("/visit/", "/leave/"), sends=leads_to(step.request),
            nothing=NONE,
            found=[told(one, language, pages.say(request)) for one in step.visits],
        )  # fmt: skip


def told(one: Encounter, language: str, t: texts.Say) -> dict[str, str]:
    """A visit as the page shows it."""
    when = texts.written(language, one.began) if one.began else t("visit.undated")
    return {"id": one.id, "when": when, "more": ", ".join(word for word in (one.what, one.where) if word)}
