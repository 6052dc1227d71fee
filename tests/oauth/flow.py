"""A person and an application on their way through the authorization endpoint, driven without pages.

`World` of this folder is the server; `Flow` signs a person in, picks, ticks and redeems, each step apart so that a test
can stop, change or repeat one.
"""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

from careweft.oauth import secrets
from careweft.oauth.authorization import Ask, Pick, Send
from careweft.oauth.authorize.refusals import RedirectedRefusal
from careweft.oauth.consent import REMEMBER
from careweft.oauth.keys import ALGS, make
from careweft.ports.charts import Candidate
from careweft.ports.clients import Client

from .twins import account, charge, session
from .world import BASE, CONTEXT, JWKS, SECRET, START, A, World

REDIRECT = "https://app.example.org/cb"
PATIENT_BASE = f"{BASE}/provider/patient-access/v2/{A.id}"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
USUAL = "launch/patient openid fhirUser offline_access patient/Patient.rs patient/Observation.rs"
WORDS = (
    "launch", "launch/patient", "launch/encounter", "openid", "fhirUser", "profile", "offline_access", "online_access"
)  # fmt: skip
EVERYTHING = (*WORDS, "patient/*.cruds", "user/*.cruds", "sensitive/SUD")


def app(id_="app", auth="secret", platform="web", **more):
    """An application that people use, of tenant A."""
    kept = {"secret": {"secrets": ((secrets.digest(SECRET), None),)}, "private-key-jwt": {"jwks": JWKS}, "none": {}}
    usual = {"scopes": EVERYTHING, "redirect_uris": (REDIRECT,), "approved": True}
    return Client(id_, 1, "App", "patient", platform, "provider", auth, **usual | kept[auth] | more)


KEYS_MADE = [make(1, START - timedelta(days=1), alg) for alg in ALGS]
"""One for all worlds: an RSA key takes a tenth of a second to make."""
ANA = account("ana")
BEN = account("ben", fhir_user="RelatedPerson/ben", role="representative")
YOLANDA = account("yolanda", fhir_user="Practitioner/y", role="practitioner")


def peopled(**changes):
    """A world with three applications, and Ana, Ben who acts for Ana and Cleo, and Dr. Yolanda with a ward."""
    world = World(**changes)
    world.signing.kept |= {one.kid: one for one in KEYS_MADE}
    for one in (app(), app("key", "private-key-jwt"), app("phone", "none", "native"), app("page", "none", "browser")):
        world.clients.kept[1, one.id] = one
    world.people.add(ANA, charge("ana"))
    world.people.add(BEN, charge("ana", "parent"), charge("cleo", "child"))
    world.people.add(YOLANDA)
    world.charts.ward = {one: Candidate(one, one.title()) for one in ("ana", "cleo", "dora")}
    return world


def asked(**changed):
    """The parameters of a good authorization request, with some changed; None takes one out."""
    good = {
        "response_type": "code",
        "client_id": "app",
        "redirect_uri": REDIRECT,
        "scope": USUAL,
        "state": "st4te",
        "aud": PATIENT_BASE,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return [(name, value) for name, value in (good | changed).items() if value is not None]


@dataclass
class Flow:
    """One request of one person's."""

    world: World
    who: object = ANA
    proof: dict = field(default_factory=lambda: {"client_id": "app", "client_secret": SECRET})
    session: object = None

    def __post_init__(self):
        if self.session is None:
            self.session = session(self.who, self.world.clock.at)

    async def begin(self, pairs=None, **changed):
        changed.setdefault("client_id", self.proof.get("client_id", "app"))
        return await self.world.auth.granting.begin(A, pairs or asked(**changed), CONTEXT)

    async def step(self, request):
        request = await self.world.auth.granting.find(A, request.id)
        return await self.world.auth.granting.step(A, request, self.session, CONTEXT)

    async def ask(self, patient=None, **changed):
        """The question on the consent page."""
        request = await self.begin(**changed)
        step = await self.step(request)
        if isinstance(step, Pick):
            await self.world.auth.granting.pick(A, step.request, self.session, patient)
            step = await self.step(request)
        return step

    async def permit(self, ask, ticked=None):
        """The answer at the redirect address: every box ticked that is ticked at first, or these."""
        keys = [one.key for one in ask.permissions if one.ticked] if ticked is None else ticked
        return said(await self.world.auth.granting.permit(A, ask.request, self.session, keys, CONTEXT))

    async def code(self, patient=None, ticked=None, remember=False, **changed):
        """A code that was just given; `remember`: the person does not want to be asked again."""
        step = await self.ask(patient, **changed)
        if isinstance(step, Send):
            return said(step.url)["code"]
        assert isinstance(step, Ask), step
        if remember:
            ticked = [*(one.key for one in step.permissions if one.ticked), REMEMBER]
        return (await self.permit(step, ticked))["code"]

    async def redeem(self, code, **changed):
        """What the token endpoint answers to a code."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        form |= self.proof | changed
        return await self.world.ask(**{name: value for name, value in form.items() if value is not None})

    async def refresh(self, token, **changed):
        form = {"grant_type": "refresh_token", "refresh_token": token} | self.proof | changed
        return await self.world.ask(**{name: value for name, value in form.items() if value is not None})

    async def tokens(self, patient=None, ticked=None, **changed):
        """The whole way."""
        return await self.redeem(await self.code(patient, ticked, **changed))


def said(url):
    """The parameters that a redirect carries."""
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True))


async def turned_away(flow, **changed):
    """What a redirect says why there is no code, from the beginning of a request."""
    try:
        request = await flow.begin(**changed)
    except RedirectedRefusal as refusal:
        return said(refusal.url)
    step = await flow.step(request)
    assert isinstance(step, Send), step
    return said(step.url)
