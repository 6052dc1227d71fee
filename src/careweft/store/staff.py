"""Who a practitioner is and for whom they work: their own PractitionerRoles, decided on the records themselves."""

from collections.abc import Iterable, Iterator
from typing import Any

from ..fhir.definitions import RESOURCES, SEARCH
from ..fhir.search.kinds.reference import literal
from ..fhir.search.query import Ref
from ..values import dataclass
from .bound import Bound
from .found import each
from .pool import Pool

BY = SEARCH["PractitionerRole"]["practitioner"].number
OF = """
select * from bodies_by_rid($1, array(
  select r.rid from res r where r.tok && $2 and (r.tenant = $1 and r.rt = $3) is true))
"""
ONE = "select * from read_many($1, array[$2::int2], array[$3::text])"


@dataclass(frozen=True, slots=True)
class Staff:
    """References by which records name this practitioner, and to the organizations of their roles."""

    themselves: tuple[str, ...]
    organizations: tuple[str, ...]


async def staff(bound: Bound, pool: Pool, user: str) -> Staff:
    """What is known of the practitioner, or the one role, that `user` names (`Practitioner/y`). Raises Unavailable."""
    type_, _, id_ = user.partition("/")
    rt = RESOURCES["PractitionerRole"]
    if type_ == "Practitioner":
        rows = await pool.fetch(OF, bound.tenant, [bound.hashes.reference(BY, type_, id_)], rt)
    else:
        rows = await pool.fetch(ONE, bound.tenant, rt, id_)
    found = [one.resource for one in (each(row, bound.bodies) for row in rows) if one.resource is not None]
    roles = [one for one in found if one.get("active") is not False and user in (_name(one), _to(one, "practitioner"))]
    return Staff(
        tuple(_each([user, *(_name(one) for one in roles), *(_to(one, "practitioner") for one in roles)])),
        tuple(_each(_to(one, "organization") for one in roles)),
    )


def _name(role: dict[str, Any]) -> str:
    return f"PractitionerRole/{role.get('id')}"


def _to(role: dict[str, Any], element: str) -> str:
    """To what this element refers; nothing for what is not kept here."""
    link = role.get(element)
    text = link.get("reference") if isinstance(link, dict) else None
    target = literal(text) if isinstance(text, str) else None
    return f"{target.type}/{target.id}" if isinstance(target, Ref) else ""


def _each(references: Iterable[str]) -> Iterator[str]:
    """Each once, in one order."""
    yield from sorted({one for one in references if one})
