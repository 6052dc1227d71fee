"""Fetching a small JSON document from a stranger's URL, with a guard (SMART-11, WEB-03, PARSE-05).

The name is resolved once and the connection goes to that address; no redirect, no proxy, no cookie, no compression;
at most 64 KB within 5 s from the first question to the last byte.
"""

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlencode

from ..registry.refusal import RegistrationRefused
from ..registry.urls import check_jwks, host
from ..values import dataclass
from .addresses import Resolve, public, resolve

if TYPE_CHECKING:  # takes longer to load than the database takes to start, and most processes fetch nothing
    import httpx

LARGEST = 64 * 1024
DEADLINE = 5.0


class FetchError(OSError):
    """The document could not be had; the message says why and holds nothing of what came."""


@dataclass(frozen=True, slots=True)
class Document:
    """What was fetched, and the Cache-Control that came with it."""

    value: dict[str, Any] = field(repr=False)
    cache_control: str | None
    age: int = 0


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches documents; `allow` holds each `host:port` that may be reached over http, in preview (decision 24)."""

    allow: frozenset[str] = frozenset()
    resolve: Resolve = resolve
    allowed: Callable[[str], bool] = public
    trust: ssl.SSLContext | None = field(default=None, repr=False)
    """None trusts whom the operating system trusts."""
    deadline: float = DEADLINE
    port: int = 443

    async def get(self, url: str) -> Document:
        """The JSON object at `url`. Raises FetchError."""
        return await self._asked("GET", url, {}, None)

    async def post(self, url: str, form: Mapping[str, str], authorization: str | None = None) -> Document:
        """The JSON object that answers this form, held to the same guard. Raises FetchError."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if authorization is not None:
            headers["Authorization"] = authorization
        return await self._asked("POST", url, headers, urlencode(form).encode())

    async def _asked(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Document:
        import httpx  # noqa: PLC0415

        try:
            parts = check_jwks(url, self.allow)
        except RegistrationRefused as refused:
            raise FetchError(str(refused)) from None
        try:
            async with asyncio.timeout(self.deadline):
                return await self._fetch(method, parts, headers, body)
        except TimeoutError:
            raise FetchError(f"the key set did not arrive within {self.deadline:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as failure:
            raise FetchError(f"the key set could not be fetched: {type(failure).__name__}") from None

    async def _fetch(self, method: str, parts: SplitResult, more: Mapping[str, str], body: bytes | None) -> Document:
        import httpx  # noqa: PLC0415

        address = await self._address(parts)
        bracketed = f"[{address}]" if ":" in address else address
        port = parts.port or (self.port if parts.scheme == "https" else 80)
        there = httpx.URL(
            f"{parts.scheme}://{bracketed}:{port}{parts.path or '/'}" + (f"?{parts.query}" if parts.query else "")
        )
        headers = {
            "Host": parts.netloc,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "careweft",
            **more,
        }
        async with (
            httpx.AsyncClient(
                verify=self.trust or system_trust(), trust_env=False, follow_redirects=False, timeout=self.deadline
            ) as client,
            client.stream(
                method, there, headers=headers, content=body, extensions={"sni_hostname": host(parts).strip("[]")}
            ) as response,
        ):
            return await _read(response)

    async def _address(self, parts: SplitResult) -> str:
        """The one address to connect to; refused where any of the name's addresses is not public."""
        name, port = host(parts).strip("[]"), parts.port or 443
        try:
            found = await self.resolve(name, port)
        except OSError:
            raise FetchError("the key set's host name is not known") from None
        if not found:
            raise FetchError("the key set's host name is not known")
        if parts.scheme != "http" and not all(self.allowed(one) for one in found):
            raise FetchError("the key set's host is not on the public Internet")
        return found[0]


@cache
def system_trust() -> ssl.SSLContext:
    """Whom the operating system trusts, read once."""
    return ssl.create_default_context()


async def _read(response: "httpx.Response") -> Document:
    if response.status_code != 200:
        raise FetchError(f"the key set's server answered {response.status_code}, 200 is wanted")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise FetchError("the key set came compressed though that was not asked for")
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > LARGEST:
            raise FetchError(f"the key set is larger than {LARGEST} bytes")
    age = response.headers.get("age", "")
    return Document(
        value=_object(bytes(body)),
        cache_control=",".join(response.headers.get_list("cache-control")) or None,
        age=min(int(age), 2**31) if age.isascii() and age.isdigit() and len(age) < 12 else 0,
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body.decode(), object_pairs_hook=_unique, parse_constant=_none)
    except (ValueError, RecursionError):
        raise FetchError("the key set is not JSON, or says a name twice") from None
    if not isinstance(value, dict):
        raise FetchError("the key set is not a JSON object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _none(text: str) -> float:
    raise ValueError(f"{text} is no number")
