"""Developers make their own accounts: a form, a letter to the address that was given, and the button behind its link.

Whether the address or the username is somebody's is told to nobody but who reads that mailbox (OATK-16, WEB-07).
"""

import asyncio
import logging
from dataclasses import field
from datetime import timedelta

from ..ports.people import Account, Visit, number
from ..values import dataclass
from . import choice, shapes
from .changes import AcceptTerms, Change, Create, SetPassword, Spend, Taken
from .counts import SIGN_UP, network
from .letters import letter
from .means import Guarded, Means, content
from .recovery import names, place
from .refusals import Elsewhere, Unfit, Wrong
from .signin import Half, Opened, SignIn

LOG = logging.getLogger(__name__)
LASTS = timedelta(minutes=30)
ACTION, KIND, ROLE = "sign-up", "sign-up", "developer"
LONGEST = 100


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody writes who wants to be a developer here."""

    username: str
    given: str
    family: str
    email: str
    password: str = field(repr=False)
    terms: int = 0
    """The version that they agree to; 0 where none is published."""


class SignUp:
    """Signing up, of no tenant."""

    def __init__(self, means: Means, sign_in: SignIn) -> None:
        self._means = means
        self._sign_in = sign_in
        self._writing: set[asyncio.Task[None]] = set()

    async def ask(self, wish: Wish, visit: Visit) -> None:
        """Somebody wants an account. The answer, and the time that it takes, say nothing of who has one.

        Raises Elsewhere (`mail.none`), Unfit, Slow.
        """
        means = self._means
        async with Guarded(means, None, ACTION, visit):
            if not means.mail.works:
                raise Elsewhere("mail.none")
            account = self._wanted(wish)
            choice.check(wish.password, names(account, None), factor=False)
            await means.counts.take([(SIGN_UP, network(visit.address))], means.now())
            kept = await means.passwords.keep(account.id, wish.password)
        await means.record(None, ACTION, visit, None, reason="asked for")
        task = asyncio.create_task(self._write(account, kept, wish.terms))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def settled(self) -> None:
        """Wait for the letters that are being written."""
        await asyncio.gather(*self._writing)

    async def name(self, link: str, visit: Visit) -> str:
        """Whose sign-up this link finishes, for its page. Raises Wrong (`link`)."""
        async with Guarded(self._means, None, ACTION, visit):
            return str(content(await self._means.ticket(None, KIND, link, "link"))["username"])

    async def verify(self, link: str, username: str, visit: Visit) -> Opened | Half:
        """The mailbox is theirs: the account is made, under another `username` where theirs was taken meanwhile.

        Raises Wrong (`link`), Unfit (`username.taken`, `username.shape`).
        """
        means, lost = self._means, Wrong("link")
        async with Guarded(means, None, ACTION, visit, lost=lost):
            ticket = await means.ticket(None, KIND, link, "link")
            held = content(ticket)
            account = Account(
                held["id"],
                number(None),
                shapes.username(username or held["username"]),
                held["name"],
                held["email"],
                ROLE,
            )
            if await means.register.by_username(number(None), account.username) is not None:
                raise Unfit("username.taken")
            changes: tuple[Change, ...] = (
                Spend(ticket.digest, KIND, means.now()),
                Create(account, means.now()),
                SetPassword(account.id, bytes.fromhex(held["password"])),
            )
            if held.get("terms"):
                changes = (*changes, AcceptTerms(account.id, held["terms"], means.now()))
            try:
                return await self._sign_in.proved(None, account, ("pwd",), visit, changes)
            except Taken:
                raise Unfit("username.taken") from None

    def _wanted(self, wish: Wish) -> Account:
        name = " ".join(f"{wish.given} {wish.family}".split())
        if not (wish.given.strip() and wish.family.strip()) or len(name) > LONGEST or not name.isprintable():
            raise Unfit("name.shape")
        username, email = shapes.username(wish.username), shapes.email(wish.email)
        return Account(self._means.identifier(), number(None), username, name, email, ROLE)

    async def _write(self, account: Account, kept: bytes, terms: int) -> None:
        """A link for whoever is new, a word for whoever is not; the work is the same."""
        means = self._means
        try:
            link = await means.issue(
                None, KIND, None, LASTS, id=account.id, username=account.username, name=account.name,
                email=account.email, password=kept.hex(), terms=terms,
            )  # fmt: skip
            known = await means.register.by_email(number(None), account.email or "")
            kind, told = ("sign-up-known", known[0]) if known else ("sign-up", account)
            address = f"{means.base_url}/developers/verify/{link}"
            await means.write(None, letter(kind, told, place(None), to=account.email, link=address))
        except Exception as failure:  # noqa: BLE001  nobody waits for it; the person may ask again
            LOG.warning("a letter could not be written: %s", type(failure).__name__)
