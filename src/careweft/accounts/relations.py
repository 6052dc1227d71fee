"""Family members and caregivers: who may act for a patient, how far, until when; and the end of it within seconds.

A patient decides for themselves; for others the organization does, at its command line. What a caregiver granted to
applications for this patient ends in the transaction that ends the relation.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from ..fhir.definitions import RESOURCES
from ..ports.people import Account, Session, Visit
from ..tenancy import Tenant
from ..values import dataclass
from . import entries, shapes
from .changes import Limit, Lost, Relate, Unrelate
from .charges import comes_of_age, ends, own_patient
from .joining import Invitation, Invitations
from .means import Guarded, Means
from .needs import Relation
from .refusals import Elsewhere, Unfit, Wrong

ACTION = "relation"
RAN_OUT = Visit("the clock")
KIND = re.compile(r"[A-Za-z][A-Za-z-]{1,30}")
CHILD = "child"


@dataclass(frozen=True, slots=True)
class Terms:
    """How far a relation goes: `sensitive` labelled records too, only these `types` (None: all), `until` a moment."""

    kind: str = "caregiver"
    until: datetime | None = None
    sensitive: bool = False
    types: tuple[str, ...] | None = None


class Relations:
    """What patients and organizations say about who acts for whom."""

    def __init__(self, means: Means, invitations: Invitations) -> None:
        self._means = means
        self._invitations = invitations

    async def of(self, tenant: Tenant, session: Session) -> Sequence[Relation]:
        """Who may act for the patient that is signed in; empty for who is no patient."""
        patient = own_patient(session.account)
        return [] if patient is None else await self._means.register.relations(tenant.number, patient=patient)

    async def invite(
        self, tenant: Tenant, session: Session, name: str, email: str, terms: Terms, visit: Visit
    ) -> Invitation:
        """Invite somebody by mail to act for the patient that is signed in.

        Raises Again, Unfit (`email.shape`, `relation.until`, `relation.types`), Elsewhere (`mail.none`).
        """
        means, by = self._means, session.account
        async with Guarded(means, tenant, ACTION, visit, by):
            means.check_fresh(session)
            patient = self._own(session)
            if not means.mail.works:
                raise Elsewhere("mail.none")
            check_terms(terms, means.now())
            address = shapes.email(email)
            if by.email is not None and address.lower() == by.email.lower():
                raise Unfit("relation.self")
            waiting = Account(
                means.identifier(), tenant.number, "", " ".join(name.split())[:100] or address, address,
                "representative", language=by.language,
            )  # fmt: skip
            return await self._invitations.invite(
                tenant, waiting, visit, by=by, mail=True, patient=patient,
                changes=[self._relate(waiting.id, patient, terms, by.id, minor=False)],
            )  # fmt: skip

    async def limit(self, tenant: Tenant, session: Session, relation: str, terms: Terms, visit: Visit) -> None:
        """Other limits, from now on. What the caregiver's applications hold for this patient ends, to be asked anew.

        Raises Again, Unfit (`relation.unknown`, `relation.until`, `relation.types`).
        """
        means = self._means
        async with Guarded(means, tenant, ACTION, visit, session.account, Unfit("relation.unknown")):
            means.check_fresh(session)
            patient = self._own(session)
            check_terms(terms, means.now())
            change = Limit(relation, patient, terms.until, terms.sensitive, terms.types)
            await means.record(tenant, ACTION, visit, session.account, [change], "limited", patient)

    async def end(self, tenant: Tenant, session: Session, relation: str, visit: Visit) -> None:
        """End one, within five seconds everywhere. Taking away asks for no fresh proof. Raises Unfit."""
        means = self._means
        async with Guarded(means, tenant, ACTION, visit, session.account, Unfit("relation.unknown")):
            patient = self._own(session)
            change = Unrelate(relation, patient, means.now())
            await means.record(tenant, ACTION, visit, session.account, [change], "ended", patient)

    async def leave(self, tenant: Tenant, session: Session, patient: str, visit: Visit) -> None:
        """A caregiver acts for this patient no longer. Raises Unfit (`relation.unknown`)."""
        means, account = self._means, session.account
        async with Guarded(means, tenant, ACTION, visit, account, Unfit("relation.unknown")):
            standing = await means.register.relations(tenant.number, account=account.id)
            one = next((one for one in standing if one.patient == patient), None)
            if one is None:
                raise Unfit("relation.unknown")
            change = Unrelate(one.id, patient, means.now())
            await means.record(tenant, ACTION, visit, account, [change], "given back", patient)

    async def relate(
        self, tenant: Tenant, account: Account, patient: str, terms: Terms, visit: Visit, *, minor: bool | None = None
    ) -> None:
        """The organization says so. A child's proxy ends when the child is of age (`minor`, for the kind `child`).

        Raises Unfit (`record.unknown`, `relation.self`, `relation.until`, `relation.types`).
        """
        change = await self.related(tenant, account, patient, terms, minor=minor)
        await self._means.record(tenant, ACTION, visit, account, [change], "made", patient)

    async def related(
        self, tenant: Tenant, account: Account, patient: str, terms: Terms, *, minor: bool | None = None
    ) -> Relate:
        """The change that `relate` makes."""
        means = self._means
        check_terms(terms, means.now())
        if own_patient(account) == patient:
            raise Unfit("relation.self")
        someone = await means.records.someone(tenant, f"Patient/{patient}")
        proxy = terms.kind == CHILD if minor is None else minor
        if someone is None or (proxy and someone.birth is None):
            raise Unfit("record.unknown")
        if proxy and someone.birth is not None:
            of_age = comes_of_age(someone.birth, tenant.zone, await means.register.majority(tenant.number))
            if of_age <= means.now():
                raise Unfit("relation.until")
        return self._relate(account.id, patient, terms, None, minor=proxy)

    async def unrelate(self, tenant: Tenant, account: Account, patient: str, visit: Visit) -> None:
        """The organization ends it. Raises Unfit (`relation.unknown`)."""
        standing = await self._means.register.relations(tenant.number, account=account.id)
        found = [Unrelate(one.id, patient, self._means.now()) for one in standing if one.patient == patient]
        if not found:
            raise Unfit("relation.unknown")
        await self._means.record(tenant, ACTION, visit, account, found, "ended", patient)

    async def expire(self, tenant: Tenant) -> int:
        """End what the clock has ended in this tenant: relations past their date, proxies of children who are of age.

        Returns how many. Nobody sees anything by them meanwhile: whoever asks for `charges` is told the truth of now.
        """
        means, ended = self._means, 0
        majority, now = await means.register.majority(tenant.number), means.now()
        for one in await means.register.ending(tenant.number):
            someone = await means.records.someone(tenant, f"Patient/{one.patient}")
            until = one.until if someone is None else ends(one, someone, tenant.zone, majority)
            if until is None or now < until:
                continue
            entry = entries.made(now, tenant, ACTION, RAN_OUT, reason="ran out", patient=one.patient)
            try:
                await means.register.change(tenant.number, [Unrelate(one.id, one.patient, now)], entry)
            except Lost:
                continue
            ended += 1
        return ended

    def _own(self, session: Session) -> str:
        patient = own_patient(session.account)
        if patient is None:
            raise Wrong("relation.unknown")
        return patient

    def _relate(self, account: str, patient: str, terms: Terms, maker: str | None, *, minor: bool) -> Relate:
        return Relate(
            self._means.identifier(), account, patient, terms.kind, terms.until, minor, terms.sensitive, terms.types,
            maker, self._means.now(),
        )  # fmt: skip


def check_terms(terms: Terms, now: datetime) -> None:
    """Raise Unfit where an end is past, or a type or kind is none."""
    if terms.until is not None and terms.until <= now:
        raise Unfit("relation.until")
    if terms.types is not None and (not terms.types or any(one not in RESOURCES for one in terms.types)):
        raise Unfit("relation.types")
    if not KIND.fullmatch(terms.kind) or terms.kind == "self":
        raise Unfit("relation.types")
