"""Another password, another e-mail address: by a letter whose link works once, within half an hour (WEB-07).

Asking for a reset is answered before anything is looked for, so that the answer says nothing of who has an account
(OATK-16). A reset gives a new password and no more: whoever has a second factor shows it at the next sign-in (WEB-05).
"""

import asyncio
import logging
from datetime import timedelta

from ..ports.people import Account, Session, Visit, number
from ..tenancy import Tenant
from . import choice, shapes
from .changes import DropTickets, EndSessions, SetEmail, SetPassword, Spend
from .counts import ACCOUNT, ADDRESS, FACTOR, RESET, network
from .letters import letter
from .means import Guarded, Means, content
from .needs import Ticket
from .refusals import Elsewhere, Wrong
from .signin import SignIn

LOG = logging.getLogger(__name__)
LASTS = timedelta(minutes=30)
RESETTING, PASSWORD, EMAIL = "password-reset", "password-change", "email-change"


class Recovery:
    """Resets and changes."""

    def __init__(self, means: Means, sign_in: SignIn) -> None:
        self._means = means
        self._sign_in = sign_in
        self._writing: set[asyncio.Task[None]] = set()

    async def ask(self, tenant: Tenant | None, who: str, visit: Visit) -> None:
        """Somebody forgot their password; `who` is a username or an e-mail address. Says nothing of whether it is one.

        Raises Elsewhere (`mail.none`), Slow.
        """
        async with Guarded(self._means, tenant, RESETTING, visit):
            if not self._means.mail.works:
                raise Elsewhere("mail.none")
            await self._means.counts.take([(RESET, network(visit.address))], self._means.now())
            await self._means.record(tenant, RESETTING, visit, None, reason="asked for")
        task = asyncio.create_task(self._write(tenant, who))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def settled(self) -> None:
        """Wait for the letters that are being written."""
        await asyncio.gather(*self._writing)

    async def check(self, tenant: Tenant | None, link: str, visit: Visit) -> Account:
        """Whose password this link sets, for its page. Raises Wrong (`link`)."""
        async with Guarded(self._means, tenant, RESETTING, visit):
            return await self._means.found(tenant, (await self._ticket(tenant, link)).account)

    async def reset(self, tenant: Tenant | None, link: str, password: str, visit: Visit) -> None:
        """Set a new password; every session ends, the second factor stays. Raises Wrong (`link`), Unfit, Slow."""
        lost = Wrong("link")
        async with Guarded(self._means, tenant, RESETTING, visit, lost=lost) as guarded:
            ticket = await self._ticket(tenant, link)
            account = guarded.account = await self._means.found(tenant, ticket.account)
            choice.check(password, names(account, tenant), factor=account.second_factor)
            changes = (
                SetPassword(account.id, await self._means.passwords.keep(account.id, password)),
                Spend(ticket.digest, "reset", self._means.now()),
                EndSessions(account.id),
                DropTickets(account.id, ("reset", "half")),
            )
            await self._means.record(tenant, RESETTING, visit, account, changes)
        await self._means.counts.forgive([(ACCOUNT, f"{number(tenant)} {account.username.lower()}")])
        await self._means.write(tenant, letter("changed", account, place(tenant)))

    async def password(self, tenant: Tenant | None, session: Session, old: str, new: str, visit: Visit) -> str:
        """Another password; every other session ends. Returns the session's new cookie.

        Raises Wrong (`password.wrong`), Unfit, Slow.
        """
        means, account = self._means, session.account
        async with Guarded(means, tenant, PASSWORD, visit, account):
            tries = [(FACTOR, f"{number(tenant)} {account.id}")]
            await means.counts.take(tries, means.now())
            held = await means.register.secrets(number(tenant), account.id)
            if not await means.passwords.fits(account.id, held.password, old):
                raise Wrong("password.wrong")
            await means.counts.forgive(tries)
            choice.check(new, names(account, tenant), factor=account.second_factor)
            changes = (
                SetPassword(account.id, await means.passwords.keep(account.id, new)),
                EndSessions(account.id, but=session.id),
                DropTickets(account.id, ("reset", "half")),
            )
            cookie = await self._sign_in.elevate(tenant, session, session.amr, visit, PASSWORD, changes)
        await means.write(tenant, letter("changed", account, place(tenant)))
        return cookie

    async def email(self, tenant: Tenant | None, session: Session, address: str, visit: Visit) -> None:
        """Another address: a letter goes there, and nothing changes before its link was opened.

        Raises Again, Unfit (`email.shape`), Elsewhere (`mail.none`), Slow.
        """
        means, account = self._means, session.account
        async with Guarded(means, tenant, EMAIL, visit, account):
            means.check_fresh(session)
            new = shapes.email(address)
            if not means.mail.works:
                raise Elsewhere("mail.none")
            await means.counts.take([(ADDRESS, network(visit.address))], means.now())
            link = await means.issue(tenant, "email", account.id, LASTS, email=new)
            await means.record(tenant, EMAIL, visit, account, reason="asked for")
        await means.write(tenant, letter("email", account, place(tenant), new, link=means.link(tenant, "email", link)))

    async def email_confirm(self, tenant: Tenant | None, link: str, visit: Visit) -> None:
        """The link of that letter was opened: letters go there from now on. Raises Wrong (`link`)."""
        means = self._means
        async with Guarded(means, tenant, EMAIL, visit, lost=Wrong("link")) as guarded:
            ticket = await means.ticket(tenant, "email", link, "link")
            account = guarded.account = await means.found(tenant, ticket.account)
            changes = (
                SetEmail(account.id, str(content(ticket)["email"])),
                Spend(ticket.digest, "email", means.now()),
                DropTickets(account.id, ("email", "reset")),
            )
            await means.record(tenant, EMAIL, visit, account, changes)
        await means.write(tenant, letter("moved", account, place(tenant)))

    async def _ticket(self, tenant: Tenant | None, link: str) -> Ticket:
        return await self._means.ticket(tenant, "reset", link, "link")

    async def _write(self, tenant: Tenant | None, who: str) -> None:
        """Find whom this may be, and write to each."""
        try:
            for account in await self._meant(tenant, who.strip()[:254]):
                link = await self._means.issue(tenant, "reset", account.id, LASTS)
                address = self._means.link(tenant, "reset", link)
                await self._means.write(tenant, letter("reset", account, place(tenant), link=address))
        except Exception as failure:  # noqa: BLE001  nobody waits for it; the person may ask again
            LOG.warning("a letter could not be written: %s", type(failure).__name__)

    async def _meant(self, tenant: Tenant | None, who: str) -> list[Account]:
        register, of = self._means.register, number(tenant)
        if "@" in who:
            return [*await register.by_email(of, who)]
        found = await register.by_username(of, who)
        return [found] if found is not None and found.enabled else []


def place(tenant: Tenant | None) -> str:
    """What letters call us."""
    return tenant.name if tenant else "careweft"


def names(account: Account, tenant: Tenant | None) -> list[str]:
    """The names around an account, of which no password may be made."""
    return [account.username, account.name, account.email or "", place(tenant)]
