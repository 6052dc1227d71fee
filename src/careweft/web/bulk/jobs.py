"""A client's own exports: the page of them, their end, and how long they are kept."""

from datetime import timedelta
from typing import Any

from ...bulk.manifest import expired
from ...bulk.order import moment
from ...bulk.progress import percent
from ...fhir import json
from ...fhir.bundles import instant
from ...fhir.outcomes import BadValue, FhirRefusal, NotFound, UnsupportedMedia
from ...ports.jobs import Job
from ...surfaces.model import Surface
from .. import forms, limits, replies
from ..exchange import Reply, Request
from ..route import Handler
from ..site import Site
from .own import NONE, Expired, exporter, http_date, own

PAGE = 50
BODY = 4096
MEDIA = (b"application/json", b"application/merge-patch+json", b"application/fhir+json")


class NotDone(FhirRefusal):
    """The export is not finished: what it will make has no expiry yet."""

    status = 409
    code = "conflict"


def listed(site: Site, surface: Surface) -> Handler:
    """The handler of `GET {exports}`: newest first, `after` the id with which the page before ended."""

    async def jobs(request: Request) -> Reply:
        await exporter(site, request)
        given = dict(forms.pairs(request.query))
        if given.keys() - {"after"}:
            raise BadValue("The list of exports takes one parameter: after, an export's id.")
        tenant, caller = request.known_tenant, request.known_caller
        before = given.get("after")
        found = await site.exports.jobs.of(tenant.number, surface.id, caller.client, before, PAGE + 1)
        where = site.base_url + surface.exports.replace("{tenant}", tenant.id)
        page: dict[str, Any] = {"jobs": [_told(site, where, one) for one in found[:PAGE]]}
        if len(found) > PAGE:
            page["next"] = f"{where}?after={found[PAGE - 1].id}"
        return replies.as_json(200, page, kept=b"no-store, private")

    return jobs


def _told(site: Site, where: str, job: Job) -> dict[str, Any]:
    state = "expired" if expired(job, site.clock()) else job.state
    told = {
        "id": job.id,
        "status": f"{where}/{job.id}",
        "about": job.about,
        "state": state,
        "created": instant(job.created),
        "percent": percent(job) if job.at_work else 100,
        "transactionTime": job.moment and instant(job.moment),
        "expires": job.expires and instant(job.expires),
    }
    return {name: value for name, value in told.items() if value is not None}


def cancel(site: Site, surface: Surface) -> Handler:
    """The handler of `DELETE {exports}/{id}`: ends what is at work, removes what is done."""

    async def delete(request: Request) -> Reply:
        await exporter(site, request)
        caller = request.known_caller
        job = await site.exports.jobs.find(request.known_tenant.number, surface.id, caller.client, request.args["id"])
        if job is None or not await site.exports.jobs.cancel(job):
            raise NotFound(NONE)
        return Reply(202, [])

    return delete


def keep(site: Site, surface: Surface) -> Handler:
    """The handler of `PATCH {exports}/{id}` with `{"expires": instant}`: kept until then, or as long as we may."""

    async def patch(request: Request) -> Reply:
        job, _ = await own(site, surface, request, request.args["id"])
        wanted = await _expires(request)
        if job.state != "done" or job.ended is None or job.expires is None:
            raise NotDone
        until = min(wanted, job.ended + timedelta(seconds=site.exports.longest))
        if expired(job, site.clock()):
            raise Expired
        if until < job.expires:
            raise BadValue("expires may only be later than it is; an export is removed by DELETE.")
        if not await site.exports.jobs.keep(job, until):
            raise Expired
        told = {"expires": instant(until)}
        return replies.as_json(200, told, (b"expires", http_date(until)), kept=b"no-store, private")

    return patch


async def _expires(request: Request) -> Any:
    kind = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind not in MEDIA:
        raise UnsupportedMedia("The body wants application/json.")
    given = json.decode(await limits.body(request, BODY), BODY)
    if given.keys() != {"expires"} or not isinstance(given["expires"], str):
        raise BadValue('The body wants {"expires": "2026-01-31T00:00:00Z"}.')
    return moment("expires", given["expires"])
