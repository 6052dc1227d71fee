"""The patients of a picker: those for whom a person acts, or whom a practitioner sees and finds (SMART-06, SMART-07).

A search goes the way of every other one: as a caller with user/ scopes, confined by `narrow` to the person's sight.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from .. import surfaces
from ..access.caller import Caller
from ..access.decide import Denied
from ..access.narrow import narrow
from ..access.scopes import read_all
from ..fhir.outcomes import FhirRefusal
from ..fhir.search.context import Context
from ..fhir.search.escapes import escape
from ..fhir.search.offered import Offers
from ..fhir.search.parse import parse
from ..ports.charts import Candidate, Encounter
from ..ports.clock import Clock
from ..ports.people import Account, People
from ..ports.records import Records
from ..ports.sights import Sights
from ..tenancy import Tenant
from ..values import dataclass

SEARCHING = frozenset({"Practitioner", "PractitionerRole"})
"""Types of record whose owners find patients by searching; every other one acts for patients who are listed."""
SURFACE = surfaces.find("provider", "patient")
OFFERED, VISITS = Offers(("_id", "name", "birthdate", "identifier")), Offers(("patient", "date"))
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
CODE = re.compile(r"[A-Za-z0-9./-]*[0-9][A-Za-z0-9./-]*")
MOST, LONGEST = 20, 100


@dataclass(frozen=True, slots=True)
class PatientCharts:
    """ports.Charts, over the people, their sights and the records."""

    people: People
    sights: Sights
    records: Callable[[Tenant], Records]
    base_url: str
    now: Clock

    async def of(self, tenant: Tenant, account: Account) -> Sequence[Candidate]:
        """For whom the account may act now, itself first."""
        return [
            Candidate(one.patient, one.name, one.relation, types=one.types, sensitive=one.sensitive)
            for one in await self.people.charges(tenant, account.id)
        ]

    async def search(self, tenant: Tenant, account: Account, text: str) -> Sequence[Candidate]:
        """The patients that a practitioner sees: by birth date, identifier or name, whichever the text looks like."""
        text = " ".join(text.split())[:LONGEST]
        if not text or not self.searches(account):
            return []
        return await self._found(tenant, account, asked(text))

    async def find(self, tenant: Tenant, account: Account, patient: str) -> Candidate | None:
        """This patient, where the account may act for or see them at this moment."""
        for one in await self.of(tenant, account):
            if one.patient == patient:
                return one
        if not self.searches(account) or not await self._sees(tenant, account, patient):
            return None
        found = await self._found(tenant, account, [("_id", patient)])
        return found[0] if found else None

    def searches(self, account: Account) -> bool:
        """Does this account find patients by searching?"""
        return (account.fhir_user or "").partition("/")[0] in SEARCHING

    async def _sees(self, tenant: Tenant, account: Account, patient: str) -> bool:
        return await self.sights.sees(tenant, account.id, account.fhir_user or "", patient)

    async def _found(self, tenant: Tenant, account: Account, pairs: Iterable[tuple[str, str]]) -> Sequence[Candidate]:
        """What a search finds for this person, and nothing that the person does not see (SCOPE-04)."""
        return [candidate(one) for one in await self._records(tenant, account, "Patient", OFFERED, pairs)]

    async def visits(self, tenant: Tenant, account: Account, patient: str) -> Sequence[Encounter]:
        """The latest visits of this patient that the account may see."""
        pairs = [("patient", patient), ("_sort", "-date")]
        return [encounter(one) for one in await self._records(tenant, account, "Encounter", VISITS, pairs)]

    async def _records(
        self, tenant: Tenant, account: Account, type_: str, offered: Offers, pairs: Iterable[tuple[str, str]]
    ) -> Sequence[dict[str, Any]]:
        context = Context(self.now(), ZoneInfo(tenant.zone), SURFACE.url(self.base_url, tenant.id))
        try:
            query = parse(type_, offered, [*pairs, ("_count", str(MOST))], context).query
        except FhirRefusal:
            return []  # no text of a person's is an error
        caller = await self._caller(tenant, account)
        narrowed = narrow(replace(query, total="none"), caller, SURFACE, tenant.zone)
        if isinstance(narrowed, Denied):
            return []
        page = await self.records(tenant).search(narrowed)
        return [json.loads(one.body) for one in page.matches[:MOST]]

    async def _caller(self, tenant: Tenant, account: Account) -> Caller:
        """The person as a caller that may look for patients."""
        return Caller(
            client="",
            tenant=tenant.id,
            audience=SURFACE.url(self.base_url, tenant.id),
            scopes=read_all("user/Patient.rs user/Encounter.rs"),
            user=account.fhir_user,
            account=account.id,
            sight=await self.sights.of(tenant, account.id, account.fhir_user or ""),
        )


def asked(text: str) -> list[tuple[str, str]]:
    """A person's words as search parameters: a birth date, an identifier, else every word a part of the name."""
    if DATE.fullmatch(text):
        return [("birthdate", text)]
    if CODE.fullmatch(text):
        return [("identifier", escape(text))]
    return [("name", escape(word)) for word in text.replace(",", " ").split()][:5]


def candidate(resource: dict[str, Any]) -> Candidate:
    """A Patient as a picker shows it."""
    name = next(iter(resource.get("name") or [{}]))
    words = [name.get("text")] if name.get("text") else [*name.get("given", []), name.get("family")]
    told = " ".join(one for one in words if one)
    return Candidate(resource["id"], told or "Patient/" + resource["id"], born=resource.get("birthDate", ""))


def encounter(resource: dict[str, Any]) -> Encounter:
    """An Encounter as a picker shows it: when, of which kind, where.

    >>> encounter({"id": "e", "period": {"start": "2026-05-17T09:30:00Z"}, "class": {"display": "ambulatory"}})
    Encounter(id='e', began='2026-05-17')
    """
    kinds = [one.get("text") or _display(one.get("coding")) for one in resource.get("type", ())]
    words = [*kinds, _display([resource.get("class") or {}])]
    places = [*(one.get("location") for one in resource.get("location", ())), resource.get("serviceProvider")]
    named = [one.get("display") for one in places if one]
    began = str((resource.get("period") or {}).get("start", ""))[:10]
    return Encounter(resource["id"], began, *(next((one for one in some if one), "") for some in (words, named)))


def _display(codings: Any) -> str:
    return next((one["display"] for one in codings or () if one.get("display")), "")
