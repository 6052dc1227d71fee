"""The search interaction, by GET and by POST _search: https://hl7.org/fhir/R4/http.html#search, https://hl7.org/fhir/R4/search.html"""

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from zoneinfo import ZoneInfo

from ...access.caller import Caller
from ...access.decide import Denied
from ...access.narrow import narrow
from ...access.reach import Narrowed
from ...fhir.bundles import entry, searchset
from ...fhir.search.context import Context
from ...fhir.search.parse import FORMS, Search, parse
from ...fhir.subset import View, subset
from ...ports.records import Page, Place, Shown
from .. import forms, negotiate, replies
from ..exchange import Reply, Request
from ..forms import Pairs
from ..guard import BadAuthorization, insufficient
from ..leaving import unless_left
from ..route import Handler, Right
from ..site import Site
from ..telemetry import LOG
from . import paging, remarks, urls
from .links import Held, Sealer, held_of

SLOW = 1.0
"""Seconds; docs/howto/find-a-slow-search.md."""
_LENIENT = re.compile(rb"(?:^|[,;])\s*handling\s*=\s*\"?lenient\"?\s*(?:[,;]|$)", re.IGNORECASE)


def handler(site: Site, right: Right) -> Handler:
    """The handler of `GET [base]/[type]` and of `POST [base]/[type]/_search`."""
    sealer = Sealer(site.seal, os.urandom, lambda: site.clock().timestamp())

    async def search(request: Request) -> Reply:
        given = await parameters(request)
        form = negotiate.chosen(request.headers, right.surface.default_format, given)
        base = right.surface.url(site.base_url, request.known_tenant.id)
        where = f"{base}/{right.type}"
        shown = [pair for pair in given if pair[0] in FORMS]
        held = paging.continued(sealer, where, request, given)
        at = datetime.fromtimestamp(held.at, UTC) if held else site.clock()
        asked = held.pairs if held else [pair for pair in given if pair[0] not in FORMS]
        found = read(request, right, asked, Context(at, ZoneInfo(request.known_tenant.zone), base))
        narrowed = confined(request, right, found)
        known = counted(held, request.known_caller)
        if known is not None:
            narrowed = replace(narrowed, query=replace(narrowed.query, total="none"))
        records, after = site.records(request.known_tenant), Place(*held.place) if held else None
        with slowly(request, right.type, found.used):
            page = await unless_left(request, records.search(narrowed, after))
        total = page.total if known is None else known
        request.patients = patients(page)
        links = {"self": urls.joined(where, [*found.used, *shown])}
        if page.following is not None:
            going_on = Held(
                at.timestamp(), held_of(page.following), list(found.used), 0.0, total, scopes(request.known_caller)
            )
            sealed = sealer.seal(where, request.known_caller, going_on)
            links["next"] = urls.joined(where, [(paging.PAGE, sealed), *shown])
        view = found.query.view
        bundle = searchset(
            base,
            links,
            entries(page.matches, view),
            included=entries(page.included, view.beside),
            outcomes=remarks.made(found, narrowed, page, right.surface),
            total=total,
        )
        return replies.resource(200, bundle, form, [])

    return search


@contextmanager
def slowly(request: Request, type_: str, used: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Log a search that took long, also one that came to nothing: its type and its parameters' names, no value."""
    begun = monotonic()
    try:
        yield
    finally:
        took = monotonic() - begun
        if took > SLOW:
            names = ", ".join(dict.fromkeys(remarks.quotable(name) for name, _ in used)) or "nothing"
            LOG.warning("request %s: a search of %s by %s took %.1f s", request.id, type_, names, took)


async def parameters(request: Request) -> Pairs:
    """The parameters of the query and, of a POST, of the form. A token among them is refused (OAUTH-14)."""
    given = forms.pairs(request.query)
    if request.method == "POST":
        given += await forms.form(request)
    if any(name == "access_token" for name, _ in given):
        raise BadAuthorization("An access token belongs in the Authorization header and nowhere else.")
    return given


def read(request: Request, right: Right, asked: Pairs, context: Context) -> Search:
    """The search that was asked for; what this API does not offer is refused, or with handling=lenient passed over."""
    lenient = bool(_LENIENT.search(request.headers.get(b"prefer", b"")))
    types = right.surface.by_type
    return parse(right.type, types[right.type], asked, context, lenient=lenient, others=types)


def confined(request: Request, right: Right, found: Search) -> Narrowed:
    """The search that may be run for this caller, decided anew on every page."""
    narrowed = narrow(found.query, request.known_caller, right.surface, request.known_tenant.zone)
    if isinstance(narrowed, Denied):
        raise insufficient(right.surface, narrowed)
    return narrowed


def counted(held: Held | None, caller: Caller) -> int | None:
    """The total that the first page counted; None where other scopes than this caller's have counted it."""
    return held.total if held is not None and held.scopes == scopes(caller) else None


def scopes(caller: Caller) -> str:
    """What the caller may see beside what every link is bound to, as a short text."""
    said = sorted((one.level, one.type, sorted(one.may), one.only) for one in caller.scopes)
    return hashlib.blake2b(repr((said, caller.labels, caller.sight)).encode(), digest_size=12).hexdigest()


def patients(page: Page) -> tuple[str, ...]:
    """Whom this page shows, each once, for the audit entry."""
    shown = (version for versions in (page.matches, page.included) for version in versions)
    return tuple(dict.fromkeys(one for version in shown for one in version.patients))


def entries(found: Sequence[Shown], view: View) -> list[bytes]:
    """What the Bundle joins."""
    if view.whole:
        return [one.entry for one in found]
    return [entry(one.type, one.id, subset(one.body, one.type, view)) for one in found]
