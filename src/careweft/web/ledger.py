"""The one audit entry of an interaction, told from its request and its outcome (architecture decision 10)."""

from datetime import datetime
from urllib.parse import unquote_to_bytes

from ..ports.journal import Entry
from .exchange import Request
from .route import Bulk, Right, Route

ATTEMPTS = {"PUT": "update", "PATCH": "patch", "DELETE": "delete", "POST": "create"}
"""What a method that a path does not take would have been."""


def entry(request: Request, route: Route, status: int, at: datetime) -> Entry:
    """What is kept of this interaction: who, what, about whom, with which outcome; never a token, never a body."""
    caller, tenant, policy = request.caller, request.tenant, route.policy
    return Entry(  # by place: by name it would cost four times as much
        at,
        tenant.number if tenant else None,
        (request.action or route.action) if request.allow is None else attempted(request, route),
        route.surface,
        status,
        request.id,
        caller.client if caller else request.client,
        caller.user if caller else person(request),
        caller.patient if caller else None,
        caller.jti if caller else None,
        policy.type if type(policy) is Right else None,
        request.args.get("id") if type(policy) is Right else None,  # elsewhere it may be a secret
        asked(request),
        request.patients,
        request.peer,
        request.reason,
    )


def person(request: Request) -> str | None:
    """The one who is signed in, as the record that stands for them, else by their account."""
    account = request.session.account if request.session else None
    return (account.fhir_user or account.id) if account else None


def attempted(request: Request, route: Route) -> str:
    """What a request would have been whose method its path does not take."""
    return ATTEMPTS.get(request.method, "other") if route.speaks == "fhir" else route.action


def asked(request: Request) -> bytes | None:
    """The request's own search text, byte by byte: the query and, of a POST, the form (AUD-02).

    None where a misplaced token stands in it, and for the token endpoint, whose form holds secrets (AUD-05).
    """
    if not request.query and not request.form:
        return None
    if request.route is not None and type(request.route.policy) not in (Right, Bulk):
        return None
    text = b"&".join(part for part in (request.query, request.form) if part)
    return None if not text or b"access_token" in unquote_to_bytes(text).lower() else text
