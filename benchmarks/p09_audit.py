"""P9: the durable audit entry of a read, against the same request without it."""

from . import rig
from .home import TENANT, Home, home
from .unaudited import served


def measure() -> rig.Figure:
    """Processor time a request, server and database together, with the journal and with one that forgets, in turn."""
    with_audit, without, batches = [], [], []
    with home() as one, served(one) as (url, server):
        for door in (one.url, url):
            target, headers = asked(one, door)
            rig.wrk(target, headers=headers, seconds=2)
        for _ in range(rig.ROUNDS):
            with_audit.append(cost(one, one.url, one.server))
            without.append(cost(one, url, server))
            batches.append(with_audit[-1] - without[-1])
    ours, bare = rig.middle(with_audit), rig.middle(without)
    return rig.Figure(
        "P9", "durable audit of a read", ours / bare, 1.40, False, "the same request without",
        details=(
            f"CPU a request, server and database: {ours:.0f} us with, {bare:.0f} us without; "
            f"{rig.middle(batches):.0f} us an entry, one commit a batch",
        ),
    )  # fmt: skip


def cost(one: Home, url: str, server: int) -> float:
    """Microseconds of processor time a request."""
    target, headers = asked(one, url)
    return rig.loaded(target, [server, one.database], headers=headers)[1]


def asked(one: Home, url: str) -> tuple[str, dict[str, str]]:
    """The read, at one of the two servers."""
    headers = {**one.bearer, "Host": one.url.removeprefix("http://")}
    return f"{url}/provider/system-access/v2/{TENANT}/Patient/{one.patient}", headers
