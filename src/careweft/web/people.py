"""What pages do with the accounts: who asks, how a refusal of theirs is told, which cookies a sign-in leaves."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ..accounts.refusals import Refused
from ..accounts.signin import Half, Opened
from ..ports.people import Visit
from . import cookies, pages
from .cookies import Jar
from .exchange import Headers, Request

Errors = Sequence[tuple[str, str]]
FIELDS: Mapping[str, str] = MappingProxyType({
    "sign-in": "username", "code": "code", "invitation": "code", "password.wrong": "old", "password.short": "password",
    "password.long": "password", "password.common": "password", "username.shape": "username",
    "username.taken": "username", "email.shape": "email", "relation.self": "email", "relation.until": "until",
})  # fmt: skip
"""Which field of a form a refusal is about; those of none are about the whole form."""


def visit(request: Request, jar: Jar) -> Visit:
    """What the accounts note of this request."""
    shown = cookies.read(request.headers.get(b"cookie", b""))
    agent, tenant = request.headers.get(b"user-agent", b"").decode("latin-1"), request.known_tenant
    return Visit(request.id, request.peer, agent, jar.device(shown, tenant), jar.session(shown, tenant) or "")


def faults(request: Request, refused: Refused, fields: Mapping[str, str] = FIELDS) -> Errors:
    """A refusal as the error of a form; its own audit entry is the one to be written."""
    request.entry = refused.entry
    minutes = max(1, -(-(refused.wait or 60) // 60))
    return [(fields.get(refused.key, ""), pages.say(request)(f"refused.{refused.key}", minutes=minutes))]


def came_in(request: Request, jar: Jar, opened: Opened) -> Headers:
    """The cookies of a session that begins."""
    tenant = request.known_tenant
    return [jar.keep_session(tenant, opened.cookie), jar.keep_device(tenant, opened.device), jar.keep_half(tenant, "")]


def came_half(request: Request, jar: Jar, half: Half) -> Headers:
    """The cookie of a sign-in whose second step is still to come."""
    return [jar.keep_half(request.known_tenant, half.ticket)]
