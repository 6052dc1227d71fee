"""The guided set-up, for a new application and for changes to one: a page for each step, with Back, and a review."""

from dataclasses import replace
from typing import Any

from ...fhir.outcomes import NotFound
from ...oauth.secrets import identifier
from ...registry import picker, setup
from ...registry.application import Application, usual
from ...registry.desk import MOST_DRAFTS, Draft
from ...registry.pictures import made_anew
from ...registry.refusal import RegistrationRefused
from ...registry.registration import Registration
from ...values import dataclass
from .. import pages
from ..counter import Filled
from ..exchange import Reply, Request
from ..people import Errors
from .room import Room, sentence

OF = "of"
"""The answer that names the application which is changed; a new one has none."""
LOGO = "logo"
"""The answer that names a logo, "" for none any more; where there is no answer, a changed application keeps its own."""
KEPT = ("lifetime", "require_par", "refresh_days", "refresh_limit", "grace")
"""What the set-up does not ask, and so leaves as it is."""


@dataclass(frozen=True, slots=True)
class Wizard:
    """The handlers of `/developers/new` and `/developers/drafts/{id}/{step}`."""

    room: Room

    async def begin(self, request: Request) -> Reply:
        """`POST …/new`: an empty draft, and its first step."""
        await self.room.take(request)
        return await self._begun(request, {})

    async def edit(self, request: Request) -> Reply:
        """`POST …/applications/{id}/edit`: a draft of what the application is now, and its review."""
        await self.room.take(request)
        held = await own(self.room, request)
        return await self._begun(request, {**setup.answers_of(held.asked), OF: held.id}, "review")

    async def _begun(self, request: Request, answers: dict[str, Any], step: str = "type") -> Reply:
        shelf = self.room.desk.shelf
        draft = Draft(identifier(), self.room.account(request).id, answers, self.room.clock())
        for old in (await shelf.drafts(draft.account))[MOST_DRAFTS - 1 :]:
            await shelf.drop(old.account, old.id)
        await shelf.keep(draft)
        return pages.seen(f"/developers/drafts/{draft.id}/{step}")

    async def drop(self, request: Request) -> Reply:
        """`POST …/drafts/{id}/drop`"""
        await self.room.take(request)
        await self.room.desk.shelf.drop(self.room.account(request).id, request.args["id"])
        return pages.seen("/developers")

    async def show(self, request: Request) -> Reply:
        """`GET …/drafts/{id}/{step}`"""
        draft = await self._draft(request)
        step = self._step(request)
        if step not in setup.steps(draft.answers):
            return pages.seen(f"/developers/drafts/{draft.id}/type")
        if step == "review":
            if (wanted := setup.first_open(draft.answers)) != "review":
                return pages.seen(f"/developers/drafts/{draft.id}/{wanted}")
            return await self._review(request, draft)
        return await self._page(request, draft, step)

    async def send(self, request: Request) -> Reply:
        """`POST …/drafts/{id}/{step}`: the answers of a step, and the next one."""
        step = self._step(request)
        filled, sent = await self.room.receive(request) if step == "details" else (await self.room.take(request), b"")
        draft, given = await self._draft(request), read(filled, step)
        try:
            draft = await self._pictured(draft, filled, sent)
            answers = setup.answered(draft.answers, step, given)
            if step in ("details", "scopes"):
                checked(answers)
        except RegistrationRefused as refused:
            tried = replace(draft, answers={**draft.answers, **given})
            return await self._page(request, tried, step, [(refused.field, sentence(refused))], 422)
        await self.room.desk.shelf.keep(replace(draft, answers=answers, changed=self.room.clock()))
        _, after = setup.neighbours(step, answers)
        onward = "review" if draft.answers.get(OF) and step != "type" else after
        return pages.seen(f"/developers/drafts/{draft.id}/{onward or 'review'}")

    async def _pictured(self, draft: Draft, filled: Filled, sent: bytes) -> Draft:
        """With the logo that was sent, or without one; kept at once: a page that comes back cannot fill in a file.

        Raises PictureRefused (WEB-02).
        """
        if sent:
            body = made_anew(sent)
            await self.room.hang(f"draft {draft.id}", body)
            told = self.room.shown_at(body)
        elif filled.one(LOGO, 10) == "remove":
            told = ""
        else:
            return draft
        new = replace(draft, answers={**draft.answers, LOGO: told}, changed=self.room.clock())
        await self.room.desk.shelf.keep(new)
        return new

    async def finish(self, request: Request) -> Reply:
        """`POST …/drafts/{id}/review`: the application is registered, or changed; a draft is used once."""
        await self.room.take(request)
        try:
            draft = await self._draft(request)
        except pages.Ended:
            return twice(request)

        async def work() -> Reply:
            self.room.fresh(request)
            asked, logo = setup.application(draft.answers), await self._sent(draft)
            if not await self.room.desk.shelf.drop(draft.account, draft.id):
                return twice(request)
            try:
                return await self._finished(request, draft, asked, logo)
            except RegistrationRefused:
                await self.room.desk.shelf.keep(draft)
                if logo:
                    await self.room.hang(f"draft {draft.id}", logo)
                raise

        async def again(errors: Errors) -> Reply:
            return await self._review(request, draft, errors, 422)

        return await self.room.attempt(request, "developers", work, again)

    async def _sent(self, draft: Draft) -> bytes | None:
        """The logo that was sent in this set-up."""
        told = draft.answers.get(LOGO)
        return await self.room.pictures.find(told.rpartition("/")[2]) if told else None

    async def _finished(self, request: Request, draft: Draft, asked: Application, logo: bytes | None) -> Reply:
        actor, place, desk = self.room.developer(request), self.room.place(request), self.room.desk
        of = draft.answers.get(OF)
        if of:
            held = await own(self.room, request, of)
            kept = {name: getattr(held.asked, name) for name in (*KEPT, *({LOGO} - draft.answers.keys()))}
            await desk.edit(held.id, replace(asked, **kept), actor, place)
            if logo:
                await self.room.hang(f"application {held.id}", logo)
            elif draft.answers.get(LOGO) == "":
                await self.room.pictures.drop(f"application {held.id}")
            return self.room.done(f"/developers/applications/{held.id}", "saved")
        team = await desk.shelf.team(actor.id, f"Team of {self.room.account(request).name}")
        made = await desk.register(asked, team, actor, place)
        if logo:
            await self.room.hang(f"application {made.registration.id}", logo)
        shown = self.room.show(request, "portal/created.html", app=made.registration, secret=made.secret, new=True)
        return shown._replace(recorded=True)

    async def _draft(self, request: Request) -> Draft:
        found = await self.room.desk.shelf.drafts(self.room.account(request).id)
        wanted = next((one for one in found if one.id == request.args["id"]), None)
        if wanted is None:
            raise pages.Ended
        return wanted

    def _step(self, request: Request) -> str:
        return request.known_route.path.rpartition("/")[2]

    async def _logo(self, request: Request, draft: Draft) -> str | None:
        """Where the logo is to be seen: the one that was sent, else that of the application that is changed."""
        told = draft.answers.get(LOGO)
        if told is None and (of := draft.answers.get(OF)):
            told = (await own(self.room, request, of)).asked.logo
        return pages.shown_here(told)

    async def _page(self, request: Request, draft: Draft, step: str, errors: Errors = (), status: int = 200) -> Reply:
        answers = draft.answers
        before, _ = setup.neighbours(step, answers)
        return self.room.show(
            request,
            f"portal/{step}.html" if step in ("details", "scopes") else "portal/choice.html",
            status=status,
            draft=draft,
            step=step,
            title=setup.TITLES[step],
            number=setup.steps(answers).index(step) + 1,
            total=len(setup.steps(answers)),
            before=before,
            choices=setup.choices(step, answers),
            filled=answers,
            groups=picker.groups(answers["type"], answers["access"]) if step == "scopes" else (),
            ticked=frozenset(answers.get("scopes", ())) or suggested(answers, step),
            errors=errors,
            logo=await self._logo(request, draft) if step == "details" else None,
        )

    async def _review(self, request: Request, draft: Draft, errors: Errors = (), status: int = 200) -> Reply:
        answers = draft.answers
        try:
            asked = checked(answers)
        except RegistrationRefused as refused:
            asked, errors = None, errors or [("", sentence(refused))]
        return self.room.show(
            request, "portal/review.html", status=status, draft=draft, asked=asked, errors=errors,
            scopes=(asked.scopes or usual(asked)) if asked else (), steps=setup.steps(answers), titles=setup.TITLES,
            number=len(setup.steps(answers)), total=len(setup.steps(answers)),
            changing=bool(answers.get(OF)), logo=await self._logo(request, draft),
        )  # fmt: skip


def twice(request: Request) -> Reply:
    """The second press of a double click, whose answer is the one that the browser shows."""
    request.reason = "there is no such draft any more"
    return pages.seen("/developers?done=twice")


def checked(answers: setup.Answers) -> Application:
    """The application, as far as its names and addresses can be checked before it is registered.

    The desk checks all of it, with what this installation may fetch.
    """
    asked = setup.application(answers)
    unknown = set(asked.scopes) - picker.every(asked.type, asked.access) - set(usual(asked))
    if unknown and not answers.get(OF):
        raise RegistrationRefused("tick the scopes that are listed")
    return asked


def suggested(answers: setup.Answers, step: str) -> frozenset[str]:
    """What is ticked before anybody ticked: the usual scopes of its type."""
    return frozenset(usual(setup.application(answers))) if step == "scopes" else frozenset()


def read(filled: Filled, step: str) -> dict[str, Any]:
    """What the form of a step says."""
    if step == "details":
        texts = {name: filled.one(name, 10_000) for name in (*setup.TEXTS, *setup.LISTS)}
        return {name: value.replace("\r\n", "\n") for name, value in texts.items()}
    if step == "scopes":
        return {"scopes": list(dict.fromkeys(filled.every("scope"))), "bulk": filled.one("bulk") == "yes"}
    return {step: filled.one(step, 40)}


async def own(room: Room, request: Request, id_: str | None = None) -> Registration:
    """The application of this path, if it is of a team of who asks; else there is none (AUTHZ-17)."""
    wanted = id_ or request.args["id"]
    found = next((one for one in await room.desk.shelf.of(room.account(request).id) if one.id == wanted), None)
    if found is None:
        raise NotFound("There is no such application for this account.")
    return found
