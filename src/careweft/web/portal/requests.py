"""Ready-made requests for an application: how it gets a token, and its first call, in what developers work with."""

from collections.abc import Sequence
from typing import Any

from ... import surfaces
from ...registry.authorization import Authorization, State
from ...registry.registration import Registration
from ...surfaces import issuers
from ...surfaces.model import Surface
from ...tenancy import Tenant
from ...values import dataclass

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


@dataclass(frozen=True, slots=True)
class Sample:
    """Requests in one language, for one organization."""

    language: str
    place: str
    text: str


def surface(held: Registration) -> Surface:
    """The API that the application calls."""
    return surfaces.find(held.asked.access, "system" if held.asked.type == "system" else "patient")


def bases(held: Registration, said: Authorization, tenant: Tenant, base_url: str) -> dict[str, str]:
    """Where the APIs of a tenant are that said yes; nothing before that."""
    if said.state is not State.APPROVED:
        return {}
    api, issuer = surface(held), issuers.V2
    found = {"FHIR base URL": api.url(base_url, tenant.id), "Token endpoint": issuer.token_url(base_url, tenant.id)}
    if api.audience == "patient":
        found["Authorization endpoint"] = issuer.url(base_url, tenant.id) + "/authorize"
    return found


def samples(held: Registration, places: Sequence[dict[str, Any]]) -> Sequence[Sample]:
    """For each organization that said yes."""
    found = []
    for one in places:
        if one["bases"]:
            place, scope = one["tenant"].name, " ".join(one["said"].narrowing.scopes)
            values = {"id": held.id, "tenant": one["tenant"].id, "scope": scope, **spelled(one["bases"])}
            for language, text in texts(held).items():
                found.append(Sample(language, place, fill(text, values)))
    return found


def spelled(found: dict[str, str]) -> dict[str, str]:
    """The base URLs under the names that the texts have for them."""
    return {
        "base": found["FHIR base URL"],
        "token": found["Token endpoint"],
        "authorize": found.get("Authorization endpoint", ""),
    }


def fill(text: str, values: dict[str, str]) -> str:
    """A text with its places filled in; braces of programs stay."""
    for name, value in values.items():
        text = text.replace(f"<<{name}>>", value)
    return text


def texts(held: Registration) -> dict[str, str]:
    """The requests for an application of this kind, by language."""
    if held.asked.type != "system":
        return {"Address to open": AUTHORIZE}
    if held.asked.auth == "secret":
        return {"curl": CURL, "Python": PYTHON, "JavaScript": JAVASCRIPT}
    return {"careweft": COMMAND, "Python": PYTHON_KEY}


CURL = """\
TOKEN=$(curl -s -u '<<id>>:YOUR_CLIENT_SECRET' -d grant_type=client_credentials --data-urlencode 'scope=<<scope>>' \\
  '<<token>>' | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
curl -s -H "Authorization: Bearer $TOKEN" '<<base>>/Patient?_count=5'
"""
PYTHON = """\
import httpx

form = {"grant_type": "client_credentials", "scope": "<<scope>>"}
token = httpx.post("<<token>>", data=form, auth=("<<id>>", "YOUR_CLIENT_SECRET")).raise_for_status().json()
headers = {"Authorization": f"Bearer {token['access_token']}"}
print(httpx.get("<<base>>/Patient", params={"_count": 5}, headers=headers).json()["total"])
"""
JAVASCRIPT = """\
const basic = btoa("<<id>>:YOUR_CLIENT_SECRET");
const form = new URLSearchParams({ grant_type: "client_credentials", scope: "<<scope>>" });
const answer = await fetch("<<token>>", { method: "POST", body: form, headers: { Authorization: `Basic ${basic}` } });
const { access_token } = await answer.json();
const found = await fetch("<<base>>/Patient?_count=5", { headers: { Authorization: `Bearer ${access_token}` } });
console.log(await found.json());
"""
PYTHON_KEY = """\
import time, uuid
import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

key = ECKey.import_key(open("private.pem").read())
claims = {"iss": "<<id>>", "sub": "<<id>>", "aud": "<<token>>", "exp": int(time.time()) + 240, "jti": str(uuid.uuid4())}
assertion = jwt.encode({"alg": "ES384", "kid": "YOUR_KEY_ID"}, claims, key, algorithms=["ES384"])
form = {
    "grant_type": "client_credentials", "scope": "<<scope>>", "client_assertion": assertion,
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
}
token = httpx.post("<<token>>", data=form).raise_for_status().json()
print(httpx.get("<<base>>/Patient", headers={"Authorization": f"Bearer {token['access_token']}"}).json()["total"])
"""
COMMAND = """\
careweft token --tenant <<tenant>> --client <<id>> --key private.pem --scope '<<scope>>'
"""
AUTHORIZE = """\
<<authorize>>?response_type=code&client_id=<<id>>&redirect_uri=YOUR_REDIRECT_URI&scope=YOUR_SCOPES&state=RANDOM&aud=<<base>>&code_challenge=YOUR_CHALLENGE&code_challenge_method=S256
"""


def postman(held: Registration, places: Sequence[dict[str, Any]], base_url: str) -> dict[str, Any]:
    """A Postman collection (2.1): a folder for each organization, the token and the first call in it."""
    folders = [folder(held, one) for one in places if one["bases"]]
    return {"info": {"name": held.asked.name, "schema": SCHEMA}, "item": folders,
            "variable": [{"key": "client_secret", "value": ""}, {"key": "access_token", "value": ""},
                         {"key": "base_url", "value": base_url}]}  # fmt: skip


def folder(held: Registration, place: dict[str, Any]) -> dict[str, Any]:
    """The requests of one organization."""
    urls, scope = spelled(place["bases"]), " ".join(place["said"].narrowing.scopes)
    form = [{"key": "grant_type", "value": "client_credentials"}, {"key": "scope", "value": scope}]
    basic = [{"key": "username", "value": held.id}, {"key": "password", "value": "{{client_secret}}"}]
    token = {"method": "POST", "url": urls["token"], "auth": {"type": "basic", "basic": basic},
             "body": {"mode": "urlencoded", "urlencoded": form}}  # fmt: skip
    bearer = [{"key": "token", "value": "{{access_token}}"}]
    call = {"method": "GET", "url": f"{urls['base']}/Patient?_count=5", "auth": {"type": "bearer", "bearer": bearer}}
    items = [{"name": "First call", "request": call}]
    if held.asked.type == "system" and held.asked.auth == "secret":
        items.insert(0, {"name": "Token", "request": token})
    return {"name": place["tenant"].name, "item": items}
