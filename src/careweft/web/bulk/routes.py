"""Exports become routes: wherever a surface's row says that it has them."""

from collections.abc import Iterator

from ...surfaces import RESEARCH
from ...surfaces.model import Surface
from ..route import Bulk, Cors, Handler, Right, Route
from ..site import Site
from . import download, jobs, kickoff, status

EXPORT = "$export"
BOTH = ("GET", "POST")


def rows(site: Site) -> Iterator[Route]:
    """The rows of every surface whose records can be exported."""
    for surface in (*site.surfaces, RESEARCH):
        if surface.exports:
            yield from _kickoffs(site, surface)
            yield from _afterwards(site, surface)


def _kickoffs(site: Site, surface: Surface) -> Iterator[Route]:
    right = {type_: Right(surface, type_, EXPORT) for type_ in ("Group", "Patient")}
    found = (
        ("group", f"{surface.base}/Group/{{id}}/{EXPORT}", right["Group"]),
        ("patient", f"{surface.base}/Patient/{EXPORT}", right["Patient"]),
        ("system", f"{surface.base}/{EXPORT}", Bulk(surface)),
    )
    for level, path, policy in found:
        known = surface.by_type.get(level.capitalize())
        if EXPORT in (surface.operations if known is None else known.operations):
            answer = kickoff.handler(site, surface, level)  # type: ignore[arg-type]  # one of Level, above
            yield Route(BOTH, path, policy, answer, f"{surface.id} {EXPORT}", EXPORT, surface.id, Cors.REGISTERED)


def _afterwards(site: Site, surface: Surface) -> Iterator[Route]:
    one, all_ = f"{surface.exports}/{{id}}", surface.exports
    yield _row(surface, ("GET",), one, status.handler(site, surface), "$export-status")
    yield _row(surface, ("DELETE",), one, jobs.cancel(site, surface), "$export-cancel")
    yield _row(surface, ("PATCH",), one, jobs.keep(site, surface), "$export-keep")
    yield _row(surface, ("GET",), all_, jobs.listed(site, surface), "$export-jobs")
    path = f"{surface.base}/Binary/{{id}}/$export-download"
    yield _row(surface, ("GET",), path, download.handler(site, surface), "$export-download")


def _row(surface: Surface, methods: tuple[str, ...], path: str, answer: Handler, action: str) -> Route:
    return Route(methods, path, Bulk(surface), answer, f"{surface.id} {action}", action, surface.id, Cors.REGISTERED)
