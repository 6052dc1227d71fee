"""The terms that developers accept: a new version asks every one of them again."""

from ....ports.platform import LONGEST_TERMS
from ....registry.refusal import RegistrationRefused
from ....values import dataclass
from ...exchange import Reply, Request
from ...people import Errors
from ..room import Room

HERE = "/administration/terms"


@dataclass(frozen=True, slots=True)
class TermsPage:
    """The handlers of `/administration/terms`."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET`"""
        return await self._page(request)

    async def publish(self, request: Request) -> Reply:
        """`POST`"""
        filled = await self.room.take(request)
        text = filled.one("text", LONGEST_TERMS).replace("\r\n", "\n").strip()

        async def work() -> Reply:
            self.room.fresh(request)
            before = await self.room.platform.terms()
            if not text or (before is not None and before.text == text):
                raise RegistrationRefused("write the terms, other than they are")
            entry = self.room.entry(request, "terms publish")
            await self.room.platform.publish(text, self.room.account(request).id, entry)
            return self.room.done(HERE, "published")

        async def again(errors: Errors) -> Reply:
            return await self._page(request, errors, 422, text)

        return await self.room.attempt(request, "administration/terms", work, again)

    async def _page(self, request: Request, errors: Errors = (), status: int = 200, text: str | None = None) -> Reply:
        held = await self.room.platform.terms()
        names = await self.room.names(0, [held.by] if held else [])
        return self.room.show(
            request, "portal/administration/terms.html", "terms", status=status, errors=errors, held=held, names=names,
            filled={"text": (held.text if held else "") if text is None else text},
        )  # fmt: skip
