"""The status of an export, and its manifest: https://hl7.org/fhir/uv/bulkdata/STU2/export.html#bulk-data-status-request"""

from datetime import datetime

from ...bulk.manifest import expired, manifest
from ...bulk.progress import progress, wait
from ...fhir.outcomes import TooMany
from ...ports.jobs import File, Job
from ...surfaces.model import Surface
from .. import replies
from ..exchange import Reply, Request
from ..route import Handler
from ..site import Site
from .own import Expired, failed, http_date, own


class TooEager(TooMany):
    """The status is asked for too often; wait as long as Retry-After says."""


def handler(site: Site, surface: Surface) -> Handler:
    """The handler of `GET {exports}/{id}`."""

    async def status(request: Request) -> Reply:
        job, order = await own(site, surface, request, request.args["id"])
        if job.at_work:
            return await _working(site, job)
        if job.state == "failed":
            raise failed(job)
        if expired(job, site.clock()):
            raise Expired
        files = await site.exports.jobs.files(job.tenant, job.id)
        base = surface.url(site.base_url, request.known_tenant.id)
        told = manifest(job, order.said(), files, lambda one: url(base, one))
        return replies.as_json(200, told, (b"expires", http_date(_expires(job))), kept=b"no-store, private")

    return status


async def _working(site: Site, job: Job) -> Reply:
    after = wait(job, site.clock())
    if not await site.exports.jobs.poll(job):
        refusal = TooEager()
        refusal.retry_after = max(after, 5)
        raise refusal
    said = [(b"x-progress", progress(job).encode()), (b"retry-after", str(after).encode())]
    return Reply(202, said)


def url(base: str, file: File) -> str:
    """Where a file is had."""
    return f"{base}/Binary/{file.id}/$export-download"


def _expires(job: Job) -> datetime:
    if job.expires is None:
        raise LookupError("a finished job expires")
    return job.expires
