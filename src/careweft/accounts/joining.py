"""Invitations and what becomes of them: an account that waits, a code, a fact that only its person knows.

A code alone shows nothing, not even whether it is one (OATK-16): with the fact it gives a name to greet and a ticket to
choose a username and a password with. Of fifty that use one code at once one account comes.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Sequence
from dataclasses import field, replace
from datetime import date, timedelta

from ..ports.people import Account, Session, Visit, number
from ..tenancy import Tenant
from ..values import dataclass
from . import choice, shapes
from .changes import (
    Activate,
    Change,
    Create,
    DropTickets,
    Relate,
    SetEnabled,
    SetPassword,
    Settle,
    Spend,
    Taken,
    Unrelate,
)
from .codes import code
from .counts import INVITATION, network
from .letters import letter
from .means import Guarded, Means, content
from .needs import Relation, Ticket
from .recovery import names, place
from .refusals import Refused, Unfit, Wrong
from .roles import fits
from .signin import Half, Opened, SignIn

BY_LETTER, BY_MAIL = timedelta(days=30), timedelta(days=7)
CHOOSES = timedelta(minutes=30)
SIZE = 16
INVITED, ACTIVATED, LINKED = "invitation", "activation", "relation"


@dataclass(frozen=True, slots=True)
class Invitation:
    """An account that waits for its person, and the code that opens it. `code` is shown here and nowhere else."""

    account: Account
    code: str = field(repr=False)
    until: timedelta


@dataclass(frozen=True, slots=True)
class Joining:
    """Code and fact fit: the name to greet, a username to offer, and the ticket to choose with."""

    ticket: str = field(repr=False)
    name: str
    username: str
    second_factor: bool


class Invitations:
    """Inviting, and taking an invitation up."""

    def __init__(self, means: Means, sign_in: SignIn) -> None:
        self._means = means
        self._sign_in = sign_in

    async def invite(
        self,
        tenant: Tenant | None,
        account: Account,
        visit: Visit,
        *,
        fact: date | None = None,
        by: Account | None = None,
        changes: Sequence[Change] = (),
        mail: bool = False,
        patient: str | None = None,
        new: bool = True,
    ) -> Invitation:
        """Invite somebody. `account` says who; one that waits already (`new` False) gets another code, and the old one
        is worthless.

        `fact` is a birth date that is asked beside the code; `mail` writes the code to the account's address too.
        Raises Unfit (`record.role`), ValueError for one that is activated.
        """
        if account.username:
            raise ValueError("this account is activated")
        if not fits(account.role, account.fhir_user):
            raise Unfit("record.role")
        account = replace(account, id=account.id or self._means.identifier(), tenant=number(tenant))
        first: Change = Create(account, self._means.now())
        if not new:
            first = DropTickets(account.id, ("invitation", "join"))
        await self._means.record(tenant, INVITED, visit, by, [first, *changes], patient=patient)
        lasts = BY_MAIL if mail else BY_LETTER
        shown = await self._issued(tenant, account, fact, lasts)
        if mail:
            link = self._means.link(tenant, "join", shown)
            await self._means.write(tenant, letter("invitation", account, place(tenant), link=link, days=lasts.days))
        return Invitation(account, shown, lasts)

    async def asks_fact(self, tenant: Tenant | None, shown: str) -> bool:
        """Whether the page asks for a birth date beside this code; yes for a code that is none."""
        found = await self._means.tickets.find(number(tenant), "invitation", shown, self._means.now())
        return found is None or content(found)["fact"] is not None

    async def open(self, tenant: Tenant | None, shown: str, fact: date | None, visit: Visit) -> Joining:
        """Code and birth date (None where none is asked). Raises Wrong (`invitation`), Slow."""
        async with Guarded(self._means, tenant, ACTIVATED, visit):
            ticket = await self._fitting(tenant, shown, fact, visit)
            account = await self._means.register.find(number(tenant), ticket.account or "")
            if account is None or account.username or not account.enabled:
                raise Wrong("invitation")
        await self._means.record(tenant, ACTIVATED, visit, account, reason="code and fact fit")
        step = await self._means.issue(tenant, "join", account.id, CHOOSES, invitation=ticket.digest.hex())
        return Joining(step, account.name, await self._free(tenant, account), account.second_factor)

    async def activate(
        self, tenant: Tenant | None, step: str, username: str, password: str, visit: Visit
    ) -> Opened | Half:
        """Choose a username and a password, and be signed in. Raises Wrong (`invitation`), Unfit, Slow."""
        means, lost = self._means, Wrong("invitation")
        async with Guarded(means, tenant, ACTIVATED, visit, lost=lost) as guarded:
            ticket = await means.ticket(tenant, "join", step, "invitation")
            waiting = guarded.account = await means.found(tenant, ticket.account)
            account = replace(waiting, username=shapes.username(username))
            choice.check(password, names(account, tenant), factor=False)
            changes = (
                Activate(account.id, account.username, means.now()),
                Spend(bytes.fromhex(content(ticket)["invitation"]), "invitation", means.now()),
                Spend(ticket.digest, "join", means.now()),
                SetPassword(account.id, await means.passwords.keep(account.id, password)),
                DropTickets(account.id, ("invitation", "join")),
            )
            try:
                return await self._sign_in.proved(tenant, account, ("pwd",), visit, changes)
            except Taken:
                raise Unfit("username.taken") from None

    async def accept(self, tenant: Tenant, session: Session, shown: str, fact: date | None, visit: Visit) -> None:
        """Take what an invitation gives over to the account that is signed in, instead of making another.

        Raises Wrong (`invitation`), Again, Slow.
        """
        means, account, lost = self._means, session.account, Wrong("invitation")
        async with Guarded(means, tenant, LINKED, visit, account, lost):
            means.check_fresh(session)
            ticket = await self._fitting(tenant, shown, fact, visit)
            given = await means.register.relations(tenant.number, account=ticket.account or "")
            waiting = await means.register.find(tenant.number, ticket.account or "")
            if not given or waiting is None or waiting.username or not waiting.enabled:
                raise lost
            changes: list[Change] = [Settle(waiting.id), Spend(ticket.digest, "invitation", means.now())]
            for one in given:
                changes += [Unrelate(one.id, one.patient, means.now()), self._moved(one, account)]
            changes.append(SetEnabled(waiting.id, enabled=False))
            await means.record(tenant, LINKED, visit, account, changes, patient=given[0].patient)

    async def _issued(self, tenant: Tenant | None, account: Account, fact: date | None, lasts: timedelta) -> str:
        shown = code(self._means.chance, SIZE)
        held = None if fact is None else self._fact(account.id, fact)
        await self._means.tickets.issue(
            number(tenant), "invitation", account.id, packed(held), self._means.now(), lasts, shown
        )
        return shown

    async def _fitting(self, tenant: Tenant | None, shown: str, fact: date | None, visit: Visit) -> Ticket:
        """The invitation of this code, if the fact fits too; both failures are one. Raises Wrong, Slow."""
        means = self._means
        await means.counts.take([(INVITATION, network(visit.address))], means.now())
        ticket = await means.ticket(tenant, "invitation", shown, "invitation")
        wanted = content(ticket)["fact"]
        given = None if fact is None else self._fact(ticket.account or "", fact)
        if wanted is not None and not hmac.compare_digest(wanted, given or ""):
            await means.tickets.miss(number(tenant), ticket.digest)
            raise Wrong("invitation")
        return ticket

    def _fact(self, account: str, fact: date) -> str:
        key = self._means.sealing.derive("invitation facts")
        return hmac.new(key, f"{account} {fact.isoformat()}".encode(), hashlib.sha256).hexdigest()

    def _moved(self, one: Relation, account: Account) -> Relate:
        return Relate(
            self._means.identifier(), account.id, one.patient, one.kind, one.until, one.minor, one.sensitive,
            one.types, one.account, self._means.now(),
        )  # fmt: skip

    async def _free(self, tenant: Tenant | None, account: Account) -> str:
        """A username made of the name that nobody has; empty where none comes of it."""
        words = [letters for word in account.name.split() if (letters := ascii_letters(word))]
        base = ".".join([*words[:1], *words[-1:]] if len(words) > 1 else words)
        for number_ in ("", "2", "3", "4", "5"):
            try:
                offered = shapes.username(base + number_)
            except Refused:
                return ""
            if await self._means.register.by_username(number(tenant), offered) is None:
                return offered
        return ""


def packed(fact: str | None) -> bytes:
    """What an invitation holds."""
    return b'{"fact":null}' if fact is None else f'{{"fact":"{fact}"}}'.encode()


def ascii_letters(word: str) -> str:
    """A word in the letters that a username takes.

    >>> ascii_letters("Núñez-Li")
    'nunezli'
    """
    plain = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode().lower()
    return "".join(letter for letter in plain if letter.isalnum())
