"""An EHR says in which context it opens an application: https://hl7.org/fhir/smart-app-launch/STU2/app-launch.html#launch-app-ehr-launch

SMART leaves open how an EHR tells its authorization server. Here it posts JSON, with a token of its own that holds the
scope `launch/create`, and gets a handle: opaque, for one application, one user and one use, good for five minutes
(SMART-05). The handle and `iss` go to the application's launch URL.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from .. import surfaces
from ..fhir.outcomes import LoginRequired
from ..ports.clients import Client
from ..ports.journal import Entry
from ..ports.permits import Launch, Launched, Launches
from ..surfaces import issuers
from ..tenancy import Tenant
from ..values import dataclass
from . import secrets
from .errors import InsufficientScope, InvalidRequest, InvalidToken
from .frame import Context, Frame
from .lifetimes import LAUNCH
from .verifier import Verifier

RIGHT = "launch/create"
ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
REFERENCE = re.compile(r"[A-Z][A-Za-z]{1,60}/[A-Za-z0-9.-]{1,64}")
INTENT = re.compile(r"[A-Za-z0-9._:/-]{1,200}")
MOST = 20
MEMBERS = frozenset({
    "client_id", "launch_url", "patient", "encounter", "fhirContext", "intent", "user", "need_patient_banner",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an EHR asks for, read once."""

    client_id: str | None
    launch_url: str | None
    user: str
    launched: Launched

    @classmethod
    def read(cls, told: object) -> "Wanted":
        """The launch in a JSON body. Raises InvalidRequest."""
        if not isinstance(told, dict) or not MEMBERS.issuperset(told):
            raise InvalidRequest(f"a JSON object with some of {', '.join(sorted(MEMBERS))} is wanted")
        context = told.get("fhirContext", [])
        if not isinstance(context, list) or len(context) > MOST:
            raise InvalidRequest(f"fhirContext has to be at most {MOST} relative references")
        banner = told.get("need_patient_banner", True)
        if not isinstance(banner, bool):
            raise InvalidRequest("need_patient_banner has to be true or false")
        launched = Launched(
            patient=text(told, "patient", ID),
            encounter=text(told, "encounter", ID),
            fhir_context=tuple(matching("fhirContext", one, REFERENCE) for one in context),
            intent=text(told, "intent", INTENT),
            banner=banner,
        )
        user = text(told, "user", re.compile(rf"{REFERENCE.pattern}|[0-9a-f]{{40}}"))
        if user is None:
            raise InvalidRequest("user is required: for whom the application is opened, such as Practitioner/y")
        return cls(text(told, "client_id", ID), told.get("launch_url"), user, launched)


def text(told: Mapping[str, Any], name: str, shape: re.Pattern[str]) -> str | None:
    """A member that is absent, or of this shape."""
    return None if told.get(name) is None else matching(name, told[name], shape)


def matching(name: str, value: object, shape: re.Pattern[str]) -> str:
    """A value of this shape. Raises InvalidRequest, which does not repeat it."""
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise InvalidRequest(f"{name} is not what it has to be")
    return value


@dataclass(frozen=True, slots=True)
class Launching:
    """The endpoint, and what the EHR simulator uses. `identifier` makes handles of 160 bits."""

    frame: Frame
    verifier: Verifier
    launches: Launches
    identifier: Callable[[], str] = secrets.identifier

    async def answer(self, tenant: Tenant, bearer: str, told: object, context: Context) -> dict[str, Any]:
        """A handle for what the holder of this token asks. Raises OAuthError, with its entry."""

        async def make(now: datetime) -> dict[str, Any]:
            ehr = await self._ehr(tenant, bearer, context)
            wanted = Wanted.read(told)
            return await self.make(tenant, await self._client(tenant, wanted), wanted, ehr, context, now)

        return await self.frame.around(tenant, "launch", context, make)

    async def make(
        self, tenant: Tenant, client: Client, wanted: Wanted, ehr: str | None, context: Context, now: datetime
    ) -> dict[str, Any]:
        """The handle for this application, with the address that opens it where it registered one."""
        surface = surfaces.find(client.access, "patient")
        handle, iss = self.identifier(), surface.url(self.frame.base_url, tenant.id)
        launch = Launch(client.id, wanted.user, wanted.launched, surface.id)
        await self.launches.keep(
            tenant.number, handle, launch, now + LAUNCH, entry_of(launch, tenant, ehr, context, now)
        )
        told: dict[str, Any] = {"launch": handle, "iss": iss, "expires_in": int(LAUNCH.total_seconds())}
        if client.launch_url is not None:
            joint = "&" if "?" in client.launch_url else "?"
            told["url"] = client.launch_url + joint + urlencode({"iss": iss, "launch": handle})
        return told

    async def _ehr(self, tenant: Tenant, bearer: str, context: Context) -> str:
        """The client id of the EHR whose token this is. Raises InvalidToken, InsufficientScope."""
        try:
            shown = await self.verifier.tell(bearer, tenant, issuers.V2)
        except LoginRequired as wrong:
            raise InvalidToken from wrong
        await self.frame.near(tenant, shown.caller.client, context)
        if not shown.holds(RIGHT) or shown.caller.personal or shown.caller.grant is not None:
            raise InsufficientScope(f"the scope {RIGHT} is wanted")
        return shown.caller.client

    async def _client(self, tenant: Tenant, wanted: Wanted) -> Client:
        """The application that is to be opened, by its id or its launch URL. Raises InvalidRequest."""
        if (wanted.client_id is None) == (wanted.launch_url is None):
            raise InvalidRequest("either client_id or launch_url is wanted")
        if wanted.client_id is not None:
            found = [await self.frame.clients.find(tenant.number, wanted.client_id)]
        else:
            every = await self.frame.clients.all(tenant.number)
            found = [one for one in every if one.launch_url is not None and one.launch_url == wanted.launch_url]
        able = [one for one in found if one is not None and one.enabled and one.approved and one.type != "system"]
        if len(able) != 1:
            raise InvalidRequest("no application, or more than one, is registered so and authorized for this tenant")
        return able[0]


def entry_of(launch: Launch, tenant: Tenant, ehr: str | None, context: Context, now: datetime) -> Entry:
    """The audit entry of a launch: which EHR, for which user, about whom."""
    patient = launch.launched.patient
    return Entry(
        at=now,
        tenant=tenant.number,
        action="launch",
        surface=issuers.V2.name,
        status=201,
        request_id=context.request_id,
        client=ehr or launch.client,
        user=launch.user,
        patient=patient,
        patients=() if patient is None else (patient,),
        id=launch.client,
        address=context.address,
    )
