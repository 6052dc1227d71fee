"""The demonstration's logins: at each tenant a patient, one who acts for two others, a practitioner, an owner."""

import secrets
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime

from ..accounts.changes import SetPassword
from ..accounts.codes import code
from ..accounts.relations import Terms
from ..app import House
from ..intake.sample.chance import Chance
from ..intake.sample.person import folk
from ..intake.sample.world import build
from ..ports.people import Account, Visit
from ..tenancy import Tenant
from ..values import dataclass

SELF, SPOUSE, CHILD, PARENT = 0, 1, 2, 6
"""Members of the sample's cast: a mother, the father of her child of nine, and his mother of eighty-one."""


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who can sign in at a sample tenant."""

    tenant: str
    role: str
    username: str
    password: str = field(repr=False)
    name: str
    says: str


@dataclass(frozen=True, slots=True)
class Part:
    """Who plays a role: the record that stands for them, and for whom they act."""

    role: str
    record: str
    says: str
    charges: tuple[tuple[str, str], ...] = ()


async def logins(house: House, tenants: Sequence[tuple[str, str, int]], known: dict[str, str]) -> Sequence[Login]:
    """Make what is missing. `known` are the passwords of an earlier start; those that are drawn now are added to it."""
    found = []
    for id_, _, seed in tenants:
        tenant = await house.tenant(id_)
        for part in [one async for one in _there(house, tenant, seed)]:
            password = known.setdefault(f"{id_}/{part.role}", code(secrets.token_bytes, 16))
            found.append(await _made(house, tenant, part, password))
    return found


def cast(seed: int) -> Iterator[Part]:
    """The parts in the sample of this seed."""
    first = next(folk(1, seed, datetime.now(UTC).date()))
    clinic = build(seed, datetime.now(UTC).date()).site("clinic", first.household.clinic)
    doctors = clinic.practitioners
    doctor, owner = (doctors[(first.index + other) % len(doctors)]["id"] for other in (0, 1))
    child, parent = _id(seed, CHILD, "Patient"), _id(seed, PARENT, "Patient")
    charges = ((child, "child"), (parent, "parent"))
    yield Part("patient", f"Patient/{_id(seed, SELF, 'Patient')}", "reads her own record")
    yield Part("representative", f"Patient/{_id(seed, SPOUSE, 'Patient')}", "acts for a child and a parent", charges)
    yield Part("practitioner", f"Practitioner/{doctor}", "takes part in care")
    yield Part("owner", f"Practitioner/{owner}", "decides about applications")


async def _there(house: House, tenant: Tenant, seed: int) -> AsyncIterator[Part]:
    """The parts whose records are in this tenant: a small sample has fewer people."""
    records = house.people.means.records
    for part in cast(seed):
        if await records.someone(tenant, part.record) is None:
            continue
        there = [one for one in part.charges if await records.someone(tenant, f"Patient/{one[0]}") is not None]
        yield replace(part, charges=tuple(there))


async def _made(house: House, tenant: Tenant, part: Part, password: str) -> Login:
    """The account of a part, with this password and these relations."""
    means, visit = house.people.means, Visit(str(uuid.uuid4()), actor="demo")
    account = await house.register.by_username(tenant.number, part.role)
    if account is None:
        asked = Account("", tenant.number, part.role, "", f"{part.role}@mail.example.org", part.role, part.record)
        account = await house.people.office.create(tenant, asked, password, visit)
    elif not await means.passwords.fits(account.id, (await house.people.secrets(account)).password, password):
        kept = await means.passwords.keep(account.id, password)
        await means.record(tenant, "account", visit, account, [SetPassword(account.id, kept)], "demo password")
    standing = {one.patient for one in await house.register.relations(tenant.number, account=account.id)}
    for patient, kind in part.charges:
        if patient not in standing:
            await house.people.relations.relate(tenant, account, patient, Terms(kind), visit)
    return Login(tenant.name, part.role, account.username, password, account.name, part.says)


def _id(seed: int, index: int, kind: str) -> str:
    """The id of a member of the cast."""
    return Chance(seed, f"person/{index}").id(kind)
