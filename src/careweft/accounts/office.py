"""What an organization does with accounts from outside: make them, switch them off and on, help who lost a factor."""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import date, timedelta

from ..ports.people import Account, Visit, number
from ..tenancy import Tenant
from ..values import dataclass
from . import choice, shapes
from .changes import Change, Create, ForgetFactors, SetEnabled, SetPassword, Taken
from .joining import Invitations
from .means import Means
from .needs import Someone
from .recovery import names
from .refusals import Refused, Unfit
from .relations import CHILD, Relations, Terms
from .roles import ROLES, fits

MADE, SWITCHED, FORGOT = "account", "account", "second-factor"
COLUMNS = ("role", "record", "identifier", "name", "email", "birth_date", "language", "relation")
"""What a line of an import may say; `record` or `identifier` (system|value) says of whom."""


@dataclass(frozen=True, slots=True)
class Entered:
    """What became of a line: `invited` with a code, `waiting` (invited before), `there` (activated), `refused`."""

    outcome: str
    record: str = ""
    name: str = ""
    code: str = field(default="", repr=False)
    lasts: timedelta = timedelta()
    reason: str = ""


class Office:
    """The organization's side of accounts."""

    def __init__(self, means: Means, invitations: Invitations, relations: Relations) -> None:
        self._means = means
        self._invitations = invitations
        self._relations = relations

    async def create(self, tenant: Tenant | None, account: Account, password: str, visit: Visit) -> Account:
        """An account that is in use at once. Raises Unfit (`record.*`, `username.*`, `password.*`, `email.shape`)."""
        made = await self._checked(tenant, replace(account, username=shapes.username(account.username)))
        choice.check(password, names(made, tenant), factor=False)
        kept = await self._means.passwords.keep(made.id, password)
        changes: list[Change] = [Create(made, self._means.now()), SetPassword(made.id, kept)]
        changes += await self._related(tenant, made, "")
        try:
            await self._means.record(tenant, MADE, visit, made, changes, "made")
        except Taken:
            raise Unfit("username.taken") from None
        return made

    async def invite(
        self,
        tenant: Tenant | None,
        account: Account,
        visit: Visit,
        *,
        fact: date | None,
        mail: bool,
        relation: str = "",
    ) -> Entered:
        """Invite somebody; a code for who waits already replaces the old one. The birth date is the record's own where
        none is given. Raises Unfit.
        """
        known = None
        if account.fhir_user is not None:
            known = await self._means.register.by_record(number(tenant), account.fhir_user, account.role)
        if known is not None and known.username:
            return Entered("there", account.fhir_user or "", known.name)
        made = known or await self._checked(tenant, account)
        someone = await self._someone(tenant, made.fhir_user)
        born = fact or (someone.birth if someone is not None else None)
        changes = [] if known else await self._related(tenant, made, relation)
        invitation = await self._invitations.invite(
            tenant, made, visit, fact=born, mail=mail, changes=changes, new=known is None
        )
        return Entered("invited", made.fhir_user or "", made.name, invitation.code, invitation.until)

    async def enter(self, tenant: Tenant, line: Mapping[str, str], visit: Visit, *, renew: bool) -> Entered:
        """One line of an import: the same line again changes nothing, unless `renew` asks for new codes."""
        said = {name: (line.get(name) or "").strip() for name in COLUMNS}
        try:
            record = await self._record(tenant, said)
            role = said["role"] or "patient"
            known = await self._means.register.by_record(tenant.number, record, role)
            if known is not None and (known.username or not renew):
                return Entered("there" if known.username else "waiting", record, known.name)
            account = Account(
                "", tenant.number, "", said["name"], shapes.email(said["email"]) if said["email"] else None,
                role, record, said["language"] or "en",
            )  # fmt: skip
            born = date.fromisoformat(said["birth_date"]) if said["birth_date"] else None
            return await self.invite(tenant, account, visit, fact=born, mail=False, relation=said["relation"])
        except Refused as refused:
            return Entered("refused", said["record"], said["name"], reason=refused.key)
        except ValueError:
            return Entered("refused", said["record"], said["name"], reason="birth_date wants a date such as 1980-05-17")

    async def switch(self, tenant: Tenant | None, account: Account, visit: Visit, *, enabled: bool) -> None:
        """Switch an account off (out everywhere within five seconds) or on again."""
        said = "switched on" if enabled else "switched off"
        await self._means.record(tenant, SWITCHED, visit, account, [SetEnabled(account.id, enabled)], said)

    async def forget(self, tenant: Tenant | None, account: Account, visit: Visit) -> None:
        """Remove the second factors of somebody who has lost them; they sign in by password and enrol anew."""
        await self._means.record(tenant, FORGOT, visit, account, [ForgetFactors(account.id)], "forgotten")

    async def _checked(self, tenant: Tenant | None, account: Account) -> Account:
        """With an id, and the record's own name where none was given. Raises Unfit."""
        role = ROLES.get(account.role)
        if role is None or role.tenant is not (tenant is not None) or not fits(account.role, account.fhir_user):
            raise Unfit("record.role")
        if account.email is not None:
            shapes.email(account.email)
        someone = await self._someone(tenant, account.fhir_user)
        name = " ".join(account.name.split())[:200] or (someone.name if someone is not None else "")
        if account.fhir_user is not None and await self._means.register.by_record(
            number(tenant), account.fhir_user, account.role
        ):
            raise Unfit("record.taken")
        return replace(
            account, id=self._means.identifier(), tenant=number(tenant), name=name or account.username or account.role
        )

    async def _someone(self, tenant: Tenant | None, record: str | None) -> Someone | None:
        if tenant is None or record is None:
            return None
        someone = await self._means.records.someone(tenant, record)
        if someone is None:
            raise Unfit("record.unknown")
        return someone

    async def _related(self, tenant: Tenant | None, account: Account, relation: str) -> Sequence[Change]:
        """A RelatedPerson acts for the patient that the record says."""
        someone = await self._someone(tenant, account.fhir_user)
        if tenant is None or someone is None or someone.patient is None:
            return []
        terms = Terms(relation or "relative")
        return [await self._relations.related(tenant, account, someone.patient, terms, minor=terms.kind == CHILD)]

    async def _record(self, tenant: Tenant, said: Mapping[str, str]) -> str:
        """The record that a line is about. Raises Unfit."""
        if said["record"]:
            return said["record"]
        system, _, value = said["identifier"].partition("|")
        type_ = ROLES[said["role"] or "patient"].records[0] if (said["role"] or "patient") in ROLES else ""
        found = await self._means.records.identified(tenant, type_, system, value) if value else ()
        if len(found) != 1:
            raise Unfit("record.several" if found else "record.unknown")
        return f"{type_}/{found[0]}"
