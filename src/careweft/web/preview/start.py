"""`/`, the start page of a trial: sample applications, logins, organizations and their APIs; and the mailbox."""

import re
from collections.abc import Iterator

from ...ports.tenants import Tenants
from ...surfaces import ALL as SURFACES
from ...surfaces.issuers import V2
from ...tenancy import Tenant
from ...values import dataclass
from .. import pages
from ..exchange import Reply, Request
from ..route import Public, Route
from ..trial import Preview
from .samples import ALL

_LINK = re.compile(r"(https?://[^\s<>\"]+)")


@dataclass(frozen=True, slots=True)
class StartPages:
    """The handlers."""

    preview: Preview
    tenants: Tenants
    base_url: str

    def rows(self) -> Iterator[Route]:
        """The start page and the mailbox."""
        yield Route(("GET",), "/", Public(), self.start, "start", "", speaks="page")
        yield Route(("GET",), "/mailbox", Public(), self.mailbox, "mailbox", "", speaks="page")

    async def start(self, request: Request) -> Reply:
        """`GET /`"""
        tenants = await self.tenants.all()
        names = {one.id: one.name for one in tenants}
        samples = [
            {"key": key, "name": one.name, "url": one.home} for key, one in ALL.items() if key in self.preview.apps
        ]
        logins = [
            {"who": f"{one.who} ({names.get(one.tenant, '')})", "username": one.username, "password": one.password}
            for one in self.preview.logins
        ]
        told = [{"id": one.id, "name": one.name, "urls": self._urls(one)} for one in tenants]
        return pages.page(request, "start.html", samples=samples, logins=logins, tenants=told)

    def _urls(self, tenant: Tenant) -> list[tuple[str, str]]:
        found = [(one.name, one.url(self.base_url, tenant.id)) for one in SURFACES]
        return [*found, ("Authorization server", V2.url(self.base_url, tenant.id))]

    async def mailbox(self, request: Request) -> Reply:
        """`GET /mailbox`: the letters of every tenant, and those of no tenant."""
        numbers = [0, *(one.number for one in await self.tenants.all())]
        posted = [letter for number in numbers for letter in await self.preview.mail.box(number)]
        posted.sort(key=lambda one: one.made, reverse=True)
        mails = [
            {"to": one.letter.to, "subject": one.letter.subject, "at": one.made, "lines": lines(one.letter.body)}
            for one in posted
        ]
        return pages.page(request, "mailbox.html", mails=mails)


def lines(body: str) -> list[list[dict[str, object]]]:
    """The lines of a letter, each as pieces that are text or a link.

    >>> lines("Go to http://localhost/x now")
    [[{'text': 'Go to ', 'link': False}, {'text': 'http://localhost/x', 'link': True}, {'text': ' now', 'link': False}]]
    """
    return [
        [{"text": piece, "link": bool(_LINK.fullmatch(piece))} for piece in _LINK.split(line) if piece]
        for line in body.splitlines()
        if line.strip()
    ]
