"""Our cookies: who is signed in at a tenant, and which browser fills in a form before anyone is (OATK-12).

https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#name-the-__host-prefix: bound to this host, https,
unreadable for scripts. Over plain http (the loopback, in preview) the prefix would make browsers drop them.
"""

import re

from ..tenancy import Tenant

Cookies = dict[str, str]
_VALUE = re.compile(r"[A-Za-z0-9_.~-]+")
LONGEST = 256
VISIT_SECONDS, HALF_SECONDS, YEAR_SECONDS = 3600, 600, 31536000


class Jar:
    """Names, reads and writes our cookies at one base URL."""

    __slots__ = ("_flags", "_prefix")

    def __init__(self, base_url: str) -> None:
        secure = base_url.startswith("https:")
        self._prefix = "__Host-careweft" if secure else "careweft"
        self._flags = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")

    def session(self, cookies: Cookies, tenant: Tenant) -> str | None:
        """What proves a session at this tenant."""
        return cookies.get(f"{self._prefix}-{tenant.id}")

    def visit(self, cookies: Cookies) -> str | None:
        """What marks a browser before anybody signed in."""
        return cookies.get(f"{self._prefix}-visit")

    def keep_session(self, tenant: Tenant, value: str) -> tuple[bytes, bytes]:
        """The header that begins a session: it ends with the browser, or when the server says so."""
        return _header(f"{self._prefix}-{tenant.id}={value}{self._flags}")

    def drop_session(self, tenant: Tenant) -> tuple[bytes, bytes]:
        """The header that makes a browser forget it."""
        return _header(f"{self._prefix}-{tenant.id}=; Max-Age=0{self._flags}")

    def device(self, cookies: Cookies, tenant: Tenant) -> str:
        """What tells a browser in which somebody of this tenant has signed in before; empty where there is nothing."""
        return cookies.get(f"{self._prefix}-device-{tenant.id}", "")

    def keep_device(self, tenant: Tenant, value: str) -> tuple[bytes, bytes]:
        """The header that marks such a browser, for a year."""
        return _header(f"{self._prefix}-device-{tenant.id}={value}; Max-Age={YEAR_SECONDS}{self._flags}")

    def half(self, cookies: Cookies, tenant: Tenant) -> str:
        """The ticket of a sign-in whose second step is still to come."""
        return cookies.get(f"{self._prefix}-half-{tenant.id}", "")

    def keep_half(self, tenant: Tenant, value: str) -> tuple[bytes, bytes]:
        """The header that keeps this ticket, for ten minutes; without a value it is forgotten."""
        return _header(f"{self._prefix}-half-{tenant.id}={value}; Max-Age={HALF_SECONDS if value else 0}{self._flags}")

    def bound(self, cookies: Cookies, tenant: Tenant) -> str:
        """What binds a sign-in at the tenant's own provider to the browser that was sent there."""
        return cookies.get(f"{self._prefix}-bound-{tenant.id}", "")

    def keep_bound(self, tenant: Tenant, value: str) -> tuple[bytes, bytes]:
        """The header that keeps it, for ten minutes; without a value it is forgotten."""
        return _header(f"{self._prefix}-bound-{tenant.id}={value}; Max-Age={HALF_SECONDS if value else 0}{self._flags}")

    def keep_visit(self, value: str) -> tuple[bytes, bytes]:
        """The header that marks a browser, for an hour."""
        return _header(f"{self._prefix}-visit={value}; Max-Age={VISIT_SECONDS}{self._flags}")


def read(header: bytes, longest: int = LONGEST) -> Cookies:
    """The cookies of a request; one that came twice counts as none, so that nobody can set ours a second time.

    >>> read(b"a=1; b=2; a=3; c=no way")
    {'b': '2'}
    """
    found: Cookies = {}
    twice = set()
    for member in header.decode("latin-1").split(";"):
        name, _, value = member.strip().partition("=")
        if name in found:
            twice.add(name)
        if len(value) <= longest and _VALUE.fullmatch(value):
            found[name] = value
    return {name: value for name, value in found.items() if name not in twice}


def _header(text: str) -> tuple[bytes, bytes]:
    return b"set-cookie", text.encode("ascii")
