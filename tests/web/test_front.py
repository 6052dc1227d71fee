"""What every request meets, whatever its path: Host, request id, limits, CORS, methods, faults, the audit entry."""

import asyncio
import gzip
import logging
from dataclasses import replace
from typing import Any

import httpx
import pytest

from careweft.fhir.outcomes import Unavailable
from careweft.web import Front, Site, application, hosts, identity

from .twins import BASE, BIRCH, MAPLE, OAK, ORIGIN, World, base, opened, uuid, world

pytestmark = pytest.mark.anyio
READ = f"{base()}/Patient/ana"
TOKEN = f"/auth/{MAPLE.id}/oauth2/v1/token"


async def raw(
    front: Any,
    path: str = READ,
    method: str = "GET",
    headers: Any = (),
    body: bytes = b"",
    query: bytes = b"",
    client: Any = ("127.0.0.1", 4711),
) -> tuple[int, dict[str, str], bytes]:
    """One request as a server would hand it over, with exactly these headers."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    fields = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    await front(
        {
            "type": "http",
            "method": method,
            "raw_path": path.encode("latin-1"),
            "query_string": query,
            "headers": fields,
            "client": client,
        },
        receive,
        send,
    )
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}, sent[1]["body"]


HOST = ("host", "localhost:8080")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8080", 200),
        ("LOCALHOST:8080", 200),
        ("127.0.0.1:8080", 421),
        ("localhost", 421),
        ("localhost:8081", 421),
        ("evil.example", 421),
        ("localhost:8080.evil.example", 421),
        ("localhost:8080, evil.example", 421),
        ("", 400),
        (None, 400),
    ],
)
@pytest.mark.parametrize("path", ["/healthz", f"{base()}/metadata"])
async def test_only_our_host_is_answered(doors, path, host, status):
    """WEB-10; each row: a Host header and the status it brings."""
    answer = await raw(doors.front, path, headers=[("host", host)] if host is not None else [])

    assert answer[0] == status
    assert b"evil" not in answer[2]


async def test_two_hosts_are_none(doors):
    assert (await raw(doors.front, "/healthz", headers=[HOST, HOST]))[0] == 400


@pytest.mark.parametrize(
    ("base_url", "aliases", "environment", "ours"),
    [
        ("http://localhost:8080", (), "production", {"localhost:8080"}),
        ("http://localhost:8080", (), "preview", {"localhost:8080", "127.0.0.1:8080", "[::1]:8080"}),
        (
            "https://fhir.example",
            ("fhir.internal:8443",),
            "production",
            {"fhir.example", "fhir.example:443", "fhir.internal:8443"},
        ),
        ("http://[::1]:9000", (), "production", {"[::1]:9000"}),
    ],
)
def test_hosts_that_are_ours(base_url, aliases, environment, ours):
    assert hosts.answered(base_url, aliases, environment) == {one.encode() for one in ours}


@pytest.mark.parametrize(
    ("sent", "adopted", "correlation"),
    [
        (None, False, None),
        ("43477c76-ceb6-47ed-81c8-1b7c0ae10ca6", True, None),
        ("order-7:a/b=c", True, None),
        ("x" * 128, True, None),
        ("x" * 129, False, "x" * 128),
        ("a b", False, "ab"),
        ("a\tb\x00", False, "ab"),
        ("<script>", False, "script"),
        ("é", False, None),
        ("", False, None),
    ],
)
async def test_request_ids(doors, sent, adopted, correlation):
    """AUD-04; each row: what was sent, whether it is adopted, what comes back as X-Correlation-Id."""
    status, headers, _ = await raw(doors.front, headers=[HOST, *([("x-request-id", sent)] if sent is not None else [])])

    assert status == 401
    assert headers.get("x-correlation-id") == correlation
    assert headers["x-request-id"] == sent if adopted else uuid(headers["x-request-id"])
    assert doors.journal.entries[-1].request_id == headers["x-request-id"]


def test_request_ids_differ():
    number = identity.numbering()
    assert len({number() for _ in range(1000)} | {identity.numbering()() for _ in range(100)}) == 1100


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "address"),
    [
        ("10.0.0.1", [], 0, "10.0.0.1"),
        ("10.0.0.1", ["6.6.6.6"], 0, "10.0.0.1"),
        ("10.0.0.1", ["6.6.6.6, 198.51.100.7"], 1, "198.51.100.7"),
        ("10.0.0.1", ["6.6.6.6", "198.51.100.7"], 1, "198.51.100.7"),
        ("10.0.0.1", ["6.6.6.6, 198.51.100.7, 10.0.0.2"], 2, "198.51.100.7"),
        ("10.0.0.1", ["198.51.100.7"], 2, "10.0.0.1"),
        ("10.0.0.1", ["rubbish"], 1, "10.0.0.1"),
        ("10.0.0.1", ["2001:db8::1"], 1, "2001:db8::1"),
        ("10.0.0.1", [], 1, "10.0.0.1"),
    ],
)
async def test_a_forwarded_address_is_believed_for_trusted_hops_only(peer, forwarded, proxies, address):
    doors = world(trusted_proxies=proxies)
    await raw(doors.front, headers=[HOST, *(("x-forwarded-for", one) for one in forwarded)], client=(peer, 1))

    assert doors.journal.entries[-1].address == address


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({"query": b"a=" + b"x" * 8200}, 414),
        ({"path": "/" + "x" * 8200}, 414),
        ({"headers": [HOST, *((f"x-{n}", "1") for n in range(100))]}, 431),
        ({"headers": [HOST, ("x-long", "x" * 17_000)]}, 431),
        ({"headers": [HOST, ("authorization", "Bearer a"), ("authorization", "Bearer b")]}, 400),
        ({"headers": [HOST, ("x-request-id", "a"), ("x-request-id", "b")]}, 400),
        ({"headers": [HOST], "path": "/a%2e%2e/b"}, 400),
    ],
)
async def test_what_is_too_large_or_ambiguous_is_refused_early(doors, how, status):
    found, _, body = await raw(doors.front, **{"headers": [HOST], **how})

    assert found == status
    assert b'"OperationOutcome"' in body


FORM = ("content-type", "application/x-www-form-urlencoded")
BOMB = gzip.compress(b"code=" + b"a" * 10_000_000)


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ([FORM], b"code=8867-4", 200),
        ([("content-type", "application/x-www-form-urlencoded; charset=UTF-8")], b"code=8867-4", 200),
        ([], b"", 200),
        ([FORM, ("content-encoding", "gzip")], gzip.compress(b"code=8867-4"), 200),
        ([FORM], b"code=" + b"x" * 65_536, 413),
        ([FORM, ("content-length", "999999999")], b"", 413),
        ([FORM], b"&".join([b"code=1"] * 1001), 413),
        ([FORM, ("content-encoding", "gzip")], BOMB, 413),
        ([FORM, ("content-encoding", "gzip")], gzip.compress(b"code=" + b"a" * 60_000), 413),
        ([FORM, ("content-encoding", "gzip")], b"code=8867-4", 400),
        ([FORM, ("content-encoding", "gzip")], gzip.compress(b"code=8867-4")[:-4], 400),
        ([FORM, ("content-encoding", "gzip")], gzip.compress(b"code=8867-4") + b"more", 400),
        ([FORM, ("content-encoding", "br")], b"code=8867-4", 415),
        ([("content-type", "application/json")], b"{}", 415),
        ([("content-type", "multipart/form-data; boundary=x")], b"--x--", 415),
        ([("content-type", "application/x-www-form-urlencoded; charset=latin-1")], b"code=1", 415),
        ([], b"code=8867-4", 415),
        ([FORM], b"code=%zz", 400),
        ([FORM], b"code=%ff", 400),
        ([FORM], b"code=\xff", 400),
        ([FORM], b"code=%00", 400),
    ],
)
async def test_bodies(doors, headers, body, status):
    """PARSE-04, PARSE-09, PARSE-11; each row: headers and body of POST _search, and its status."""
    bearer = ("authorization", (await doors.bearer("system/*.rs"))["authorization"])
    found, _, told = await raw(doors.front, f"{base()}/Observation/_search", "POST", [HOST, bearer, *headers], body)

    assert (found, b"OperationOutcome" in told) == (status, status != 200), told


@pytest.mark.parametrize(
    ("path", "origin", "allowed"),
    [
        ("metadata", "https://anyone.example", "*"),
        ("smart", "https://anyone.example", "*"),
        ("jwks", "https://anyone.example", "*"),
        ("read", ORIGIN, ORIGIN),
        ("read", "https://anyone.example", None),
        ("read", "null", None),
        ("read", ORIGIN + ".evil.example", None),
        ("token", ORIGIN, ORIGIN),
        ("token", "https://anyone.example", None),
        ("token", "null", None),
        ("birch", ORIGIN, None),
        ("healthz", ORIGIN, None),
    ],
)
async def test_browsers_may_what_the_row_says(doors, path, origin, allowed):
    """OAUTH-30: any origin reads what is public, registered ones of this tenant the rest; never with credentials."""
    paths = {
        "metadata": (f"{base()}/metadata", "GET"), "smart": (f"{base()}/.well-known/smart-configuration", "GET"),
        "jwks": (f"/auth/{MAPLE.id}/oauth2/v1/jwks", "GET"), "read": (READ, "GET"), "token": (TOKEN, "POST"),
        "birch": (f"{base(tenant=BIRCH.id)}/Patient/ana", "GET"), "healthz": ("/healthz", "GET"),
    }  # fmt: skip
    url, method = paths[path]
    async with doors.client() as client:
        answer = await client.request(method, url, headers={"origin": origin})
        asked = await client.options(
            url,
            headers={
                "origin": origin,
                "access-control-request-method": method,
                "access-control-request-headers": "authorization",
            },
        )

    assert answer.headers.get("access-control-allow-origin") == allowed
    assert "Origin" in answer.headers["vary"]
    assert "access-control-allow-credentials" not in answer.headers
    assert asked.status_code == (204 if allowed else 403)
    assert asked.headers.get("access-control-allow-origin") == allowed
    if allowed:
        assert method in asked.headers["access-control-allow-methods"]
        assert "Authorization" in asked.headers["access-control-allow-headers"]


async def test_options_says_what_a_path_takes(doors):
    async with doors.client() as client:
        answer = await client.options(READ)
        nowhere = await client.options("/nowhere")

    assert (answer.status_code, answer.headers["allow"], answer.content) == (204, "GET, HEAD, OPTIONS", b"")
    assert nowhere.status_code == 404


async def test_head_is_get_without_the_body(doors):
    bearer = await doors.bearer("system/*.rs")
    async with doors.client(headers=bearer) as client:
        head, get = await client.head(READ), await client.get(READ)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(get.content))
    assert head.headers["etag"] == get.headers["etag"]
    assert [one.patients for one in doors.journal.entries] == [("ana",), ("ana",)]


async def test_every_reply_carries_the_headers_of_safety(doors):
    """WEB-12; records are kept by nobody on the way."""
    bearer = await doors.bearer("system/*.rs")
    https = world(base_url="https://fhir.example")
    async with doors.client(headers=bearer) as client:
        for path in (READ, "/nowhere", f"{base()}/Patient", f"{base()}/metadata", "/healthz"):
            answer = await client.get(path)
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers.get_list("cache-control", split_commas=False).__len__() == 1
            assert "strict-transport-security" not in answer.headers
            if "metadata" not in path:
                assert "no-store" in answer.headers["cache-control"]
    status, headers, _ = await raw(https.front, "/healthz", headers=[("host", "fhir.example")])

    assert status == 200
    assert headers["strict-transport-security"].startswith("max-age=63072000")


@pytest.mark.parametrize("fault", [ValueError("canary-of-ana"), KeyError("canary-of-ana"), RuntimeError()])
async def test_an_unexpected_error_tells_a_number_and_no_more(doors, caplog, fault):
    """Neither the caller nor the log learns what a record says; the log learns the place."""
    doors.maple().down = fault
    bearer = await doors.bearer("system/*.rs")
    with caplog.at_level(logging.ERROR):
        async with doors.client(headers=bearer) as client:
            answer = await client.get(READ, headers={"x-request-id": "quote-me"})

    assert answer.status_code == 500
    assert answer.json()["issue"] == [
        {"severity": "fatal", "code": "exception", "diagnostics": "Unexpected error; request quote-me."}
    ]
    assert "quote-me" in caplog.text
    assert type(fault).__name__ in caplog.text
    assert "canary" not in caplog.text + answer.text
    assert (doors.journal.entries[-1].status, doors.journal.entries[-1].patients) == (500, ())


BUNDLE = {
    "resourceType": "Bundle",
    "type": "batch",
    "entry": [
        {"fullUrl": f"{BASE}{READ}", "request": {"method": "GET", "url": "Patient/ana"}},
        {"request": {"method": "GET", "url": f"{BASE}{READ.replace(MAPLE.id, BIRCH.id)}"}},
        {"resource": {"resourceType": "Bundle", "type": "transaction"}, "request": {"method": "POST", "url": "Bundle"}},
    ],
}


@pytest.mark.parametrize("kind", ["batch", "transaction", "document", "collection"])
@pytest.mark.parametrize("place", ["", "/", "/Bundle", "/Patient"])
async def test_a_bundle_is_no_way_in(doors, kind, place):
    """SCOPE-08, AUTHZ-13: no API takes batches; there is no way to data around the rows of the table, and nothing is
    fetched or claimed.
    """
    bearer = await doors.bearer("system/*.cruds")
    async with doors.client(headers=bearer) as client:
        answer = await client.post(f"{base()}{place}", json=BUNDLE | {"type": kind})
        claimed = (await client.get(f"{base()}/metadata")).json()["rest"][0]

    assert answer.status_code in (404, 405), answer.text
    assert {one["code"] for one in claimed.get("interaction", ())}.isdisjoint({"batch", "transaction"})


@pytest.mark.parametrize(
    "fault", [Unavailable("the index is being rebuilt"), ConnectionResetError("canary"), TimeoutError()]
)
async def test_a_store_that_is_gone_is_503(doors, fault):
    doors.maple().down = fault
    bearer = await doors.bearer("system/*.rs")
    async with doors.client(headers=bearer) as client:
        answer = await client.get(READ)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["issue"][0]["code"] == "transient"
    assert "canary" not in answer.text


@pytest.mark.parametrize(
    "fault", [Unavailable("the journal cannot be written"), ConnectionResetError(), ValueError("x"), TimeoutError()]
)
@pytest.mark.parametrize("path", [READ, f"{base()}/Patient", f"{READ}/_history", f"{base()}/Patient/nobody"])
async def test_without_an_audit_entry_nothing_leaves(doors, path, fault):
    """GEN-04, D-13: 503 and no data, whatever happened to the journal."""
    doors.journal.down = fault
    bearer = await doors.bearer("system/*.rs")
    async with doors.client(headers=bearer) as client:
        answer = await client.get(path)

    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert "etag" not in answer.headers
    assert "Maple" not in answer.text


async def test_revocations_that_cannot_be_read_are_503(doors):
    """Decision 8: no answer rests on an old list of what was taken back."""
    bearer = await doors.bearer("system/*.rs")
    doors.revocations.heard = False
    async with doors.client(headers=bearer) as client:
        answer = await client.get(READ)

    assert answer.status_code == 503


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "action", "type_", "id_", "tenant"),
    [
        ("GET", READ, True, 200, "read", "Patient", "ana", 1),
        ("GET", f"{base()}/Patient/nobody", True, 404, "read", "Patient", "nobody", 1),
        ("GET", f"{READ}/_history", True, 200, "history-instance", "Patient", "ana", 1),
        ("GET", f"{READ}/_history/1", True, 200, "vread", "Patient", "ana", 1),
        ("GET", f"{base()}/Patient?name=ana", True, 200, "search-type", "Patient", None, 1),
        ("POST", f"{base()}/Patient/_search", True, 200, "search-type", "Patient", None, 1),
        ("GET", f"{base()}/Patient?colour=red", True, 400, "search-type", "Patient", None, 1),
        ("GET", READ, False, 401, "read", "Patient", "ana", 1),
        ("GET", f"{base('payer')}/Patient/ana", True, 401, "read", "Patient", "ana", 1),
        ("GET", f"{base(tenant=OAK)}/Patient/ana", True, 404, "read", "Patient", "ana", None),
        ("GET", f"{base()}/Goal/g", True, 403, "read", "Goal", "g", 1),
        ("PUT", READ, True, 405, "update", "Patient", "ana", 1),
        ("DELETE", READ, False, 405, "delete", "Patient", "ana", 1),
        ("GET", TOKEN, False, 405, "token", None, None, 1),
    ],
)
async def test_each_interaction_leaves_one_entry(doors, method, path, headers, status, action, type_, id_, tenant):
    """Decision 10, AUD-06; each row: a request, its status, and what its one audit entry says."""
    bearer = await doors.bearer("system/Patient.rs") if headers else {}
    async with doors.client(headers=bearer) as client:
        answer = await client.request(method, path)

    assert answer.status_code == status
    assert len(doors.journal.entries) == 1
    entry = doors.journal.entries[0]
    assert (entry.status, entry.action, entry.type, entry.id, entry.tenant) == (status, action, type_, id_, tenant)
    assert (entry.reason is None) is (status == 200)
    assert entry.client == (
        "nightly" if (headers and status not in (401, 404, 405)) or (status == 404 and tenant) else None
    )


async def test_what_is_public_leaves_no_entry(doors):
    async with doors.client() as client:
        for path in (
            f"{base()}/metadata",
            "/healthz",
            "/readyz",
            "/metrics",
            f"/auth/{MAPLE.id}/oauth2/v1/jwks",
            "/nowhere",
        ):
            await client.get(path)
        await client.options(READ)

    assert doors.journal.entries == []


async def test_a_request_that_works_for_ever_is_given_up(doors):
    """LOAD-05: its work is cancelled, its caller told, its entry written."""
    cancelled = asyncio.Event()

    class Endless:
        async def read(self, *_: Any) -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled.set()
                raise

    front = Front(replace(doors.site, records=lambda _: Endless(), deadline=0.05))  # type: ignore[arg-type, return-value]
    bearer = ("authorization", (await doors.bearer("system/*.rs"))["authorization"])
    status, headers, _ = await asyncio.create_task(raw(front, headers=[HOST, bearer]))

    assert (status, cancelled.is_set()) == (503, True)
    assert "retry-after" in headers
    assert doors.journal.entries[-1].status == 503


async def test_a_caller_who_leaves_is_not_mistaken_for_a_deadline(doors):
    class Endless:
        async def read(self, *_: Any) -> None:
            await asyncio.sleep(60)

    front = Front(replace(doors.site, records=lambda _: Endless()))  # type: ignore[arg-type, return-value]
    bearer = ("authorization", (await doors.bearer("system/*.rs"))["authorization"])
    task = asyncio.create_task(raw(front, headers=[HOST, bearer]))
    await asyncio.sleep(0.01)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_ready_says_what_is_not(doors):
    doors.maple().down = Unavailable()
    async with doors.client() as client:
        answer, alive = await client.get("/readyz"), await client.get("/healthz")

    assert (answer.status_code, answer.json()["checks"]) == (503, {"database": "down"})
    assert alive.status_code == 200


@pytest.mark.parametrize(
    ("changes", "client", "headers", "status"),
    [
        ({}, "127.0.0.1", [], 200),
        ({}, "::1", [], 200),
        ({}, "192.0.2.1", [], 404),
        ({}, "127.0.0.1", [("x-forwarded-for", "127.0.0.1")], 404),
        ({"metrics_open": True}, "192.0.2.1", [], 200),
        ({}, None, [], 404),
    ],
)
async def test_metrics_are_for_the_machine_itself(changes, client, headers, status):
    doors = world(**changes)
    found, _, _ = await raw(doors.front, "/metrics", headers=[HOST, *headers], client=(client, 1) if client else None)
    assert found == status


async def test_metrics_count_and_name_nobody(doors):
    bearer = await doors.bearer("system/*.rs")
    async with doors.client(headers=bearer) as client:
        await client.get(READ)
        text = (await client.get("/metrics")).text

    assert 'careweft_requests_total{route="careweft-provider-system-access-server read",status="200"} 1' in text
    for name in (MAPLE.id, "Maple", "ana", "nightly"):
        assert name not in text


async def test_the_application_opens_its_site_when_the_server_starts(doors):
    """The lifespan protocol: nothing is open before, and a start that fails says so."""
    app = application(lambda: opened(doors.site))
    told: list[Any] = []
    inbox: asyncio.Queue[Any] = asyncio.Queue()

    async def send(message: Any) -> None:
        told.append(message["type"])

    living = asyncio.create_task(app({"type": "lifespan"}, inbox.get, send))  # type: ignore[arg-type]
    await inbox.put({"type": "lifespan.startup"})
    while not told:
        await asyncio.sleep(0)
    status, _, _ = await raw(app, "/healthz", headers=[HOST])
    await inbox.put({"type": "lifespan.shutdown"})
    await living

    assert status == 200
    assert told == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_a_start_that_fails_says_so(doors):
    told: list[Any] = []

    class Broken:
        async def __aenter__(self) -> Site:
            raise OSError("no database")

        async def __aexit__(self, *_: object) -> None: ...

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        told.append(message["type"])

    with pytest.raises(OSError, match="no database"):
        await application(Broken)({"type": "lifespan"}, receive, send)  # type: ignore[arg-type]
    assert told == ["lifespan.startup.failed"]


async def test_replies_are_squeezed_for_who_takes_it(doors: World):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(doors.front), base_url=BASE) as client:
        answer = await client.get(f"{base()}/metadata", headers={"accept-encoding": "gzip"})
    _, _, squeezed = await raw(doors.front, f"{base()}/metadata", headers=[HOST, ("accept-encoding", "gzip")])

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json()["resourceType"] == "CapabilityStatement"
    assert len(squeezed) < len(answer.content) / 5
