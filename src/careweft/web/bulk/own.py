"""What every door of an export asks first: may this client export, and is this job its own?"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, ClassVar

from ...bulk.order import Order, covers
from ...bulk.research import UNAPPROVED, holds
from ...fhir.outcomes import FhirRefusal, Forbidden, NotFound
from ...ports.clients import Client
from ...ports.jobs import Job
from ...surfaces.model import Surface
from ..exchange import Request
from ..site import Site

NONE = "There is no such export."


class Expired(FhirRefusal):
    """The files of this export have expired; export again."""

    status: ClassVar[int] = 410
    code: ClassVar[str] = "expired"


async def exporter(site: Site, request: Request) -> Client:
    """The caller's registration. Forbidden where that has no bulk permission."""
    client = await site.clients.find(request.known_tenant.number, request.known_caller.client)
    if client is None or not (client.bulk and client.enabled and client.approved):
        raise Forbidden("This application is not registered for bulk exports.")
    return client


async def own(site: Site, surface: Surface, request: Request, id_: str) -> tuple[Job, Order]:
    """The caller's job and what it was for. NotFound for any other, Forbidden where this token sees less than the
    job does (BULK-09, BULK-10).
    """
    await exporter(site, request)
    tenant, caller = request.known_tenant, request.known_caller
    job = await site.exports.jobs.find(tenant.number, surface.id, caller.client, id_)
    said: Mapping[str, Any] | None = None
    if job is not None:
        try:
            said = await site.exports.jobs.order(tenant.number, job.id)
        except LookupError:
            raise over(job) from None
    if job is None or said is None:
        raise NotFound(NONE)
    order = Order.of(said)
    if not covers(caller, surface, order, tenant.zone):
        raise Forbidden("This token does not reach all that the export holds.")
    if order.form and not holds(order, await site.exports.approvals.find(tenant.number, caller.client, order.group)):
        raise Forbidden(UNAPPROVED)
    return job, order


def over(job: Job) -> FhirRefusal:
    """What is said of a job whose files are gone."""
    return Expired() if job.state == "done" else failed(job)


class ExportFailed(FhirRefusal):
    """The export failed; start it again."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "exception"


def failed(job: Job) -> ExportFailed:
    """The refusal that says why."""
    return ExportFailed(job.problem or "")


def http_date(at: datetime) -> bytes:
    """A moment as HTTP writes it: RFC 9110 5.6.7."""
    return format_datetime(at.astimezone(UTC), usegmt=True).encode()
