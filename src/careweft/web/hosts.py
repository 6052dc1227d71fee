"""Which Host this server answers to: RFC 9110 section 7.2, and 421 for any other (WEB-10)."""

from urllib.parse import urlsplit

from ..fhir.outcomes import FhirRefusal, Misdirected

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
PORTS = {"https": 443, "http": 80}


class BadHost(FhirRefusal):
    """The request wants exactly one Host header."""


def answered(base_url: str, aliases: tuple[str, ...], environment: str) -> frozenset[bytes]:
    """Every value of Host that is ours.

    >>> sorted(answered("https://fhir.example", (), "production"))
    [b'fhir.example', b'fhir.example:443']
    """
    parts = urlsplit(base_url)
    port = parts.port or PORTS[parts.scheme]
    names = [parts.netloc.rpartition("@")[2].rpartition(":")[0] if parts.port else parts.netloc]
    if environment == "preview":
        names += LOOPBACK
    usual = names if port == PORTS[parts.scheme] else []
    return frozenset(name.lower().encode("ascii") for name in [*(f"{name}:{port}" for name in names), *usual, *aliases])


def check(host: bytes | None, ours: frozenset[bytes]) -> None:
    """Refuse a request for somebody else: 400 without a Host, 421 for a wrong one."""
    if host in ours:
        return
    if not host:
        raise BadHost
    if host.lower() not in ours:
        raise Misdirected
