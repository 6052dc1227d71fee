"""The EHR simulator: says the context of a launch to the server, as an EHR does, and opens the application.

https://hl7.org/fhir/smart-app-launch/STU2/app-launch.html#launch-app-ehr-launch - it has a token of its own and goes
through the same endpoint as any EHR.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from ...ports.clients import Client, Clients
from ...ports.tenants import Tenants
from ...surfaces import find
from ...surfaces.issuers import V2
from ...values import dataclass
from .. import pages
from ..counter import Counter
from ..exchange import Reply, Request
from ..route import Public, Route
from ..trial import Preview
from .server import listed, person
from .smart import basic

EHR = "ehr"
MOST = 100
Options = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Simulator:
    """The handlers."""

    preview: Preview
    tenants: Tenants
    clients: Clients
    base_url: str
    counter: Counter

    def rows(self) -> Iterator[Route]:
        """The page and its form."""
        yield Route(("GET",), "/simulator", Public(), self.show, "simulator", "", speaks="page")
        yield Route(("POST",), "/simulator", Public(), self.send, "simulator", "", speaks="page", page="/simulator")

    async def show(self, request: Request) -> Reply:
        """`GET /simulator`"""
        return await self._page(request, {}, ())

    async def send(self, request: Request) -> Reply:
        """`POST /simulator`: the next step of the form, or the launch."""
        filled = await self.counter.take(request, "simulator")
        chosen = {name: filled.one(name, 200) for name in ("app", "practitioner", "patient", "encounter", "intent")}
        if filled.one("do") != "launch":
            return await self._page(request, chosen, ())
        app = {one.id: one for one in await self._apps()}.get(chosen["app"])
        if app is None or app.launch_url is None:
            return await self._page(request, chosen, [("app", "simulator.no_apps")])
        handle = await self._launch(chosen)
        joint = "&" if "?" in app.launch_url else "?"
        return pages.seen(f"{app.launch_url}{joint}{urlencode({'iss': self._iss, 'launch': handle})}")

    async def _launch(self, chosen: Mapping[str, str]) -> str:
        """The handle that the server gives for this context."""
        context = {
            "client_id": chosen["app"],
            "user": chosen["practitioner"],
            "patient": chosen["patient"],
            "encounter": chosen["encounter"],
            "intent": chosen["intent"],
        }
        token = await self._token()
        url = V2.url(self.base_url, self._tenant) + "/launch"
        given = {name: value for name, value in context.items() if value}
        status, told = await self.preview.ask("POST", url, {"authorization": f"Bearer {token}"}, told=given)
        if status != 201:
            raise ConnectionError(f"the launch endpoint answered {status}")
        return str(told["launch"])

    async def _page(self, request: Request, chosen: Mapping[str, str], errors: Any) -> Reply:
        """The form: who and which application first, then the visits of the patient who was chosen."""
        people, patients = await self._search("Practitioner"), await self._search("Patient")
        encounters: Options | None = None
        if patient := chosen.get("patient"):
            found = await self._search("Encounter", patient=patient)
            encounters = [("", "–"), *((one["id"], visit(one)) for one in found)]
        filled = {name: chosen.get(name, "") for name in ("app", "practitioner", "patient", "encounter", "intent")}
        return self.counter.show(
            request, "simulator.html", "simulator", apps=[(one.id, one.name) for one in await self._apps()],
            practitioners=[(f"Practitioner/{one['id']}", person(one)) for one in self._known_first(people)],
            patients=[(one["id"], person(one)) for one in patients], encounters=encounters, filled=filled,
            errors=errors, sends=["http:", "https:"],
        )  # fmt: skip

    def _known_first(self, people: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Practitioners, those first as whom somebody can sign in."""
        known = {one.record for one in self.preview.logins}
        return sorted(people, key=lambda one: f"Practitioner/{one['id']}" not in known)

    async def _apps(self) -> list[Client]:
        tenant = await self.tenants.find(self._tenant)
        every = await self.clients.all(tenant.number) if tenant else []
        return [one for one in every if one.launch_url and one.enabled and one.approved]

    async def _search(self, type_: str, **by: str) -> list[dict[str, Any]]:
        base = find("provider", "system").url(self.base_url, self._tenant)
        url = f"{base}/{type_}?{urlencode({**by, '_count': MOST})}"
        status, found = await self.preview.ask("GET", url, {"authorization": f"Bearer {await self._token()}"})
        return listed(found) if status == 200 else []

    async def _token(self) -> str:
        credential = self.preview.apps[EHR]
        form = {"grant_type": "client_credentials", "scope": "system/*.rs launch/create"}
        url = V2.token_url(self.base_url, self._tenant)
        status, told = await self.preview.ask("POST", url, {"authorization": basic(credential)}, form=form)
        if status != 200:
            raise ConnectionError(f"the token endpoint answered {status}")
        return str(told["access_token"])

    @property
    def _tenant(self) -> str:
        return self.preview.apps[EHR].tenant

    @property
    def _iss(self) -> str:
        return find("provider", "patient").url(self.base_url, self._tenant)


def visit(encounter: Mapping[str, Any]) -> str:
    """An encounter in one line."""
    kind = (encounter.get("type") or [{}])[0]
    text = kind.get("text") or (kind.get("coding") or [{}])[0].get("display", encounter["id"])
    return f"{encounter.get('period', {}).get('start', '')[:10]} {text}".strip()
