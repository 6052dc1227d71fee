"""The help desk: what was asked under a request's number, or about a patient, and what was withheld and why.

It shows that something was asked and how it ended, and no content of any record.
"""

from ...values import dataclass
from .. import forms
from ..exchange import Reply, Request
from .room import Room

MOST = 50


@dataclass(frozen=True, slots=True)
class SearchPage:
    """The handler of `/console/{tenant}/search`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET`, with `?q=`"""
        wanted = dict(forms.pairs(request.query)).get("q", "")[:128].strip().removeprefix("Patient/")
        tenant = request.known_tenant
        found = await self.room.usage.found(tenant.number, wanted, MOST) if wanted else ()
        names = {
            one.registration.id: one.registration.asked.name
            for one in await self.room.desk.shelf.requests(tenant.number)
        }
        return self.room.show(request, "portal/search.html", "search", q=wanted, found=found, names=names, most=MOST)
