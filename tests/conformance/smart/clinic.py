"""The clinic of the SMART tests: its people with their logins, and the applications of conformance.md section 0."""

import base64
import contextlib
import hashlib
import secrets
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from careweft import surfaces
from careweft.access.labels import WORDS
from careweft.accounts.relations import Terms
from careweft.app import House
from careweft.cli.apps import operator, terminal
from careweft.cli.people import terminal as visit
from careweft.fhir.labels import labels
from careweft.oauth.consent import PARTS
from careweft.oauth.frame import Context
from careweft.ports.people import Account
from careweft.registry.application import Application
from careweft.tenancy import Tenant
from tests.conformance import checker
from tests.conformance.cast import Cast
from tests.journeys.town import ASSERTION, Caller, Installation, new_app, token_form
from tests.platform import MAPLE
from tests.visitor import Tick, Visitor, as_shown

REDIRECT = "https://kit.example.org/custom/smart/redirect"
LAUNCH = "https://kit.example.org/custom/smart/launch"
IDENTITY = ("launch/patient", "openid", "fhirUser", "offline_access")
MAY_ASK = (
    "launch", "launch/patient", "openid", "fhirUser", "profile", "offline_access", "online_access", "patient/*.rs",
    "user/*.rs", *WORDS,
)  # fmt: skip
ASKED = (
    "Medication", "AllergyIntolerance", "CarePlan", "CareTeam", "Condition", "Coverage", "Device", "DiagnosticReport",
    "DocumentReference", "Encounter", "Goal", "Immunization", "Location", "MedicationDispense", "MedicationRequest",
    "Observation", "Organization", "Patient", "Practitioner", "PractitionerRole", "Procedure", "Provenance",
    "QuestionnaireResponse", "RelatedPerson", "ServiceRequest", "Specimen",
)  # fmt: skip
"""The types of the test kit's default request."""
Json = dict[str, Any]


def scope_of(level: str, *, launch: bool = False, rights: str = "rs") -> str:
    """The test kit's default request at this level."""
    words = ("launch", *IDENTITY[1:]) if launch else IDENTITY
    return " ".join((*words, *(f"{level}/{one}.{rights}" for one in ASKED)))


@dataclass(frozen=True)
class App:
    """A registered application, and how it proves itself."""

    id: str
    secret: str | None = field(default=None, repr=False)
    keys: dict[str, RSAKey | ECKey] = field(default_factory=dict, repr=False)

    def proof(self, audience: str, alg: str = "ES384") -> tuple[Json, dict[str, str]]:
        """What goes into the form, and the headers, of a request at the token endpoint."""
        if self.secret is not None:
            said = base64.b64encode(f"{self.id}:{self.secret}".encode()).decode()
            return {}, {"Authorization": f"Basic {said}"}
        if not self.keys:
            return {"client_id": self.id}, {}
        claims = {
            "iss": self.id, "sub": self.id, "aud": audience, "exp": int(time.time()) + 300, "jti": str(uuid.uuid4())
        }  # fmt: skip
        key = self.keys[alg]
        text = jwt.encode({"alg": alg, "kid": key.kid, "typ": "JWT"}, claims, key, algorithms=[alg])
        return {"client_assertion_type": ASSERTION, "client_assertion": text}, {}


@dataclass(frozen=True)
class Came:
    """An answer over plain HTTP."""

    status: int
    headers: httpx.Headers
    json: Json = field(repr=False)


@dataclass
class Clinic:
    """The installation; `patient` is whose login `ana` is, `practitioner` whose `doctor`'s."""

    at: Installation
    cast: Cast
    patient: str
    practitioner: str
    apps: dict[str, App] = field(default_factory=dict)
    ehr: str = field(default="", repr=False)
    people: dict[str, Visitor] = field(default_factory=dict, repr=False)
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=60), repr=False)

    @property
    def base(self) -> str:
        return surfaces.find("provider", "patient").url(self.at.url, MAPLE)

    @property
    def issuer(self) -> str:
        return f"{self.at.url}/auth/{MAPLE}/oauth2/v1"

    def get(self, url: str, token: str | None = None, **headers: str) -> Came:
        """A URL, or a path below the FHIR base URL."""
        asked = {"Accept": "application/json", **headers}
        if token is not None:
            asked["Authorization"] = f"Bearer {token}"
        return came(self.http.get(url if url.startswith("http") else f"{self.base}/{url}", headers=asked))

    def alone(self, path: str, token: str) -> int:
        """The status on a connection of its own: whichever process takes it."""
        with contextlib.closing(Caller(self.at.port)) as caller:
            return caller.ask(f"{self.base}/{path}", token).status

    def post(self, url: str, form: Json, token: str | None = None, **headers: str) -> Came:
        asked = headers if token is None else {**headers, "Authorization": f"Bearer {token}"}
        return came(self.http.post(url if url.startswith("http") else f"{self.base}/{url}", data=form, headers=asked))

    def launch_handle(self, app: str, patient: str, encounter: str, **more: Any) -> Json:
        """What the EHR gets that opens this application for the practitioner."""
        wanted = {"client_id": self.apps[app].id, "user": self.practitioner, "patient": patient, "encounter": encounter}
        answer = self.http.post(
            f"{self.issuer}/launch", json={**wanted, **more}, headers={"Authorization": f"Bearer {self.ehr}"}
        )
        assert answer.status_code == 201, answer.text
        told: Json = answer.json()
        return told


def came(answer: httpx.Response) -> Came:
    try:
        told = answer.json()
    except ValueError:
        told = {}
    return Came(answer.status_code, answer.headers, told)


@dataclass
class Launch:
    """One application on its way through an authorization, as the test kit goes."""

    clinic: Clinic
    app: str
    scope: str
    who: str = "ana"
    more: dict[str, str] = field(default_factory=dict)
    alg: str = "ES384"
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)
    state: str = field(default_factory=lambda: str(uuid.uuid4()))
    said: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def challenge(self) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")

    @property
    def asked(self) -> dict[str, str]:
        return {
            "response_type": "code", "client_id": self.clinic.apps[self.app].id, "redirect_uri": REDIRECT,
            "scope": self.scope, "state": self.state, "aud": self.clinic.base, "code_challenge": self.challenge,
            "code_challenge_method": "S256", **self.more,
        }  # fmt: skip

    def authorize(self, *, post: bool = False, tick: Tick = as_shown, patient: str = "", find: str = "") -> "Launch":
        """Through the pages; `said` is what the redirect carries."""
        url, visitor = f"{self.clinic.issuer}/authorize", self.clinic.people[self.who]
        where = {"form": self.asked} if post else {}
        self.said = visitor.grant(
            url if post else f"{url}?{urlencode(self.asked)}", tick=tick, patient=patient, find=find, **where
        )
        return self

    def token(self, form: Json, **instead: Any) -> Came:
        """The token endpoint; a value None takes a field out, `proof` another way to prove who asks."""
        url = f"{self.clinic.issuer}/token"
        proof, headers = instead.pop("proof", None) or self.clinic.apps[self.app].proof(url, self.alg)
        told = {name: value for name, value in {**form, **proof, **instead}.items() if value is not None}
        return self.clinic.post(url, told, **headers)

    def form(self) -> Json:
        """What the token endpoint wants for the code."""
        return {
            "grant_type": "authorization_code", "code": self.said.get("code"), "redirect_uri": REDIRECT,
            "code_verifier": self.verifier,
        }  # fmt: skip

    def redeem(self, **instead: Any) -> Came:
        """The code for tokens."""
        return self.token(self.form(), **instead)

    def refresh(self, token: str, **more: Any) -> Came:
        return self.token({"grant_type": "refresh_token", "refresh_token": token}, **more)


def grant(clinic: Clinic, app: str, scope: str, **how: Any) -> tuple[Launch, Json]:
    """A whole launch, and the token response."""
    way = {name: how.pop(name) for name in ("post", "tick", "patient", "find") if name in how}
    launch = Launch(clinic, app, scope, **how).authorize(**way)
    assert launch.said.get("state") == launch.state, launch.said
    assert "error" not in launch.said, launch.said
    answer = launch.redeem()
    assert answer.status == 200, answer.json
    return launch, answer.json


def keys() -> dict[str, RSAKey | ECKey]:
    """A key of each algorithm that the test kit signs with."""
    told = {alg: {"kid": f"kit-{alg}", "alg": alg, "use": "sig"} for alg in ("ES384", "RS384")}
    return {
        "ES384": ECKey.generate_key("P-384", told["ES384"]),
        "RS384": RSAKey.generate_key(2048, told["RS384"]),
    }


PEOPLE_APPS: dict[str, Json] = {
    "confidential": {"auth": "secret"},
    "ehr-opened": {"auth": "secret", "type": "practitioner"},
    "public": {"auth": "none", "platform": "native"},
    "asymmetric": {"auth": "private-key-jwt"},
}
"""The applications that people use, and what is theirs alone."""


async def registered(house: House, tenant: Tenant, name: str, **own: Any) -> App:
    """One of them, approved."""
    made = keys() if own["auth"] == "private-key-jwt" else {}
    jwks = KeySet(list(made.values())).as_dict(private=False) if made else None
    asked = Application(
        **{"name": f"Kit {name}", "type": "patient", "access": "provider", "scopes": MAY_ASK, "jwks": jwks,
           "redirect_uris": (REDIRECT,), "launch_url": LAUNCH, **own}
    )  # fmt: skip
    client = await house.registry.register(asked, None, operator(), terminal())
    held = client.registration
    await house.registry.ask(held.id, tenant, "", operator(), terminal())
    await house.registry.approve(held.id, tenant, None, operator(), terminal())
    return App(held.id, client.secret, made)


async def settle(house: House, clinic: Clinic) -> None:
    """Register everything, and make the logins."""
    tenant = await house.tenant(MAPLE)
    for name, own in PEOPLE_APPS.items():
        clinic.apps[name] = await registered(house, tenant, name, **own)
    ehr = await new_app(house, tenant, "provider", "launch/create")
    form = token_form(ehr)
    clinic.ehr = (await house.tokens.answer(tenant, form, None, Context(str(uuid.uuid4()))))["access_token"]
    records = {"ana": ("patient", f"Patient/{clinic.patient}"), "doctor": ("practitioner", clinic.practitioner),
               "parent": ("representative", f"Patient/{others(clinic)[0]}")}  # fmt: skip
    for name, (role, record) in records.items():
        password = secrets.token_urlsafe(24)
        asked = Account("", tenant.number, name, "", None, role, record)
        account = await house.people.office.create(tenant, asked, password, visit())
        if name == "parent":
            for one in others(clinic)[1:3]:
                await house.people.relations.relate(tenant, account, one, Terms("parent"), visit())
        clinic.people[name] = Visitor(clinic.at.url, name, password)


def others(clinic: Clinic) -> Sequence[str]:
    return [one for one in clinic.cast.patients if one != clinic.patient]


@contextlib.contextmanager
def opened(at: Installation, cast: Cast) -> Iterator[Clinic]:
    """The clinic over a served installation that has the cast already."""
    encounter = next(one for one in cast.by_type["Encounter"])
    clinic = Clinic(at, cast, patient_of(cast), encounter["participant"][0]["individual"]["reference"])
    at.inside(lambda house: settle(house, clinic))
    try:
        yield clinic
    finally:
        clinic.http.close()
        for one in clinic.people.values():
            one.close()


def patient_of(cast: Cast) -> str:
    """The patient who shows most parts of what a person can grant in parts: whom a tester would pick."""
    return max(cast.patients, key=lambda one: sum(1 for _ in shown(cast, one)))


def shown(cast: Cast, patient: str) -> Iterator[str]:
    """The categories of which somebody has a record that is not sensitive."""
    for type_, parts in PARTS.items():
        plain = [one for one in cast.seen(type_, patient) if not labels(one)]
        yield from (value for _, value in parts if any(checker.holds(one, "category", value) for one in plain))
