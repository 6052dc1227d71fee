"""What the store knows of one tenant before it reads or writes: number, zone, hash key, dictionaries, opened keys."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from zoneinfo import ZoneInfo

from ..access.reach import REACH, How
from ..fhir.compartments import members, subject
from ..fhir.definitions import COMPARTMENT, SEARCH
from ..ports.records import Resource
from ..tenancy import Tenant
from ..values import dataclass
from .bodies import Bodies
from .hashes import Hashes
from .pool import Pool


@dataclass(frozen=True, slots=True)
class Bound:
    """A tenant's number with all that turns its resources into rows and back."""

    tenant: int
    zone: tzinfo
    hashes: Hashes
    bodies: Bodies


async def bind(pool: Pool, tenant: Tenant, open_keys: Mapping[int, bytes] | None = None) -> Bound:
    """Read what belongs to this tenant; `open_keys` seal its bodies, by number. Raises Unavailable, KeyError."""
    row = await pool.fetchrow("select hash_key from tenant where number = $1", tenant.number)
    if row is None:
        raise KeyError(f"there is no tenant {tenant.number}")
    secret = bytes(row["hash_key"])
    dictionaries = {row["dic"]: bytes(row["body"]) for row in await pool.fetch("select dic, body from dict")}
    return Bound(
        tenant.number, ZoneInfo(tenant.zone), Hashes(secret), Bodies(tenant.number, secret, dictionaries, open_keys)
    )


def patients(type_: str, resource: Resource) -> Sequence[str]:
    """The patients whose compartment holds this resource, the one it is about first; none for a type that has none."""
    if not confined(type_):
        return ()
    about, named = subject(resource), members(resource)
    return named if about is None or about in named[:1] else list(dict.fromkeys([about, *named]))


def confined(type_: str) -> bool:
    """Resources of this type belong to patients. A Group, for one, only lists them."""
    return REACH.get(type_) in (How.COMPARTMENT, How.OWN, How.TARGET)


def naming(type_: str) -> frozenset[str]:
    """The parameters whose patients are all among `patients`."""
    if not confined(type_):
        return frozenset()
    own = next((code for code in ("patient", "subject") if code in SEARCH[type_]), None)
    return frozenset({*COMPARTMENT.get(type_, ()), *([own] if own else ())} - {"_id"})
