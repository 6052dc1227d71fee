"""Whence somebody may call: networks in CIDR notation (RFC 4632, RFC 4291 2.3) and addresses (OPS-01).

An IPv4 address that IPv6 carries (`::ffff:10.0.0.1`) is that IPv4 address, on both sides.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

MOST = 50
MAPPED = ip_network("::ffff:0:0/96")
Network = IPv4Network | IPv6Network


def spelled(text: str) -> str:
    """A network as it is kept. Raises ValueError, which says what was wanted.

    >>> spelled("192.0.2.7"), spelled("2001:DB8::/32"), spelled("::ffff:10.0.0.0/104")
    ('192.0.2.7/32', '2001:db8::/32', '10.0.0.0/8')
    """
    if "%" in text:
        raise ValueError(f"a network wants no zone, not {text!r}")
    try:
        return str(plain(ip_network(text.strip())))
    except ValueError:
        raise ValueError(f"a network wants to be such as 192.0.2.0/24 or 2001:db8::/32, not {text!r}") from None


def plain(network: Network) -> Network:
    """The network, as IPv4 where IPv6 only carries it."""
    if isinstance(network, IPv4Network) or not network.subnet_of(MAPPED):  # type: ignore[arg-type]  # both are version 6
        return network
    low = network.network_address.ipv4_mapped
    return IPv4Network((int(low or 0), network.prefixlen - 96))


def inside(address: str | None, networks: Iterable[str]) -> bool:
    """May this address call? From anywhere where no network is named; who has no address, from nowhere else.

    >>> inside("::ffff:10.1.2.3", ["10.0.0.0/8"]), inside("fe80::1%eth0", ["fe80::/10"]), inside(None, [])
    (True, False, True)
    """
    known = tuple(networks)
    return not known or (address is not None and held(address, known))


@lru_cache(10_000)
def held(address: str, networks: tuple[str, ...]) -> bool:
    """Is the address in one of these networks? What is no address is in none."""
    if "%" in address:
        return False
    try:
        caller: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(caller, IPv6Address):
        caller = caller.ipv4_mapped or caller
    return any(caller in ip_network(one) for one in networks)
