"""P1: some 3 KB from memory through our FHIR door, against nginx serving a file of that size.

What is held against the goal is a public document, as nginx's file is one: an API's CapabilityStatement, through the whole
front (Host, sizes, route, tenant, format, headers). Beside it stands a record read with a token, all of it from memory.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import rig
from .memory import PATH, RESOURCE, STATEMENT, headers
from .rig import door, free_port


def measure() -> rig.Figure:
    """Requests a second of each, the server on processor 0 and the load on processor 1, in turn."""
    bearer = headers()
    with (
        door("benchmarks.memory:application", factory=True) as us,
        door("benchmarks.bare:app") as plain,
        nginx() as (file, them),
    ):
        servers = {
            "statement": (us[0] + STATEMENT, us[1], {"Host": bearer["Host"]}),
            "record": (us[0] + PATH, us[1], bearer),
            "nginx": (file, them, {}),
            "bare": (f"{plain[0]}/x", plain[1], {}),
        }
        for url, _, sent in servers.values():
            rig.wrk(url, headers=sent, seconds=1)
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in servers}
        for _ in range(rig.ROUNDS):
            for name, (url, server, sent) in servers.items():
                load, cost = rig.loaded(url, [server], headers=sent)
                found[name].append((load.per_second, cost))
    rate = {name: rig.middle([one[0] for one in rounds]) for name, rounds in found.items()}
    cost = {name: rig.middle([one[1] for one in rounds]) for name, rounds in found.items()}
    return rig.Figure(
        "P1", "3 KB response from memory through the FHIR door", rate["statement"] / rate["nginx"], 0.6, True, "nginx and a file",
        details=(
            ", ".join(f"{name} {rate[name]:,.0f}/s at {cost[name]:.0f} us CPU" for name in servers),
            f"the statement by processor time {cost['nginx'] / cost['statement']:.2f} of nginx; {rate['statement'] / rate['bare']:.2f} of bare granian's rate",
            f"the record, with its token: {rate['record'] / rate['nginx']:.2f} of nginx, {rate['record'] / rate['bare']:.2f} of bare granian's rate",
        ),
    )  # fmt: skip


@contextmanager
def nginx() -> Iterator[tuple[str, int]]:
    """Nginx with one worker on processor 0, serving the resource as a file."""
    program, port = rig.program("nginx"), free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "resource.json").write_bytes(RESOURCE)
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/pid; error_log /dev/null; worker_processes 1; events {{}}\n"
            f"http {{ access_log off; keepalive_requests 1000000; sendfile on;\n"
            f"  server {{ listen 127.0.0.1:{port}; root {folder}; default_type application/fhir+json; }} }}\n"
        )
        with rig.running(
            [program, "-p", name, "-c", f"{name}/nginx.conf"], f"http://127.0.0.1:{port}/resource.json", pin="0"
        ) as pid:
            yield f"http://127.0.0.1:{port}/resource.json", pid
