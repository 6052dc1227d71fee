"""For whom an account may act at this moment: itself, and those to whom a relation stands (AUTHZ-19)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from ..ports.people import Account, Charge
from .needs import Relation, Someone

SELF = "self"


def charges(
    account: Account,
    relations: Sequence[Relation],
    known: Mapping[str, Someone],
    zone: str,
    majority: int,
    now: datetime,
) -> Iterator[Charge]:
    """The charges in force now; `known` says who each patient is, and one that is not there is none."""
    own = own_patient(account)
    if own is not None and own in known:
        yield Charge(own, known[own].name, SELF)
    for one in relations:
        someone = known.get(one.patient)
        if someone is None or one.patient == own:
            continue
        until = ends(one, someone, zone, majority)
        if until is None or now < until:
            yield Charge(one.patient, someone.name, one.kind, until, one.sensitive, one.types)


def own_patient(account: Account) -> str | None:
    """The patient that this account is itself."""
    type_, _, id_ = (account.fhir_user or "").partition("/")
    return id_ if type_ == "Patient" else None


def ends(one: Relation, patient: Someone, zone: str, majority: int) -> datetime | None:
    """When a relation ends by itself: at its date, and of a minor when the child is of age, whatever was agreed."""
    of_age = None if not one.minor or patient.birth is None else comes_of_age(patient.birth, zone, majority)
    return min((end for end in (one.until, of_age) if end is not None), default=None)


def comes_of_age(birth: date, zone: str, majority: int) -> datetime:
    """The beginning of the birthday on which a child is of age, where the tenant is.

    >>> comes_of_age(date(2008, 2, 29), "America/New_York", 18).isoformat()
    '2026-03-01T00:00:00-05:00'
    """
    year = birth.year + majority
    try:
        day = birth.replace(year=year)
    except ValueError:
        day = date(year, 3, 1)
    return datetime.combine(day, time(), ZoneInfo(zone))
