"""The other end of Bulk Data: exports of any server, resumed where they broke off.

https://hl7.org/fhir/uv/bulkdata/STU2/export.html, https://hl7.org/fhir/smart-app-launch/STU2/backend-services.html

What is known of an export lies beside its files (`export.json`), so that it goes on after whatever stopped it: the
status URL while the server works, the manifest and the files that are whole when it is done.
"""

import asyncio
import gzip
import hashlib
import json
import os
import time
import uuid
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ..values import dataclass

if TYPE_CHECKING:  # a command that fetches nothing does not wait for it
    import httpx

STATE = "export.json"
FHIR, NDJSON = "application/fhir+json", "application/fhir+ndjson"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ROLES = ("output", "deleted", "error")
EARLY = 30.0
"""Seconds before its end at which a token is asked for anew."""
TRIES = 8
CHUNK = 1024 * 1024
Json = dict[str, Any]
Told = Callable[[str, float], None]
"""What is going on, and how much of it is done, from 0 to 1."""


class ExportError(OSError):
    """The export cannot be had; the message says why, without what any record says."""


@dataclass(frozen=True, slots=True)
class Login:
    """How we prove ourselves: a key (a JWK with its `kid`), a secret, or a token that somebody else got."""

    client: str = ""
    key: Mapping[str, Any] | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    scope: str = "system/*.rs"
    token_url: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """An export: the FHIR base, the Group, `Patient` or nothing, and the parameters of the kick-off."""

    base: str
    below: str = ""
    params: Sequence[tuple[str, str]] = ()

    @property
    def url(self) -> str:
        """The kick-off's."""
        return f"{self.base.rstrip('/')}/{self.below}$export"

    @property
    def name(self) -> str:
        """What tells one export from another."""
        return f"{self.url}?{urlencode(list(self.params))}"


@dataclass
class BulkClient:
    """One export into one folder."""

    wanted: Wanted
    login: Login
    folder: Path
    told: Told = lambda _, __: None
    parallel: int = 4
    _token: str = field(default="", init=False, repr=False)
    _until: float = field(default=0.0, init=False)

    async def run(self, *, keep: bool = False) -> list[Path]:
        """Begin or go on, fetch and check every file, then have the server forget it; the files. Raises ExportError."""
        import httpx  # noqa: PLC0415

        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        async with httpx.AsyncClient(timeout=httpx.Timeout(60, connect=10), follow_redirects=False) as http:
            state = self._state()
            if not state.get("status"):
                state = {"status": await self._begun(http), "request": self.wanted.name}
                self._note(state)
            if "manifest" not in state:
                state["manifest"] = await self._manifest(http, state["status"])
                self._note(state)
            files = await self._fetched(http, state["manifest"])
            if not keep and not state.get("forgotten"):
                await self._asked(http, "DELETE", state["status"], {202, 404})
                self._note(state | {"forgotten": True})
        return files

    def _state(self) -> Json:
        path = self.folder / STATE
        known: Json = json.loads(path.read_text()) if path.exists() else {}
        if known and known.get("request") != self.wanted.name:
            raise ExportError(f"{self.folder} holds another export: name another folder")
        return known

    def _note(self, state: Json) -> None:
        path = self.folder / STATE
        beside = path.with_suffix(".tmp")
        beside.write_text(json.dumps(state, indent=2))
        beside.replace(path)

    # The three requests ----------------------------------------------------------------------------------------------

    async def _begun(self, http: "httpx.AsyncClient") -> str:
        self.told("asking for the export", 0.0)
        headers = {"accept": FHIR, "prefer": "respond-async"}
        answer = await self._asked(http, "GET", self.wanted.url, {202}, headers, params=list(self.wanted.params))
        status = answer.headers.get("content-location")
        if not status:
            raise ExportError("the server took the export and did not say where its status is (Content-Location)")
        return str(status)

    async def _manifest(self, http: "httpx.AsyncClient", status: str) -> Json:
        """Poll until it is done, as often as the server likes."""
        wait = 2.0
        while True:
            answer = await self._asked(http, "GET", status, {200, 202}, {"accept": "application/json"})
            if answer.status_code == 200:
                found: Json = answer.json()
                return found
            said = answer.headers.get("x-progress", "")
            digits = "".join(one for one in said.partition("%")[0][-3:] if one.isdigit())
            self.told(said or "the server is at work", int(digits or 0) / 100)
            wait = pause(answer.headers.get("retry-after"), min(wait * 2, 120.0))
            await asyncio.sleep(wait)

    async def _fetched(self, http: "httpx.AsyncClient", manifest: Json) -> list[Path]:
        items = [(role, item) for role in ROLES for item in manifest.get(role) or ()]
        turns = asyncio.Semaphore(self.parallel)
        done = 0

        async def one(number: int, role: str, item: Json) -> Path:
            nonlocal done
            async with turns:
                path = await self._file(http, named(number, role, item), item, manifest)
            done += 1
            self.told(f"{done} of {len(items)} files", done / len(items))
            return path

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(number, *item)) for number, item in enumerate(items, 1)]
        except BaseExceptionGroup as failures:
            raise next((one for one in failures.exceptions if isinstance(one, ExportError)), failures) from None
        return [task.result() for task in tasks]

    async def _file(self, http: "httpx.AsyncClient", name: str, item: Json, manifest: Json) -> Path:
        """One file, gzipped, checked; what is here already is not asked for again."""
        path = self.folder / name
        if path.exists():
            return path
        part = path.with_suffix(".part")
        for attempt in range(TRIES):
            try:
                await self._more(http, part, item["url"], token=bool(manifest.get("requiresAccessToken")))
                await asyncio.to_thread(check, part, item)
            except Broken:
                await asyncio.sleep(min(0.2 * 2**attempt, 10))
                continue
            part.replace(path)
            part.with_suffix(".tag").unlink(missing_ok=True)
            return path
        raise ExportError(f"{name} could not be fetched whole")

    async def _more(self, http: "httpx.AsyncClient", part: Path, url: str, *, token: bool) -> None:
        """The rest of a file, from where an earlier attempt ended. Broken where it ends early again."""
        import httpx  # noqa: PLC0415

        tag = part.with_suffix(".tag")
        headers = {"accept": NDJSON, "accept-encoding": "gzip"}
        if token:
            headers["authorization"] = f"Bearer {await self._bearer(http)}"
        headers |= going_on(part, tag)
        try:
            async with http.stream("GET", url, headers=headers) as answer:
                if answer.status_code == 416:  # it was whole, or is another: the check tells
                    return
                if answer.status_code not in (200, 206):
                    await refuse(answer)
                etag = answer.headers.get("etag")
                if etag and not etag.startswith("W/"):
                    tag.write_text(etag)
                await _written(answer, part)
        except httpx.TransportError as lost:
            raise Broken from lost

    # Tokens -----------------------------------------------------------------------------------------------------------

    async def _asked(
        self,
        http: "httpx.AsyncClient",
        method: str,
        url: str,
        fine: set[int],
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> "httpx.Response":
        """An answer with one of these statuses; asked again where the server is busy or away."""
        import httpx  # noqa: PLC0415

        for attempt in range(TRIES):
            bearer = {"authorization": f"Bearer {await self._bearer(http)}"}
            try:
                answer = await http.request(method, url, headers={**(headers or {}), **bearer}, **more)
            except httpx.TransportError:
                await asyncio.sleep(min(0.2 * 2**attempt, 10))
                continue
            if answer.status_code in fine:
                return answer
            if answer.status_code not in (429, 503):
                await refuse(answer)
            self.told("the server asks us to wait", 0.0)
            await asyncio.sleep(pause(answer.headers.get("retry-after"), 2.0**attempt))
        raise ExportError(f"{url.partition('?')[0]} does not answer")

    async def _bearer(self, http: "httpx.AsyncClient") -> str:
        if self.login.token:
            return self.login.token
        if time.time() < self._until:
            return self._token
        url = self.login.token_url or await self._token_url(http)
        answer = await http.post(url, data=form(self.login, url))
        if answer.status_code != 200:
            await refuse(answer)
        said = answer.json()
        self._token, self._until = said["access_token"], time.time() + float(said.get("expires_in", 300)) - EARLY
        return self._token

    async def _token_url(self, http: "httpx.AsyncClient") -> str:
        answer = await http.get(f"{self.wanted.base.rstrip('/')}/.well-known/smart-configuration")
        if answer.status_code != 200 or "token_endpoint" not in answer.json():
            raise ExportError("the server has no .well-known/smart-configuration: name its token endpoint")
        return str(answer.json()["token_endpoint"])


class Broken(Exception):
    """A file ended early, or is not what the manifest says: what is here of it is kept, or thrown away."""


def form(login: Login, url: str) -> dict[str, str]:
    """The token request, with our secret or an assertion of our key."""
    asked = {"grant_type": "client_credentials", "scope": login.scope}
    if login.key is None:
        return asked | {"client_id": login.client, "client_secret": login.secret or ""}
    from joserfc import jwt  # noqa: PLC0415
    from joserfc.jwk import ECKey, RSAKey  # noqa: PLC0415

    kind = ECKey if login.key.get("kty") == "EC" else RSAKey
    key = kind.import_key(dict(login.key))
    alg = str(login.key.get("alg") or ("ES384" if kind is ECKey else "RS384"))
    now = int(time.time())
    claims = {"iss": login.client, "sub": login.client, "aud": url, "exp": now + 240, "iat": now}
    claims["jti"] = str(uuid.uuid4())
    header = {"alg": alg, "kid": login.key.get("kid"), "typ": "JWT"}
    assertion = jwt.encode(header, claims, key, algorithms=[alg])
    return asked | {"client_assertion_type": ASSERTION, "client_assertion": assertion}


def named(number: int, role: str, item: Json) -> str:
    """What a file is called here."""
    kind = "".join(one for one in str(item.get("type") or "export") if one.isalpha())
    return f"{kind}.{number:04}.ndjson.gz" if role == "output" else f"{role}.{number:04}.ndjson.gz"


def going_on(part: Path, tag: Path) -> dict[str, str]:
    """What asks for the rest of a file of which some is here, if it is still the same file."""
    if not (part.exists() and tag.exists()):
        return {}
    return {"range": f"bytes={part.stat().st_size}-", "if-range": tag.read_text()}


def pause(header: str | None, otherwise: float) -> float:
    """Seconds that Retry-After asks for."""
    return float(header) if header and header.isdecimal() else otherwise


async def _written(answer: "httpx.Response", part: Path) -> None:
    """The body behind what is here, or in its place; what came without gzip is gzipped here."""
    zipped = answer.headers.get("content-encoding") == "gzip"
    with part.open("ab" if answer.status_code == 206 else "wb") as out:
        if zipped:
            async for data in answer.aiter_raw():
                await asyncio.to_thread(out.write, data)
        else:
            with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, mtime=0) as press:
                async for data in answer.aiter_bytes():
                    await asyncio.to_thread(press.write, data)
        out.flush()
        os.fsync(out.fileno())


def check(part: Path, item: Json) -> None:
    """Hold a file against the manifest: its lines, and its checksum where the server says one. Broken."""
    said = next((one for one in (item.get("extension") or {}).values() if isinstance(one, dict)), {})
    whole = hashlib.sha256()
    count = 0
    try:
        with part.open("rb") as raw:
            while data := raw.read(CHUNK):
                whole.update(data)
        with gzip.open(part) as opened:
            while data := opened.read(CHUNK):
                count += data.count(b"\n")
    except EOFError:
        raise Broken from None
    except (OSError, zlib.error):
        part.unlink(missing_ok=True)
        raise Broken from None
    wrong = "count" in item and count != item["count"]
    if wrong or ("gzipSha256" in said and said["gzipSha256"] != whole.hexdigest()):
        part.unlink(missing_ok=True)
        raise Broken


async def refuse(answer: "httpx.Response") -> None:
    """Raise what the server said: its outcome's words, or its OAuth error."""
    await answer.aread()
    why = ""
    try:
        body = answer.json()
        why = body.get("error_description") or body.get("error") or body["issue"][0].get("diagnostics", "")
    except (ValueError, KeyError, IndexError, AttributeError, TypeError):
        why = ""
    raise ExportError(f"the server answered {answer.status_code}" + (f": {why}" if why else ""))
