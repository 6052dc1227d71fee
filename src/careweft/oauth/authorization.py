"""The authorization endpoint without HTTP: from what an application asks to the address that the browser goes to next.

https://hl7.org/fhir/smart-app-launch/STU2/app-launch.html, https://openid.net/specs/openid-connect-core-1_0.html

    begin    the request is checked and waits, under a name of its own, for the person
    step     what the person has to do next: sign in, pick a patient, say yes or no; or where to go because all is done
    permit   yes: a permit, a code, one audit entry, and the request is over, all in one transaction
    refuse   no

The steps between are pages; each asks `step` anew and believes nothing that a page was told before.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from .. import surfaces
from ..access.scopes import read_all
from ..fhir.outcomes import Unavailable
from ..ports.charts import Candidate, Charts, Encounter
from ..ports.clients import Client, Clients
from ..ports.clock import Clock
from ..ports.journal import Entry
from ..ports.people import Session
from ..ports.permits import Launch, Launched, Launches, Pairs, Pending, Permit, Permits, Requests
from ..surfaces.model import Surface
from ..tenancy import Tenant
from ..values import dataclass
from . import secrets
from .authorize import response
from .authorize.asked import Asked, Asking
from .authorize.redirected import REDIRECTED, Check, passed
from .authorize.refusals import RedirectedRefusal, ShownRefusal
from .authorize.shown import known_client, registered_redirect
from .consent import REMEMBER, Permission, chosen, permissions
from .errors import (
    AccessDenied,
    ConsentRequired,
    InteractionRequired,
    InvalidRequest,
    InvalidRequestUri,
    LoginRequired,
    OAuthError,
    TemporarilyUnavailable,
)
from .frame import Context
from .lifetimes import CODE, WAITS, code_ends, life, permit_ends, permit_limit
from .scope import within
from .tokens import issuer_of

PAR_URN = "urn:ietf:params:oauth:request_uri:"
AGAIN = frozenset({"login", "select_account"})
"""The prompts that want somebody to sign in now, whoever is signed in."""
OVER = "This request is over: it took too long, or was answered already. Go back to the application and start again."
ELSEWHERE = "This request was begun in another browser. Go back to the application and start again."


@dataclass(frozen=True, slots=True)
class SignIn:
    """The person has to sign in, for `client`."""

    request: Pending
    client: Client


@dataclass(frozen=True, slots=True)
class Pick:
    """The person has to say about whom it is: one of `candidates`, or whom a search finds."""

    request: Pending
    client: Client
    candidates: tuple[Candidate, ...]
    searches: bool


@dataclass(frozen=True, slots=True)
class Choose:
    """The person has to say for which of these visits the application is opened, or for none."""

    request: Pending
    client: Client
    visits: tuple[Encounter, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """The person has to say yes or no. `whole`: a wildcard is asked for, which is about what comes in future too;
    a refresh token ends `days` after its last use and `limit` days (None: no end) after now, without one access ends
    after `seconds`.
    """

    request: Pending
    client: Client
    surface: Surface
    patient: Candidate | None
    permissions: tuple[Permission, ...]
    whole: bool
    seconds: int
    days: int
    limit: int | None
    standing: bool = False
    """The person may tick REMEMBER."""


@dataclass(frozen=True, slots=True)
class Send:
    """All is done: the browser goes to `url` by 303. `recorded`: its audit entry is durable already."""

    url: str
    recorded: bool = True


Step = SignIn | Pick | Choose | Ask | Send


@dataclass(frozen=True, slots=True)
class Granting:
    """The authorization endpoint. URLs begin with `base_url`; `identifier` makes names and codes of 160 bits."""

    base_url: str
    clients: Clients
    requests: Requests
    permits: Permits
    launches: Launches
    charts: Charts
    now: Clock
    identifier: Callable[[], str] = secrets.identifier
    checks: tuple[Check, ...] = REDIRECTED

    async def begin(self, tenant: Tenant, pairs: Pairs, context: Context) -> Pending:
        """The request of these parameters, checked and kept. Raises ShownRefusal, RedirectedRefusal, Unavailable."""
        now = self.now()
        try:
            asked, client, pushed = await self._asked(tenant, pairs, now)
            uri = registered_redirect(asked, client)
        except ShownRefusal as shown:
            shown.entry = entry(tenant, None, shown.status, context, now, reason=shown.reason)
            raise
        try:
            return await self._kept(tenant, asked, client, uri, now, pushed=pushed)
        except (OAuthError, Unavailable) as failure:
            wrong = failure if isinstance(failure, OAuthError) else TemporarilyUnavailable()
            refusal = RedirectedRefusal(self._refused(tenant, client, uri, asked.one("state"), wrong), said(wrong))
            refusal.entry = entry(tenant, client, 302, context, now, reason=said(wrong))
            raise refusal from failure

    async def find(self, tenant: Tenant, id_: str) -> Pending | None:
        """The request of that name, as long as it waits."""
        return await self.requests.find(tenant.number, id_, self.now())

    async def step(self, tenant: Tenant, request: Pending, session: Session | None, context: Context) -> Step:
        """What comes next. Raises ShownRefusal where another browser met the request first."""
        client = await self._client(tenant, request)
        if session is None or not signed_in(request, session):
            if "none" in request.prompt:
                return await self._turn_away(tenant, request, client, session, LoginRequired(), context)
            return SignIn(request, client)
        request = await self._bound(tenant, request, session)
        if wrong := misfit(request, session):
            return await self._turn_away(tenant, request, client, session, AccessDenied(wrong), context)
        chart: Candidate | None = None
        if about_one(request):
            found = await self._patient(tenant, request, client, session, context)
            if not isinstance(found, Candidate):
                return found
            chart, request = found, replace(request, patient=found.patient)
            if wants_visit(request):
                visits = tuple(await self.charts.visits(tenant, session.account, found.patient))
                if visits and "none" in request.prompt:
                    return await self._turn_away(tenant, request, client, session, InteractionRequired(), context)
                if visits:
                    return Choose(request, client, visits)
        return await self._consent(tenant, request, client, session, chart, context)

    async def pick(self, tenant: Tenant, request: Pending, session: Session, patient: str) -> Pending:
        """The request with the patient picked. Raises ShownRefusal for one whom the person may not act for or see."""
        request = await self._bound(tenant, request, session)
        if request.launched is not None and request.launched.patient not in (None, patient):
            raise ShownRefusal("The application was launched for another patient.", "a pick against the launch")
        if await self.charts.find(tenant, session.account, patient) is None:
            raise ShownRefusal("You cannot choose this person.", "a pick beyond the person's reach")
        if not await self.requests.pick(tenant.number, request.id, session.id, patient):
            raise ShownRefusal(OVER)
        return replace(request, patient=patient)

    async def choose(self, tenant: Tenant, request: Pending, session: Session, encounter: str) -> Pending:
        """The request with this visit, or none (empty). Raises ShownRefusal for one that the person may not see."""
        request = await self._bound(tenant, request, session)
        chart = request.patient or (request.launched.patient if request.launched else None)
        if chart is None or not wants_visit(request):
            raise ShownRefusal(OVER, "a visit before a patient")
        seen = await self.charts.visits(tenant, session.account, chart) if encounter else ()
        if encounter and encounter not in {one.id for one in seen}:
            raise ShownRefusal("You cannot choose this visit.", "a visit beyond the person's reach")
        if not await self.requests.visit(tenant.number, request.id, session.id, encounter):
            raise ShownRefusal(OVER)
        return replace(request, encounter=encounter)

    async def search(self, tenant: Tenant, request: Pending, session: Session, text: str) -> Sequence[Candidate]:
        """Whom a practitioner's picker finds."""
        await self._bound(tenant, request, session)
        return await self.charts.search(tenant, session.account, text)

    async def permit(
        self, tenant: Tenant, request: Pending, session: Session, ticked: Collection[str], context: Context
    ) -> str:
        """The person said yes to what is ticked: where the browser goes, with code, state and iss.

        REMEMBER among the ticks makes it the answer to every identical request.

        Where nothing is ticked that is a no. Raises ShownRefusal where the request is not at this point, or over.
        """
        step = await self.step(tenant, request, session, context)
        if isinstance(step, Send):
            return step.url
        if not isinstance(step, Ask):
            raise ShownRefusal(OVER, "a yes before its turn")
        granted = chosen(step.request.scopes, step.surface, step.permissions, ticked)
        if not granted:
            return await self.refuse(tenant, request, session, context)
        kept = step.standing and REMEMBER in ticked
        return await self._granted(tenant, step.request, step.client, session, granted, context, standing=kept)

    async def refuse(self, tenant: Tenant, request: Pending, session: Session | None, context: Context) -> str:
        """The person said no, also before signing in: where the browser goes, with access_denied."""
        if session is not None:
            request = await self._bound(tenant, request, session)
        client = await self._client(tenant, request)
        sent = await self._turn_away(tenant, request, client, session, AccessDenied("the person said no"), context)
        return sent.url

    async def _asked(self, tenant: Tenant, pairs: Pairs, now: datetime) -> tuple[Asked, Client, bool]:
        """What is asked, and by which client; of a pushed request, what was pushed and nothing else (OAUTH-31)."""
        asked = Asked.read(pairs)
        client = known_client(asked, await self.clients.find(tenant.number, asked.one("client_id") or ""))
        name = asked.one("request_uri") or ""
        if "request_uri" in asked.repeated or not name.startswith(PAR_URN):
            return asked, client, False
        pushed = await self.requests.pulled(tenant.number, name.removeprefix(PAR_URN), client.id, now)
        if pushed is None:
            raise ShownRefusal(OVER, InvalidRequestUri.error)
        return Asked.read(pushed), client, True

    async def _kept(
        self, tenant: Tenant, asked: Asked, client: Client, uri: str, now: datetime, *, pushed: bool
    ) -> Pending:
        """The request once every check has passed, the launch used up and the whole written down."""
        asking = asking_of(self.base_url, tenant, client, asked, pushed=pushed)
        if wrong := passed(asking, self.checks):
            raise wrong
        scopes = within(asked.one("scope") or "", client.scopes, asking.surface)
        launch = await self._launch(tenant, asked, client, asking.surface, now)
        request = pending(asking, uri, scopes, launch, self.identifier(), now)
        await self.requests.begin(request)
        return request

    async def _launch(
        self, tenant: Tenant, asked: Asked, client: Client, surface: Surface, now: datetime
    ) -> Launch | None:
        """The EHR's launch, used up; raises InvalidRequest for one that is unknown, used or another's (SMART-05)."""
        handle = asked.one("launch")
        if handle is None:
            return None
        launch = await self.launches.redeem(tenant.number, handle, client.id, surface.id, now)
        if launch is None:
            raise InvalidRequest("launch is unknown, used or expired")
        return launch

    async def _client(self, tenant: Tenant, request: Pending) -> Client:
        """The client of a request, still switched on and authorized: it may have changed while the request waited."""
        client = await self.clients.find(tenant.number, request.client)
        if client is None or not client.enabled or not client.approved:
            raise ShownRefusal("This application was switched off.", "client switched off meanwhile")
        return client

    async def _bound(self, tenant: Tenant, request: Pending, session: Session) -> Pending:
        """The request of this very session: bound to it now, or before (OATK-10)."""
        if request.session is None:
            if not await self.requests.bind(tenant.number, request.id, session.id, session.account.id):
                raise ShownRefusal(ELSEWHERE, "a request of another session")
            return replace(request, session=session.id, account=session.account.id)
        if (request.session, request.account) != (session.id, session.account.id):
            raise ShownRefusal(ELSEWHERE, "a request of another session")
        return request

    async def _patient(
        self, tenant: Tenant, request: Pending, client: Client, session: Session, context: Context
    ) -> Candidate | Pick | Send:
        """Whom the request is about: whom the launch or the person said, or the only one there is (SMART-06)."""
        account = session.account
        known = request.launched.patient if request.launched else None
        known = known or request.patient
        if known is not None:
            found = await self.charts.find(tenant, account, known)
            wrong = AccessDenied("the person may not see this patient")
            return found or await self._turn_away(tenant, request, client, session, wrong, context)
        searches, mine = self.charts.searches(account), tuple(await self.charts.of(tenant, account))
        if not mine and not searches:
            wrong = AccessDenied("there is no patient for whom this person may act")
            return await self._turn_away(tenant, request, client, session, wrong, context)
        if len(mine) == 1 and not searches:
            await self.requests.pick(tenant.number, request.id, session.id, mine[0].patient)
            return mine[0]
        if "none" in request.prompt:
            return await self._turn_away(tenant, request, client, session, InteractionRequired(), context)
        return Pick(request, client, mine, searches)

    async def _consent(
        self,
        tenant: Tenant,
        request: Pending,
        client: Client,
        session: Session,
        chart: Candidate | None,
        context: Context,
    ) -> Ask | Send:
        """The question, unless the person answered the identical one before and that is still in force."""
        surface = surfaces.find(client.access, "patient")
        types, sensitive = (chart.types, chart.sensitive) if chart else (None, True)
        asks = "consent" in request.prompt or types is not None or not sensitive
        same = None if asks else await self._remembered(tenant, request, client, session)
        if same is not None:
            url = await self._granted(tenant, request, client, session, same.scopes, context, standing=True)
            return Send(url)
        if "none" in request.prompt:
            return await self._turn_away(tenant, request, client, session, ConsentRequired(), context)
        return Ask(
            request=request,
            client=client,
            surface=surface,
            patient=chart,
            permissions=permissions(request.scopes, surface, types=types, sensitive=sensitive),
            whole=any(one.type == "*" for one in read_all(" ".join(request.scopes))),
            seconds=life(client, int(self.now().timestamp())),
            days=client.refresh_days,
            limit=client.refresh_limit,
            standing=not asks and recognizable(client, request.redirect_uri),
        )

    async def _remembered(self, tenant: Tenant, request: Pending, client: Client, session: Session) -> Permit | None:
        """The permit that an identical request was answered with, where that may answer this one too (OATK-13)."""
        if not recognizable(client, request.redirect_uri):
            return None
        found = await self.permits.of_account(tenant.number, session.account.id, self.now())
        return next((one for one in found if identical(one, request)), None)

    async def _granted(
        self,
        tenant: Tenant,
        request: Pending,
        client: Client,
        session: Session,
        granted: tuple[str, ...],
        context: Context,
        *,
        standing: bool,
    ) -> str:
        """Write permit and code down, in one transaction with the entry; where the browser goes with the code."""
        now, code = self.now(), self.identifier()
        permit = replace(permit_of(request, client, session, granted, self.identifier(), now), standing=standing)
        record = entry(tenant, client, 303, context, now, session=session, patient=permit.patient, grant=permit.id)
        if not await self.permits.grant(request, permit, code, code_ends(now), record):
            raise ShownRefusal(OVER)
        return response.url(request.redirect_uri, request.state, self._issuer(tenant, client), code=code)

    async def _turn_away(
        self,
        tenant: Tenant,
        request: Pending,
        client: Client,
        session: Session | None,
        wrong: OAuthError,
        context: Context,
    ) -> Send:
        """End the request with a refusal: where the browser goes with it."""
        record = entry(tenant, client, wrong.status, context, self.now(), session=session, reason=said(wrong))
        bound = session.id if session is not None and request.session is not None else None
        if not await self.requests.refuse(tenant.number, request.id, bound, record):
            raise ShownRefusal(OVER)
        return Send(self._refused(tenant, client, request.redirect_uri, request.state, wrong))

    def _issuer(self, tenant: Tenant, client: Client) -> str:
        return issuer_of(surfaces.find(client.access, "patient")).url(self.base_url, tenant.id)

    def _refused(self, tenant: Tenant, client: Client, uri: str, state: str | None, wrong: OAuthError) -> str:
        issuer = issuer_of(surfaces.find(_side(client), "patient"))
        return response.refusal(uri, state, issuer.url(self.base_url, tenant.id), wrong)


def _side(client: Client) -> str:
    """Whose patient-access API a client is refused by: intake and research have none."""
    return client.access if client.access in ("provider", "payer") else "provider"


def asking_of(base_url: str, tenant: Tenant, client: Client, asked: Asked, *, pushed: bool) -> Asking:
    """What the checks look at; the API is the patient-access one of the client's side."""
    surface = surfaces.find(_side(client), "patient")
    return Asking(asked, client, tenant, surface, surface.url(base_url, tenant.id), pushed)


def pending(
    asking: Asking, uri: str, scopes: tuple[str, ...], launch: Launch | None, id_: str, now: datetime
) -> Pending:
    """A checked request as it is kept. The scope `launch` means nothing without an EHR's handle and goes."""
    asked = asking.asked
    return Pending(
        id=id_,
        tenant=asking.tenant.number,
        client=asking.client.id,
        surface=asking.surface.id,
        redirect_uri=uri,
        scopes=tuple(one for one in scopes if one != "launch" or launch is not None),
        challenge=asked.one("code_challenge") or "",
        state=asked.one("state") or "",
        created=now,
        expires=now + WAITS,
        nonce=asked.one("nonce"),
        prompt=tuple((asked.one("prompt") or "").split()),
        max_age=int(asked.given["max_age"]) if "max_age" in asked.given else None,
        login_hint=asked.one("login_hint"),
        locales=asked.one("ui_locales"),
        launched=launch.launched if launch else None,
        ehr_user=launch.user if launch else None,
    )


def signed_in(request: Pending, session: Session) -> bool:
    """Is somebody signed in here, of this tenant, and recently enough when the request came (OAUTH-27)?"""
    account = session.account
    if account.tenant != request.tenant or not account.enabled or session.enrol:
        return False
    fresh = session.auth_time >= request.created
    if AGAIN.intersection(request.prompt) and not fresh:
        return False
    return fresh or request.max_age is None or request.created - session.auth_time <= timedelta(seconds=request.max_age)


def misfit(request: Pending, session: Session) -> str:
    """Why this person cannot answer this request, "" where they can."""
    account = session.account
    if request.ehr_user is not None and request.ehr_user not in (account.fhir_user, account.id):
        return "the application was launched for another user"
    wants_user = any(one.level == "user" for one in read_all(" ".join(request.scopes)))
    if account.fhir_user is None and (wants_user or about_one(request)):
        return "this account stands for no record of a person"
    return ""


def about_one(request: Pending) -> bool:
    """Is this request about one patient: by a patient/ scope, or because it asks for one (SMART-06)?"""
    if not {"launch/patient", "launch/encounter"}.isdisjoint(request.scopes) or (
        request.launched is not None and request.launched.patient
    ):
        return True
    return any(one.level == "patient" for one in read_all(" ".join(request.scopes)))


def wants_visit(request: Pending) -> bool:
    """Is a visit still to be picked: by `launch/encounter`, where no EHR named one?"""
    told = request.launched is not None and request.launched.encounter is not None
    return "launch/encounter" in request.scopes and not told and request.encounter is None


def recognizable(client: Client, redirect_uri: str) -> bool:
    """Can only this application receive the code? Another one on a person's device can take a scheme or a port of the
    loopback (RFC 8252 8.6).
    """
    return client.confidential or redirect_uri.startswith("https:")


def identical(permit: Permit, request: Pending) -> bool:
    """Was this permit given for just this, not to be asked again?

    An EHR's launch says anew about whom it is, for one and the same user.
    """
    same = (permit.client, permit.surface, permit.redirect_uri, permit.asked)
    if not permit.standing or same != (request.client, request.surface, request.redirect_uri, request.scopes):
        return False
    return request.launched is not None or permit.patient == request.patient


def permit_of(
    request: Pending, client: Client, session: Session, granted: tuple[str, ...], id_: str, now: datetime
) -> Permit:
    """The permit that a yes comes to."""
    lasting = next((word for word in ("offline", "online") if f"{word}_access" in granted), None)
    told = read_all(" ".join(granted))
    launched = request.launched or Launched()
    visit = launched.encounter or request.encounter or None
    context = replace(launched, patient=request.patient, encounter=visit)
    granted = tuple(one for one in granted if one != "launch/encounter" or (visit and told))
    return Permit(
        id=id_,
        tenant=request.tenant,
        account=session.account.id,
        client=client.id,
        surface=request.surface,
        scopes=granted,
        asked=request.scopes,
        redirect_uri=request.redirect_uri,
        launched=context if told else Launched(),
        auth_time=session.auth_time,
        created=now,
        expires=permit_ends(client, lasting, session.opened, now),
        limit=permit_limit(client, lasting, session.opened, now),
        user=session.account.fhir_user,
        lasting=lasting,
        session=session.id if lasting == "online" else None,
    )


def said(wrong: OAuthError) -> str:
    """A refusal as the audit entry has it."""
    return f"{wrong.error}: {wrong.reason or wrong.description}"


def entry(
    tenant: Tenant,
    client: Client | None,
    status: int,
    context: Context,
    at: datetime,
    *,
    session: Session | None = None,
    patient: str | None = None,
    grant: str | None = None,
    reason: str | None = None,
) -> Entry:
    """The audit entry of an answered authorization request."""
    return Entry(
        at=at,
        tenant=tenant.number,
        action="authorize",
        surface=surfaces.issuers.V2.name,
        status=status,
        request_id=context.request_id,
        client=None if client is None else client.id,
        user=None if session is None else (session.account.fhir_user or session.account.id),
        patient=patient,
        patients=() if patient is None else (patient,),
        id=grant,
        address=context.address,
        reason=reason,
    )


__all__ = [
    "CODE", "Ask", "Candidate", "Choose", "Granting", "Pick", "RedirectedRefusal", "Send", "ShownRefusal", "SignIn",
    "Step",
]  # fmt: skip
