"""The first page: what is set up and what is still to do, what runs here, and a letter to try the mail server with."""

import platform
from collections.abc import Sequence

from .... import __version__
from ....accounts.letters import letter
from ....accounts.recovery import place
from ....registry.refusal import RegistrationRefused
from ....values import dataclass
from ...exchange import Reply, Request
from ...people import Errors
from ..room import Room

HERE = "/administration"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that an installation wants before others use it."""

    done: bool
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Overview:
    """The handlers of `/administration`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET`"""
        return await self._page(request)

    async def mail(self, request: Request) -> Reply:
        """`POST`: a letter to oneself."""
        await self.room.take(request)

        async def work() -> Reply:
            account, means = self.room.account(request), self.room.people.means
            one = letter("test", account, place(None), link=self.room.base_url)
            if one is None:
                raise RegistrationRefused("this account has no e-mail address")
            if not means.mail.works:
                raise RegistrationRefused(
                    "no mail server is configured: set CAREWEFT_SMTP_URL and CAREWEFT_MAIL_FROM, and start again"
                )
            if not await means.mail.post(0, one, self.room.clock()):
                raise RegistrationRefused("three letters an hour go to one address; try again later")
            return self.room.done(HERE, "letter")._replace(recorded=False)

        async def again(errors: Errors) -> Reply:
            return await self._page(request, errors, 422)

        return await self.room.attempt(request, "administration", work, again)

    async def _page(self, request: Request, errors: Errors = (), status: int = 200) -> Reply:
        ran = await self.room.platform.versions()
        facts = (
            ("careweft", __version__), ("Python", platform.python_version()), ("PostgreSQL", ran.postgres),
            ("Schema", str(ran.schema)), ("Base URL", self.room.base_url),
        )  # fmt: skip
        return self.room.show(
            request, "portal/administration/overview.html", "overview", status=status, errors=errors, facts=facts,
            steps=await self._steps(request), email=self.room.account(request).email,
        )  # fmt: skip

    async def _steps(self, request: Request) -> Sequence[Step]:
        tenants = await self.room.tenants.all()
        https = self.room.base_url.startswith("https:")
        return (
            Step(True, "Administrator", f"You: {self.room.account(request).name}, with a second factor."),
            Step(https or self.room.environment == "preview", "Base URL",
                 f"{self.room.base_url}: every link, issuer and audience begins with it. CAREWEFT_BASE_URL says it."),
            Step(self.room.people.means.mail.works, "Mail", "CAREWEFT_SMTP_URL and CAREWEFT_MAIL_FROM; try it below."),
            Step(bool(tenants), "Tenants", f"{len(tenants)} so far."),
            Step(await self.room.platform.terms() is not None, "Terms", "What developers agree to."),
        )  # fmt: skip
