"""The front: every request passes here, whatever its path, and every reply leaves from here.

Host, request id, limits, the row of the route table, the guard, the handler, refusals, the audit entry, CORS, gzip, the
headers that all replies carry. Raw ASGI, because the door would cost more than the work behind it (decision 2).
"""

from asyncio import CancelledError
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from time import perf_counter

from ..fhir.outcomes import FhirRefusal, Forbidden, Unavailable
from . import cors, hosts, identity, ledger, limits, negotiate, replies, router, routes, streams
from .deadlines import Deadlines, TooLong
from .exchange import Headers, Receive, Reply, Request, Scope, Send
from .guard import Guard
from .route import Cors, Route
from .site import Site
from .telemetry import Telemetry, faulted

ALONE = frozenset(b"host authorization content-length content-type content-encoding origin x-request-id".split())
"""Headers that mean nothing twice, or two things."""
Opening = Callable[[], AbstractAsyncContextManager[Site]]
UNAVAILABLE = (ConnectionError, TimeoutError)


class TwiceSaid(FhirRefusal):
    """A header that may stand once was sent twice."""


class Front:
    """The ASGI application of one Site."""

    __slots__ = ("_always", "_deadlines", "_guard", "_hosts", "_router", "_site", "telemetry")

    def __init__(self, site: Site) -> None:
        """Compile the route table; raise `Unguarded` where a row has no policy."""
        self.telemetry = Telemetry()
        self._site = site
        self._guard = Guard(site)
        self._deadlines = Deadlines(site.deadline)
        self._router = router.Router(routes.table(site, self.telemetry))
        self._hosts = hosts.answered(site.base_url, site.aliases, site.environment)
        self._always = always(site.base_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = perf_counter()
        raw: list[tuple[bytes, bytes]] = scope["headers"]
        headers = dict(raw)
        peer = scope["client"][0] if scope["client"] else None
        request = Request(scope["method"], scope["query_string"], headers, receive, peer, self._site.ids())
        if b"x-request-id" in headers:
            request.id, request.correlation = identity.adopted(headers[b"x-request-id"], request.id)
        if b"x-forwarded-for" in headers:
            request.peer = identity.address(peer, _every(raw, b"x-forwarded-for"), self._site.trusted_proxies)
        reply = await self._answered(request, scope["raw_path"], raw)
        route = request.route
        if route is not None and route.audited and not reply.recorded:
            try:  # no reply leaves before its audit entry is durable (D-13)
                if request.tenant is None and "tenant" in request.args:  # refused before the guard looked
                    request.tenant = await self._site.tenants.find(request.args["tenant"])
                entry = request.entry or ledger.entry(request, route, reply.status, self._site.clock())
                await self._site.journal.write(entry)
            except Exception as error:  # noqa: BLE001 - whatever happened to the journal, nothing leaves unrecorded
                reply = self._unrecorded(request, error)
        told, body = self._written(request, reply)
        if b"origin" in request.headers and request.method != "OPTIONS":
            told += await self._cors(request, route)
        if reply.stream is not None:
            await streams.poured(request, reply.stream, reply.status, told, send)
        else:
            await send({"type": "http.response.start", "status": reply.status, "headers": told})
            await send({"type": "http.response.body", "body": body})
        self.telemetry.count(route.name if route else "none", reply.status, perf_counter() - started)

    async def _answered(self, request: Request, path: bytes, raw: Headers) -> Reply:
        """The reply; whatever fails, the answer is no."""
        task = self._deadlines.begin()
        try:
            rows = self._rows(request, path, raw)
            if request.method == "OPTIONS":
                return await self._options(request, rows)
            route = request.route = rows.get(request.method) or router.choose(rows, request)
            await self._guard.admit(request, route)
            return await route.answer(request)
        except FhirRefusal as refusal:
            return self._refused(request, refusal)
        except UNAVAILABLE as error:
            faulted(error, request.id, _name(request))
            return self._refused(request, Unavailable())
        except CancelledError:
            if not self._deadlines.missed(task):
                raise
            return self._refused(request, TooLong())
        except Exception as error:  # noqa: BLE001 - the caller learns a number, the log a place, and no data leave
            faulted(error, request.id, _name(request))
            request.reason = "unexpected error"
            return replies.broken(request)
        finally:
            self._deadlines.end(task)

    def _rows(self, request: Request, path: bytes, raw: Headers) -> dict[str, Route]:
        """The rows at this request's path, once its Host and its sizes are what they may be."""
        headers = request.headers
        if headers.get(b"host") not in self._hosts:
            hosts.check(headers.get(b"host"), self._hosts)
        limits.check(path, request.query, raw, headers)
        if len(headers) != len(raw):
            request.headers = _joined(raw)
        rows, request.args = self._router.find(router.spelled(path))
        return rows

    def _refused(self, request: Request, refusal: FhirRefusal) -> Reply:
        request.reason, request.patients = refusal.message, ()
        return replies.refused(request, refusal)

    async def _options(self, request: Request, rows: dict[str, Route]) -> Reply:
        """What may be asked here, and the answer to a browser's preflight."""
        allow = router.allow(rows).encode()
        wanted = request.headers.get(b"access-control-request-method")
        if b"origin" not in request.headers or wanted is None:
            return Reply(204, [(b"allow", allow)])
        route = rows.get(wanted.decode("latin-1"))
        if route is None:
            raise Forbidden(f"This path takes {router.allow(rows)}.")
        tenant = await self._site.tenants.find(request.args["tenant"]) if "tenant" in request.args else None
        return Reply(204, await cors.preflight(request, route.cors, tenant, self._site.clients, allow))

    def _unrecorded(self, request: Request, error: Exception) -> Reply:
        """503 and no data, where the audit entry cannot be made durable."""
        if isinstance(error, Unavailable):
            return replies.refused(request, error)
        faulted(error, request.id, "the audit journal")
        return replies.refused(request, Unavailable())

    def _written(self, request: Request, reply: Reply) -> tuple[Headers, bytes]:
        """The reply as it goes out, with what every reply carries."""
        status, headers, body, _, kept, stream = reply
        headers = [*headers, (b"cache-control", kept), *self._always, (b"x-request-id", request.id.encode())]
        if b"accept-encoding" in request.headers:
            body = negotiate.squeezed(body, request.headers[b"accept-encoding"], headers)
        if request.correlation:
            headers.append((b"x-correlation-id", request.correlation.encode()))
        if request.method == "HEAD" and stream is None and status not in (204, 304):  # else the server counts
            headers.append((b"content-length", b"%d" % len(body)))
            body = b""
        return headers, body

    async def _cors(self, request: Request, route: Route | None) -> Headers:
        try:
            found = route.cors if route else Cors.NONE
            return await cors.allowed(request, found, request.tenant, self._site.clients)
        except Exception as error:  # noqa: BLE001 - a reply that no browser may read is the closed side
            faulted(error, request.id, "the registered origins")
            return []


def always(base_url: str) -> Headers:
    """What every reply carries (WEB-12); HSTS where callers reach us by https."""
    found = [
        (b"x-content-type-options", b"nosniff"),
        (b"vary", b"Accept, Accept-Encoding, Origin"),
    ]
    if base_url.startswith("https:"):
        found.append((b"strict-transport-security", b"max-age=63072000; includeSubDomains"))
    return found


def _joined(raw: Headers) -> dict[bytes, bytes]:
    """Headers with those that came twice joined by commas (RFC 9110 5.3), or refused where that changes meaning."""
    found: dict[bytes, bytes] = {}
    for name, value in raw:
        if name in found and name in ALONE:
            raise TwiceSaid(f"The header {name.decode('latin-1')} may stand once.")
        found[name] = found[name] + b", " + value if name in found else value
    return found


def _every(raw: Headers, name: bytes) -> bytes:
    return b",".join(value for one, value in raw if one == name)


def _name(request: Request) -> str:
    return request.route.name if request.route else "no route"


def application(
    opening: Opening, opened: Callable[[], None] = lambda: None
) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """An ASGI application that opens its Site as the server starts it, in the server's event loop, and closes it.

    `opened` is called once the doors are made, just before they open.
    """
    front: list[Front] = []

    def serve(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http":
            return front[0](scope, receive, send)
        if scope["type"] == "lifespan":
            return _live(opening, opened, front, receive, send)
        return send({"type": "websocket.close", "code": 1000})

    return serve


async def _live(opening: Opening, opened: Callable[[], None], front: list[Front], receive: Receive, send: Send) -> None:
    """https://asgi.readthedocs.io/en/latest/specs/lifespan.html"""
    await receive()
    try:
        context = opening()
        front.append(Front(await context.__aenter__()))
        opened()
    except Exception as error:
        faulted(error, "-", "start-up")
        await send({"type": "lifespan.startup.failed", "message": f"{type(error).__name__}: {error}"})
        raise
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await context.__aexit__(None, None, None)
    front.clear()
    await send({"type": "lifespan.shutdown.complete"})
