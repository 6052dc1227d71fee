"""An order in the form that its API gives out: de-identified where the surface says so, and by nobody's choice else."""

import secrets
from dataclasses import replace
from datetime import datetime
from typing import cast

from ..fhir.outcomes import BadValue, Forbidden
from ..ports.approvals import Approval, Approvals, Dates
from ..surfaces.model import Surface
from ..surfaces.research import DEIDENTIFIED
from .deidentify.form import Form
from .deidentify.secret import Secret
from .order import Order

UNFIT = {
    "since": "_since: each de-identified export stands for itself",
    "until": "_until: each de-identified export stands for itself",
    "filters": "_typeFilter: the Group was approved as it is",
    "elements": "_elements: rows say what goes out",
    "patients": "patient: the Group was approved as a whole",
    "organize": "organizeOutputBy: patients have no names here",
    "provenance": "includeAssociatedData: who wrote a record does not go out",
}
"""What would tell one export from another, or some people from the Group."""
UNAPPROVED = "The tenant has not approved this Group for this application."


async def formed(order: Order, surface: Surface, tenant: int, client: str, approvals: Approvals) -> Order:
    """The order as the surface gives it out. Raises Forbidden without an approval, BadValue for what it has not."""
    if surface.form != DEIDENTIFIED:
        return order
    approval = await approvals.find(tenant, client, order.group) if order.level == "group" else None
    if approval is None:
        raise Forbidden(UNAPPROVED)
    for name, why in UNFIT.items():
        if getattr(order, name):
            raise BadValue(why)
    return replace(order, form=f"{DEIDENTIFIED} {approval.dates}", secret=secrets.token_hex(32))


def holds(order: Order, approval: Approval | None) -> bool:
    """May this order still be worked on? What was approved since in another way is ordered anew."""
    return not order.form or (approval is not None and order.form == f"{DEIDENTIFIED} {approval.dates}")


def form(order: Order, moment: datetime) -> Form | None:
    """What becomes of each record; None where they go out as they are."""
    if not order.form:
        return None
    dates = cast("Dates", order.form.rpartition(" ")[2])
    return Form(Secret(bytes.fromhex(order.secret)), moment.date(), dates)
