"""In-memory twins of what people grant: requests, permits, launches; and of the people themselves."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from careweft.fhir.outcomes import Unavailable
from careweft.ports.charts import Candidate
from careweft.ports.people import Account, Charge, Session
from careweft.ports.permits import REPLAY, Code, Replayed


@dataclass
class Requests:
    """ports.Requests"""

    kept: dict = field(default_factory=dict)
    pushed: dict = field(default_factory=dict)
    entries: list = field(default_factory=list)
    down: bool = False

    async def begin(self, pending):
        if self.down:
            raise Unavailable
        self.kept[pending.tenant, pending.id] = pending

    async def find(self, tenant, id_, now):
        found = self.kept.get((tenant, id_))
        return found if found is not None and now < found.expires else None

    async def bind(self, tenant, id_, session, account):
        found = self.kept.get((tenant, id_))
        if found is None or found.session not in (None, session):
            return False
        self.kept[tenant, id_] = replace(found, session=session, account=account)
        return True

    async def pick(self, tenant, id_, session, patient):
        found = self.kept.get((tenant, id_))
        if found is None or found.session != session:
            return False
        self.kept[tenant, id_] = replace(found, patient=patient)
        return True

    async def visit(self, tenant, id_, session, encounter):
        found = self.kept.get((tenant, id_))
        if found is None or found.session != session:
            return False
        self.kept[tenant, id_] = replace(found, encounter=encounter)
        return True

    async def refuse(self, tenant, id_, session, entry):
        found = self.kept.get((tenant, id_))
        if found is None or found.session != session:
            return False
        del self.kept[tenant, id_]
        self.entries.append(entry)
        return True

    async def push(self, tenant, id_, pushed, expires):
        self.pushed[tenant, id_] = pushed, expires

    async def pulled(self, tenant, id_, client, now):
        pushed, expires = self.pushed.get((tenant, id_), (None, None))
        if pushed is None or pushed.client != client:
            return None
        del self.pushed[tenant, id_]
        return pushed.pairs if now < expires else None


@dataclass
class Permits:
    """ports.Permits; `revoked` hears of what ends."""

    requests: Requests
    revoked: object
    kept: dict = field(default_factory=dict)
    codes: dict = field(default_factory=dict)
    entries: list = field(default_factory=list)

    async def grant(self, pending, permit, code, expires, entry):
        found = self.requests.kept.get((pending.tenant, pending.id))
        if found is None or found.session != pending.session:
            return False
        del self.requests.kept[pending.tenant, pending.id]
        self.kept[permit.tenant, permit.id] = permit
        self.codes[permit.tenant, code] = Code(permit, pending.challenge, pending.nonce, expires)
        self.entries.append(entry)
        return True

    async def redeem(self, tenant, code, check, now):
        found = self.codes.get((tenant, code))
        if found is None:
            return "no such code"
        found = replace(found, permit=self.kept[tenant, found.permit.id])
        wrong = check(found)
        if wrong == REPLAY:
            await self.end(tenant, [found.permit.id], now)
            return Replayed(found.permit)
        if wrong is not None:
            return wrong
        self.codes[tenant, code] = replace(found, used=now)
        return found

    async def refresh(self, tenant, id_, turn, now, expires):
        found = self.kept.get((tenant, id_))
        if found is None:
            return "no such permit"
        turned = turn(found)
        if turned == REPLAY:
            await self.end(tenant, [id_], now)
            return Replayed(found)
        if isinstance(turned, str):
            return turned
        rotated = now if turned != found.generation else found.rotated
        until = expires if found.limit is None else min(expires, found.limit)
        self.kept[tenant, id_] = replace(found, generation=turned, rotated=rotated, used=now, expires=until)
        return self.kept[tenant, id_]

    async def find(self, tenant, id_):
        return self.kept.get((tenant, id_))

    async def of_account(self, tenant, account, now):
        return self._of(tenant, now, lambda one: one.account == account)

    async def of_client(self, tenant, client, now):
        return self._of(tenant, now, lambda one: one.client == client)

    def _of(self, tenant, now, mine):
        found = [one for one in self.kept.values() if one.tenant == tenant and mine(one) and one.in_force(now)]
        return sorted(found, key=lambda one: one.created, reverse=True)

    async def end(self, tenant, ids, now, entry=None):
        gone = [id_ for id_ in ids if (tenant, id_) in self.kept and self.kept[tenant, id_].ended is None]
        for id_ in gone:
            self.kept[tenant, id_] = replace(self.kept[tenant, id_], ended=now)
            await self.revoked.revoke(tenant, f"grant:{id_}")
        if entry is not None:
            self.entries.append(entry)
        return len(gone)

    async def end_about(self, tenant, account, patient, now):
        ids = [one.id for one in self.kept.values() if (one.account, one.patient) == (account, patient)]
        return await self.end(tenant, ids, now)


@dataclass
class Launches:
    """ports.Launches"""

    kept: dict = field(default_factory=dict)
    entries: list = field(default_factory=list)

    async def keep(self, tenant, handle, launch, expires, entry):
        self.kept[tenant, handle] = launch, expires
        self.entries.append(entry)

    async def redeem(self, tenant, handle, client, surface, now):
        launch, expires = self.kept.get((tenant, handle), (None, None))
        if launch is None or (launch.client, launch.surface) != (client, surface) or not now < expires:
            return None
        del self.kept[tenant, handle]
        return launch


@dataclass
class People:
    """ports.People and whether sessions are alive."""

    accounts: dict = field(default_factory=dict)
    of: dict = field(default_factory=dict)
    ended: set = field(default_factory=set)

    async def find(self, tenant, id_):
        found = self.accounts.get(id_)
        return found if found is not None and found.tenant == tenant else None

    async def by_username(self, tenant, username):
        return next((one for one in self.accounts.values() if (one.tenant, one.username) == (tenant, username)), None)

    async def charges(self, _tenant, account):
        return list(self.of.get(account, ()))

    async def alive(self, _tenant, id_):
        return id_ not in self.ended

    def add(self, account, *charges):
        self.accounts[account.id] = account
        self.of[account.id] = charges
        return account


@dataclass
class Charts:
    """ports.Charts: charges for patients and their representatives, a ward for practitioners."""

    people: People
    ward: dict = field(default_factory=dict)
    met: dict = field(default_factory=dict)

    async def visits(self, tenant, account, patient):
        return self.met.get(patient, ()) if await self.find(tenant, account, patient) else ()

    async def of(self, _tenant, account):
        return [
            Candidate(one.patient, one.name, one.relation, types=one.types, sensitive=one.sensitive)
            for one in self.people.of.get(account.id, ())
        ]

    async def search(self, _tenant, account, text):
        found = self.ward if self.searches(account) else {}
        return [one for one in found.values() if text.lower() in one.name.lower()]

    async def find(self, tenant, account, patient):
        mine = {one.patient: one for one in await self.of(tenant, account)}
        return mine.get(patient) or (self.ward.get(patient) if self.searches(account) else None)

    def searches(self, account):
        return (account.fhir_user or "").startswith("Practitioner/")


def account(id_, tenant=1, fhir_user="Patient/ana", role="patient", **more):
    return Account(id_, tenant, id_, id_.title(), None, role, fhir_user, **more)


def charge(patient, relation="self", **more):
    return Charge(patient, patient.title(), relation, **more)


def session(of, now: datetime, ago=0, id_="s1", **more):
    """A session in which somebody signed in `ago` seconds before now."""
    at = now - timedelta(seconds=ago)
    return Session(id_, of, at, at, now, ("pwd",), **more)
