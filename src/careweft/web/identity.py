"""Who asks and under which number: X-Request-ID, X-Correlation-Id, the client's address behind trusted proxies."""

import itertools
import os
import re
from collections.abc import Callable
from ipaddress import ip_address

_SAFE = re.compile(rb"[A-Za-z0-9._:/+=@~-]{1,128}")
_UNSAFE = re.compile(rb"[^A-Za-z0-9._:/+=@~-]")


def numbering(random: Callable[[int], bytes] = os.urandom) -> Callable[[], str]:
    """Gives request ids: UUIDs (RFC 9562 5.8), random for each process at their start and counting at their end.

    They are to be quoted, and nothing rests on their being hard to guess; made this way they cost next to nothing.
    """
    text, count = random(10).hex(), itertools.count(1)
    start = f"{text[:8]}-{text[8:12]}-8{text[12:15]}-{'89ab'[int(text[15], 16) & 3]}{text[16:19]}-"
    return lambda: f"{start}{next(count):012x}"


def adopted(sent: bytes | None, own: str) -> tuple[str, str | None]:
    r"""The request's id and, where the caller's own could not be adopted, what is safe of it (AUD-04).

    >>> adopted(b"order-7", "own"), adopted(b"a b\r\n", "own"), adopted(None, "own")
    (('order-7', None), ('own', 'ab'), ('own', None))
    """
    if sent is None:
        return own, None
    if _SAFE.fullmatch(sent):
        return sent.decode("ascii"), None
    return own, _UNSAFE.sub(b"", sent)[:128].decode("ascii") or None


def address(peer: str | None, forwarded: bytes | None, proxies: int) -> str | None:
    """The caller's address: what the outermost of `proxies` trusted proxies saw; no hop beyond that is believed.

    >>> address("10.0.0.1", b"6.6.6.6, 198.51.100.7", 1), address("10.0.0.1", b"6.6.6.6", 0)
    ('198.51.100.7', '10.0.0.1')
    """
    if not proxies or forwarded is None:
        return peer
    hops = forwarded.split(b",")
    if len(hops) < proxies:
        return peer
    try:
        return str(ip_address(hops[-proxies].strip().decode("ascii")))
    except ValueError:
        return peer
