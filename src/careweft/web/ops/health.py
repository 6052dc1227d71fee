"""`/healthz`: this process answers. `/readyz`: what it needs answers too."""

from ...fhir.outcomes import FhirRefusal
from ..exchange import Reply, Request
from ..replies import as_json
from ..route import Handler
from ..site import Site


async def alive(_: Request) -> Reply:
    """200 as long as this process can answer at all."""
    return as_json(200, {"status": "ok"})


def ready(site: Site) -> Handler:
    """200 when everything works that a request needs, else 503 and what does not."""

    async def answer(_: Request) -> Reply:
        try:
            checks = dict(await site.ready())
        except (OSError, TimeoutError, FhirRefusal):
            checks = {"database": False}
        fine = bool(checks) and all(checks.values())
        each = {name: "ok" if up else "down" for name, up in checks.items()}
        told = {"status": "ok" if fine else "unavailable", "checks": each}
        return as_json(200 if fine else 503, told, *([] if fine else [(b"retry-after", b"5")]))

    return answer
