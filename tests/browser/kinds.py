"""The kinds of applications that the guided set-up makes, and how each gets its tokens: by its own real flow."""

import base64
import hashlib
import json
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from .acts import sign_in
from .demo import Demo

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
READING = 0.6
"""Seconds after which a yes on the consent page is one."""


@dataclass(frozen=True)
class Kind:
    """The answers of the guided set-up, and who signs in: nobody for a system integration."""

    name: str
    type: str
    platform: str
    auth: str
    who: str = ""
    pasted: bool = False

    @property
    def level(self) -> str:
        return {"system": "system", "practitioner": "user"}.get(self.type, "patient")


KINDS = (
    Kind("system integration with a secret", "system", "web", "secret"),
    Kind("system integration with keys by URL", "system", "web", "private-key-jwt"),
    Kind("system integration with keys pasted", "system", "web", "private-key-jwt", pasted=True),
    Kind("patients' web application", "patient", "web", "secret", "patient"),
    Kind("patients' browser application", "patient", "browser", "none", "patient"),
    Kind("patients' native application", "patient", "native", "none", "patient"),
    Kind("practitioners' web application with a key", "practitioner", "web", "private-key-jwt", "practitioner"),
)


class Refused(Exception):
    """The server gave no token; the message is what it said."""


@dataclass
class App:
    """One registered application, as its makers hold it. `page` is the browser of who uses it."""

    kind: Kind
    demo: Demo
    id: str
    secret: str = field(default="", repr=False)
    key: ECKey | None = field(default=None, repr=False)
    page: Any = None
    told: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def issuer(self) -> str:
        return f"{self.demo.url}/auth/{self.demo.tenant}/oauth2/v1"

    @property
    def base(self) -> str:
        return self.demo.platform.base("provider", "patient" if self.kind.who else "system", self.demo.tenant)

    def connect(self, *wanted: str) -> dict[str, Any]:
        """The token response of a whole flow that asks for these scopes. Raises Refused."""
        if not self.kind.who:
            return self._told({"grant_type": "client_credentials", "scope": " ".join(wanted)})
        verifier = secrets.token_urlsafe(48)
        form = {
            "grant_type": "authorization_code", "code": self._allowed(wanted, verifier),
            "redirect_uri": self.demo.outside.back, "code_verifier": verifier,
        }  # fmt: skip
        return self._told(form)

    def renew(self) -> dict[str, Any]:
        """Another token on the same right: refreshed, or asked for anew. Raises Refused."""
        if not self.kind.who:
            return self.connect(*self.told["scope"].split())
        return self._told({"grant_type": "refresh_token", "refresh_token": self.told["refresh_token"]})

    def status(self, type_: str) -> int:
        """What the API answers to a search of this type with the last token."""
        about = f"patient={self.told['patient']}" if self.kind.who and type_ != "Patient" else ""
        about = about or (f"_id={self.told['patient']}" if self.kind.who else "_count=1")
        url, bearer = f"{self.base}/{type_}?{about}", {"authorization": f"Bearer {self.told['access_token']}"}
        if self.kind.platform == "browser":
            return int(self.page.evaluate(FETCH, [url, {"headers": bearer}])["status"])
        return httpx.get(url, headers=bearer, trust_env=False, timeout=30).status_code

    def dead_within(self, seconds: float, since: float) -> bool:
        """Does the last token stop to work, by this many seconds after `since`?"""
        while time.monotonic() < since + seconds:
            if self.status("Patient") == 401:
                return True
            time.sleep(0.1)
        return False

    def _told(self, form: dict[str, str]) -> dict[str, Any]:
        """What the token endpoint says; a browser application asks from its own page."""
        url = f"{self.issuer}/token"
        sent, headers = self.proof(url)
        sent = {**form, **sent}
        if self.kind.platform == "browser":
            asked = {"method": "POST", "body": urlencode(sent),
                     "headers": {"content-type": "application/x-www-form-urlencoded"}}  # fmt: skip
            answer = self.page.evaluate(FETCH, [url, asked])
        else:
            came = httpx.post(url, data=sent, headers=headers, trust_env=False, timeout=30)
            answer = {"status": came.status_code, "text": came.text}
        told = json.loads(answer["text"])
        if answer["status"] != 200:
            raise Refused(f"{answer['status']} {told['error']}")
        self.told = {**self.told, **told}
        return dict(told)

    def proof(self, audience: str) -> tuple[dict[str, str], Mapping[str, str]]:
        """How it proves itself."""
        if self.kind.auth == "secret":
            pair = base64.b64encode(f"{self.id}:{self.secret}".encode()).decode()
            return {}, {"authorization": f"Basic {pair}"}
        if self.key is None:
            return {"client_id": self.id}, {}
        claims = {"iss": self.id, "sub": self.id, "aud": audience, "exp": int(time.time()) + 240,
                  "jti": str(uuid.uuid4())}  # fmt: skip
        signed = jwt.encode({"alg": "ES384", "kid": self.key.kid}, claims, self.key, algorithms=["ES384"])
        return {"client_assertion_type": ASSERTION, "client_assertion": signed}, {}

    def arrive(self, *wanted: str, **more: str) -> None:
        """Whoever uses it is sent to the authorization endpoint, signs in and picks whom it is about."""
        page = self.page
        page.goto(f"{self.issuer}/authorize?" + urlencode({
            "response_type": "code", "client_id": self.id, "redirect_uri": self.demo.outside.back, "state": "s",
            "scope": " ".join(wanted), "aud": self.base, "code_challenge": "v" * 43, "code_challenge_method": "S256",
            **more,
        }))  # fmt: skip
        self.walk()

    def walk(self) -> None:
        """They sign in and pick, where they are asked to."""
        for step, act in (("/sign-in/", self._sign_in), ("/pick/", self._pick)):
            if step in self.page.url:
                act()

    def _allowed(self, wanted: tuple[str, ...], verifier: str) -> str:
        """The code, once they have allowed what is shown. Raises Refused."""
        page, state = self.page, secrets.token_urlsafe(16)
        digest = hashlib.sha256(verifier.encode()).digest()
        self.arrive(*wanted, state=state, code_challenge=base64.urlsafe_b64encode(digest).decode().rstrip("="))
        if "/consent/" in page.url:
            self.allow(f"{self.demo.outside.origin}/**")
        came = parse_qs(urlsplit(page.url).query)
        if not page.url.startswith(self.demo.outside.back):
            raise Refused(page.inner_text("main"))
        if "code" not in came:
            raise Refused(came["error"][0])
        assert came["state"] == [state]
        return came["code"][0]

    def _sign_in(self) -> None:
        with self.page.expect_navigation():
            sign_in(self.page, self.demo, self.kind.who)

    def _pick(self) -> None:
        self.page.fill("#text", "a")
        self.page.click("button[value=search]")
        self.page.click("button[name=patient] >> nth=0")

    def allow(self, back: str) -> None:
        """They agree, and are sent back to where this pattern says."""
        self.page.wait_for_timeout(READING * 1000)
        self.page.click("button[value=allow]")
        self.page.wait_for_url(back)


FETCH = """
([url, options]) => fetch(url, options).then(async (one) => ({status: one.status, text: await one.text()}))
"""


def new_key() -> ECKey:
    """A key pair of its own."""
    return ECKey.generate_key("P-384", {"kid": uuid.uuid4().hex, "use": "sig", "alg": "ES384"})


def key_set(key: ECKey) -> dict[str, Any]:
    """What it publishes of it."""
    return dict(KeySet([key]).as_dict(private=False))
