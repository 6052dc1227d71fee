"""What kinds of people sign in, as rows: which records may stand for them, and whether a second factor is mandatory."""

from collections.abc import Mapping
from types import MappingProxyType

from ..values import dataclass


@dataclass(frozen=True, slots=True)
class Role:
    """One kind. `records` are the types of record that may stand for such a person, the first one where none is named;
    `factor` makes a second factor mandatory (WEB-05); `tenant` False is a role of no tenant.
    """

    name: str
    records: tuple[str, ...]
    factor: bool = False
    tenant: bool = True


ROLES: Mapping[str, Role] = MappingProxyType({
    role.name: role
    for role in (
        Role("patient",        ("Patient",)),
        Role("representative", ("RelatedPerson", "Patient")),
        Role("practitioner",   ("Practitioner",)),
        Role("owner",          ("Practitioner",), factor=True),
        Role("privacy",        ("Practitioner",), factor=True),
        Role("helpdesk",       ("Practitioner",)),
        Role("analyst",        ("Practitioner",)),
        Role("reader",         ("Practitioner",)),
        Role("developer",      (), tenant=False),
        Role("administrator",  (), factor=True, tenant=False),
    )
})  # fmt: skip


def fits(role: str, fhir_user: str | None) -> bool:
    """May this record stand for somebody of this role? An owner may be without one, as may a representative.

    >>> fits("patient", "Patient/ana"), fits("patient", "Practitioner/kim"), fits("patient", None), fits("owner", None)
    (True, False, False, True)
    """
    found = ROLES.get(role)
    if found is None:
        return False
    if fhir_user is None:
        return role not in ("patient", "practitioner")
    type_, _, id_ = fhir_user.partition("/")
    return type_ in found.records and bool(id_)


def wants_factor(role: str) -> bool:
    """Is a second factor mandatory for this role? For a role that nobody knows, yes."""
    return role not in ROLES or ROLES[role].factor
