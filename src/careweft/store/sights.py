"""ports.Sights over PostgreSQL: whom a person sees, by the rows of access.rules, by relations, and in an emergency."""

from functools import partial

from ..access.rules import PERSONS, RULES, Person
from ..access.sight import NOBODY, Limited, Sight
from ..ports.clock import Clock
from ..ports.sights import Charges
from ..tenancy import Tenant
from .clinical import Clinical
from .emergencies import in_force
from .follow import Following
from .memory import Memory
from .staff import staff

LASTS = 2.0
"""Seconds for which a sight is remembered: what ends is over within five."""
MOST = 10_000

Key = tuple[int, str, str, str]


class PostgresSights:
    """One for each process; `charges` knows who acts for whom."""

    def __init__(self, clinical: Clinical, charges: Charges, now: Clock) -> None:
        self._clinical = clinical
        self._charges = charges
        self._now = now
        self._memory: Memory[Key, Sight] = Memory(LASTS, MOST)
        self._last: dict[Key, Sight] = {}

    async def of(self, tenant: Tenant, account: str, user: str) -> Sight:
        """As ports.Sights."""
        key = tenant.number, tenant.practitioners_see, account, user
        held = self._memory.held(key)
        found = held or await self._memory.get(key, partial(self._read, tenant, account, user))
        return self._same(key, found or NOBODY)

    async def sees(self, tenant: Tenant, account: str, user: str, patient: str) -> bool:
        """As ports.Sights."""
        sight = await self.of(tenant, account, user)
        following = Following(await self._clinical.bound(tenant), self._clinical.pool)
        return await following.begin().any(sight, (patient,))

    def _same(self, key: Key, found: Sight) -> Sight:
        """The object that said the same before: what is remembered about callers goes by it."""
        last = self._last.get(key)
        if last == found:
            return last
        if len(self._last) >= MOST:
            self._last.clear()
        self._last[key] = found
        return found

    async def _read(self, tenant: Tenant, account: str, user: str) -> Sight:
        type_, _, id_ = user.partition("/")
        person = PERSONS.get(type_, Person("nobody"))
        patients = {id_} if person.itself and id_ else set()
        limited: list[Limited] = []
        for one in await self._charges.charges(tenant, account) if person.charges else ():
            if one.types is None and one.sensitive:
                patients.add(one.patient)
            else:
                limited.append(Limited(one.patient, one.types, one.sensitive))
        if not person.by_rule:
            return Sight(frozenset(patients), limited=tuple(limited))
        by_rule = await self._by_rule(tenant, user)
        for patient in await in_force(self._clinical.pool, tenant.number, account, self._now()):
            if patient is None:
                return Sight(None)
            patients.add(patient)
        return Sight(None if by_rule.whole else frozenset(patients), by_rule.leads)

    async def _by_rule(self, tenant: Tenant, user: str) -> Sight:
        """What the tenant's rule shows a practitioner; nobody by a rule that is none."""
        rule = RULES.get(tenant.practitioners_see)
        if rule is None or rule.whole:
            return NOBODY if rule is None else rule.sight((), ())
        found = await staff(await self._clinical.bound(tenant), self._clinical.pool, user)
        return rule.sight(found.themselves, found.organizations)
