"""The audit entry of what somebody did, or was refused, at an account."""

from datetime import datetime

from ..ports.journal import Entry
from ..ports.people import Account, Visit
from ..tenancy import Tenant
from .refusals import Refused

SURFACE, TERMINAL = "accounts", "command line"


def made(
    now: datetime,
    tenant: Tenant | None,
    action: str,
    visit: Visit,
    account: Account | None = None,
    reason: str | None = None,
    patient: str | None = None,
    status: int = 200,
) -> Entry:
    """An entry that a change takes along."""
    return Entry(
        at=now,
        tenant=None if tenant is None else tenant.number,
        action=action,
        surface=SURFACE if visit.actor is None else TERMINAL,
        status=status,
        request_id=visit.request_id,
        user=visit.actor or (None if account is None else account.fhir_user or account.id),
        patient=patient,
        patients=() if patient is None else (patient,),
        address=visit.address,
        reason=reason,
    )


def refused(
    refusal: Refused, now: datetime, tenant: Tenant | None, action: str, visit: Visit, account: Account | None = None
) -> Refused:
    """The refusal with its entry. Before it is proved who somebody is, `account` is left away, whoever it may be."""
    refusal.entry = made(now, tenant, action, visit, account, refusal.key, status=refusal.status)
    return refusal
