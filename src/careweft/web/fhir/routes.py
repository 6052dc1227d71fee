"""Surfaces become routes: read off `surfaces.ALL`, never written twice."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ...surfaces.model import Offer, Surface
from ..route import Cors, Handler, Public, Right, Route
from ..site import Site
from . import capabilities, create, docref, everything, history, read, search, smart, update, validate, vread


class Door(NamedTuple):
    """An interaction or operation: its code in FHIR, where it lies under `[base]/[type]`, what makes its handler."""

    interaction: str
    methods: tuple[str, ...]
    below: str
    handler: Callable[[Site, Right], Handler]


DOORS = (
    Door("read", ("GET",), "/{id}", read.handler),
    Door("vread", ("GET",), "/{id}/_history/{vid}", vread.handler),
    Door("history-instance", ("GET",), "/{id}/_history", history.handler),
    Door("search-type", ("GET",), "", search.handler),
    Door("search-type", ("POST",), "/_search", search.handler),
    Door("create", ("POST",), "", create.handler),
    Door("update", ("PUT",), "/{id}", update.handler),
    Door("$everything", ("GET", "POST"), "/{id}/$everything", everything.handler),
    Door("$docref", ("GET", "POST"), "/$docref", docref.handler),
    Door("$validate", ("POST",), "/$validate", validate.handler),
    Door("$validate", ("GET", "POST"), "/{id}/$validate", validate.of_one),
)


def rows(site: Site) -> Iterator[Route]:
    """The rows of every surface: what describes it, and each interaction of each type that it offers."""
    for surface in site.surfaces:
        yield from _public(site, surface)
        for offer in surface.offers:
            yield from _offered(site, surface, offer)


def _public(site: Site, surface: Surface) -> Iterator[Route]:
    told = {"metadata": capabilities.handler, ".well-known/smart-configuration": smart.handler}
    for path, handler in told.items():
        name = f"{surface.id} {path}"
        answer = handler(site, surface)
        yield Route(("GET",), f"{surface.base}/{path}", Public(), answer, name, "", surface.id, Cors.ANY)


def _offered(site: Site, surface: Surface, offer: Offer) -> Iterator[Route]:
    for door in DOORS:
        if offer.does(door.interaction):
            right, path = Right(surface, offer.type, door.interaction), f"{surface.base}/{offer.type}{door.below}"
            answer, name = door.handler(site, right), f"{surface.id} {door.interaction}"
            yield Route(door.methods, path, right, answer, name, door.interaction, surface.id, Cors.REGISTERED)
