"""URLs that an application registers: which may be fetched, redirected to, or call from a browser.

https://www.rfc-editor.org/rfc/rfc9700#section-4.1 and https://www.rfc-editor.org/rfc/rfc8252#section-7
"""

import re
from urllib.parse import SplitResult, urlsplit

from .refusal import RegistrationRefused

LONGEST = 2000
PLAIN = re.compile(r"[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+")
"""What RFC 3986 lets a URI hold; no space, no control character, no backslash, no letter beyond ASCII."""
HOST = re.compile(r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])")
PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
"""A domain name turned round, such as com.example.app (RFC 8252 7.1); `javascript`, `data` and `file` are none."""
LOOPBACK = ("127.0.0.1", "[::1]", "localhost")


def check_jwks(url: str, also: frozenset[str] = frozenset()) -> SplitResult:
    """A key set's URL: https on port 443 of a named host. `also` holds each `host:port` open to http (decision 24).

    Raises RegistrationRefused.
    """
    parts = split("jwks_uri", url)
    if parts.scheme == "http" and f"{host(parts)}:{parts.port or 80}" in also:
        return parts
    if parts.scheme != "https" or parts.port not in (None, 443):
        raise RegistrationRefused("jwks_uri wants https on port 443")
    if not HOST.fullmatch(host(parts)):
        raise RegistrationRefused("jwks_uri wants a host name such as keys.example.org")
    return parts


def check_redirect(uri: str, platform: str) -> None:
    """OAUTH-03: https, http on this very machine, or a native application's own scheme. Raises RegistrationRefused."""
    if "*" in uri:
        raise RegistrationRefused("redirect_uri wants one whole address, without a wildcard")
    parts = split("redirect_uri", uri)
    if parts.scheme == "https":
        if not (HOST.fullmatch(host(parts)) or host(parts) in LOOPBACK):
            raise RegistrationRefused("redirect_uri wants a host name such as app.example.org, in lower case")
    elif parts.scheme == "http":
        if host(parts) not in LOOPBACK:
            raise RegistrationRefused("redirect_uri wants https; http is only for 127.0.0.1, [::1] and localhost")
    elif platform != "native" or not PRIVATE_SCHEME.fullmatch(parts.scheme) or not uri.startswith(f"{parts.scheme}:/"):
        raise RegistrationRefused(
            "redirect_uri wants https, or in a native application a scheme such as com.example.app:/"
        )
    if any(one in (".", "..") for one in parts.path.replace("%2E", ".").replace("%2e", ".").split("/")):
        raise RegistrationRefused("redirect_uri wants a path without . and ..")


def check_page(what: str, url: str) -> None:
    """A page for people: https of a named host, or http on this very machine. Raises RegistrationRefused."""
    parts = split(what, url)
    here = host(parts) in LOOPBACK
    if parts.scheme not in ("https", "http") or (parts.scheme == "http" and not here):
        raise RegistrationRefused(f"{what} wants https; http is only for 127.0.0.1, [::1] and localhost")
    if not here and not HOST.fullmatch(host(parts)):
        raise RegistrationRefused(f"{what} wants a host name such as app.example.org, in lower case")


def check_origin(origin: str) -> None:
    """A browser's origin as it sends it (RFC 6454 6.2): scheme, host, no default port. Raises RegistrationRefused."""
    parts = split("origin", origin)
    port = parts.port
    if port == {"http": 80, "https": 443}.get(parts.scheme):
        raise RegistrationRefused("origin wants no port that its scheme already says")
    if origin != f"{parts.scheme}://{host(parts)}" + (f":{port}" if port else ""):
        raise RegistrationRefused("origin wants nothing but scheme, host and port, such as https://app.example.org")
    here = parts.scheme in ("http", "https") and host(parts) in LOOPBACK
    if not here and not (parts.scheme == "https" and HOST.fullmatch(host(parts))):
        raise RegistrationRefused("origin wants https and a host name in lower case")


def split(what: str, url: str) -> SplitResult:
    """The parts of an absolute URL that holds no user, no fragment and nothing odd. Raises RegistrationRefused."""
    if not 0 < len(url) <= LONGEST or not PLAIN.fullmatch(url):
        raise RegistrationRefused(f"{what} wants at most {LONGEST} of the characters that a URL has")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  raises where it is no number
    except ValueError:
        raise RegistrationRefused(f"{what} wants a URL") from None
    if not parts.scheme or url.split(":", 1)[0] != parts.scheme:
        raise RegistrationRefused(f"{what} wants an absolute URL, its scheme in lower case")
    if "@" in parts.netloc or "#" in url:
        raise RegistrationRefused(f"{what} wants neither a user nor a fragment")
    if parts.netloc.endswith(":"):
        raise RegistrationRefused(f"{what} wants a port after its colon")
    return parts


def host(parts: SplitResult) -> str:
    """The host as it was written, brackets included."""
    return re.sub(r":[0-9]*$", "", parts.netloc) if not parts.netloc.endswith("]") else parts.netloc
