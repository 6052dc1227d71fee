"""Trying an application from its page: the whole OAuth flow in this browser, then calls of the API with its token.

The portal plays the application's part: people come back to an address of its own, and it asks the token endpoint over
HTTP as any other client would. A secret or an assertion is passed on and not kept. In preview alone, where people are
samples.
"""

import json
import re
import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

from ...fhir.outcomes import NotFound
from ...registry.authorization import State, now_is
from ...registry.refusal import RegistrationRefused
from ...registry.registration import Registration
from ...surfaces import issuers
from ...tenancy import Tenant
from ...values import dataclass
from .. import forms, pages
from ..counter import Filled
from ..exchange import Reply, Request
from ..people import Errors
from ..sealed import SealedCookie
from ..trial import Preview
from . import requests
from .room import Room
from .wizard import own

BACK = "/developers/try"
SECONDS = 3600
LONGEST = 20_000
"""Characters of an answer that are shown."""
PATH = re.compile(r"[A-Za-z][A-Za-z0-9$/_.?=&:%,+|~*-]{0,1000}")
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALONE = "Applications are tried in preview alone."
SECRET = ("access_token", "refresh_token", "id_token")
"""What of a token response is kept from the page."""


@dataclass(frozen=True, slots=True)
class TryPages:
    """The handlers of `/developers/applications/{id}/try` and of what follows it."""

    room: Room

    async def show(self, request: Request) -> Reply:
        """`GET …/try`"""
        return await self._page(request)

    async def begin(self, request: Request) -> Reply:
        """`POST …/try`: the portal's address is added to the application's, or the flow begins."""
        filled = await self.room.take(request)
        held = await own(self.room, request)
        here = f"developers/applications/{held.id}/try"

        async def work() -> Reply:
            if filled.one("do") == "add":
                self.room.fresh(request)
                asked = replace(held.asked, redirect_uris=(*held.asked.redirect_uris, self._address))
                await self.room.desk.edit(held.id, asked, self.room.developer(request), self.room.place(request))
                return self.room.done(f"/{here}", "added")
            tenant = await self.room.tenants.find(filled.one("tenant", 36))
            place = next((one for one in await self._places(held) if one["tenant"] == tenant), None)
            if tenant is None or place is None:
                raise RegistrationRefused("choose an organization that authorized the application")
            scope = " ".join(filled.one("scope", 4096).split())
            if held.asked.type != "system":
                return self._sent(held, tenant, place["bases"], scope)
            form = {"grant_type": "client_credentials", "scope": scope}
            kept = {"app": held.id, "tenant": tenant.id, **bases_of(place["bases"])}
            return await self._told(filled, held, kept, form)

        async def again(errors: Errors) -> Reply:
            return await self._page(request, errors, 422)

        return await self.room.attempt(request, here.removesuffix("/try"), work, again)

    async def back(self, request: Request) -> Reply:
        """`GET /developers/try`: the person is back with a code; or what was told, and the next call."""
        kept = self._cookie.read(request)
        held = await self._own(request, kept)
        came = dict(forms.pairs(request.query))
        if "state" not in came:
            return self._shown(request, held, kept)
        if kept.get("state") != came["state"] or kept.get("issuer") != came.get("iss"):
            request.reason = "this is not the answer to our request"
            raise pages.Ended
        if "code" not in came:
            told = {name: came.get(name, "")[:500] for name in ("error", "error_description")}
            kept = {name: kept[name] for name in ("app", "tenant", "base", "token_url")} | {"failed": told}
            return pages.seen(BACK, self._cookie.keep(kept))
        return pages.seen(BACK, self._cookie.keep({**kept, "state": "", "code": came["code"][:2000]}))

    async def redeem(self, request: Request) -> Reply:
        """`POST /developers/try`: the code for tokens."""
        filled = await self.room.take(request)
        kept = self._cookie.read(request)
        held = await self._own(request, kept)
        if "code" not in kept:
            raise pages.Ended
        form = {
            "grant_type": "authorization_code", "code": kept["code"], "code_verifier": kept["verifier"],
            "redirect_uri": self._address,
        }  # fmt: skip
        return await self._told(filled, held, kept, form)

    async def call(self, request: Request) -> Reply:
        """`POST /developers/try/call`: what the API answers."""
        filled = await self.room.take(request)
        kept = self._cookie.read(request)
        held = await self._own(request, kept)
        path = filled.one("path", 1000).strip().removeprefix("/")
        if "token" not in kept:
            raise pages.Ended
        if not PATH.fullmatch(path) or ".." in path:
            errors = [("path", "Write a path below the FHIR base URL, such as Patient?_count=5.")]
            return self._shown(request, held, kept, errors, 422, path=path)
        headers = {"authorization": f"Bearer {kept['token']}", "accept": "application/fhir+json"}
        try:
            status, found = await self._trial.ask("GET", f"{kept['base']}/{path}", headers)
        except OSError as failure:
            return self._shown(request, held, kept, [("", f"{failure}.")], 422, path=path)
        text = json.dumps(found, indent=2, ensure_ascii=False)
        answer = {"status": status, "text": text[:LONGEST], "whole": len(text) <= LONGEST}
        return self._shown(request, held, kept, path=path, answer=answer)

    @property
    def _address(self) -> str:
        """The redirect URI of the portal."""
        return f"{self.room.base_url}{BACK}"

    @property
    def _trial(self) -> Preview:
        if self.room.trial is None:
            raise NotFound(ALONE)
        return self.room.trial

    @property
    def _cookie(self) -> SealedCookie:
        secure = self.room.base_url.startswith("https:")
        return SealedCookie("careweft-try", BACK, SECONDS, self._trial.seal, self._trial.unseal, secure)

    async def _own(self, request: Request, kept: Mapping[str, Any]) -> Registration:
        if "app" not in kept:
            raise pages.Ended
        return await own(self.room, request, kept["app"])

    async def _places(self, held: Registration) -> list[dict[str, Any]]:
        """Where it is authorized now."""
        tenants, now, found = await self.room.tenants_by_number(), self.room.clock(), []
        for one in await self.room.desk.shelf.authorizations(held.id):
            said, tenant = now_is(one, now), tenants[one.tenant]
            if said.state is State.APPROVED and said.narrowing:
                bases = requests.bases(held, said, tenant, self.room.base_url)
                found.append({"tenant": tenant, "scope": " ".join(said.narrowing.scopes), "bases": bases})
        return found

    def _sent(self, held: Registration, tenant: Tenant, bases: Mapping[str, str], scope: str) -> Reply:
        """To the authorization endpoint, with PKCE; what comes back is compared with what is kept."""
        if self._address not in held.asked.redirect_uris:
            raise RegistrationRefused("add the address of this portal to the redirect URIs first")
        state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        asked = {
            "response_type": "code", "client_id": held.id, "redirect_uri": self._address, "scope": scope,
            "state": state, "aud": bases["FHIR base URL"], "code_challenge_method": "S256",
            "code_challenge": urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("="),
        }  # fmt: skip
        kept = {
            "app": held.id, "tenant": tenant.id, "state": state, "verifier": verifier, **bases_of(bases),
            "issuer": issuers.V2.url(self.room.base_url, tenant.id),
        }  # fmt: skip
        return pages.seen(f"{bases['Authorization endpoint']}?{urlencode(asked)}", self._cookie.keep(kept))

    async def _told(self, filled: Filled, held: Registration, kept: Mapping[str, Any], form: dict[str, str]) -> Reply:
        """What the token endpoint says, kept for the page that follows."""
        headers: dict[str, str] = {}
        if held.asked.auth == "secret":
            pair = f"{quote(held.id, safe='')}:{quote(filled.one('secret', 200).strip(), safe='')}"
            headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        elif held.asked.auth == "none":
            form["client_id"] = held.id
        else:
            form |= {"client_assertion_type": ASSERTION, "client_assertion": filled.one("assertion", 16_000).strip()}
        try:
            status, told = await self._trial.ask("POST", kept["token_url"], headers, form=form)
        except OSError as failure:
            status, told = 503, {"error": str(failure)}
        told = dict(told or {})
        new: dict[str, Any] = {name: kept[name] for name in ("app", "tenant", "base", "token_url")}
        if status != 200:
            new["failed"] = {"status": status, **{name: told.get(name) for name in ("error", "error_description")}}
        else:
            new["token"] = told["access_token"]
            new["told"] = {name: "…" if name in SECRET else value for name, value in told.items()}
        return pages.seen(BACK, self._cookie.keep(new))

    async def _page(self, request: Request, errors: Errors = (), status: int = 200) -> Reply:
        held = await own(self.room, request)
        if self.room.trial is None:
            raise NotFound(ALONE)
        places = await self._places(held)
        return self.room.show(
            request, "portal/try.html", status=status, app=held, places=places, errors=errors, address=self._address,
            ready=held.asked.type == "system" or self._address in held.asked.redirect_uris,
        )  # fmt: skip

    def _shown(
        self, request: Request, held: Registration, kept: Mapping[str, Any], errors: Errors = (), status: int = 200,
        *, path: str = "", answer: Mapping[str, Any] | None = None,
    ) -> Reply:  # fmt: skip
        """Where the flow stands: a code, tokens or a refusal."""
        told = kept.get("told") or {}
        usual = f"Patient/{told['patient']}" if "patient" in told else "Patient?_count=5"
        return self.room.show(
            request, "portal/tried.html", status=status, app=held, errors=errors, code="code" in kept,
            token="token" in kept, told=json.dumps(told, indent=2, ensure_ascii=False), failed=kept.get("failed"),
            base=kept["base"], token_url=kept["token_url"], path=path or usual, answer=answer,
        )  # fmt: skip


def bases_of(bases: Mapping[str, str]) -> dict[str, str]:
    """Where its token and its records are, by short names."""
    return {"base": bases["FHIR base URL"], "token_url": bases["Token endpoint"]}
