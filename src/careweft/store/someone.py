"""The little that accounts read of the clinical record, by the one way to data: `decide` and `narrow`.

It reads names, birth dates, whom a RelatedPerson is related to, and who has an identifier.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from .. import surfaces
from ..access.caller import Caller
from ..access.decide import Denied
from ..access.labels import WORDS, opened
from ..access.narrow import narrow, reach
from ..access.scopes import Scope
from ..accounts.needs import Someone
from ..fhir import json
from ..fhir.search.context import Context
from ..fhir.search.escapes import escape
from ..fhir.search.parse import parse
from ..ports.clock import Clock
from ..ports.records import Records
from ..tenancy import Tenant

TYPES = ("Patient", "RelatedPerson", "Practitioner")
SURFACE = surfaces.find("provider", "system")
TRUSTED = "https://hl7.org/fhir"


class Chart:
    """accounts.Records."""

    def __init__(self, records: Callable[[Tenant], Awaitable[Records]], now: Clock) -> None:
        self._records = records
        self._now = now

    async def someone(self, tenant: Tenant, record: str) -> Someone | None:
        """As accounts.Records."""
        type_, _, id_ = record.partition("/")
        if type_ not in TYPES or not id_:
            return None
        shown = reach(ourselves(tenant), SURFACE, type_, "r", tenant.zone)
        if isinstance(shown, Denied):
            return None
        found = await (await self._records(tenant)).read(type_, id_, shown)
        return None if found is None or found.body is None else told(json.decode(found.body))

    async def identified(self, tenant: Tenant, type_: str, system: str, value: str) -> Sequence[str]:
        """As accounts.Records."""
        if type_ not in TYPES:
            return ()
        pairs = [("identifier", f"{escape(system)}|{escape(value)}"), ("_count", "2")]
        context = Context(self._now(), ZoneInfo(tenant.zone), SURFACE.url(TRUSTED, tenant.id))
        asked = parse(type_, SURFACE.by_type[type_], pairs, context)
        narrowed = narrow(asked.query, ourselves(tenant), SURFACE, tenant.zone)
        if isinstance(narrowed, Denied):
            return ()
        page = await (await self._records(tenant)).search(narrowed)
        return [one.id for one in page.matches]


def ourselves(tenant: Tenant) -> Caller:
    """Who asks: this installation, for the three types that stand for people."""
    scopes = tuple(Scope("system", type_, frozenset("rs")) for type_ in TYPES)
    return Caller("", tenant.id, SURFACE.name, scopes, labels=opened(WORDS))


def told(resource: dict[str, Any]) -> Someone:
    """What a record says of the person."""
    related = str(resource.get("patient", {}).get("reference", ""))
    return Someone(
        name=name(resource.get("name", [])),
        birth=birth(resource.get("birthDate")),
        patient=related.removeprefix("Patient/") if related.startswith("Patient/") else None,
    )


def name(names: Sequence[dict[str, Any]]) -> str:
    """The name by which somebody is called: the official one, else the first that is not over.

    >>> name([{"use": "old", "family": "Li"}, {"use": "official", "given": ["Ana", "B"], "family": "Wong"}])
    'Ana B Wong'
    """
    known = sorted((one for one in names if one.get("use") != "old"), key=lambda one: one.get("use") != "official")
    for one in known or names:
        spelled = one.get("text") or " ".join([*one.get("given", ()), *filter(None, [one.get("family")])])
        if spelled:
            return str(spelled)
    return ""


def birth(text: object) -> date | None:
    """A whole birth date; of a part of one nothing can be said."""
    try:
        return date.fromisoformat(str(text)) if len(str(text)) == 10 else None
    except ValueError:
        return None
