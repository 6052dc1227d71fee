"""How refusals leave: as an OperationOutcome on FHIR paths, as OAuth's JSON on token paths, as a page to people."""

from typing import Any, ClassVar

from ..fhir import json
from ..fhir.outcomes import BadValue, FhirRefusal, LoginRequired, TooLarge, issue, outcome
from . import forms, negotiate, pages
from .exchange import Headers, Reply, Request
from .guard import BadAuthorization
from .negotiate import Format
from .route import Right

REALM = 'Bearer realm="careweft"'
LATER = "temporarily_unavailable"
OAUTH_ERRORS = {401: "invalid_client", 403: "access_denied", 429: LATER, 503: LATER}
NO_STORE = b"no-store"
PRAGMA = (b"pragma", b"no-cache")
SANDBOX = (b"content-security-policy", b"default-src 'none'; sandbox")
"""On a file that somebody sent: it is kept, never run."""


class Broken(FhirRefusal):
    """Something went wrong that should not have."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "exception"


def as_json(status: int, value: Any, *headers: tuple[bytes, bytes], kept: bytes = NO_STORE) -> Reply:
    """A plain JSON reply; `kept` is its Cache-Control."""
    return Reply(status, [(b"content-type", b"application/json"), *headers], json.encode(value), kept=kept)


def resource(status: int, body: bytes, form: Format, headers: Headers) -> Reply:
    """A resource or Bundle, given as its JSON, in the format that was agreed."""
    if form.kind == negotiate.XML:
        from ..fhir.xml import to_xml  # noqa: PLC0415 - loads lxml, which a start does not wait for

        body = to_xml(json.decode(body, most=len(body)), pretty=form.pretty)
    elif form.pretty:
        body = json.pretty(body)
    headers.append((b"content-type", form.media))
    return Reply(status, headers, body)


def refused(request: Request, refusal: FhirRefusal) -> Reply:
    """The reply that tells this refusal in the language of its path."""
    headers: Headers = []
    if refusal.retry_after is not None:
        headers.append((b"retry-after", str(refusal.retry_after).encode()))
    if request.allow is not None:
        headers.append((b"allow", request.allow.encode()))
    if request.route is not None and request.route.speaks == "oauth":
        return _oauth(refusal, headers)
    if request.route is not None and request.route.speaks == "page":
        return pages.refusal(request, refusal, headers)
    challenge = _challenge(request, refusal)
    if challenge:
        headers.append((b"www-authenticate", challenge.encode("latin-1", "replace")))
    return resource(refusal.status, json.encode(refusal.outcome()), _format(request), headers)


def broken(request: Request) -> Reply:
    """500: what the caller learns of an unexpected error is the number to quote."""
    if request.route is not None and request.route.speaks == "oauth":
        body = {"error": "server_error", "error_description": f"Unexpected error; request {request.id}."}
        return as_json(500, body, PRAGMA)
    if request.route is not None and request.route.speaks == "page":
        return pages.refusal(request, Broken(), [])
    told = outcome(issue("fatal", "exception", f"Unexpected error; request {request.id}."))
    return resource(500, json.encode(told), _format(request), [])


def _oauth(refusal: FhirRefusal, headers: Headers) -> Reply:
    error = OAUTH_ERRORS.get(refusal.status, "invalid_request")
    body = {"error": error, "error_description": refusal.message}
    return as_json(refusal.status, body, PRAGMA, *headers)


def _format(request: Request) -> Format:
    right = request.route.policy if request.route is not None else None
    default = right.surface.default_format if isinstance(right, Right) else negotiate.JSON
    try:
        wanted = forms.pairs(request.query)
    except (BadValue, TooLarge):
        wanted = []
    return negotiate.for_refusal(request.headers, default, wanted)


def _challenge(request: Request, refusal: FhirRefusal) -> str:
    """RFC 6750 section 3: no error code for a caller who showed no token."""
    if isinstance(refusal, BadAuthorization):
        return f'{REALM}, error="invalid_request"'
    if isinstance(refusal, LoginRequired):
        shown = request.headers.get(b"authorization", b"")[:7].lower() == b"bearer "
        return f'{REALM}, error="invalid_token"' if shown else REALM
    if refusal.status == 403 and request.route is not None and isinstance(request.route.policy, Right):
        right = request.route.policy
        return f'{REALM}, error="insufficient_scope", scope="{right.scope}"'
    return ""
