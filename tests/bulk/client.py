"""A Bulk Data client written from the specification alone: it shares no code with the server.

https://hl7.org/fhir/uv/bulkdata/STU2/export.html
"""

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

Json = dict[str, Any]
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass
class Export:
    """What came of one export."""

    manifest: Json
    files: dict[str, bytes]
    headers: Mapping[str, str]
    polls: list[httpx.Response] = field(default_factory=list, repr=False)

    def lines(self, role: str = "output", type_: str | None = None) -> list[bytes]:
        items = [one for one in self.manifest.get(role, []) if type_ in (None, one.get("type"))]
        return [line for one in items for line in self.files[one["url"]].split(b"\n")[:-1]]

    def records(self, type_: str | None = None) -> list[Json]:
        return [json.loads(line) for line in self.lines("output", type_)]

    def names(self, type_: str | None = None) -> list[str]:
        return sorted(f"{one['resourceType']}/{one['id']}" for one in self.records(type_) if "id" in one)

    def deleted(self) -> list[str]:
        bundles = [json.loads(line) for line in self.lines("deleted")]
        assert all((one["resourceType"], one["type"]) == ("Bundle", "transaction") for one in bundles)
        entries = [entry["request"] for one in bundles for entry in one["entry"]]
        assert {one["method"] for one in entries} <= {"DELETE"}
        return sorted(one["url"] for one in entries)

    def outcomes(self) -> list[Json]:
        return [json.loads(line) for line in self.lines("error")]


@dataclass
class BulkClient:
    """`http` has the FHIR base as its base URL, and knows how to reach it."""

    http: httpx.AsyncClient
    sleep: Callable[[float], Any] = asyncio.sleep

    async def kick_off(
        self, path: str = "/$export", params: Sequence[tuple[str, str]] = (), **headers: str
    ) -> httpx.Response:
        given = {"accept": "application/fhir+json", "prefer": "respond-async"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return await self.http.get(path, params=list(params), headers=given)

    async def kick_off_post(self, path: str, parameters: Sequence[Json], **headers: str) -> httpx.Response:
        given = {
            "accept": "application/fhir+json", "prefer": "respond-async", "content-type": "application/fhir+json",
        } | headers  # fmt: skip
        body = {"resourceType": "Parameters", "parameter": list(parameters)}
        return await self.http.post(path, content=json.dumps(body), headers=given)

    async def finished(self, begun: httpx.Response, seconds: float = 60) -> Export:
        """Poll as Retry-After says, then fetch every file."""
        assert begun.status_code == 202, begun.text
        status = begun.headers["content-location"]
        polls: list[httpx.Response] = []
        until = time.monotonic() + seconds
        while True:
            answer = await self.http.get(status, headers={"accept": "application/json"})
            polls.append(answer)
            if answer.status_code == 200:
                break
            assert answer.status_code == 202, (answer.status_code, answer.text)
            assert len(answer.headers["x-progress"]) < 100
            assert time.monotonic() < until, answer.headers["x-progress"]
            await self.sleep(float(answer.headers["retry-after"]))
        assert answer.headers["content-type"].startswith("application/json")
        manifest = answer.json()
        items = [one for role in ("output", "deleted", "error") for one in manifest.get(role, ())]
        return Export(manifest, {one["url"]: await self.file(one) for one in items}, answer.headers, polls)

    async def file(self, item: Json, **headers: str) -> bytes:
        """One file, held against what the manifest says of it."""
        answer = await self.http.get(item["url"], headers={"accept": "application/fhir+ndjson", **headers})
        assert answer.status_code == 200, (answer.status_code, answer.text)
        assert answer.headers["content-type"].startswith("application/fhir+ndjson")
        text = answer.content
        assert text.endswith(b"\n")
        lines = text.split(b"\n")[:-1]
        assert len(lines) == item["count"]
        for line in lines:
            one = json.loads(line)
            assert "type" not in item or one["resourceType"] == item["type"]
        return text

    async def export(self, path: str = "/$export", params: Sequence[tuple[str, str]] = (), **headers: str) -> Export:
        return await self.finished(await self.kick_off(path, params, **headers))

    async def delete(self, begun: httpx.Response) -> httpx.Response:
        return await self.http.delete(begun.headers["content-location"])


@dataclass(frozen=True)
class Service:
    """A backend service, as it was registered: https://hl7.org/fhir/smart-app-launch/STU2/backend-services.html"""

    id: str
    key: ECKey | RSAKey = field(repr=False)
    alg: str
    scope: str

    def form(self, url: str, **changes: str) -> dict[str, str]:
        """What it sends to the token endpoint at `url`: who it is, by a fresh assertion, and what it wants."""
        now = int(time.time())
        claims = {"iss": self.id, "sub": self.id, "aud": url, "exp": now + 240, "iat": now, "jti": str(uuid.uuid4())}
        head = {"alg": self.alg, "kid": self.key.kid, "typ": "JWT"}
        assertion = jwt.encode(head, claims, self.key, algorithms=[self.alg])
        return {
            "grant_type": "client_credentials", "scope": self.scope, "client_assertion_type": ASSERTION,
            "client_assertion": assertion,
        } | changes  # fmt: skip

    async def token(self, http: httpx.AsyncClient) -> str:
        """A token from the endpoint that the base of `http` names."""
        told = (await http.get("/.well-known/smart-configuration", headers={"accept": "application/json"})).json()
        assert self.alg in told["token_endpoint_auth_signing_alg_values_supported"]
        answer = await http.post(told["token_endpoint"], data=self.form(told["token_endpoint"]))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])
