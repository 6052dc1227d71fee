"""Emergency access of practitioners: a reason, at most an hour, noted and reported (45 CFR 164.312(a)(2)(ii))."""

from collections.abc import Callable
from typing import Any

from ...access import emergency
from ...values import dataclass
from .. import pages
from ..exchange import Reply, Request
from ..people import Errors
from ..router import SEGMENTS
from .room import Room

HERE = "emergency"
ROLES = frozenset({"practitioner"})


@dataclass(frozen=True, slots=True)
class EmergencyPage:
    """The handlers of `/account/{tenant}/emergency`; `identifier` makes names that nobody guesses."""

    room: Room
    identifier: Callable[[], str]

    async def show(self, request: Request) -> Reply:
        """`GET`"""
        return await self._page(request, {})

    async def begin(self, request: Request) -> Reply:
        """`POST`: open it."""
        filled = await self.room.take(request, HERE)
        written = {name: filled.one(name, 500) for name in ("patient", "reason", "minutes")}
        if errors := self._faults(request, written):
            return await self._page(request, written, errors, 422)
        account, tenant = request.known_session.account, request.known_tenant
        patient = written["patient"].strip()
        if await self.room.people.means.records.someone(tenant, f"Patient/{patient}") is None:
            return await self._page(request, written, [("patient", pages.say(request)("emergency.unknown"))], 422)
        opened = emergency.opened(
            self.identifier(), tenant.number, account.id, account.fhir_user or "", written["reason"], self.room.clock(),
            minutes=int(written["minutes"]), patient=patient,
        )  # fmt: skip
        entry = self.room.entry(
            request, emergency.ACTION, patient=patient, patients=(patient,), reason=opened.reason, id=opened.id
        )
        await self.room.emergencies.begin(opened, entry)
        return self.room.done(request, HERE, "emergency.opened")

    async def end(self, request: Request) -> Reply:
        """`POST …/end`: end it before its time."""
        filled = await self.room.take(request, HERE)
        tenant, now = request.known_tenant, self.room.clock()
        mine = {one.id: one for one in await self._standing(request)}
        one = mine.get(filled.one("access", 64))
        if one is None:
            raise pages.Ended
        patients = () if one.patient is None else (one.patient,)
        entry = self.room.entry(request, emergency.END, patient=one.patient, patients=patients, id=one.id)
        await self.room.emergencies.end(tenant.number, one.id, now, entry)
        return self.room.done(request, HERE, "emergency.ended")

    def _faults(self, request: Request, written: dict[str, str]) -> Errors:
        t, found = pages.say(request), []
        if not SEGMENTS["id"].fullmatch(written["patient"].strip()):
            found.append(("patient", t("emergency.need_patient")))
        if len(" ".join(written["reason"].split())) < emergency.SHORTEST:
            found.append(("reason", t("emergency.need_reason")))
        if not (written["minutes"].isascii() and written["minutes"].isdigit() and 5 <= int(written["minutes"]) <= 60):
            found.append(("minutes", t("emergency.bad_minutes")))
        return found

    async def _standing(self, request: Request) -> list[emergency.Emergency]:
        now = self.room.clock()
        account = request.known_session.account.id
        found = await self.room.emergencies.listed(request.known_tenant.number, now - emergency.MOST, account)
        return [one for one in found if one.holds(now)]

    async def _page(self, request: Request, written: dict[str, str], errors: Errors = (), status: int = 200) -> Reply:
        standing: list[dict[str, Any]] = [
            {"id": one.id, "patient": one.patient or "–", "until": one.ends} for one in await self._standing(request)
        ]
        filled = {name: written.get(name, "") for name in ("patient", "reason", "minutes")}
        return self.room.show(request, "emergency.html", HERE, status, standing=standing, filled=filled, errors=errors)
